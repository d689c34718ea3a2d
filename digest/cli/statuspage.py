"""The page of `digest status`, for people: newsletters, feeds that ail, last issues, workers, and what is to do."""

from collections import Counter
from datetime import datetime
from typing import Any

from digest.cli import desk, out
from digest.store import refusals

_GOOD, _BUSY, _BAD, _QUIET = "green", "cyan", "bold red", "dim"
_STYLES = {
    "sent": _GOOD, "ready": _BUSY, "building": _BUSY, "sending": _BUSY, "held": "yellow", "skipped": _QUIET,
    "missed": _QUIET, "expired": _BAD, "failed": _BAD, "active": _GOOD, "new": _BUSY, "accepted": _GOOD,
    "pending": _BUSY, "unknown": "bold yellow", "rejected": "red", "suppressed": _QUIET, "dead": _BAD, "gone": _BAD,
}  # fmt: skip


def show(found: dict[str, Any]) -> None:
    """Prints what `overview.gather` found."""
    from rich.console import Group
    from rich.padding import Padding

    parts = [_letters_table(found), _feeds_table(found), _issues_table(found), *_engine(found["engine"]), *_todo(found)]
    out.show(Group(*(Padding(part, (0, 0, 1, 0)) for part in parts)))


def _table(title: str, *heads: str, wide: int = -1) -> Any:
    """A table with a quiet head; the column `wide` takes the room there is."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", header_style=_QUIET, expand=True)
    made.box, made.pad_edge, made.show_edge = box.SIMPLE_HEAD, False, False
    for place, head in enumerate(heads):
        is_wide = place == wide % len(heads)
        made.add_column(head, ratio=1 if is_wide else None, overflow="fold", no_wrap=not is_wide)
    return made


def _letters_table(found: dict[str, Any]) -> Any:
    table = _table("Newsletters", "name", "feeds", "readers", "next issues", wide=-1)
    for letter in found["newsletters"]:
        coming = [
            f"{f'{cadence}: ' if cadence else ''}{', then '.join(map(_day, dates)) or 'never again'}"
            for cadence, dates in letter["next_slots"].items()
        ]
        when = "\n".join([*coming, f"({letter['timezone']})"])
        table.add_row(_bold(letter["name"]), str(letter["feeds"]), f"{letter['readers']:,}", _text(when))
    return table


def _feeds_table(found: dict[str, Any]) -> Any:
    """Their states in one line, and those that somebody should look at."""
    states = Counter(str(feed["state"]) for feed in found["feeds"])
    told = [
        (f, [*f["concerns"]] or ([f["error"].removeprefix(f"{f['url']}: ")] if f["error"] else []))
        for f in found["feeds"]
    ]
    ill = [(feed, said) for feed, said in told if said]
    words = ", ".join(f"{number} {state}" for state, number in sorted(states.items())) or "none"
    table = _table(f"Feeds: {words}", "feed", "state", "last well", "what is wrong", wide=-1)
    for feed, said in ill:
        at = _ago(feed["last_ok"]) if feed["last_ok"] else "never"
        state = str(feed["state"])
        table.add_row(_text(_host(feed["url"])), _styled(state), at, _text("\n".join(said)))
    if ill:
        return table
    return _text(f"Feeds: {words}, all well" if found["feeds"] else "Feeds: none yet. Add one: digest feeds add URL")


def _issues_table(found: dict[str, Any]) -> Any:
    if not found["issues"]:
        return _text("Issues: none yet")
    table = _table("Last issues", "issue", "slot", "state", "deliveries", wide=-1)
    for one in found["issues"]:
        table.add_row(_bold(one["issue"]), _day(one["slot"]), _styled(str(one["state"])), _fate(one))
    return table


def _fate(one: dict[str, Any]) -> Any:
    """Its deliveries by state; why there are none."""
    from rich.text import Text

    counted = [(state, number) for state, number in one["deliveries"].items() if number]
    if not counted:
        leaves = f"leaves {_ago(one['send_at'])}" if one["send_at"] and one["state"] == "ready" else ""
        return _text(one["note"] or leaves)
    pieces = [Text(f"{number:,} {state}", style=_STYLES.get(state, "")) for state, number in counted]
    made = Text(", ").join(pieces)
    return made if not one["note"] else made.append(f"\n{_clean(one['note'])}", style=_QUIET)


def _engine(engine: dict[str, Any]) -> list[Any]:
    """The workers and their queues, where others move the steps."""
    if "workers" not in engine:
        return []
    workers = _table("Workers", "name", "at once", "heard of", "queues", wide=-1)
    for one in engine["workers"]:
        heard = _ago(one["seen_at"]) if one["is_alive"] else f"not since {_ago(one['seen_at'])}"
        workers.add_row(_bold(one["name"]), str(one["concurrency"]), heard, ", ".join(one["queues"]))
    queues = _table("Queues", "name", "waiting", "at work", "failed", wide=0)
    for one in engine["queues"]:
        queues.add_row(*(str(one[key]) for key in ("name", "todo", "doing", "failed")))
    return [workers, *([queues] if engine["queues"] else [])]


def _todo(found: dict[str, Any]) -> list[Any]:
    """What waits for a person, each with the command that settles it."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    lines = []
    for one in found["issues"]:
        if number := one["deliveries"].get("unknown"):
            lines.append(f"{one['issue']}: {number:,} may not have arrived: digest issues show {one['issue']}")
        if refusals.is_many(one["refused"], one["deliveries"].get("accepted", 0)):
            refused = f"{one['refused']:,} refused because of the sender"
            lines.append(f"{one['issue']}: {refused}: digest issues show {one['issue']}")
        if one["state"] == "held":
            lines.append(f"{one['issue']} is held: digest issues approve {one['issue']}")
    lines += [f"{c['provider']} does not answer; asked again {_ago(c['open_until'])}" for c in found["circuits"]]
    lines += [
        f"not told ({n['way']}, {n['state']}): {n['subject']}. {n['note']}".rstrip(". ") for n in found["notices"]
    ]
    lines += _engine_todo(found["engine"])
    if not lines:
        return []
    grid = Table.grid(padding=(0, 1))
    for line in lines:
        grid.add_row("•", _text(line))
    return [Group(Text("To do", style="bold"), grid)]


