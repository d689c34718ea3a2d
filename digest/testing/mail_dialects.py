"""What MailServer understands: requests of several mail APIs, their answers, their look-ups, their repeated keys."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qs, urlsplit

_PAGE = 300  # of Mailgun's events


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One accepted message."""

    to: str
    message_id: str
    key: str  # the request's idempotency key
    headers: Mapping[str, str]
    batch: str = ""  # by which a look-up finds it
    id: str = ""  # the server's name for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A request as understood."""

    messages: Sequence[Taken]
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One mail API. An answer is its status and JSON."""

    path: str  # a pattern
    read: Callable[[Mapping[str, str], bytes], Spoken]  # headers by lower-case names, body
    answer: Callable[[Sequence[str]], object]  # ids → what it says when it takes all
    batch_max: int
    same_key: tuple[int, object] | None = None  # a key seen before, with that body; None: the first answer again
    other_body: tuple[int, object] | None = None  # with another
    under_way: tuple[int, object] | None = None  # its first request not answered yet


def of(path: str) -> Dialect | None:
    """The API that has that path."""
    return next((dialect for dialect in _DIALECTS if re.fullmatch(dialect.path, path)), None)


def search(path: str, taken: Sequence[Taken]) -> object | None:
    """The answer to a look-up among these messages; None for a path that is none."""
    where, asked = urlsplit(path).path, {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    found = next((look for pattern, look in _LOOKUPS.items() if re.fullmatch(pattern, where)), None)
    return found(where, asked, taken) if found else None


def _resend(headers: Mapping[str, str], body: bytes) -> Spoken:
    key = headers.get("idempotency-key", "")
    items = json.loads(body)
    return Spoken(key=key, messages=[_taken(bare(i["to"][0]), i["headers"], key, "") for i in items])


def _postmark(headers: Mapping[str, str], body: bytes) -> Spoken:
    del headers
    return Spoken(
        messages=[
            _taken(bare(i["To"]), {h["Name"]: h["Value"] for h in i["Headers"]}, "", i["Metadata"]["digest-batch"])
            for i in json.loads(body)
        ]
    )


def _mailpit(headers: Mapping[str, str], body: bytes) -> Spoken:
    key, message = headers.get("idempotency-key", ""), json.loads(body)
    own = message.get("Headers") or {}
    return Spoken(key=key, messages=[_taken(to["Email"], own, key, "") for to in message["To"]])


def _brevo(headers: Mapping[str, str], body: bytes) -> Spoken:
    del headers
    asked = json.loads(body)
    shared = dict(asked["headers"])
    key = shared.pop("idempotencyKey", "")
    tag = asked.get("tags", [""])[0]
    return Spoken(
        key=key,
        messages=[_taken(v["to"][0]["email"], {**shared, **v["headers"]}, key, tag) for v in asked["messageVersions"]],
    )


def _mailgun(headers: Mapping[str, str], body: bytes) -> Spoken:
    form = message_from_bytes(f"Content-Type: {headers['content-type']}\r\n\r\n".encode() + body, policy=policy.HTTP)
    fields: list[tuple[str, str]] = []
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        fields.append((str(part.get_param("name", header="content-disposition")), content.decode()))
    once = dict(fields)
    variables = json.loads(once["recipient-variables"])
    batch = once.get("v:digest-batch", "")
    addresses = [bare(value) for name, value in fields if name == "to"]
    return Spoken(messages=[_taken(to, {"Message-ID": variables[to]["message_id"]}, "", batch) for to in addresses])


def _taken(to: str, headers: Mapping[str, str], key: str, batch: str) -> Taken:
    return Taken(to=to, message_id=headers.get("Message-ID", ""), key=key, headers=headers, batch=batch)


def bare(value: str) -> str:
    """The address of a name-addr."""
    return parseaddr(value)[1]


_DIALECTS = (
    Dialect(
        path="/emails/batch",
        read=_resend,
        answer=lambda ids: {"data": [{"id": found} for found in ids]},
        batch_max=100,
        other_body=(409, {"name": "invalid_idempotent_request", "message": "the same key with another body"}),
        under_way=(409, {"name": "concurrent_idempotent_requests", "message": "the same key is under way"}),
    ),
    Dialect(
        path="/email/batch",
        read=_postmark,
        answer=lambda ids: [{"ErrorCode": 0, "Message": "OK", "MessageID": found} for found in ids],
        batch_max=500,
    ),
    Dialect(path="/api/v1/send", read=_mailpit, answer=lambda ids: {"ID": ids[0]}, batch_max=1),
    Dialect(
        path="/v3/smtp/email",
        read=_brevo,
        answer=lambda ids: {"messageIds": list(ids)},
        batch_max=1000,
        same_key=(400, {"code": "duplicate_request", "message": "a request with this idempotency key was taken"}),
        other_body=(400, {"code": "duplicate_request", "message": "a request with this idempotency key was taken"}),
    ),
    Dialect(
        path="/v3/[^/]+/messages",
        read=_mailgun,
        answer=lambda ids: {"id": f"<{ids[0]}@mailgun.example>", "message": "Queued. Thank you."},
        batch_max=1000,
    ),
)


def _outbound(where: str, asked: Mapping[str, str], taken: Sequence[Taken]) -> object:
    """Postmark's messages by metadata."""
    del where
    found = [one for one in taken if one.batch == asked.get("metadata_digest-batch")]
    page = found[int(asked["offset"]) :][: int(asked["count"])]
    return {"TotalCount": len(found), "Messages": [{"MessageID": one.id, "Recipients": [one.to]} for one in page]}


def _mailgun_events(where: str, asked: Mapping[str, str], taken: Sequence[Taken]) -> object:
    """The domain's events, page by page; the address of the next page is always there."""
    begin = int(asked.get("page", "0"))
    page = taken[begin : begin + _PAGE]
    items: list[dict[str, Any]] = [
        {
            "event": "accepted",
            "recipient": one.to,
            "user-variables": {"digest-batch": one.batch},
            "message": {"headers": {"message-id": one.id}},
        }
        for one in page
    ]
    following = f"https://elsewhere.example{where}?page={begin + len(page)}"
    return {"items": items, "paging": {"next": following}}


def _brevo_events(where: str, asked: Mapping[str, str], taken: Sequence[Taken]) -> object:
    del where
    tags = json.loads(asked["tags"])
    found = [one for one in taken if one.batch in tags]
    return {"events": [{"email": one.to, "messageId": f"<{one.id}>", "event": "requests"} for one in found]}


def _mailpit_search(where: str, asked: Mapping[str, str], taken: Sequence[Taken]) -> object:
    del where
    wanted = asked["query"].partition(":")[2].strip('"')
    found = [one for one in taken if one.message_id.strip("<>") == wanted]
    return {"messages": [{"ID": one.id, "MessageID": wanted, "To": [{"Address": one.to}]} for one in found]}


_LOOKUPS: Mapping[str, Callable[[str, Mapping[str, str], Sequence[Taken]], object]] = {
    "/messages/outbound": _outbound,
    "/v3/[^/]+/events": _mailgun_events,
    "/v3/smtp/statistics/events": _brevo_events,
    "/api/v1/search": _mailpit_search,
}
