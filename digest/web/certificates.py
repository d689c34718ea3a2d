"""The two things ever fetched for a webhook, both from Amazon: a signing certificate, and a subscription's consent.

The address is checked by the caller against Amazon's hosts; no redirect is followed, and little is read.
"""

from collections.abc import Awaitable, Callable

import httpx

Fetch = Callable[[str], Awaitable[bytes]]
_MAX = 64 * 1024


async def fetch(url: str) -> bytes:
    """The bytes at `url`, at most 64 KB of them; httpx.HTTPError where they do not come."""
    async with (
        httpx.AsyncClient(timeout=10, follow_redirects=False) as client,
        client.stream("GET", url) as response,
    ):
        response.raise_for_status()
        got = bytearray()
        async for chunk in response.aiter_bytes():
            got += chunk
            if len(got) > _MAX:
                raise httpx.DecodingError("the answer is too long", request=response.request)
        return bytes(got)
