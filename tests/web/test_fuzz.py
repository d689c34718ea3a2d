"""Anything at all sent to any public page: an answer, never a 500, and its headers always."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

from conftest import NOW
from hypothesis import given, settings
from hypothesis import strategies as st
from web.reader import CONFIG, config, reading

from digest.store import Database

PATHS = (
    "/subscribe/{}",
    "/confirm/{}",
    "/unsubscribe/{}",
    "/preferences/{}",
    "/view/{}",
    "/archive/{}",
    "/archive/morning/{}",
    "/archive/{}/feed.xml",
    "/archive/quiet",
    "/archive/quiet/feed.xml",
    "/events/postmark/word",
    "/events/postmark/{}",
    "/{}",
)
KINDS = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "multipart/form-data", "application/json", "x", "")  # fmt: skip
QUERY = {"before": "query", "cadence": "cadence"}
FIELDS = (
    "address",
    "name",
    "website",
    "do",
    "sure",
    "newsletter",
    "sections.morning",
    "sections",
    "cadence",
    "language",
    "all",
    "List-Unsubscribe",
)
SETTINGS = (
    CONFIG.replace("[mail]\n", '[mail]\nprovider = "postmark"\nwebhook_secret = "word"\n')
    + 'cadences = { daily = "30 7 * * *", weekly = "0 8 * * sun" }\n'
)
REPORTS = ("RecordType", "Type", "ID", "MessageID", "Email", "BouncedAt", "Details", "SuppressSending")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
forms = st.dictionaries(st.sampled_from(FIELDS) | texts, texts | st.sampled_from(["a@b.org", "save", "erase", "yes"]))
values = (
    st.none() | st.booleans() | st.integers() | texts | st.sampled_from(["Bounce", "SoftBounce", "ann@example.org"])
)
reports = st.dictionaries(st.sampled_from(REPORTS), values | st.lists(values, max_size=2), max_size=6)
pages = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT"]),
        "path": st.sampled_from(PATHS),
        "part": texts | st.sampled_from(["morning", "TOKEN", "nothing", "1", "%00", "..", "a/b"]),
        "query": texts,
        "kind": st.sampled_from(KINDS),
        "body": st.binary(max_size=300) | forms | reports.map(lambda told: json.dumps(told).encode()),
        "cadence": st.none() | texts | st.sampled_from(["daily", "weekly"]),
        "language": st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
    }
)


told = st.fixed_dictionaries(  # by whom the secret is known
    {
        "method": st.just("POST"),
        "path": st.just("/events/postmark/word"),
        "part": st.just(""),
        "query": st.just(""),
        "kind": st.just("application/json"),
        "body": reports.map(lambda told: json.dumps(told).encode()),
        "language": st.just(""),
        "cadence": st.none(),
    }
)
requests = pages | told


async def answered(given_: list[dict[str, Any]]) -> None:
    async with Database("sqlite+aiosqlite:///:memory:") as database, reading(database, NOW, config(SETTINGS)) as reader:
        await reader.joins()
        for request in given_:
            purpose = request["path"].split("/")[1]
            known = purpose in {"confirm", "unsubscribe", "preferences", "view"}
            part = await reader.token(purpose) if request["part"] == "TOKEN" and known else request["part"]
            body = request["body"]
            content = {"data": body} if isinstance(body, dict) else {"content": body}
            answer = await reader.web.request(
                request["method"],
                request["path"].format(quote(part, safe="/%")),
                params={name: request[key] for name, key in QUERY.items() if request[key] is not None},
                headers={"Content-Type": request["kind"], "Accept-Language": request["language"]},
                **content,
            )
            assert answer.status_code < 500
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["content-security-policy"]
            assert "set-cookie" not in answer.headers


@settings(max_examples=25, deadline=None)
@given(st.lists(requests, min_size=5, max_size=20))
def test_no_request_breaks_a_page(given_: list[dict[str, Any]]) -> None:
    asyncio.run(answered(given_))
