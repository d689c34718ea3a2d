"""Addresses as strangers write them → absolute http(s) addresses, or nothing."""

from urllib.parse import urljoin, urlsplit

from digest.collect import markup

MAX_LENGTH = 2_000  # characters


def absolute(base: str, value: object) -> str:
    """An absolute http(s) address, or "".

    >>> absolute("https://example.org/a/feed.xml", " ../b?x=1 ")
    'https://example.org/b?x=1'
    >>> absolute("https://example.org/", "javascript:alert(1)")
    ''
    """
    if not isinstance(value, str):
        return ""
    text = "".join(value.split())[:MAX_LENGTH]
    if not text or markup.CONTROL.search(text):
        return ""
    try:
        address = urljoin(base, text)
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return ""
    return address if usable else ""
