"""What a language says around its articles: fragments of regular expressions, one a line, case ignored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """One language's phrases. They meet a line without bullets and brackets, blanks single, apostrophes straight."""

    byline: str = ""  # words that open a byline: "by"
    line: str = ""  # a whole line, wherever it stands: "advertisement"
    opens: str = ""  # how a line opens that is none of the article, wherever it stands: "read more:"
    head: str = ""  # how a line opens that is none, near the head: "updated at"
    foot: str = ""  # anywhere in a sentence that is none, near the foot: "contributed to this report"
    ask: str = ""  # how a plea opens: "subscribe to"; a plea also speaks of a `topic`
    topic: str = ""  # what pleas are about: "newsletter"
    you: str = ""  # the reader: a sentence near the foot with `you`, `us` and `topic` is a plea
    us: str = ""  # the publisher
    dates: str = ""  # blank-separated words a line of date and time is made of, months and weekdays above all
