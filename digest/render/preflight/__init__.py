"""What could go wrong with a rendered issue, said before a message leaves. Pure: values in, findings out.

Errors block a send (`blocking`), warnings show. One module for each kind of rule; docs/reference/preflight.md
lists them all.
"""

from collections.abc import Iterable

from digest.model import Finding, Issue, Level, Rendered
from digest.render import document
from digest.render.preflight import colours, links, parts, pictures, spam, styles
from digest.render.preflight.finding import Page, place
from digest.render.preflight.styles import NOT_INLINED

__all__ = ["NOT_INLINED", "blocking", "check", "place"]


def check(rendered: Rendered, *, issue: Issue, postal_address: str, public_url: str = "") -> tuple[Finding, ...]:
    """Everything preflight finds, errors first. `public_url` as configured; empty: it is not looked at."""
    markup = parts.filled(rendered.html)
    page = Page(document.parse(markup))
    found = [
        *parts.check(rendered, markup, page, issue=issue, postal_address=postal_address),
        *pictures.check(page, issue),
        *links.check(page, issue, public_url),
        *colours.check(page),
        *styles.check(page),
        *spam.check(rendered, page),
    ]
    order = list(Level)
    return tuple(sorted(found, key=lambda finding: order.index(finding.level)))


def blocking(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that forbid the issue to leave."""
    return tuple(finding for finding in findings if finding.level is Level.ERROR)
