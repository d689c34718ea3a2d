"""collect, articles, summarize: what was published, and its sentences."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from digest import workers
from digest.cli import desk, out, preloads, run
from digest.cli.options import AsJson, ConfigPath, Verbose
from digest.errors import DigestError, SummarizeError, UsageError

_MOST_BYTES = 20_000_000  # of a text to summarize

Name = Annotated[str | None, typer.Argument(metavar="[NEWSLETTER]", help="One newsletter; all where none is named.")]


def add(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command("collect", epilog="Example: digest collect morning --all")(collect)
    app.command("articles", epilog="Example: digest articles morning --json")(articles)
    app.command("summarize", epilog="Example: digest summarize article.txt --sentences 3")(summarize)


@run.command
def collect(
    newsletter: Name = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Ask every feed, also those not due; the wait that a busy host asked for holds."),
    ] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Fetches what is due."""
    workers.ahead(preloads.READING)
    from digest.pipeline import collect as collecting

    settings = desk.load(config)
    wanted = desk.chosen(settings, newsletter)
    feeds = list({feed.url: feed for letter in wanted for feed in letter.feeds}.values())
    if not feeds:
        raise UsageError("there is no feed to ask: add one with `digest feeds add URL`")

    async def work() -> collecting.CollectReport:
        async with desk.kit(settings) as kit:
            return await collecting.newsletter_feeds(kit, feeds, everything=everything)

    report = run.loop(work())
    if as_json:
        shown = [{"url": f.url, "state": f.state, "new": f.new, "error": f.error} for f in report.feeds]
        out.document({"feeds": shown, "articles": report.articles})
    else:
        _print_collected(report)
    failed = any(feed.error for feed in report.feeds)
    return 4 if failed else 0 if report.articles else 3


def _print_collected(report: Any) -> None:
    for feed in report.feeds:
        for warning in feed.warnings:
            out.note(f"{feed.url}: {warning}")
        if feed.error:
            out.note(f"{feed.url}: {feed.error.removeprefix(f'{feed.url}: ')}")
    failed = sum(1 for feed in report.feeds if feed.error)
    failures = f", {failed} failed" if failed else ""
    out.line(f"{out.count(report.articles, 'new article')} from {out.count(len(report.feeds), 'feed')}{failures}")


@run.command
def articles(
    newsletter: Name = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many (default: 50; --json: all).")
    ] = None,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """What was collected, newest first."""
    from digest.store import articles as stored

    settings = desk.load(config)
    urls = [feed.url for letter in desk.chosen(settings, newsletter) for feed in letter.feeds] if newsletter else None

    async def work() -> list[Any]:
        async with desk.database(settings) as database, database.read() as connection:
            return list(await stored.listed(connection, urls, limit if limit or as_json else 50))

    found = run.loop(work())
    if as_json:
        out.document([_shown(article) for article in found])
    elif found:
        out.table(
            [(out.when(a.published), a.feed_title or a.feed_url, a.title, a.link) for a in found],
            heads=("published", "source", "title", "link"),
        )
    else:
        out.note("nothing was collected yet: run `digest collect`")
    return 0 if found else 3


def _shown(article: Any) -> dict[str, object]:
    return {
        "id": article.id,
        "feed": article.feed_url,
        "link": article.link,
        "title": article.title,
        "authors": list(article.authors),
        "published": article.published.isoformat() if article.published else None,
        "language": article.language,
        "image": article.image.url if article.image else None,
        "text": "\n\n".join(article.text),
        "source": article.source,
    }


