"""museletter (PyPI) sending to a fake provider, for bench_send.py: run by the Python of an environment that has it.

python museletter.py BASE_URL MESSAGES → messages a second

Its own program at work: its schema, its send loop, its SES client, whose requests go to BASE_URL; no rate to keep to.
"""

import asyncio
import os
import sys
import tempfile
import time

import httpx


async def main(base_url: str, messages: int) -> float:
    from museletter import db as store
    from museletter.config import Settings
    from museletter.sender import SenderLoop
    from museletter.ses import SESClient

    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="y")

    async def to_the_fake(request: httpx.Request) -> None:
        target = httpx.URL(base_url)
        request.url = request.url.copy_with(scheme=target.scheme, host=target.host, port=target.port)

    class State:
        pass

    class App:
        state = State()

    with tempfile.TemporaryDirectory() as folder:
        app, now = App(), store.utcnow()
        database = await store.open_db(f"{folder}/m.db")
        app.state.db, app.state.secret = database, "s" * 32
        app.state.settings = Settings(
            base_url="https://news.example.org", from_email="a@example.org", postal_address="1 Street", send_rate=1e9
        )
        async with httpx.AsyncClient(event_hooks={"request": [to_the_fake]}) as http:
            app.state.mailer = SESClient("us-east-1", "", http=http)
            await _fill(database, messages, now)
            loop, began = SenderLoop(app), time.perf_counter()
            while await _pending(database):
                await loop.tick()
            took = time.perf_counter() - began
        await database.close()
    return messages / took


async def _fill(database, messages: int, now: str) -> None:
    body = "A paragraph of plain text, as in a digest.\n\n" * 400  # about 20 KB of HTML
    await database.execute("INSERT INTO lists (id, slug, name, created_at) VALUES ('l', 'l', 'List', ?)", (now,))
    await database.execute(
        "INSERT INTO campaigns (id, list_id, subject, body_markdown, track_opens, status, recipient_count, created_at, "
        "started_at) VALUES ('c', 'l', 'Subject', ?, 0, 'sending', ?, ?, ?)",
        (body, messages, now, now),
    )
    for n in range(messages):
        address = f"reader-{n}@example.org"
        await database.execute(
            "INSERT INTO subscribers (id, list_id, email, name, status, created_at) VALUES (?, 'l', ?, 'R', 'active', ?)",
            (f"s{n}", address, now),
        )
        await database.execute(
            "INSERT INTO campaign_recipients (campaign_id, subscriber_id, email, updated_at) VALUES ('c', ?, ?, ?)",
            (f"s{n}", address, now),
        )
    await database.commit()


async def _pending(database) -> bool:
    async with database.execute("SELECT 1 FROM campaign_recipients WHERE status = 'pending' LIMIT 1") as cursor:
        return await cursor.fetchone() is not None


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(main(sys.argv[1], int(sys.argv[2])))}\n")
