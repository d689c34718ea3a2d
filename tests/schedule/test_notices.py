"""What the owner hears of, and that it is once, on both databases."""

from datetime import timedelta

import pytest
from schedule.world import DAILY, DAY, MINUTE, START, config, world

from digest.errors import PreflightError
from digest.pipeline import notices, wording
from digest.store import issues, tables
from subscribers import roster, tokens

pytestmark = pytest.mark.anyio
SLOT = START + 30 * MINUTE
HOUR = timedelta(hours=1)
AHEAD = config(morning=f'{DAILY}\napprove = "4h"')
ASKED = config(morning=f'{DAILY}\napprove = "4h"\napprove_required = true')


async def drafted(here):
    """The draft that the owner got."""
    await here.sweep(to=SLOT - 5 * HOUR)
    await here.sweep(to=SLOT - 4 * HOUR)
    await here.sweep(to=SLOT - 3 * HOUR)
    (notice,) = here.work.told
    return notice


async def test_a_draft_is_the_issue_with_what_preflight_found_and_where_to_see_it(database) -> None:
    here = world(database, settings=AHEAD)
    notice = await drafted(here)
    assert notice.subject == "[Draft] Züge fahren wieder"
    assert notice.address == "ada@example.org"
    assert "It leaves at Monday 23 November 2026, 07:30 (Europe/Berlin), unless you hold it" in notice.text
    assert "digest issues hold morning/1" in notice.text
    assert "digest preview morning/1" in notice.text
    assert "look at it: <b>an image</b> says nothing Add alt." in notice.text
    assert "Züge\n\nLeave: http://127.0.0.1:8765" in notice.text
    assert "&lt;b&gt;an image&lt;/b&gt; says nothing" in notice.html
    assert notice.html.index('<body class="x">') < notice.html.index("Draft of issue") < notice.html.index("<h1>Züge")


async def test_the_link_in_it_is_signed_for_that_issue_and_nobody(database) -> None:
    notice = await drafted(world(database, settings=AHEAD))
    token = notice.text.partition("/view/")[2].split()[0]
    async with database.write() as connection:
        keys = [key.secret for key in await roster.signing_keys(connection)]
    assert tokens.read(keys, "view", token) == (0, "morning/1")
    assert f'href="http://127.0.0.1:8765/view/{token}"' in notice.html


async def test_held_by_hand_and_let_go_the_draft_is_not_sent_again(database) -> None:
    here = world(database, settings=AHEAD)
    await drafted(here)
    for step in (issues.hold, issues.approve):
        async with database.write() as connection:
            assert await step(connection, 1)
        await here.sweep(to=here.clock.at + MINUTE)
    assert here.told == ["issue:1:draft"]
    await here.sweep(to=SLOT)
    assert here.work.sent == [1]


async def test_where_approval_is_required_the_draft_says_so(database) -> None:
    notice = await drafted(world(database, settings=ASKED))
    assert "but only if you approve it" in notice.text
    assert "digest issues approve morning/1" in notice.text


async def test_not_approved_in_time_the_owner_hears_that_too(database) -> None:
    here = world(database, settings=ASKED)
    await drafted(here)
    for hours in (20, 21, 22):
        await here.sweep(to=SLOT + hours * HOUR)
    assert here.told[:2] == ["issue:1:draft", "issue:1:expired"]


async def test_waiting_for_a_window_is_no_news(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\nsend_between = "09:00-10:00"'))
    await here.sweep()
    for minutes in range(0, 200, 20):
        await here.sweep(to=SLOT + minutes * MINUTE)
    assert here.told == []
    assert here.work.sent != []


async def test_an_issue_held_by_hand_is_told_in_words(database) -> None:
    here = world(database, settings=config(morning=f'{DAILY}\nsend_between = "09:00-10:00"'))
    await here.sweep()
    await here.sweep(to=SLOT)
    async with database.write() as connection:
        assert await issues.hold(connection, 1)
    await here.sweep(to=SLOT + MINUTE)
    (notice,) = here.work.told
    assert notice.subject == "Morning: issue morning/1 is held and will not leave"
    assert "digest issues approve morning/1" in notice.text


async def test_two_daemons_tell_once(database) -> None:
    one, two = world(database), world(database, owner="b")
    for here in (one, two):
        here.work.make_error = PreflightError("too large")
        await here.sweep()
    for minutes in range(5):
        for here in (one, two):
            await here.sweep(to=SLOT + minutes * MINUTE)
    assert one.told + two.told == ["issue:1:failed"]
    (notice,) = one.work.told + two.work.told
    assert notice.subject == "Morning: issue morning/1 could not be made: too large"


async def circuit(database, until) -> None:
    async with database.write() as connection:
        await connection.execute(tables.circuit.delete())
        await connection.execute(tables.circuit.insert().values(provider="resend", open_until=until, failures=9))


async def test_a_provider_that_is_silent_is_told_once_until_it_answers_and_again_the_next_time(database) -> None:
    here = world(database)
    await circuit(database, START + 5 * MINUTE)
    await here.sweep()
    await circuit(database, START + 9 * MINUTE)  # still
    await here.sweep(to=START + 2 * MINUTE)
    assert len(here.told) == 1
    assert here.work.told[0].subject == "resend does not answer"
    await circuit(database, None)
    await here.sweep(to=START + 10 * MINUTE)
    await circuit(database, START + DAY)
    await here.sweep(to=START + 11 * MINUTE)
    await here.sweep(to=START + 12 * MINUTE)
    assert [about.split(":")[:2] for about in here.told] == [["circuit", "resend"]] * 2


async def test_a_fault_is_said_again_only_where_it_is_another(database) -> None:
    here = world(database)
    for text in ("no schedule", "no schedule", "no title"):
        async with database.write() as connection:
            await notices.say(here.kit, connection, wording.fault("morning", [text], START.date()))
    await here.sweep()
    assert [notice.text.split("\n")[0] for notice in here.work.told] == ["no schedule", "no title"]


async def test_without_an_owner_bad_news_stands_in_the_log_alone_and_drafts_go_to_the_sender(database, caplog) -> None:
    plain = config(morning=f'{DAILY}\napprove = "4h"', owner="")
    here = world(database, settings=plain)
    await circuit(database, START + DAY)
    await here.sweep(to=SLOT - 7 * HOUR)
    await here.sweep(to=SLOT - 6 * HOUR)
    assert here.told == []
    assert [r.subject for r in caplog.records if r.getMessage() == "for the owner"] == ["resend does not answer"]
    await drafted(here)
    assert [notice.address for notice in here.work.told] == ["a@example.org"]
