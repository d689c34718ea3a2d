"""The guide to adding a provider is true: its example keeps the contract."""

import re
from pathlib import Path

import pytest

from digest.testing import ProviderContract

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-provider.md"
CHECKS = [name for name in dir(ProviderContract) if name.startswith("test_")]


def example() -> ProviderContract:
    provider, test = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(provider + test.replace("from acme_mail import Acme\n", ""), names)
    return names["TestAcme"]()


@pytest.mark.parametrize("check", CHECKS)
def test_the_guides_example_keeps_the_contract(check: str) -> None:
    getattr(example(), check)()
