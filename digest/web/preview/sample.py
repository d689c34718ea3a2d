"""The shipped sample as an issue of its own, to look at templates with before there is a feed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest import sample
from digest.model import Article, TextSource

ROOT: Final = "/sample"  # below the preview's own address


def articles(base: str, now: datetime) -> tuple[Article, ...]:
    """The sample's articles, cleaned, as if collected at `now`; their links lead below `base`."""
    return tuple(article for path in sample.FEEDS for article in _of_feed(path, base, now))


def route() -> Route:
    """Where the sample's pictures and pages are had."""

    async def page(request: Request) -> Response:
        base = f"http://{request.url.netloc}{ROOT}"
        found = sample.page(f"/{request.path_params['path']}", base=base, now=datetime.now().astimezone())
        if found is None:
            return PlainTextResponse("There is no such page in the sample.\n", status_code=404)
        return Response(found[1], headers={"content-type": found[0]})

    return Route(f"{ROOT}/{{path:path}}", page)


def _of_feed(path: str, base: str, now: datetime) -> Iterator[Article]:
    from digest.collect import reading

    body = sample.page(path, base=base, now=now)
    assert body is not None, "the sample is shipped"
    read = reading.read(body[1], base + path, body[0])
    texts = [_text(piece, base, now) for piece in read.pieces]
    raws = [
        reading.Raw(text=text, title=piece.entry.title, authors=piece.entry.authors, language=piece.entry.language)
        for piece, text in zip(read.pieces, texts, strict=True)
    ]
    for piece, (text, _) in zip(read.pieces, reading.cleaned(raws, frozenset()), strict=True):
        entry = piece.entry
        yield Article(
            feed_url=base + path,
            feed_title=read.feed.title,
            link=entry.link,
            title=entry.title,
            authors=entry.authors,
            published=entry.published,
            first_seen=now,
            language=entry.language or read.feed.language,
            image=entry.image,
            tags=entry.tags,
            text=text,
            excerpt=piece.excerpt,
            source=TextSource.PAGE if piece.is_excerpt else TextSource.FEED,
        )


def _text(piece: Any, base: str, now: datetime) -> tuple[str, ...]:
    """The page's text where the feed gives an excerpt only. `piece`: a reading.Piece."""
    from digest.collect import pages

    page = sample.page(piece.entry.link.removeprefix(base), base=base, now=now) if piece.is_excerpt else None
    text: tuple[str, ...] = pages.extract(page[1], piece.entry.link).paragraphs if page else piece.text
    return text
