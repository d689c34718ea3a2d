"""A body inflated under a bound, chunk by chunk, whatever its encoding claims."""

import zlib
from typing import Any

from digest.errors import FetchError

_KNOWN = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_HEAD = 2  # bytes that tell what the body is
_AUTO = zlib.MAX_WBITS | 32  # gzip or zlib, by its header
_MAGIC = b"\x1f\x8b"
MAX_BYTES = 10_000_000  # of a file, unpacked


class Inflater:
    """Collects chunks of a body; FetchError as soon as the inflated body passes `max_bytes`."""

    def __init__(self, encoding: str, *, max_bytes: int) -> None:
        """`encoding`: the Content-Encoding header; FetchError where it is none we asked for."""
        self._name = encoding.strip().lower()
        if self._name not in _KNOWN:
            raise FetchError(f"the body comes as {self._name[:40]!r}, which was not asked for", kind="encoding")
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._head = b""
        self._rest = b""  # after the end of a stream, as long as it may begin another
        self._stream: Any = None  # None: the head is not seen yet, or the body is plain
        self._is_raw = False  # deflate without a header, and so without a check sum behind it
        self._first = 0  # part of the present stream
        self._is_plain = self._name in {"", "identity"}

    def feed(self, chunk: bytes) -> None:
        """Takes one chunk of the raw body."""
        if self._is_plain:
            self._keep(chunk)
        elif self._stream is not None:
            self._inflate(chunk)
        else:
            self._head += chunk
            if len(self._head) >= _HEAD:
                self._begin()

    def body(self) -> bytes:
        """All of it; FetchError where a packed one ends before its data does (its check sum may be missing)."""
        if self._stream is None and self._head and not self._is_plain:
            self._begin()
        if self._stream is not None and not self._stream.eof and not self._lacks_its_trailer():
            raise FetchError("the packed body is cut off before its end", kind="cut")
        return b"".join(self._parts)

    def _lacks_its_trailer(self) -> bool:
        """Whether only the check sum behind the data is missing, or a part of it: the very one would then end it."""
        if self._is_raw:
            return False
        data = b"".join(self._parts[self._first :])
        sums = {
            zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFF_FFFF).to_bytes(4, "little"),  # RFC 1952 §2.3.1
            zlib.adler32(data).to_bytes(4, "big"),  # RFC 1950 §2.2
        }
        return any(self._ends_with(trailer[there:]) for trailer in sums for there in range(len(trailer)))

    def _ends_with(self, rest: bytes) -> bool:
        probe = self._stream.copy()
        try:
            return not probe.decompress(rest) and probe.eof
        except zlib.error:
            return False

    def _begin(self) -> None:
        """By the first bytes: servers say gzip and send plain text, or say deflate and leave out zlib's header."""
        is_gzip = self._head[:2] == _MAGIC
        is_zlib = len(self._head) > 1 and self._head[0] & 15 == 8 and int.from_bytes(self._head[:2], "big") % 31 == 0
        if "gzip" in self._name and not is_gzip:
            self._is_plain = True
            self._keep(self._head)
            return
        self._is_raw = not (is_gzip or is_zlib)
        self._stream = zlib.decompressobj(-zlib.MAX_WBITS if self._is_raw else _AUTO)
        self._inflate(self._head)

    def _inflate(self, chunk: bytes) -> None:
        if self._stream.eof:
            chunk = self._next_member(chunk)
        try:
            while chunk:
                self._keep(self._stream.decompress(chunk, self._max_bytes - self._size + 1))
                chunk = self._stream.unconsumed_tail
                if self._stream.eof:
                    chunk = self._next_member(self._stream.unused_data)
        except zlib.error as error:
            raise FetchError(f"the body cannot be inflated ({error})", kind="encoding") from error

    def _next_member(self, rest: bytes) -> bytes:
        """What follows the end of a stream, where it begins another one; padding and junk are left out."""
        self._rest = (self._rest + rest).lstrip(b"\0")
        if len(self._rest) < _HEAD or not self._rest.startswith(_MAGIC):
            return b""
        found, self._rest = self._rest, b""
        self._stream, self._first = zlib.decompressobj(_AUTO), len(self._parts)
        return found

    def _keep(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._max_bytes:
            raise FetchError(f"the size is over the limit of {self._max_bytes / 1e6:g} MB", kind="size")


def is_packed(body: bytes) -> bool:
    """Whether a file is itself gzipped."""
    return body.startswith(_MAGIC)


def unpacked(body: bytes, *, max_bytes: int = MAX_BYTES) -> bytes:
    """A file that was itself gzipped (sitemap.xml.gz), under the same bound; any other as it is. FetchError."""
    if not is_packed(body):
        return body
    inflater = Inflater("gzip", max_bytes=max_bytes)
    inflater.feed(body)
    return inflater.body()


def unpacked_head(body: bytes, size: int) -> bytes:
    """The first bytes of a file, unpacked where it was gzipped; fewer where it is shorter or broken."""
    if not is_packed(body):
        return body[:size]
    try:
        return zlib.decompressobj(_AUTO).decompress(body, size)
    except zlib.error:
        return b""
