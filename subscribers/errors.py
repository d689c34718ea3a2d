"""What can go wrong with people.

SubscribersError
├── AddressError     a text is no e-mail address
└── FileError        a file of people cannot be read to its end, or names nobody
"""


class SubscribersError(Exception):
    """The root: one sentence that says what, which, and what to do."""


class AddressError(SubscribersError, ValueError):
    """A text is no e-mail address."""

    def __init__(self, value: str, reason: str) -> None:
        """`reason`: a sentence's end without a full stop, as in "has no @"."""
        self.value, self.reason = value, reason
        super().__init__(f"{value!r} is no e-mail address: {reason}")


class FileError(SubscribersError):
    """A file of people cannot be read to its end: nothing of it is imported. `line` counts from 1; 0: the whole."""

    def __init__(self, problem: str, *, line: int = 0) -> None:
        self.line = line
        super().__init__(f"line {line}: {problem}" if line else problem)
