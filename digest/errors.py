"""What can go wrong, as one tree.

    DigestError                    1  failed
    ├── ConfigError                2  digest.toml cannot be used; carries every fault found
    ├── UsageError                 2  the command's words are off
    ├── NothingToDo                3  no new story, no subscriber
    ├── PartlyDone                 4  some feeds or recipients failed; each is named
    ├── CollectError               1
    │   ├── FetchError                the bytes did not come
    │   └── ParseError                they came and are no feed, no page
    ├── SummarizeError             1
    ├── RenderError                1
    │   ├── TemplateError             file and line
    │   └── PreflightError            the issue must not leave as it is
    ├── SendError                  1
    │   ├── HeaderError               CR or LF where a header goes
    │   └── ProviderError             the provider refuses the account, not a recipient
    ├── StoreError                 1  the database
    │   ├── DatabaseAway              it does not answer: worth trying again
    │   └── NewerDatabase      2      a newer program brought its tables further
    └── WorkerError                1  a worker process failed, or was killed at its limit

The number is the exit code of DESIGN §3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


class DigestError(Exception):
    """The root: one sentence that says what, which, and what to do."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault of the configuration."""

    file: str
    key: str  # dotted: newsletters.morning.schedule; empty where the file as a whole is meant
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.problem}. {self.remedy}" if self.remedy else f"{where}: {self.problem}"


class ConfigError(DigestError):
    """The configuration cannot be used; `faults` holds every fault, not the first alone."""

    exit_code = 2

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class UsageError(DigestError):
    """The command's words are off."""

    exit_code = 2


class NothingToDo(DigestError):  # noqa: N818 — an outcome with an exit code, not a fault
    """No new story, or nobody to mail."""

    exit_code = 3


class PartlyDone(DigestError):  # noqa: N818 — likewise
    """Some feeds or recipients failed; the message names each."""

    exit_code = 4


class CollectError(DigestError):
    """A feed or page could not be had."""


class FetchError(CollectError):
    """The bytes did not come: status, time, size, address.

    `kind` is one of: timeout, size, private, status, busy (429 and 503), waiting (not asked: the host was busy before),
    connect, dns, challenge, robots, redirects, address, encoding, cut (a packed body without its end). `status` is the
    answer's, where there was one; `retry_after` how long the host asks to wait.
    """

    def __init__(
        self, message: str, *, kind: str = "", status: int | None = None, retry_after: timedelta | None = None
    ) -> None:
        self.kind = kind
        self.status = status
        self.retry_after = retry_after
        super().__init__(message)


class ParseError(CollectError):
    """The bytes came and are no feed, or no page. `feeds`: addresses of feeds that the page names instead."""

    def __init__(self, message: str, *, feeds: Sequence[str] = ()) -> None:
        self.feeds = tuple(feeds)
        super().__init__(message)


class SummarizeError(DigestError):
    """A method that does not exist, or does not bear this length."""


class RenderError(DigestError):
    """The issue could not be rendered."""


class TemplateError(RenderError):
    """A template is wrong; the message names its file and line."""


class PreflightError(RenderError):
    """The issue must not leave as it is."""


class SendError(DigestError):
    """The issue could not be sent."""


class HeaderError(SendError, ValueError):
    """CR, LF or NUL where a header goes."""


class ProviderError(SendError):
    """The provider refuses the account or the sender: nothing was consumed."""


class StoreError(DigestError):
    """The database cannot be used."""


class DatabaseAway(StoreError):  # noqa: N818 — a state, which passes
    """The database does not answer, or hung up: whether the last commit was taken is not known. Worth trying again."""


class NewerDatabase(StoreError):  # noqa: N818 — a state, which a newer program ends
    """A newer program brought its tables further than this one knows them."""

    exit_code = 2


class WorkerError(DigestError):
    """Work on untrusted bytes failed, or was killed at its time limit."""
