"""The command line: thin. Commands parse, call and print; what they call lives below."""

import importlib.util
import sys
from types import ModuleType


def _lazily(name: str) -> ModuleType:
    """Puts a module in its place that loads when first used: `digest --help` needs none of its imports."""
    spec = importlib.util.find_spec(name)
    assert spec is not None, "a module of ours"
    assert spec.loader is not None, "a module of ours"
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


globals()["desk"] = _lazily("digest.cli.desk")
