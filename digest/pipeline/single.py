"""One address given by hand: a page as an article, and the feed behind a page's address."""

from urllib.parse import urljoin

from digest.collect import discovery, feeds, reading
from digest.errors import DigestError, FetchError, ParseError
from digest.model import Article, TextSource
from digest.pipeline import texts
from digest.pipeline.kit import Kit

_PARSE_S = 20.0
_USUAL = ("/feed", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml", "/rss")
_MOST_TRIED = 5


async def page(kit: Kit, url: str) -> Article:
    """The article on that page; FetchError, ParseError where it holds none."""
    found = await texts.read_page(kit, url)
    if found.obstacle == "challenge":
        raise FetchError(f"{url}: asks whether we are a person; open it in a browser instead", kind="challenge")
    if not found.paragraphs:
        raise ParseError(f"{url}: no article was found on that page")
    raw = reading.Raw(text=found.paragraphs, title=found.title, authors=found.authors, language=found.language)
    ((text, _),) = await kit.workers.run(reading.cleaned, [raw], frozenset(), timeout_s=_PARSE_S)
    now = kit.now()
    return Article(
        feed_url=url,
        feed_title=found.site,
        link=found.url,
        title=found.title,
        authors=found.authors,
        published=min(found.published, now) if found.published else None,
        first_seen=now,
        language=found.language,
        image=found.image,
        text=text,
        source=TextSource.PAGE,
    )


async def find_feed(kit: Kit, url: str) -> str:
    """The address of a feed: `url` itself where it is one, else the first that its page names, else a usual place.

    Raises FetchError where `url` cannot be had, ParseError where no feed is found.
    """
    fetched = await kit.fetcher.feed(url)
    try:
        await kit.workers.run(feeds.parse, fetched.body, fetched.url, timeout_s=_PARSE_S)
    except ParseError:
        named = await kit.workers.run(discovery.discover, fetched.body, fetched.url, timeout_s=_PARSE_S)
    else:
        return url
    usual = tuple(urljoin(fetched.url, path) for path in _USUAL)
    for candidate in (*named[:_MOST_TRIED], *(usual if not named else ())):
        if await _is_feed(kit, candidate):
            return candidate
    raise ParseError(f"{url}: neither a feed nor a page that names one; give the feed's own address", feeds=named)


async def _is_feed(kit: Kit, url: str) -> bool:
    try:
        fetched = await kit.fetcher.feed(url)
        await kit.workers.run(feeds.parse, fetched.body, fetched.url, timeout_s=_PARSE_S)
    except DigestError:
        return False
    return True
