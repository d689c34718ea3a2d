"""/preferences/TOKEN: the reader's own page, reached by the link in their mail, without a password."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

import digest.web.public.choices as choices
from digest.config import Newsletter
from digest.store import events
from digest.web import forms, words
from digest.web.public.choices import Choice
from digest.web.public.desk import Desk, remote
from subscribers import roster
from subscribers.model import Person, Subscription, SubscriptionState


async def show(request: Request) -> Response:
    """The page as things stand."""
    desk: Desk = request.app.state.desk
    async with desk.database.read() as connection:
        person, name = await _person(desk, connection, request)
    return _page(desk, request, person, name)


async def change(request: Request) -> Response:
    """Does what the form says: `save`, `leave` (all of them) or `erase` (with `sure`)."""
    desk: Desk = request.app.state.desk
    desk.check(desk.leaving, request.path_params["token"])
    fields = await forms.form(request)
    doing = forms.first(fields, "do")
    async with desk.database.write() as connection:
        person, name = await _person(desk, connection, request)
        assert person.subscriber.id is not None
        if doing == "erase" and forms.first(fields, "sure"):
            await _erase(desk, connection, person)
            return desk.pages.page("erased", desk.language(request), {})
        if doing == "leave":
            await roster.unsubscribe(connection, person.subscriber.id, None, desk.now(), "preferences", remote(request))
        elif doing == "save":
            await _save(desk, connection, request, person, fields)
        person, name = await _person(desk, connection, request)
    return _page(desk, request, person, name, is_saved=doing in {"save", "leave"}, is_unsure=doing == "erase")


async def _person(desk: Desk, connection: AsyncConnection, request: Request) -> tuple[Person, str]:
    subscriber_id, name = await desk.named(connection, request, "preferences")
    if (person := await roster.get(connection, subscriber_id)) is None:
        raise HTTPException(404)
    return person, name


async def _erase(desk: Desk, connection: AsyncConnection, person: Person) -> None:
    number = await roster.erase(connection, person.subscriber.address, desk.now(), source="preferences")
    await events.forget(connection, person.subscriber.address, number)


async def _save(
    desk: Desk, connection: AsyncConnection, request: Request, person: Person, fields: dict[str, list[str]]
) -> None:
    assert person.subscriber.id is not None
    number, now, wanted = person.subscriber.id, desk.now(), set(fields.get("newsletter", []))
    if "name" in fields:
        await roster.rename(connection, number, forms.first(fields, "name"))
    if (language := forms.first(fields, "language")) in {"", *words.languages()} and "language" in fields:
        await roster.speak(connection, number, language or None)
    for choice in _choices(desk.config.newsletters, person):
        name = choice.newsletter.name
        if name in wanted and not choice.is_on:
            await roster.choose(connection, number, name, now, remote=remote(request))
        elif name not in wanted and choice.is_on:
            await roster.unsubscribe(connection, number, name, now, "preferences", remote(request))
        if name in wanted and (choice.sections or choice.cadences):
            sections, cadence = choices.sections_in(fields, choice), choices.cadence_in(fields, choice)
            await roster.narrow(
                connection, number, name, now, sections=sections, cadence=cadence, remote=remote(request)
            )


def _choices(newsletters: Mapping[str, Newsletter], person: Person) -> list[Choice]:
    on = {each.newsletter: each for each in person.subscriptions}
    return [_choice(newsletter, on.get(name)) for name, newsletter in newsletters.items()]


def _choice(newsletter: Newsletter, subscription: Subscription | None) -> Choice:
    if subscription is None:
        return replace(choices.of(newsletter), suffix=f".{newsletter.name}")
    stands = choices.of(newsletter, cadence=subscription.cadence, sections=subscription.sections)
    return replace(stands, suffix=f".{newsletter.name}", is_on=subscription.state is SubscriptionState.ACTIVE)


def _page(
    desk: Desk, request: Request, person: Person, name: str, *, is_saved: bool = False, is_unsure: bool = False
) -> Response:
    values = {
        "person": person.subscriber,
        "choices": _choices(desk.config.newsletters, person),
        "languages": choices.languages(),
        "spoken": (person.subscriber.language or "").lower().partition("-")[0],
        "is_suppressed": person.suppression is not None,
        "is_saved": is_saved,
        "is_unsure": is_unsure,
    }
    language = desk.language(request, desk.config.newsletters.get(name), person.subscriber.language or "")
    return desk.pages.page("preferences", language, values)
