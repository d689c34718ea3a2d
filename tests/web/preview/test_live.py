"""Server-sent events, without a server."""

import asyncio
from contextlib import aclosing

from digest.web.preview.live import Live


async def heard(live: Live, most: int) -> list[str]:
    said = []
    async with aclosing(live.events()) as events:
        async for event in events:
            said.append(event)
            if len(said) == most:
                break
    return said


async def ready(live: Live, listeners: int) -> None:
    """Until so many listen."""
    while len(live._listening) < listeners:
        await asyncio.sleep(0)


async def test_every_page_hears_of_a_change():
    live = Live()
    pages = [asyncio.create_task(heard(live, 2)) for _ in range(3)]
    await ready(live, 3)
    live.changed()
    for said in await asyncio.gather(*pages):
        assert said == ["retry: 500\n\n", "event: changed\ndata: \n\n"]
    assert live.generation == 1


async def test_a_page_that_goes_is_forgotten():
    live = Live()
    page = asyncio.create_task(heard(live, 2))
    await ready(live, 1)
    live.changed()
    await page
    assert not live._listening


async def test_changes_while_nobody_listens_do_not_pile_up():
    live = Live()
    for _ in range(5):
        live.changed()
    page = asyncio.create_task(heard(live, 9))
    await ready(live, 1)
    live.close()
    assert await page == ["retry: 500\n\n"]


async def test_streams_end_when_the_preview_does():
    live = Live()
    pages = [asyncio.create_task(heard(live, 9)) for _ in range(2)]
    await ready(live, 2)
    live.close()
    assert await asyncio.wait_for(asyncio.gather(*pages), 5) == [["retry: 500\n\n"]] * 2
    assert await heard(live, 9) == ["retry: 500\n\n"]  # nor does a new one stay
