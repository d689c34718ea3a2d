"""Cadence, sections, language: chosen when subscribing and behind the link, by their reader alone."""

import pytest
from web.reader import CONFIG, Reader, config, reading

from subscribers import roster
from subscribers.model import Person

pytestmark = pytest.mark.anyio
CADENCED = CONFIG.replace(
    "[newsletters.evening]\n",
    '[newsletters.evening]\ncadences = { daily = "30 7 * * *", weekly = "0 8 * * sun", ides = "0 8 15 * *" }\n',
)


@pytest.fixture
async def reader(database, now):
    async with reading(database, now, config(CADENCED)) as found:
        yield found


async def person(reader: Reader) -> Person:
    async with reader.database.read() as connection:
        found = await roster.story(connection, "ann@example.org")
    assert found is not None
    return found


async def chosen(reader: Reader, newsletter: str) -> tuple[str, tuple[str, ...] | None]:
    (found,) = [s for s in (await person(reader)).subscriptions if s.newsletter == newsletter]
    return found.cadence, found.sections


async def test_the_form_offers_what_there_is_to_choose(reader: Reader) -> None:
    evening = (await reader.web.get("/subscribe/evening")).text
    assert all(f'type="radio" name="cadence" value="{name}"' in evening for name in ("daily", "weekly", "ides"))
    assert evening.count(" checked") == 1  # the usual one
    assert "Weekly" in evening
    morning = (await reader.web.get("/subscribe/morning")).text
    assert 'name="cadence"' not in morning
    assert morning.count('type="checkbox" name="sections"') == morning.count(" checked") == 2
    german = (await reader.web.get("/subscribe/evening", headers={"Accept-Language": "de"})).text
    assert "Wöchentlich" in german


async def test_what_was_chosen_when_subscribing_is_kept(reader: Reader) -> None:
    data = {"address": "ann@example.org", "cadence": "weekly"}
    await reader.web.post("/subscribe/evening", data=data)
    assert await chosen(reader, "evening") == ("weekly", None)
    await reader.web.post(reader.link)
    assert await chosen(reader, "evening") == ("weekly", None)
    assert (await reader.states())["evening"] == "active"


async def test_in_json_too(reader: Reader) -> None:
    answer = await reader.web.post(
        "/subscribe/morning", json={"address": "ann@example.org", "sections": ["Arts", "Sport", 3], "cadence": ["x"]}
    )
    assert (answer.status_code, answer.json()) == (202, {"status": "confirmation sent"})
    assert await chosen(reader, "morning") == ("", ("Arts",))


async def test_a_stranger_changes_no_active_readers_choices(reader: Reader) -> None:
    await reader.joins(newsletter="evening")
    answer = await reader.web.post("/subscribe/evening", data={"address": "ann@example.org", "cadence": "weekly"})
    assert answer.status_code == 200
    assert await chosen(reader, "evening") == ("", None)


async def test_who_asks_again_chooses_again(reader: Reader) -> None:
    for cadence in ("weekly", "ides"):
        await reader.web.post("/subscribe/evening", data={"address": "ann@example.org", "cadence": cadence})
    assert await chosen(reader, "evening") == ("ides", None)
    await reader.web.post("/subscribe/evening", data={"address": "ann@example.org", "cadence": "hourly"})
    assert await chosen(reader, "evening") == ("ides", None)


async def test_behind_the_link(reader: Reader) -> None:
    await reader.joins()
    await reader.joins(newsletter="evening")
    path = f"/preferences/{await reader.token('preferences')}"
    data = {"do": "save", "newsletter": ["morning", "evening"], "cadence.evening": "weekly", "sections.morning": "Arts"}
    page = (await reader.web.post(path, data={**data, "language": "de"})).text
    assert await chosen(reader, "evening") == ("weekly", None)
    assert await chosen(reader, "morning") == ("", ("Arts",))
    assert (await person(reader)).subscriber.language == "de"
    assert 'value="weekly" checked' in page
    assert 'lang="de" selected' in page
    assert '<html lang="de"' in page


async def test_saving_something_else_keeps_the_cadence(reader: Reader) -> None:
    await reader.joins(newsletter="evening")
    path = f"/preferences/{await reader.token('preferences')}"
    await reader.web.post(path, data={"do": "save", "newsletter": "evening", "cadence.evening": "weekly"})
    await reader.web.post(path, data={"do": "save", "newsletter": "evening", "name": "Anna"})
    assert await chosen(reader, "evening") == ("weekly", None)
    told = [entry for entry in (await person(reader)).log if entry.what == "narrowed"]
    assert [entry.source for entry in told] == ["preferences: weekly, all sections"]


async def test_no_language_is_taken_that_there_is_not(reader: Reader) -> None:
    await reader.joins()
    path = f"/preferences/{await reader.token('preferences')}"
    await reader.web.post(path, data={"do": "save", "newsletter": "morning", "language": "fr"})
    await reader.web.post(path, data={"do": "save", "newsletter": "morning", "language": "tlh"})
    assert (await person(reader)).subscriber.language == "fr"
    await reader.web.post(path, data={"do": "save", "newsletter": "morning", "language": ""})
    assert (await person(reader)).subscriber.language is None


async def test_a_cadence_that_is_no_more_shows_the_usual_one(reader: Reader) -> None:
    await reader.joins(newsletter="evening")
    async with reader.database.write() as connection:
        who = (await roster.story(connection, "ann@example.org")).subscriber.id
        await roster.narrow(connection, who, "evening", reader.clock(), sections=None, cadence="hourly")
    page = (await reader.web.get(f"/preferences/{await reader.token('preferences')}")).text
    assert 'value="daily" checked' in page
