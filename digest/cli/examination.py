"""`digest doctor`: what stands between this configuration and a reader's inbox."""

from pathlib import Path

from digest.cli import checks, desk, out
from digest.config import Config
from digest.errors import DigestError, UsageError
from digest.send import doctor, providers
from digest.send.doctor import Check, Verdict
from digest.store import batches

_LEVELS = {Verdict.GOOD: "good", Verdict.WARNING: "warning", Verdict.FAULT: "error", Verdict.UNKNOWN: "unknown"}


async def examine(config: Config, eml: Path | None) -> list[dict[str, str]]:
    """Findings as {level, what, says}; with `eml`, those of that received message alone."""
    if eml is not None:
        return [_shown(check) for check in doctor.eml(_read(eml))]
    found = [_finding("error", "configuration", str(fault)) for fault in checks.faults(config)]
    shown, readers = await _readers(config)
    found.append(_finding("good", "database", shown))
    found += _letters(config, readers)
    found += [_shown(check) for check in await _sending(config, max(readers.values(), default=0))]
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error


async def _readers(config: Config) -> tuple[str, dict[str, int]]:
    """The database, opened and brought up to date, and how many would get each newsletter."""
    async with desk.database(config) as database, database.read() as connection:
        return database.shown, {name: await batches.recipients(connection, name) for name in config.newsletters}


def _letters(config: Config, readers: dict[str, int]) -> list[dict[str, str]]:
    found = []
    for name, count in readers.items():
        level = "good" if count else "warning"
        found.append(_finding(level, f"newsletter {name}", out.count(count, "active subscriber")))
        if 0 < config.mail.per_day < count:
            days = -(-count // config.mail.per_day)
            says = f"[mail] per_day lets {config.mail.per_day:,} leave a day: {name} takes {days} days"
            found.append(_finding("warning", "per_day", says))
    return found


async def _sending(config: Config, readers: int) -> tuple[Check, ...]:
    """The provider's address and the sender's domain; the local mailbox needs neither."""
    if config.mail.provider in {"mailbox", "file"}:
        return (Check(name="provider", verdict=Verdict.WARNING, said=f"{config.mail.provider} sends nothing out"),)
    try:
        provider = providers.load(config.mail, folder=config.folder)
    except DigestError as error:
        return (Check(name="provider", verdict=Verdict.FAULT, said=str(error)),)
    home = config.mail.base_url or str(getattr(provider, "home", ""))
    asked = await doctor.account(provider, home, readers=readers, now=desk.now) if home else ()
    return (*asked, *await doctor.domain(config.mail.sender_address.rpartition("@")[2]))


def _shown(check: Check) -> dict[str, str]:
    return _finding(_LEVELS[check.verdict], check.name, check.said)


def _finding(level: str, what: str, says: str) -> dict[str, str]:
    return {"level": level, "what": what, "says": says}
