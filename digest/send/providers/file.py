"""Messages as .eml files in a folder: no HTTP API, so its requests go to a transport of its own.

`encode` makes a PUT to a file: address, as for any provider; `Folder` is the far side. A message has one name, so
writing it again writes the same file.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import httpx
import orjson

from digest.model import Batch
from digest.send import compose
from digest.send.providers.base import Accepted, Account, Capabilities, Codec, Idempotency, Outcome, parsed, unknown

_PREFIX = "file://"


class File(Codec):
    """One .eml file a message, below the account's base_url (a file: address)."""

    name = "file"
    capabilities = Capabilities(batch_max=100, idempotency=Idempotency(lifetime=None), connections=1)

    def __init__(self, account: Account, folder: Path) -> None:
        super().__init__(account)
        self._folder = folder

    @property
    def transports(self) -> Mapping[str, httpx.AsyncBaseTransport]:
        """The folder."""
        return {_PREFIX: Folder(self._folder)}

    def encode(self, batch: Batch) -> httpx.Request:
        """Names and contents, as JSON."""
        files = [[f"{_stem(m.message_id)}.eml", compose.eml(m).decode()] for m in batch.messages()]
        return httpx.Request("PUT", self._folder.absolute().as_uri(), content=orjson.dumps(files))

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...]:
        """Accepted, each by its file's name."""
        names = parsed(response)
        if not isinstance(names, list) or len(names) != len(batch.recipients) or not all(map(_is_name, names)):
            return unknown(batch, "not every file was named")
        return tuple(Accepted(provider_id=name) for name in names)


class Folder(httpx.AsyncBaseTransport):
    """Writes what it is sent: each file whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """201 and the names; 507 where the disk refuses."""
        files = orjson.loads(await request.aread())
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, content in files:
                write(self._folder / name, content.encode())
        except OSError as error:
            return httpx.Response(507, text=f"{self._folder}: {error.strerror}")
        return httpx.Response(201, json=[name for name, _ in files])


def write(path: Path, content: bytes) -> None:
    """The file with that content: on the disk before it has its name."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _stem(message_id: str) -> str:
    return message_id.strip("<>").partition("@")[0]
