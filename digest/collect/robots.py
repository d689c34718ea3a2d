"""robots.txt, by protego (RFC 9309)."""

from typing import Any, Self

_NAME = "Newsdigest"
_MAX_BYTES = 500 * 1024  # RFC 9309 §2.5: at least


class Robots:
    """What a host asks of machines."""

    def __init__(self, rules: Any) -> None:
        """`rules`: protego's."""
        self._rules = rules

    @classmethod
    def read(cls, body: bytes) -> Self:
        """The rules in that file; of a longer one, in its whole lines: half a path would bar more than it says."""
        from protego import Protego

        if len(body) > _MAX_BYTES:
            body = body[: max(body.rfind(b"\n", 0, _MAX_BYTES), body.rfind(b"\r", 0, _MAX_BYTES), 0)]
        return cls(Protego.parse(body.decode("utf-8-sig", "replace")))

    @classmethod
    def open(cls) -> Self:
        """No rule."""
        return cls.read(b"")

    @classmethod
    def closed(cls) -> Self:
        """Nothing may be read."""
        return cls.read(b"User-agent: *\nDisallow: /")

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """The addresses of the sitemaps that the file names (RFC 9309 allows such lines)."""
        return tuple(str(url) for url in self._rules.sitemaps if str(url).startswith(("https://", "http://")))

    def allow(self, url: str) -> bool:
        """Whether we may read that address."""
        return bool(self._rules.can_fetch(url, _NAME))
