"""Where templates come from, and the environment they run in.

A user's folder overrides the shipped one file by file. An overriding file may begin with
`{% extends "builtin/digest.html.j2" %}` and change single blocks.
"""

import contextlib
import functools
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Literal

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateNotFound, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import TemplateError
from digest.render import languages, stylesheet, text

Kind = Literal["html", "text"]
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NEVER_SHOWN = "this stands outside every block, and would never be shown; put it into one, or remove {% extends %}"
_OWN = frozenset({"digest.render.views", "digest.render.theme", "digest.render.merge"})


def shipped() -> Path:
    """The folder of shipped templates: in the installed package, else in the checkout."""
    inside = Path(str(files("digest"))) / "templates"
    return inside if inside.is_dir() else inside.parents[1] / "templates"


class Templates:
    """The templates of a newsletter: those of `folder` (None: no override) before the shipped ones."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def environment(self, kind: Kind = "html", language: str = "en") -> Environment:
        """A sandboxed environment whose fixed strings are in `language`; changed files are seen at once.

        `.html.j2` files escape what they print; an undefined name is an error. In "text" a line that holds a block
        tag alone leaves no line behind.
        """
        return _environment(self.folder, kind, languages.supported(language))

    def layouts(self) -> tuple[str, ...]:
        """The names a newsletter's `layout` may have, in the order of the alphabet."""
        folders = [folder for folder in (self.folder, shipped()) if folder]
        names = {path.name.removesuffix(".html.j2") for folder in folders for path in folder.glob("*.html.j2")}
        return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))

    def render(
        self, names: str | list[str], values: Mapping[str, object], *, kind: Kind = "html", language: str = "en"
    ) -> str:
        """What the template (of several names: the first that exists) says of `values`.

        Raises TemplateError, which names file and line.
        """
        tried = [names] if isinstance(names, str) else names

        def make() -> str:
            return self.environment(kind, language).select_template(tried).render(values)

        return guarded(tried[0], make)


def guarded(name: str, make: Callable[[], str]) -> str:
    """What `make` makes of the template of that name; its faults become TemplateError with file and line."""
    try:
        return make()
    except TemplateError:
        raise
    except TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename or error.name}:{error.lineno}: {error.message}.") from error
    except TemplateNotFound as error:
        raise TemplateError(f"{name}: the template {error.name or error.message!r} does not exist.") from error
    except (JinjaError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        raise TemplateError(f"{_place(error) or name}: {_problem(error)}.") from error


def _place(error: BaseException) -> str:
    """FILE:LINE of the innermost template in the error's trace (Jinja rewrites it to the template's own lines)."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(".j2")]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _problem(error: Exception) -> str:
    said = str(error).rstrip(".")
    if isinstance(error, UndefinedError):
        return f"{said}; a template may use the names in docs/how-to/templates.md only"
    return f"{said}, which the sandbox refuses" if isinstance(error, SecurityError) else said


class _Linted(BaseLoader):
    """Loads from a folder, and refuses a style sheet that the inliner would get wrong."""

    def __init__(self, folder: Path) -> None:
        self.files = FileSystemLoader(folder)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, is_fresh = self.files.get_source(environment, template)
        is_inlined = not template.startswith("web/") and not template.endswith("_client.css.j2")
        problems = stylesheet.lint(source, is_sheet=template.endswith(".css.j2")) if is_inlined else []
        said = [*problems, *(f"{line}: {_NEVER_SHOWN}" for line in _outside_blocks(environment, source))]
        if said:
            raise TemplateError("\n".join(f"{path or template}:{problem}" for problem in said))
        return source, path, is_fresh

    def list_templates(self) -> list[str]:
        return self.files.list_templates()


def _outside_blocks(environment: Environment, source: str) -> Iterator[int]:
    """Lines of what a template that extends another prints outside its blocks: Jinja leaves it out without a word."""
    if "extends" not in source:
        return
    with contextlib.suppress(TemplateSyntaxError):  # told with its line when it is compiled
        body = environment.parse(source).body
        if any(isinstance(node, nodes.Extends) for node in body):
            yield from (part.lineno for node in body for part in _printed(node) if _is_said(part))


def _printed(node: nodes.Node) -> Iterator[nodes.Expr]:
    if isinstance(node, nodes.Output):
        yield from node.nodes
    elif isinstance(node, nodes.If | nodes.For | nodes.With):
        for inner in node.iter_child_nodes():
            yield from _printed(inner)


def _is_said(part: nodes.Expr) -> bool:
    return not isinstance(part, nodes.TemplateData) or bool(_COMMENT.sub("", part.data).strip())


class _Beneath(_Linted):
    """The shipped files beneath a user's folder: one is fresh only while the folder has none of its name."""

    def __init__(self, folder: Path, over: Path) -> None:
        super().__init__(folder)
        self.over = over

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, is_fresh = super().get_source(environment, template)
        own = self.over / template
        return source, path, lambda: not own.exists() and (is_fresh is None or is_fresh())


class _Sandbox(ImmutableSandboxedEnvironment):
    def getattr(self, obj: object, attribute: str) -> object:
        """Theirs, but our own frozen values need no look at each of Python's mutable kinds: a third of the time."""
        if type(obj).__module__ in _OWN and not attribute.startswith("_"):
            with contextlib.suppress(AttributeError):
                return getattr(obj, attribute)
        return super().getattr(obj, attribute)


def _escapes(name: str | None) -> bool:
    return name is None or not name.endswith((".txt.j2", ".css.j2"))


@functools.lru_cache(maxsize=64)
def _environment(folder: Path | None, kind: Kind, language: str) -> Environment:
    ours = _Linted(shipped())
    chain: list[BaseLoader] = [_Beneath(shipped(), folder) if folder else ours, PrefixLoader({"builtin": ours})]
    made = _Sandbox(
        loader=ChoiceLoader([_Linted(folder), *chain] if folder else chain),
        autoescape=_escapes,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=kind == "text",
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(languages.translations(language), newstyle=True)  # type: ignore[attr-defined]  # the extension's
    made.filters["wrap"] = text.wrap
    return made
