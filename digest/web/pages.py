"""The public pages' templates and the answers that carry them: no script, no cookie, nothing kept by a cache unasked.

A template comes from the owner's folder, else from the shipped one, file by file.
"""

import contextlib
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.background import BackgroundTask
from starlette.responses import HTMLResponse, Response

from digest.config import Newsletter
from digest.errors import RenderError
from digest.render import languages
from digest.render import theme as themes
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
        made = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(self.folder), *chain] if self.folder else chain),
            autoescape=select_autoescape(enabled_extensions=("html.j2", "html"), default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        made.filters["day"] = _day
        return made

    def text(self, name: str, language: str, values: Mapping[str, object]) -> str:
        """What the template web/NAME says of `values`, its fixed strings in that language."""
        said = {"_": words.translator(language), "language": language, "direction": words.direction(language)}
        return self.environment.get_template(f"web/{name}").render({**said, **_look(values), **values})

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


def _look(values: Mapping[str, object]) -> Mapping[str, object]:
    """The theme of the newsletter a page is about, else the default; a theme that is off stops no page."""
    newsletter = values.get("newsletter")
    theme = themes.Theme(brand_dark=themes.parse({}).brand_dark)
    if isinstance(newsletter, Newsletter):
        with contextlib.suppress(RenderError):
            theme = themes.parse(newsletter.theme)
    return {
        "theme": theme,
        "heading_font": themes.fonts(theme.heading_font),
        "body_font": themes.fonts(theme.body_font),
    }


def _day(slot: str, language: str) -> str:
    """The day of a slot as a reader of that language writes it; the slot's own ten letters where it has no day."""
    try:
        return languages.full_date(datetime.fromisoformat(slot).date(), language)
    except ValueError:
        return slot[:10]
