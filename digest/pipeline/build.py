"""build: articles → stories → an issue, rendered and frozen.

`draft` makes the issue as it would be now and changes nothing; `issue` makes it for good, under a claim on its slot.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from digest.config import Newsletter
from digest.errors import NothingToDo, PreflightError, WorkerError
from digest.model import Article, Due, Edit, Finding, Issue, IssueState, Level, Rendered, Story
from digest.pipeline import edits, frozen, send, telling, variants
from digest.pipeline.kit import Kit
from digest.pipeline.telling import Reach, Told
from digest.store import articles, issues
from digest.store import edits as kept_edits

log = logging.getLogger(__name__)

_TELL_S = 90.0  # grouping 5,000 articles and 200 summaries takes a tenth of it
_SUMMARY_S = 10.0
_MOST_CANDIDATES = 5_000  # articles considered for one issue, the newest
_LEASE = timedelta(minutes=3)  # making an issue takes seconds
_OVERLAP = timedelta(minutes=30)  # an article counts from when it was seen, and is stored a little later


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An issue as it would leave, and what preflight says of it."""

    issue: Issue
    rendered: Rendered
    findings: tuple[Finding, ...]
    told: Told = Told(stories=())  # noqa: RUF009 — frozen; what the editor chose from
    laid: edits.Laid = edits.Laid(stories=())  # noqa: RUF009 — frozen
    wanted: kept_edits.Saved = kept_edits.Saved(edit=Edit(), number=0)  # noqa: RUF009 — frozen; the edit it follows
    cadence: str = ""

    @property
    def html_bytes(self) -> int:
        """Size of the HTML part in bytes of UTF-8, its slots empty."""
        return sum(len(part.encode()) for part in self.rendered.html.parts)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that block a send."""
        return tuple(finding for finding in self.findings if finding.level is Level.ERROR)


def by_hand(newsletter: Newsletter, now: datetime, *, cadence: str = "") -> Due:
    """An unscheduled issue: its slot is the present minute."""
    local = now.astimezone(ZoneInfo(newsletter.timezone)).replace(second=0, microsecond=0)
    return Due(slot=local.strftime("%Y-%m-%dT%H:%M"), at=local.astimezone(UTC), cadence=cadence)


async def candidates(kit: Kit, newsletter: Newsletter, due: Due) -> list[Article]:
    """The articles that may be told: of the newsletter's feeds, in no earlier issue of the cadence, newest first."""
    urls = [feed.url for feed in newsletter.feeds]
    told = newsletter.told_with(due.cadence)
    async with kit.database.read() as connection:
        new = await articles.unsent(
            connection, newsletter.name, urls, cadences=told, since=due.since, limit=_MOST_CANDIDATES
        )  # not all that was ever left out: it is text, and grows
    since, until = due.since, due.until
    if due.is_past and until is not None:
        new = [article for article in new if article.first_seen <= until or since is None or article.sort_at > since]
    return [article for article in new if until is None or article.sort_at <= until]


async def draft(
    kit: Kit,
    newsletter: Newsletter,
    due: Due,
    *,
    number: int,
    found: Sequence[Article] | None = None,
) -> Draft:
    """The issue of that slot as it would be now, as edited; NothingToDo where there is no story. Changes nothing."""
    made_at = kit.now()  # before the articles are read: the next issue looks from here on
    if found is None:
        found = await candidates(kit, newsletter, due)
    async with kit.database.read() as connection:
        wanted = await kept_edits.saved(connection, newsletter.name, cadence=due.cadence)
    told = await tell(kit, newsletter, found, edits.reach(wanted.edit))
    issue = outline(newsletter, due, number=number, made_at=made_at)
    return replace(await edited(kit, newsletter, issue, told, wanted.edit), wanted=wanted, cadence=due.cadence)


def outline(newsletter: Newsletter, due: Due, *, number: int, made_at: datetime) -> Issue:
    """The issue of that slot before it tells anything."""
    return Issue(
        newsletter=newsletter.name,
        number=number,
        slot=due.slot,
        title=newsletter.title,
        made_at=made_at,
        language=newsletter.language,
        timezone=newsletter.timezone,
        stories=(),
        intro=newsletter.intro,
    )


