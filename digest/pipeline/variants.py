"""An issue as its readers chose it: language and sections, each variant rendered once, and who gets which."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Newsletter
from digest.errors import PreflightError
from digest.model import Finding, Issue, Level, Rendered
from digest.pipeline.kit import Kit
from digest.render import issue as render
from digest.render import preflight
from digest.render import variants as ways
from digest.render.variants import Variant
from digest.store import batches, renditions
from subscribers import roster
from subscribers.model import Choice

Draw = Callable[[Issue], Awaitable[Rendered]]


def of(choice: Choice, issue: Issue, offered: Collection[str]) -> Variant | None:
    """The variant that a choice comes to; None where the issue has no story in any of its sections.

    `offered`: the sections the newsletter has. One it has no more counts for nothing; a choice of such ones alone is
    none, so that renaming a section leaves nobody without mail.
    """
    chosen = [section for section in choice.sections or () if section in offered]
    return ways.of(issue, language=choice.language, sections=chosen or None)


class Variants:
    """The renditions of one issue, each drawn at its first asking."""

    def __init__(self, issue: Issue, whole: Rendered, *, offered: Collection[str], draw: Draw) -> None:
        """`whole`: the issue as it is rendered already; `offered`: the newsletter's sections."""
        self.rendered = {"": whole}  # by key
        self.by_choice: dict[str, str | None] = {}  # less those who get the whole issue; None: nothing in it for them
        self._issue, self._offered, self._draw = issue, offered, draw

    async def learn(self, choices: Iterable[str]) -> None:
        """Draws what is new among these choices (of `roster.choices`)."""
        for choice in choices:
            variant = of(roster.read_choice(choice), self._issue, self._offered)
            if variant is not None and variant.key not in self.rendered:
                self.rendered[variant.key] = await self._draw(ways.narrowed(self._issue, variant))
            if variant is None or variant.key:
                self.by_choice[choice] = None if variant is None else variant.key


async def drawn(kit: Kit, newsletter: Newsletter, issue: Issue) -> tuple[Rendered, tuple[Finding, ...]]:
    """That issue rendered, and what preflight says of it."""
    general = kit.config.digest
    made = await asyncio.to_thread(
        render.issue,
        issue,
        newsletter=newsletter.model_copy(update={"intro": ""}),  # the issue's is the one that counts, also where empty
        public_url=general.public_url,
        postal_address=general.postal_address,
        templates=kit.config.templates,
        nonce=secrets.token_hex(4),
    )
    found = preflight.check(made, issue=issue, postal_address=general.postal_address, public_url=general.public_url)
    return made, found


def gathered(kit: Kit, newsletter: Newsletter, issue: Issue, whole: Rendered) -> Variants:
    """The variants of that issue, none drawn yet; PreflightError where one that is drawn must not leave."""

    async def draw(variant: Issue) -> Rendered:
        made, found = await drawn(kit, newsletter, variant)
        if faults := [finding.message for finding in found if finding.level is Level.ERROR]:
            raise PreflightError(f"{issue.name} must not leave: " + "; ".join(faults))
        return made

    return Variants(issue, whole, offered=newsletter.sections, draw=draw)


async def learned(kit: Kit, newsletter: Newsletter, cadence: str, made: Variants) -> None:
    """Draws all that this cadence's readers want, before any transaction that writes."""
    async with kit.database.read() as connection:
        choices = await roster.choices(connection, newsletter.name, newsletter.choosers(cadence))
    await made.learn(choices)


async def plan(
    connection: AsyncConnection, newsletter: Newsletter, made: Variants, *, issue_id: int, cadence: str, size: int
) -> int:
    """Keeps the renditions that are not kept yet, and fixes who gets which; how many people there are."""
    readers = newsletter.choosers(cadence)
    await made.learn(await roster.choices(connection, newsletter.name, readers))  # who chose in the meantime
    known = await renditions.known(connection, issue_id)
    for key, rendered in made.rendered.items():
        if key not in known:
            await renditions.save(connection, issue_id, key, rendered)
    return await batches.plan(
        connection,
        issue_id=issue_id,
        newsletter=newsletter.name,
        size=size,
        of=readers,
        variants=made.by_choice,
    )
