"""The public pages' templates and the answers that carry them: no script, no cookie, nothing kept by a cache unasked.

A template comes from the owner's folder, else from the shipped one, file by file.
"""

from collections.abc import Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, Response

from digest.web import words

_FORMS = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'"
POLICY = f"{_FORMS}; form-action 'self'; frame-ancestors 'none'"
# An issue is mail: its own styles, its pictures from anywhere, and nothing that runs.
ISSUE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src https: http: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # noqa: E501 — a header is one line
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
SHARED = {"Cache-Control": "public, max-age=300"}


def shipped() -> Path:
    """The folder of shipped templates: in the installed package, else in the checkout."""
    inside = Path(str(files("digest"))) / "templates"
    return inside if inside.is_dir() else inside.parents[1] / "templates"


class Pages:
    """The templates in web/, the owner's before the shipped ones."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: the owner's templates; None where there are none."""
        self.folder = folder

    @cached_property
    def environment(self) -> Environment:
        """Sandboxed; .html.j2 escapes what it prints; an undefined name is an error."""
        ours = FileSystemLoader(shipped())
        chain = [ours, PrefixLoader({"builtin": ours})]
        return ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(self.folder), *chain] if self.folder else chain),
            autoescape=select_autoescape(enabled_extensions=("html.j2", "html"), default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def text(self, name: str, language: str, values: Mapping[str, object]) -> str:
        """What the template web/NAME says of `values`, its fixed strings in that language."""
        said = {"_": words.translator(language), "language": language, "direction": words.direction(language)}
        return self.environment.get_template(f"web/{name}").render({**said, **values})

    def page(
        self,
        name: str,
        language: str,
        values: Mapping[str, object],
        *,
        status: int = 200,
        headers: Mapping[str, str] = PRIVATE,
        background: BackgroundTask | None = None,
    ) -> Response:
        """That page as an answer, private unless said otherwise."""
        body = self.text(f"{name}.html.j2", language, values)
        return HTMLResponse(body, status, headers=dict(headers), background=background)
