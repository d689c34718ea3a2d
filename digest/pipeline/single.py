"""One address given by hand: a page as an article, and the feed, sitemap or list of links behind a page's address."""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from digest.collect import discovery, feeds, inflate, reading, sitemaps
from digest.collect.fetch import Fetched
from digest.collect.robots import Robots
from digest.errors import DigestError, FetchError, ParseError
from digest.model import Article, FeedRecord, SourceKind, TextSource
from digest.pipeline import sources, texts
from digest.pipeline.kit import Kit

_PARSE_S = 20.0
_USUAL = ("/feed", "/rss.xml", "/atom.xml", "/feed.xml", "/index.xml", "/rss")
_NEWS_SITEMAPS = ("/sitemap-news.xml", "/news-sitemap.xml")
_SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml")
_MOST_TRIED = 5
_ENOUGH_LINKS = 3  # to articles: a page with fewer is no list of them
_NOTHING = (
    "{url}: neither a feed nor a page that names one, and no sitemap or list of articles was found; "
    "give the feed's own address"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a newsletter reads."""

    url: str
    kind: SourceKind = SourceKind.AUTO


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
    return await _feed_of(kit, url, await kit.fetcher.feed(url))


async def find_source(kit: Kit, url: str, kind: SourceKind = SourceKind.AUTO) -> Source:
    """What a newsletter can read at or behind that address: a feed; where there is none, a sitemap or the page itself.

    A page deep in a site stands for itself; behind a site's first page its sitemap is looked for first. `kind`: only
    that. Raises FetchError where `url` cannot be had, ParseError where nothing is found.
    """
    if kind in {SourceKind.SITEMAP, SourceKind.PAGE}:
        await _read(kit, url, kind)
        return Source(url=url, kind=kind)
    fetched = await kit.fetcher.feed(url)
    if kind is SourceKind.AUTO and (sitemaps.is_sitemap(fetched.body) or inflate.is_packed(fetched.body)):
        with suppress(ParseError):
            await _read(kit, url, SourceKind.SITEMAP)
            return Source(url=url, kind=SourceKind.SITEMAP)
    try:
        return Source(url=await _feed_of(kit, url, fetched), kind=kind)
    except ParseError as error:
        found = await _instead(kit, url, fetched) if kind is SourceKind.AUTO else None
        if found is None:
            raise ParseError(_NOTHING.format(url=url), feeds=error.feeds) from error
        return found


async def _feed_of(kit: Kit, url: str, fetched: Fetched) -> str:
    try:
        await kit.workers.run(feeds.parse, fetched.body, fetched.url, timeout_s=_PARSE_S)
    except ParseError:
        named = await kit.workers.run(discovery.discover, fetched.body, fetched.url, timeout_s=_PARSE_S)
    else:
        return url
    usual = tuple(urljoin(fetched.url, path) for path in _USUAL)
    for candidate in (*named[:_MOST_TRIED], *(usual if not named else ())):
        if await _is(kit, candidate, SourceKind.FEED):
            return candidate
    raise ParseError(f"{url}: neither a feed nor a page that names one; give the feed's own address", feeds=named)


async def _instead(kit: Kit, url: str, fetched: Fetched) -> Source | None:
    """A site's news sitemap, its first page, its sitemap; a page deep in it before all of these."""
    page = Source(url=url, kind=SourceKind.PAGE)
    is_deep = bool(urlsplit(fetched.url).path.strip("/"))
    if is_deep and await _is(kit, url, SourceKind.PAGE):
        return page
    named = await _named_sitemaps(kit, fetched.url)
    news = [address for address in named if "news" in address.lower()]
    for address in (*news, *(urljoin(fetched.url, path) for path in _NEWS_SITEMAPS if not news)):
        if await _is(kit, address, SourceKind.SITEMAP):
            return Source(url=address, kind=SourceKind.SITEMAP)
    if not is_deep and await _is(kit, url, SourceKind.PAGE):
        return page
    others = [address for address in named if address not in news] or [urljoin(fetched.url, p) for p in _SITEMAPS]
    for address in others[:_MOST_TRIED]:
        if await _is(kit, address, SourceKind.SITEMAP):
            return Source(url=address, kind=SourceKind.SITEMAP)
    return None


async def _named_sitemaps(kit: Kit, url: str) -> tuple[str, ...]:
    """Those that the site's robots.txt names."""
    try:
        fetched = await kit.fetcher.linked(urljoin(url, "/robots.txt"))
    except DigestError:
        return ()
    return Robots.read(fetched.body).sitemaps[:_MOST_TRIED]


async def _read(kit: Kit, url: str, kind: SourceKind) -> reading.Reading:
    record = FeedRecord(id=0, url=url, requested_url=url)
    answer = await sources.ask(kit, record, kind, kit.now())
    wishes = reading.Wishes(kind=kind)
    fetched = answer.fetched
    return await kit.workers.run(
        reading.source, answer.bodies, fetched.url, fetched.content_type, wishes, timeout_s=_PARSE_S
    )


async def _is(kit: Kit, url: str, kind: SourceKind) -> bool:
    """Whether that can be read there, and lists enough to be worth it."""
    try:
        read = await _read(kit, url, kind)
    except DigestError:
        return False
    return kind is SourceKind.FEED or len(read.pieces) >= _ENOUGH_LINKS
