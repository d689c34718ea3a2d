"""The sweep: what is no part of the article goes, by rules for the head, the foot, and any place."""

import re
from collections.abc import Collection, Iterator, Sequence

from digest.collect.clean.datelines import without_dateline, without_sign_off
from digest.collect.clean.lines import bare, ends, later_sentences, letters, line_hash, words
from digest.collect.clean.phrases import bylines, rules

HEAD = 4  # kept lines from the top that the head's rules are asked for
FOOT = 5  # kept lines from the bottom, likewise
MOST_PLEAS = 200  # sentences: a paragraph that ends in more of them is none
AROUND = 24  # lines beside one that say whether it stands among sentences
LONGEST = 400  # characters of a line or sentence that can be junk; what is longer is text
_BUTTON = re.compile(
    r"\s*(?:(?:(?<=\.\.\.)|(?<=[…\]]))(?:\[|\()?(?:read (?:more|on)|continue reading|weiterlesen|mehr lesen|lire la suite|leer más"
    r"|leggi tutto|lees (?:meer|verder)|leia mais|続きを読む)|click to tweet|tweet this|\((?:additional |further )?(?:reporting|writing|editing) by [^()]{4,300}\))\W*$",
    re.IGNORECASE,
)
# What the feeds of WordPress say of themselves, as its translations have it.
_APPEARED = (
    " appeared first on ",
    " erschien zuerst auf ",
    " est apparu en premier sur ",
    " aparece primero en ",
    " se publicó primero en ",
    " apareceu primeiro em ",
    " proviene da ",
    " verscheen eerst op ",
)
_ORIGINS = re.compile(
    r"(?:^|(?<=\s))(?:The post|Der Beitrag|L[’']article|La entrada|O post|L[’']articolo|Het bericht)\s.{1,300}?"
    rf"(?:{'|'.join(map(re.escape, _APPEARED))}).{{1,150}}$"
    # Its newer words are those of news about posts, too: a title and a site begin with capitals.
    r"|(?:^|(?<=\s))The post (?![a-z,]).{1,300}? first appeared on [^a-z\s,][^,]{0,100}$"
)
_ORIGIN_CUES = (*_APPEARED, " first appeared on ")
_ORIGIN = 200  # characters: a site's name and the words before it
_CREDIT = 40  # characters: a button's or credit's end stands within, whatever marks follow it
_CUTS = ("...", "…", "]")
_BULLETS = "-•·*–▪●"
_ANDS = frozenset({"and", "und", "et", "y", "e", "i", "en", "&"})  # between two names
_PARTICLES = frozenset(
    re.findall(r"\w+", "al bin da das de del della den der di do dos du el la le of ten ter van von zu")
)
_FIRST = 40  # characters of a line that tell whether it can be the headline
_LONG_BYLINE = 14  # words
_LONG_DATE = 14
_QUOTES = '"“”„«»「『'


def article(
    paragraphs: Sequence[str],
    *,
    title: str = "",
    authors: Sequence[str] = (),
    language: str | None = None,
    known: Collection[bytes] = (),
) -> tuple[str, ...]:
    """The paragraphs of the article itself, in order; each a part of a given one, to the letter.

    `title` and `authors` let their repetition at the head be seen. `language` (BCP 47) narrows what opens a byline.
    `known`: `line_hash` of lines that recur in this feed's articles; they go wherever they stand. Cleaning what is
    clean changes nothing. Never raises.

    >>> article(["• Kyodo", "KOBE – The bridge is open again.", "Sign up for our newsletter!"])
    ('The bridge is open again.',)
    """
    code = (language or "").split("-")[0].lower()
    names = tuple(letters(name) for name in authors if letters(name))
    lines = [line for line in map(_without_origin, paragraphs) if line]
    while True:
        kept = [
            _trimmed(line) for line in lines if not (known and line_hash(line) in known) and not _is_furniture(line)
        ]
        kept = _headed(kept, title=title, names=names, language=code)
        kept = _footed(kept)
        if kept == lines:
            return tuple(kept)
        lines = kept


# ------------------------------------------------------------------ anywhere


