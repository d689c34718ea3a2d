"""People → CSV that a spreadsheet opens and `import` reads back."""

import csv
import io
import re
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncConnection

from subscribers.model import Person, Subscription
from subscribers.roster import listing

_COLUMNS = ("address", "name", "language", "newsletter", "state", "since", "suppressed")
# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection), and people choose their own names.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


async def export(connection: AsyncConnection, newsletter: str | None = None) -> AsyncIterator[str]:
    """The file line by line, heading first: one line a person and newsletter, everyone or those of that newsletter.

    A cell that a spreadsheet would take for a formula has a ' before it, which `exchange.read` takes away again.
    """
    yield _line(_COLUMNS)
    async for person in listing.listed(connection, newsletter):
        chosen = [s for s in person.subscriptions if newsletter is None or s.newsletter == newsletter]
        for standing in [_standing(subscription) for subscription in chosen] or [("", "", "")]:
            yield _line(_cells(person, standing))


def _standing(subscription: Subscription) -> tuple[str, str, str]:
    return subscription.newsletter, subscription.state.value, subscription.since.isoformat()


def _cells(person: Person, standing: tuple[str, str, str]) -> tuple[str, ...]:
    who, barred = person.subscriber, person.suppression
    return (who.address, who.name, who.language or "", *standing, barred.reason.value if barred else "")


def _line(cells: tuple[str, ...]) -> str:
    made = io.StringIO()
    csv.writer(made).writerow([f"'{text}" if _FORMULA.match(text) else text for text in cells])
    return made.getvalue()
