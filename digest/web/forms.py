"""What a client sends, bounded in size and read without trust."""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl

from starlette.datastructures import FormData, Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

_MAX_FORM = 64 * 1024
_MAX_FIELDS = 200


async def body(request: Request, max_bytes: int = _MAX_FORM) -> bytes:
    """The raw body; 413 where it is longer."""
    got = bytearray()
    try:
        async for chunk in request.stream():
            got += chunk
            if len(got) > max_bytes:
                raise HTTPException(413, "That is too much.")
    except ClientDisconnect:
        raise HTTPException(400, "The request ended too early.") from None
    return bytes(got)


async def form(request: Request) -> dict[str, list[str]]:
    """The fields by name, each with its values: urlencoded, multipart or JSON; 400 where it is none of these."""
    raw = await body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _json(raw)
    if kind == "multipart/form-data":
        return _listed(await _multipart(request.headers, raw))
    try:
        pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise HTTPException(400, "The form has too many fields.") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def first(fields: dict[str, list[str]], name: str) -> str:
    """The first value of that field; empty where there is none."""
    return fields.get(name, [""])[0]


def _json(raw: bytes) -> dict[str, list[str]]:
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        raise HTTPException(400, "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise HTTPException(400, "The body is no JSON object.")
    return {str(name): found for name, value in given.items() if (found := _texts(value))}


def _texts(value: object) -> list[str]:
    """A text, or the texts of a list; what is neither counts for nothing."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values[:_MAX_FIELDS] if isinstance(each, str)]


async def _multipart(headers: Headers, raw: bytes) -> FormData:
    async def stream() -> AsyncIterator[bytes]:
        yield raw

    try:
        return await MultiPartParser(headers, stream(), max_files=0, max_fields=_MAX_FIELDS).parse()  # type: ignore[arg-type]  # it only iterates
    except (MultiPartException, KeyError, ValueError):
        raise HTTPException(400, "The form cannot be read.") from None


def _listed(given: FormData) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in given.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found