def _is_furniture(line: str) -> bool:
    """A line that is no part of an article wherever it stands."""
    if len(line) > LONGEST:
        return False
    text = bare(line)
    if not text or not any(map(str.isalnum, text)):
        return True
    if rules().line.fullmatch(text.rstrip(" .:")):
        return True
    return rules().opens.match(text) and not _is_speech(line)


def _without_origin(line: str) -> str:
    """`line` without what WordPress puts under every entry of its feeds: "The post TITLE appeared first on SITE."

    A title may hold full stops, so this is no matter of sentences.
    """
    text = line.strip()
    if not any(map(text[-_ORIGIN:].__contains__, _ORIGIN_CUES)):
        return text
    found = _ORIGINS.search(text)
    return text[: found.start()].rstrip() if found else text


def _trimmed(line: str) -> str:
    """`line` without a button's or a credit's words at its end."""
    tail = line[-_CREDIT:]
    # All of them are rare, and the pattern is slow to say so.
    if ")" not in tail and "tweet" not in tail.casefold() and not any(map(tail.__contains__, _CUTS)):
        return line
    found = _BUTTON.search(line, max(0, len(line) - LONGEST))
    return line[: found.start()].rstrip() or line if found else line


def _is_speech(line: str) -> bool:
    """True where somebody is quoted: a plea somebody speaks is news."""
    if line.isascii():
        return line.count('"') > 1
    return sum(map(line.count, _QUOTES)) > 1


# ------------------------------------------------------------------ head


def _headed(lines: Sequence[str], *, title: str, names: Sequence[str], language: str) -> list[str]:
    kept: list[str] = []
    headline = letters(title)
    speakers = _speakers(lines)
    for index, line in enumerate(lines):
        if len(kept) >= HEAD:
            kept += lines[index:]
            break
        rest = lines[index + 1 : index + 1 + AROUND]
        if _is_heading(line, kept, rest, title=title, headline=headline, names=names, language=language):
            continue
        kept.append(without_dateline(line, language=language) if not kept and not speakers else line)
    return kept


def _speakers(lines: Sequence[str]) -> bool:
    """True where the article is a transcript: "NAME: …" again and again is no dateline."""
    return sum(line[:30].split(":")[0].isupper() and ":" in line[:30] for line in lines[:12]) > 1


def _is_heading(
    line: str,
    kept: Sequence[str],
    rest: Sequence[str],
    *,
    title: str,
    headline: str,
    names: Sequence[str],
    language: str,
) -> bool:
    """`headline`: the title's letters."""
    if len(line) > LONGEST:
        return False
    text = bare(line)
    if _is_byline(text, names, language) or _is_date(text) or _is_stamp(text):
        return True
    if kept:
        return _may_open(line, headline) and letters(line) == headline
    return _is_title(line, title, headline) or _is_alone(line, rest)


def _is_stamp(text: str) -> bool:
    """When it was published, how long it takes to read: a few words, not a sentence that opens like one."""
    return rules().head.match(text) and len(words(text)) <= (6 if ends(text) else 14)


def _is_alone(line: str, others: Sequence[str]) -> bool:
    """True for a short line without a sentence's end among sentences: a headline, a caption, a link."""
    return not ends(line) and len(words(line)) <= 30 and sum(map(ends, others)) * 5 > len(others) * 3


def _is_title(line: str, title: str, headline: str) -> bool:
    """The headline again, with or without the publisher's name after it, or in nearly the same words."""
    if not headline:
        return False
    if _may_open(line, headline):
        said = letters(line)
        if not said:
            return False
        if said == headline or (len(said) >= 12 and len(said) < 2 * len(headline) and _opens_alike(said, headline)):
            return True
    if ends(line):
        return False
    theirs, ours = ({word.casefold() for word in words(text)} for text in (line, title))
    return len(ours) > 3 and len(theirs & ours) * 5 >= max(len(ours), len(theirs)) * 3


def _may_open(line: str, headline: str) -> bool:
    """False where the letters of `line` and of the headline differ from the first ones on: most lines, cheaply."""
    said = letters(line[:_FIRST])
    return headline.startswith(said) or said.startswith(headline)


