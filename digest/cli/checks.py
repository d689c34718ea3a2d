"""Faults of the configuration that only the parts themselves can see."""

from datetime import UTC, datetime

from digest.cli import desk, out
from digest.config import Config, Newsletter
from digest.errors import ConfigError, DigestError, Fault
from digest.model import Article, Issue, Story, Summary


def faults(config: Config) -> list[Fault]:
    """The provider's, the address's, the templates' and the themes' faults, each with its key."""
    return [*sending(config), *_templates(config), *_themes(config), *_feeds(config)]


def sending(config: Config) -> list[Fault]:
    """What keeps issues from readers, whatever is in them: the provider, a postal address that is missing."""
    from digest.pipeline import send

    return [*provider(config), *send.nameless(config)]


def provider(config: Config) -> list[Fault]:
    """What keeps the provider from being used: no such one, no key, no way to carry each reader's own headers."""
    from digest.send import providers

    try:
        providers.load(config.mail, base_url=config.mail.base_url or "http://127.0.0.1:1", folder=config.mailbox)
    except ConfigError as error:
        return list(error.faults)
    except DigestError as error:
        return [_fault(config, "mail.provider", str(error), "Mend it, or choose another provider")]
    return []


def _templates(config: Config) -> list[Fault]:
    """Renders a trial issue of each newsletter, so that a broken template shows before its hour."""
    folder = config.templates
    if folder is not None and not folder.is_dir():
        return [_fault(config, "digest.templates", f"there is no folder {folder}", "Make it, or remove the key")]
    found: dict[str, Fault] = {}
    for letter in config.newsletters.values():
        try:
            _trial(config, letter)
        except DigestError as error:
            found.setdefault(
                str(error), _fault(config, "digest.templates", str(error).rstrip("."), "Mend that template")
            )
    return list(found.values())


def _trial(config: Config, letter: Newsletter) -> None:
    from digest.render import issue as render

    language = letter.language if letter.language != "auto" else "en"
    now = datetime.now(UTC)
    article = Article(
        feed_url="https://example.org/feed.xml",
        feed_title="Example",
        link="https://example.org/story",
        title="A story",
        published=now,
        first_seen=now,
        text=("It says so.",),
    )
    summary = Summary(sentences=article.text, positions=(0,), method="lead", language=language)
    trial = Issue(
        newsletter=letter.name,
        number=1,
        slot="2026-01-01T07:30",
        title=letter.title,
        made_at=now,
        language=language,
        timezone=letter.timezone,
        stories=(Story(articles=(article, article), section="News", summary=summary),),
    )
    render.issue(
        trial,
        newsletter=letter.model_copy(update={"theme": {}}),
        public_url=config.digest.public_url,
        postal_address=config.digest.postal_address,
        templates=config.templates,
        nonce="00000000",
    )


def _themes(config: Config) -> list[Fault]:
    from digest.render import theme

    found = []
    for name, letter in config.newsletters.items():
        try:
            theme.parse(letter.theme)
        except DigestError as error:
            found += [_theme(config, f"newsletters.{name}.theme", line) for line in str(error).splitlines()]
    return found


def _theme(config: Config, key: str, line: str) -> Fault:
    """What a theme's line says is wrong, and after its semicolon what to do."""
    problem, _, remedy = line.removesuffix(".").partition("; ")
    return _fault(config, key, problem, remedy[:1].upper() + remedy[1:])


def _feeds(config: Config) -> list[Fault]:
    """A feed named twice in one newsletter would count twice."""
    found = []
    for name, letter in config.newsletters.items():
        urls = [feed.url for feed in letter.feeds]
        twice = sorted({url for url in urls if urls.count(url) > 1})
        found += [_fault(config, f"newsletters.{name}.feeds", f"{url} stands there twice", "Keep one") for url in twice]
    return found


def _fault(config: Config, key: str, problem: str, remedy: str = "") -> Fault:
    return Fault(file=config.path.name, key=key, problem=problem, remedy=remedy)


def print_sound(config: Config) -> None:
    """A word on what is configured, and when the next issues are due."""
    number = out.count(len(config.newsletters), "newsletter")
    out.line(f"{config.path.name} is sound: {number}, mail by {config.mail.provider}")
    for letter in config.newsletters.values():
        out.line(f"  {letter.name}: {out.count(len(letter.feeds), 'feed')} ({letter.timezone})")
        for cadence, coming in dates(letter).items():
            out.line(f"    next {cadence or 'issues'}: {', '.join(map(_day, coming)) or 'never again'}")


def dates(letter: Newsletter, count: int = 5) -> dict[str, list[str]]:
    """The newsletter's next slots by cadence, holidays left out."""
    from digest.schedule import slots

    return {
        cadence: [
            slot
            for slot, _ in slots.upcoming(cron, letter.timezone, after=desk.now(), count=count, skip=letter.skip_dates)
        ]
        for cadence, cron in letter.timetable.items()
    }


def in_words(letter: Newsletter) -> str:
    """The next five dates for the narrow column of the preview: the first in full, of the others the day."""
    coming = sorted(datetime.fromisoformat(slot) for found in dates(letter).values() for slot in found)[:5]
    if not coming:
        return "never again"
    first, *others = (f"{coming[0]:%a %d %b %H:%M}", *(f"{at:%a %d %b}" for at in coming[1:]))
    return first + (f", then {', '.join(others)}" if others else "")


def _day(slot: str) -> str:
    """As in Thu 2026-11-26 07:30."""
    return f"{datetime.fromisoformat(slot):%a %Y-%m-%d %H:%M}"
