"""An issue as it leaves, but for each recipient's values."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lxml import etree

from digest.config import Newsletter
from digest.errors import RenderError
from digest.model import Issue, Rendered
from digest.render import document, languages, text, views
from digest.render import theme as themes
from digest.render.budget import BUDGET, fitted
from digest.render.merge import Tokens
from digest.render.preflight.styles import NOT_INLINED
from digest.render.templates import Templates

SUBJECT = 90  # characters; phones show 35 to 45 of them, desktops 60 to 90
PREHEADER = 120
_JOINED = frozenset({"ar", "fa", "he", "ja", "ko", "ur", "zh"})  # scripts that capitals and letter-spacing break


def issue(
    issue: Issue,
    *,
    newsletter: Newsletter,
    public_url: str,
    postal_address: str,
    templates: Path | None,
    nonce: str,
    budget: int | None = BUDGET,
) -> Rendered:
    """Subject, preheader, HTML and text of an issue; the same arguments give the same bytes.

    `budget` is the most bytes of HTML: past them the tail is folded into "n more on the web" (None, as on the web
    itself: everything). The text part tells every story. `templates` is a folder of overrides. `nonce` must be unknown
    to those who write articles.
    Raises TemplateError with file and line, RenderError where a part lacks its unsubscribe link or the theme is off.
    """
    made = page(
        issue,
        newsletter=newsletter,
        public_url=public_url,
        postal_address=postal_address,
        templates=templates,
        nonce=nonce,
    )
    return Rendered(
        subject=subject(issue),
        preheader=preheader(issue),
        html=made.tokens.split(_html(made, budget), is_html=True),
        text=made.tokens.split(made.text(), is_html=False),
        language=issue.language,
    )


def page(
    issue: Issue,
    *,
    newsletter: Newsletter,
    public_url: str,
    postal_address: str,
    templates: Path | None,
    nonce: str,
) -> "Page":
    """The layout of an issue with its values, before anything is rendered; arguments as for `issue`."""
    tokens = Tokens(nonce)
    stories = views.tagged(views.stories(issue), newsletter.link_tags)
    values = {"stories": stories} | _values(issue, newsletter, public_url, postal_address) | tokens.values()
    return Page(
        templates=Templates(templates),
        layout=newsletter.layout,
        values=values,
        stories=stories,
        tokens=tokens,
        language=issue.language,
    )


def subject(issue: Issue) -> str:
    """The lead story's title and the newsletter's, on one line of at most SUBJECT characters."""
    own = views.shortened(views.line(issue.title), 40)
    lead = views.line(issue.stories[0].lead.title) if issue.stories else ""
    return f"{views.shortened(lead, SUBJECT - len(own) - 3)} · {own}" if lead else own


def preheader(issue: Issue) -> str:
    """What an inbox shows behind the subject: the next titles, or what the only story says."""
    titles = [views.line(story.lead.title) for story in issue.stories[1:6]]
    if not titles and issue.stories and (summary := issue.stories[0].summary):
        titles = [views.line(summary.sentences[0])] if summary.sentences else []
    return views.shortened(" · ".join(filter(None, titles)) or views.line(issue.intro), PREHEADER)


def _values(issue: Issue, newsletter: Newsletter, public_url: str, postal_address: str) -> dict[str, object]:
    theme = themes.parse(newsletter.theme)
    right_to_left = languages.direction(issue.language) == "rtl"
    return {
        "title": views.line(issue.title),
        "number": issue.number,
        "name": issue.name,
        "date": languages.full_date(views.day(issue), issue.language),
        "language": views.line(issue.language),
        "direction": "rtl" if right_to_left else "ltr",
        "start": "right" if right_to_left else "left",
        "end": "left" if right_to_left else "right",
        "intro": [views.line(part) for part in (issue.intro or newsletter.intro).split("\n") if part.strip()],
        "folded": 0,
        "more_url": f"{public_url.rstrip('/')}/archive/{quote(issue.newsletter)}/{issue.number}",
        "public_url": public_url,
        "postal_address": views.line(postal_address),
        "subject": subject(issue),
        "preheader": preheader(issue),
        "theme": theme,
        "heading_font": themes.fonts(theme.heading_font),
        "body_font": themes.fonts(theme.body_font),
        "tracked": issue.language.split("-")[0] not in _JOINED,
        "sections": views.sections,
    }


def _html(page: "Page", budget: int | None) -> str:
    stories = page.stories

    def render(shown: int) -> str:
        return page.html({"stories": stories[:shown], "folded": len(stories) - shown})

    return render(len(stories)) if budget is None else fitted(render, len(stories), budget)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The layout of one issue, ready to be rendered with more or fewer of its stories."""

    templates: Templates
    layout: str
    values: Mapping[str, object]
    stories: tuple[views.Told, ...]
    tokens: Tokens
    language: str

    def markup(self, changes: Mapping[str, object]) -> str:
        """What the layout says, its styles not yet inlined."""
        if self.layout not in self.templates.layouts():
            raise RenderError(f"There is no layout {self.layout!r}; choose from {', '.join(self.templates.layouts())}.")
        return self.templates.render(f"{self.layout}.html.j2", {**self.values, **changes}, language=self.language)

    def html(self, changes: Mapping[str, object]) -> str:
        """The page as it leaves."""
        page = _inlined(self.markup(changes))
        self.tokens.check_places(page)
        return document.text(page)

    def text(self) -> str:
        """The text part as it leaves."""
        names = [f"{self.layout}.txt.j2", "base.txt.j2"]
        return text.tidy(self.templates.render(names, self.values, kind="text", language=self.language))


def _inlined(markup: str) -> etree._Element:
    """The page with its styles inlined; where the inliner fails, as it was, with a mark that preflight shows."""
    from digest.render import inline

    page = document.parse(markup)
    try:
        inline.inline(page)
    except Exception as error:  # noqa: BLE001 — whatever a style sheet makes cssutils do, the issue goes on
        page = document.parse(markup)
        for style in page.iter("style"):
            style.attrib.pop("data-premailer", None)
        reason = f"{type(error).__name__}: {views.line(str(error))[:200]}"
        next(page.iter("style")).set(NOT_INLINED, reason)
    return page