@run.command
def summarize(
    source: Annotated[
        str, typer.Argument(metavar="[FILE|URL|-]", help="A text file, a page, or standard input.")
    ] = "-",
    sentences: Annotated[int, typer.Option("--sentences", min=1, max=1000, help="How many sentences.")] = 3,
    method: Annotated[
        str, typer.Option("--method", help="digest, or one of sumy's: lex-rank, lsa, luhn, …")
    ] = "digest",
    language: Annotated[str, typer.Option("--language", help="A tag such as en or de; auto finds it.")] = "auto",
    title: Annotated[str, typer.Option("--title", help="The text's headline, which weighs.")] = "",
    jsonl: Annotated[bool, typer.Option("--jsonl", help='One {"id","text"} a line in, one answer a line out.')] = False,
    config: ConfigPath = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """The sentences that say most, to the letter."""
    from digest.config import METHODS, is_language

    if method not in METHODS:
        raise UsageError(f"there is no method {method!r}; there are: {', '.join(METHODS)}")
    if not is_language(language):
        raise UsageError(f"{language!r} is no language tag: write auto, or a tag such as en, de, pt-BR")
    wishes: dict[str, Any] = {"count": sentences, "method": method, "language": language}
    if jsonl:
        return _summarize_lines(source, wishes, title)
    found = _summary(*_text(source, config, title), **wishes)
    if as_json:
        out.document(found)
    else:
        for sentence in found["sentences"]:
            out.line(sentence)
    if not found["sentences"]:
        out.note("there is no sentence in it")
    return 0 if found["sentences"] else 3


def _summary(paragraphs: tuple[str, ...], title: str, **wishes: Any) -> dict[str, Any]:
    from digest.summarize import summarizer

    made = summarizer.article(paragraphs, title=title, **wishes)
    return {
        "sentences": list(made.sentences),
        "positions": list(made.positions),
        "method": made.method,
        "language": made.language,
    }


def _text(source: str, config: Path | None, title: str) -> tuple[tuple[str, ...], str]:
    """The clean paragraphs of what is named, and its title."""
    if source.startswith(("http://", "https://")):
        return _fetched(source, config, title)
    return _clean(_decoded(_read(source), source), title), title


def _clean(text: str, title: str) -> tuple[str, ...]:
    from digest.collect import clean

    return clean.article(clean.paragraphs(text), title=title)


def _read(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read(_MOST_BYTES)
    try:
        with Path(source).open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise UsageError(f"{source}: cannot be read ({error.strerror})") from error


def _decoded(data: bytes, source: str) -> str:
    """UTF-8, else what the bytes look like; UsageError where they are no text at all."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        from w3lib.encoding import html_to_unicode

        if b"\0" in data[:4096]:
            raise UsageError(f"{'standard input' if source == '-' else source}: this is no text") from None
        return str(html_to_unicode(None, data, default_encoding="cp1252")[1])


def _fetched(url: str, config: Path | None, title: str) -> tuple[tuple[str, ...], str]:
    """The main text of a page; works without a configuration."""
    from digest.cli import bare
    from digest.pipeline import collect as collecting

    async def work() -> Any:
        async with bare.kit(config, trusted=(url,)) as kit:
            return await collecting.page(kit, url)

    article = run.loop(work())
    return article.text, title or article.title


def _summarize_lines(source: str, wishes: dict[str, Any], title: str) -> int:
    """Answers every valid line once; names the bad ones and goes on."""
    import orjson

    faults = 0
    for number, data in _lines(source):
        try:
            answer = _answer(orjson.loads(data), wishes, title)
        except (ValueError, KeyError, TypeError, DigestError) as error:
            faults += 1
            out.note(f"line {number}: {_fault(error)}")
            continue
        sys.stdout.write(orjson.dumps(answer).decode() + "\n")
    return 4 if faults else 0


def _lines(source: str) -> Iterator[tuple[int, bytes]]:
    if source == "-":
        file = sys.stdin.buffer
    else:
        try:
            file = Path(source).open("rb")  # noqa: SIM115 — read to its end, then the process ends
        except OSError as error:
            raise UsageError(f"{source}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(file, 1):
        if line.strip():
            yield number, line


def _answer(given: Any, wishes: dict[str, Any], title: str) -> dict[str, object]:
    if not isinstance(given, dict) or not isinstance(given["text"], str):
        raise TypeError('it is no object with a "text"')
    heading = str(given.get("title") or title)
    language = str(given.get("language") or wishes["language"])
    made = _summary(_clean(given["text"], heading), heading, **{**wishes, "language": language})
    return {"id": given.get("id"), "sentences": made["sentences"], "positions": made["positions"]}


def _fault(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error.args[0]!r}"
    if isinstance(error, SummarizeError | TypeError):
        return str(error)
    return f"it is not JSON ({error})" if isinstance(error, ValueError) else str(error)
