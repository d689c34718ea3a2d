"""/preferences/TOKEN: the reader's own page, reached by the link in their mail, without a password."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from digest.config import Newsletter
from digest.store import events
from digest.web import forms
from digest.web.public.desk import Desk, remote
from subscribers import roster
from subscribers.model import Person, Subscription, SubscriptionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One newsletter on the page."""

    name: str
    title: str
    is_on: bool
    sections: tuple[str, ...]  # that can be chosen; empty: none to choose
    chosen: tuple[str, ...]


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
    await roster.erase(connection, person.subscriber.address, desk.now(), source="preferences")
    await events.forget(connection, person.subscriber.address)


async def _save(
    desk: Desk, connection: AsyncConnection, request: Request, person: Person, fields: dict[str, list[str]]
) -> None:
    assert person.subscriber.id is not None
    number, now, wanted = person.subscriber.id, desk.now(), set(fields.get("newsletter", []))
    if "name" in fields:
        await roster.rename(connection, number, forms.first(fields, "name"))
    for choice in _choices(desk.config.newsletters, person):
        if choice.name in wanted and not choice.is_on:
            await roster.choose(connection, number, choice.name, now, remote=remote(request))
        elif choice.name not in wanted and choice.is_on:
            await roster.unsubscribe(connection, number, choice.name, now, "preferences", remote(request))
        if choice.name in wanted and choice.sections:
            picked = [each for each in fields.get(f"sections.{choice.name}", []) if each in choice.sections]
            everything = not picked or len(picked) == len(choice.sections)
            await roster.narrow(connection, number, choice.name, sections=None if everything else picked)


def _choices(newsletters: Mapping[str, Newsletter], person: Person) -> list[Choice]:
    on = {each.newsletter: each for each in person.subscriptions}
    return [_choice(name, newsletter, on.get(name)) for name, newsletter in newsletters.items()]


def _choice(name: str, newsletter: Newsletter, subscription: Subscription | None) -> Choice:
    sections = tuple(dict.fromkeys(feed.section for feed in newsletter.feeds if feed.section))
    chosen = subscription.sections if subscription and subscription.sections is not None else sections
    is_on = subscription is not None and subscription.state is SubscriptionState.ACTIVE
    shown = sections if len(sections) > 1 else ()
    return Choice(name=name, title=newsletter.title, is_on=is_on, sections=shown, chosen=chosen)


def _page(
    desk: Desk, request: Request, person: Person, name: str, *, is_saved: bool = False, is_unsure: bool = False
) -> Response:
    values = {
        "person": person.subscriber,
        "choices": _choices(desk.config.newsletters, person),
        "is_suppressed": person.suppression is not None,
        "is_saved": is_saved,
        "is_unsure": is_unsure,
    }
    return desk.pages.page("preferences", desk.language(request, desk.config.newsletters.get(name)), values)
