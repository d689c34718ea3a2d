"""Small messages for tests of preflight."""

import dataclasses

from render import samples

from digest.model import Rendered, Slot, SlotKind, Slotted
from digest.render import preflight

LINK = Slot(name="unsubscribe_url", kind=SlotKind.URL)
TEXT = Slotted(parts=("words enough here: ", "\n"), slots=(LINK,))


def page(body: str, head: str = "", link: str = '<a href="{}">leave</a>') -> Slotted:
    before, after = link.split("{}")
    whole = f'<html lang="en"><head>{head}</head><body>{body} street'
    return Slotted(parts=(whole + before, after + "</body></html>"), slots=(LINK,), is_html=True)


def rendered(body: str = "<p>words</p>", head: str = "", **changes) -> Rendered:
    made = Rendered(subject="A subject", preheader="A preheader", html=page(body, head), text=TEXT)
    return dataclasses.replace(made, **changes)


def found(made: Rendered, *, postal_address: str = "street", public_url: str = "", **of):
    return preflight.check(made, issue=samples.issue(**of), postal_address=postal_address, public_url=public_url)


def rules(made: Rendered, **of) -> list[tuple[str, str]]:
    return [(finding.rule, finding.level.value) for finding in found(made, **of)]