async def edited(
    kit: Kit, newsletter: Newsletter, issue: Issue, told: Told, edit: Edit, *, language: str = ""
) -> Draft:
    """That issue with the stories of `told` as the edit has them; NothingToDo where it leaves none.

    `language`: of its fixed words; empty: the newsletter's, or that of most stories.
    """
    laid = edits.laid(told, edit, count=newsletter.stories, sections=telling.sections(newsletter))
    if not told.stories:
        raise NothingToDo(f"{newsletter.name}: no new story: run `digest collect {newsletter.name}`, or wait for news")
    if not laid.stories:
        raise NothingToDo(f"{newsletter.name}: every story is left out by hand; `digest preview` brings them back")
    made = replace(
        issue,
        stories=laid.stories,
        language=language or _language(newsletter, laid.stories),
        intro=issue.intro if edit.intro is None else edit.intro,
    )
    return replace(await rendered(kit, newsletter, made), told=told, laid=laid)


async def rendered(kit: Kit, newsletter: Newsletter, issue: Issue) -> Draft:
    """That issue, rendered and looked over."""
    made, findings = await variants.drawn(kit, newsletter, issue)
    return Draft(issue=issue, rendered=made, findings=findings)


async def issue(kit: Kit, newsletter: Newsletter, due: Due) -> issues.IssueRecord:
    """Makes the issue of that slot by hand, of all articles not in an earlier one, and freezes it: ready to send.

    NothingToDo where the slot is taken or there is no story; PreflightError where the issue must not leave as it is:
    nothing is frozen then, and the slot stays free.
    """
    now = kit.now()
    async with kit.database.write() as connection:
        await issues.started(connection, newsletter.name, now=now)
        held = await issues.claim(
            connection,
            name=newsletter.name,
            slot=due.slot,
            due_at=due.at,
            owner=kit.owner,
            lease_until=now + _LEASE,
            cadence=due.cadence,
            begun_at=now,
        )
    if held is None:
        raise NothingToDo(f"{newsletter.name}: the issue of {due.slot} is made already, or being made")
    try:
        return await make(kit, newsletter, due, held)
    except BaseException:
        async with kit.database.write() as connection:
            await issues.release(connection, held)
        raise


async def make(kit: Kit, newsletter: Newsletter, due: Due, held: issues.Claim) -> issues.IssueRecord:
    """The same under a claim that is held already; what becomes of the claim when it fails is the caller's to say."""
    made = await draft(kit, newsletter, due, number=held.number)
    refuse(made)
    return await _freeze(kit, newsletter, made, held)


async def since_last(kit: Kit, newsletter: Newsletter, due: Due) -> Due:
    """The slot with its articles counted from the issue of its cadence before; as it is where there was none."""
    async with kit.database.read() as connection:
        last = await issues.last_told(connection, newsletter.name, cadences=newsletter.told_with(due.cadence))
    if last is None or last.made_at is None or last.made_at > kit.now():
        return due
    return replace(due, since=min(last.made_at, last.due_at) - _OVERLAP)  # made late, it may have told less than it saw


def refuse(made: Draft) -> None:
    """PreflightError where a finding blocks the issue."""
    if made.errors:
        raise PreflightError(f"{made.issue.name} must not leave: " + "; ".join(f.message for f in made.errors))


async def _freeze(kit: Kit, newsletter: Newsletter, made: Draft, held: issues.Claim) -> issues.IssueRecord:
    """One transaction: content, renditions, what is told, and who gets which (DESIGN rule 1)."""
    size = send.batch_size(kit)
    read_as = variants.gathered(kit, newsletter, made.issue, made.rendered)
    await variants.learned(kit, newsletter, made.cadence, read_as)
    async with kit.database.write() as connection:
        row = await issues.by_id(connection, held.issue_id)
        leaves = max(made.issue.made_at, (row and row.send_at) or made.issue.made_at)
        kept = await issues.freeze(
            connection,
            held,
            title=newsletter.title,
            content=content(made),
            told=made.laid.seen,
            made_at=made.issue.made_at,
            expires_at=leaves + newsletter.expires_after,
            state=IssueState.HELD if newsletter.approve_required else IssueState.READY,
        )
        if not kept:
            raise NothingToDo(f"{made.issue.name}: somebody else has made it meanwhile")
        await variants.plan(connection, newsletter, read_as, issue_id=held.issue_id, cadence=made.cadence, size=size)
        record = await issues.by_id(connection, held.issue_id)
        await _use_up(connection, newsletter, made, record)
        if record and kit.follow is not None:
            from digest.pipeline import steps  # of the daemon, with its log: 20 ms

            if steps.may_leave(record, newsletter, kit.now()):
                await kit.follow([steps.sending(record.id)], connection)
    await kit.database.analyze()
    assert record is not None, "just written"
    log.info("issue made", extra={"issue": record.name, "slot": record.slot, "stories": len(made.issue.stories)})
    return record