def _opens_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _is_byline(text: str, names: Sequence[str], language: str) -> bool:
    said = letters(text) if names else ""
    if any(
        said == name or (said.startswith(name) and not ends(text) and len(words(text)) <= _LONG_BYLINE)
        for name in names
    ):
        return True
    found = bylines(language).match(text)
    if not found or len(words(text)) > 16:
        return False
    named = words(text[found.end() :])
    if ends(text) and len(named) > 4:
        return text.endswith(".") and _are_names(named)
    return not named or (not named[0][0].islower() and sum(not word[0].islower() for word in named) * 2 > len(named))


def _are_names(named: Sequence[str]) -> bool:
    """Whether the words are several people's names, and no sentence: nothing is in lower case but what joins names."""
    joined = any(word in _ANDS for word in named)
    return joined and all(word in _ANDS or word in _PARTICLES or word[0].isupper() for word in named)


def _is_date(text: str) -> bool:
    """A line of nothing but date and time."""
    if text.count(" ") - text.count(",") - text.count("|") > _LONG_DATE or not any(map(str.isdigit, text)):
        return False
    parts = text.casefold().replace(",", " ").replace("|", " ").split()
    if len(parts) > _LONG_DATE:
        return False
    dates = rules().dates
    return all(_is_number(part) or part.strip(".:()[]-–/") in dates or part in dates for part in parts)


def _is_number(part: str) -> bool:
    digits = sum(character.isdigit() for character in part)
    others = sum(character.isalpha() for character in part)
    return (
        (digits > 0 and others <= 2)
        or not (digits or others)
        or (digits >= 4 and all(mark in "年月日時分" for mark in part if mark.isalpha()))
    )


# ------------------------------------------------------------------ foot


def _footed(lines: Sequence[str]) -> list[str]:
    """The lines without their foot: whole lines of pleas and credits go, and such sentences at the end of the others."""
    kept: list[str] = []
    below = False  # the line below was junk: a heading above it is junk too
    for index in range(len(lines) - 1, -1, -1):
        if len(kept) >= FOOT:
            kept.extend(reversed(lines[: index + 1]))
            break
        line = lines[index]
        text = _cut(line)
        if not text or (below and _is_label(line)) or _is_link(line, kept, lines[max(0, index - AROUND) : index]):
            below = True
            continue
        below = text != line
        kept.append(text)
    return kept[::-1]


def _is_link(line: str, kept: Sequence[str], before: Sequence[str]) -> bool:
    """True for a link to another article: the last line of all, or an item of a list at the foot."""
    if (kept and line[0] not in _BULLETS) or len(before) < 2 or ends(line):
        return False
    if len(words(line)) > 20 or not _is_alone(line, before):
        return False
    lead = next((above for above in reversed(before) if above[0] not in _BULLETS), "")
    return not lead.endswith((":", "："))


def _is_label(line: str) -> bool:
    return len(words(line)) <= 5 and not ends(line)


def _cut(line: str) -> str:
    """`line` up to its last sentence that is no plea or credit; empty where all are, or more than 200 at its end."""
    text = without_sign_off(line)
    judged = 0
    while judged < MOST_PLEAS:
        start = max(0, len(text) - 6 * LONGEST)
        starts = [start, *(start + place for place in later_sentences(text[start:]))]
        first = 1 if start else 0  # the window's first may be the rest of a sentence
        left, end = len(starts), len(text)
        while left > first and _is_plea(text[starts[left - 1] : end].rstrip()):
            left -= 1
            end = starts[left]
            judged += 1
        if left > first or (start and len(starts) < 2):
            return text[:end].rstrip()
        if len(starts) < 2:
            return ""
        text = text[: starts[1]].rstrip()
    return ""


def _is_plea(sentence: str) -> bool:
    text = bare(sentence)
    if len(text) > LONGEST or _is_speech(sentence):
        return False
    if not text or rules().line.fullmatch(text.rstrip(" .:")) or rules().opens.match(text):
        return True
    folded = text.casefold()
    return rules().foot.search(text, folded) or any(_asks(text, folded))


def _asks(text: str, folded: str) -> Iterator[bool]:
    """Per language: a plea speaks of its topic, and either opens as one or speaks for `us` to `you`."""
    for plea in rules().pleas:
        if plea.topic.search(text, folded):
            you, us = plea.you.search(text, folded), plea.us.search(text, folded)
            yield (you and us) or ((you or us) and plea.ask.match(text))