def _engine_todo(engine: dict[str, Any]) -> list[str]:
    lines = []
    if "workers" in engine and not any(worker["is_alive"] for worker in engine["workers"]):
        lines.append("no worker lives, so nothing is collected, built or sent: start digest worker")
    if stalled := engine.get("stalled"):
        lines.append(f"{out.count(stalled, 'job')} of a dead worker: others take it up within a minute")
    return lines


def _day(slot: str) -> str:
    """As in Thu 26 Nov 07:30."""
    return f"{datetime.fromisoformat(slot):%a %d %b %H:%M}"


def _ago(text: str) -> str:
    """How far a time is from now: 5 min ago, in 3 h."""
    seconds = (desk.now() - datetime.fromisoformat(text)).total_seconds()
    for name, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= length:
            number = f"{abs(seconds) / length:.0f} {name}"
            return f"{number} ago" if seconds > 0 else f"in {number}"
    return "now"


def _host(url: str) -> str:
    """Enough of an address to know it by."""
    short = url.partition("://")[2] or url
    return short if len(short) <= 44 else f"{short[:30]}…{short[-13:]}"


def _styled(state: str) -> Any:
    from rich.text import Text

    return Text(state, style=_STYLES.get(state, ""))


def _bold(words: str) -> Any:
    from rich.text import Text

    return Text(_clean(words), style="bold")


def _text(words: str) -> Any:
    from rich.text import Text

    return Text(_clean(words))


def _clean(words: str) -> str:
    """Untrusted text holds no control characters."""
    return "".join(c for c in words if c.isprintable() or c == "\n")