async def _use_up(
    connection: AsyncConnection, newsletter: Newsletter, made: Draft, record: issues.IssueRecord | None
) -> None:
    """The edit has done its work; what it left out is kept with the issue, for as long as that may be edited."""
    if record is None or not made.wanted.number:
        return
    wanted, at = made.wanted, made.issue.made_at
    before = frozen.before(made.issue, made.told, wanted.edit, newsletter)
    await kept_edits.use(connection, newsletter.name, wanted.number, cadence=record.cadence)
    await kept_edits.begin(connection, record.id, frozen.dump_before(before), at=at, owner=wanted.owner)
    await kept_edits.append(connection, record.id, wanted.edit, after=0, at=at, owner=wanted.owner)


async def tell(kit: Kit, newsletter: Newsletter, found: Sequence[Article], reach: Reach = Reach()) -> Told:  # noqa: B008
    """What to tell of those articles, from a worker process; an article that breaks it is told by its title."""
    try:
        told = await kit.workers.run(telling.tell, tuple(found), newsletter, kit.now(), reach, timeout_s=_TELL_S)
    except WorkerError as error:
        log.warning("summaries one by one", extra={"newsletter": newsletter.name, "cause": str(error)})
        told = await _one_by_one(kit, newsletter, found, reach)
    for link, why in told.failed:
        log.warning("article not summarized", extra={"link": link, "cause": why})
    return told


async def _one_by_one(kit: Kit, newsletter: Newsletter, found: Sequence[Article], reach: Reach) -> Told:
    """The same, each summary under its own limit: one article costs itself alone. No sentence can be chosen then."""
    ranked, copies = await kit.workers.run(
        telling.choose, tuple(found), newsletter, kit.now(), reach, timeout_s=_TELL_S
    )
    failed, made = [], []
    for story in ranked:
        try:
            summary, why = await kit.workers.run(telling.summarized, story, newsletter, timeout_s=_SUMMARY_S)
        except WorkerError as error:
            summary, why = None, str(error)
        failed += [(story.lead.link, why)] if why else []
        made.append(replace(story, summary=summary))
    return Told(stories=tuple(made), copies=copies, failed=tuple(failed))


def shown(made: Draft) -> dict[str, Any]:
    """The draft as `build --json` prints it."""
    return {
        "issue": made.issue.name,
        "slot": made.issue.slot,
        "subject": made.rendered.subject,
        "stories": [_story(story) for story in made.issue.stories],
        "html_bytes": made.html_bytes,
        "preflight": [
            {"level": f.level, "rule": f.rule, "message": f.message, "place": f.place, "remedy": f.remedy}
            for f in made.findings
        ],
    }


def content(made: Draft) -> dict[str, Any]:
    """The draft as it is frozen: as it is printed, and the issue itself."""
    return {**shown(made), "document": frozen.dump(made.issue)}


def document(record: issues.IssueRecord) -> Issue:
    """The issue as it was frozen, its articles without their full text."""
    assert record.content is not None, "only an issue that tells something has a document"
    return frozen.load(record.content["document"])


def _story(story: Story) -> dict[str, Any]:
    lead = story.lead
    return {
        "title": lead.title,
        "link": lead.link,
        "source": lead.feed_title,
        "published": lead.published.isoformat() if lead.published else None,
        "section": story.section,
        "sentences": list(story.summary.sentences) if story.summary else [],
        "positions": list(story.summary.positions) if story.summary else [],
        "method": story.summary.method if story.summary else None,
        "also": [{"title": a.title, "link": a.link, "source": a.feed_title} for a in story.also],
        "score": round(story.score, 4),
        "reasons": [{"what": what, "share": round(share, 4)} for what, share in story.reasons],
    }


def _language(newsletter: Newsletter, told: Sequence[Story]) -> str:
    """The newsletter's language, else that of most of its stories."""
    if newsletter.language != "auto":
        return newsletter.language
    spoken = Counter(story.summary.language for story in told if story.summary)
    return spoken.most_common(1)[0][0] if spoken else "en"
