"""Sentences and words of plain text, in many languages, from rules alone: no model, no download, nothing to import.

A boundary is `.!?…`, the quotes and brackets that close behind it, white space, and then no lower-case letter; except
behind an abbreviation, an initial, or the number of an ordinal. Marks that end a sentence without white space
(`。！？`, `।`, `؟`) are boundaries by themselves, unless a quotation is still open.
"""

import functools
import itertools
import re
from collections.abc import Callable, Iterator

from digest.summarize import abbreviations
from digest.summarize.function_words import FUNCTION_WORDS

_CLOSERS = "\"'”’“‘»›«‹)\\]}」』）】》〉］｣"  # which of a pair closes differs: German „…“ and »…«
_OPENERS = "\"'“”‘’„‚«»‹›([{「『（【《〈［｢¿¡-–—•*·"
_MARKS = r".!?…"


def _candidate(marks: str = _MARKS, closing: str = "") -> re.Pattern[str]:
    return re.compile(
        rf"(?P<stop>(?<![{marks}])[{marks}]++)[{_CLOSERS}]*+{closing}(?=\s)"
        rf"|[。！？｡．।॥؟۔።։။។]++[{_CLOSERS}]*+"
        r"|(?P<blank>\n[^\S\n]*+\n|\u2029)"
    )


_CANDIDATE = _candidate()
_CANDIDATES = {
    "el": _candidate(_MARKS + ";\u037e"),  # Greek asks with a semicolon
    "fr": _candidate(closing="(?:[ \u00a0\u202f]»)?+"),  # French sets a blank before what closes
}
_QUOTED = re.compile(r"「[^「」]{0,400}」|『[^『』]{0,400}』|（[^（）]{0,400}）|“[^“”]{0,400}”")
_GOES_ON = re.compile(r"\s*[、，,とがをはにのでもって]")  # behind a closed Japanese quotation the sentence goes on
_NEXT_WORD = re.compile(r"[^\W\d_]+")
_CHAIN = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_LAST = re.compile(r"[^\s'’]*\Z")  # what stands before a stop, without an article elided to it
_ROMAN = re.compile(r"[IVXL]{1,6}")
_CAPITAL_WITHIN = re.compile(r"[a-z][A-Z]")  # iPhone, eBay
_LONG = 1000  # characters; beyond, a line break counts as a boundary
_TOKEN = 24  # characters that are looked back for an abbreviation

_COMBINING = (  # combining marks that re does not count as letters, as ranges of whole blocks
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8"
    "\u0900-\u0963\u0971-\u0dff\u0e30-\u0e3a\u0e40-\u0e4e\u0eb0-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b6-\u17d3\u200c\u200d"
)
_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_MARKED = re.compile(f"[{_COMBINING}]")
_MARKED_WORD = re.compile(rf"(?:[^\W_]|[{_COMBINING}])+(?:['’\-](?:[^\W_]|[{_COMBINING}])+)*")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff々〆"
_KANA = "\u3041-\u309f"
_UNSPACED = "\u0e01-\u0e4e\u0e81-\u0ecd\u1000-\u103f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
_UNBROKEN = re.compile(f"[{_HAN}{_KANA}{_UNSPACED}]")
_RUN = re.compile(f"(?P<han>[{_HAN}]+)|(?P<kana>[{_KANA}]+)|(?P<unspaced>[{_UNSPACED}]+)|[^{_HAN}{_KANA}{_UNSPACED}]+")

_DETECTED = 2000  # characters that are looked at
_STEMMED = 40  # characters of a word that are stemmed: stemmers are not linear

_NAMES = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "he": "hebrew",
    "hu": "hungarian",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sk": "slovak",
    "sv": "swedish",
    "th": "thai",
    "uk": "ukrainian",
    "zh": "chinese",
}
_CODES = {name: code for code, name in _NAMES.items() if code not in {"nb", "nn"}}


def code(language: str) -> str:
    """The bare language of a tag, in lower case; English names are understood too.

    >>> code("pt-BR"), code("German"), code("nb")
    ('pt', 'de', 'no')
    """
    plain = re.split(r"[-_]", language.strip().lower())[0]
    plain = _CODES.get(plain, plain)
    return "no" if plain in {"nb", "nn"} else plain


# ------------------------------------------------------------------ sentences


def split(text: str, language: str = "en") -> tuple[str, ...]:
    """The sentences of `text`, in order: each to the letter a part of it, without white space around it.

    A blank line always ends one; what holds no letter and no digit is none. Any text is taken, in linear time.

    >>> split('Dr. Lee said: "It is over!" The U.S. President left at 5 p.m. on Friday. 他来了。她走了。')
    ('Dr. Lee said: "It is over!"', 'The U.S. President left at 5 p.m. on Friday.', '他来了。', '她走了。')
    """
    pieces = itertools.chain.from_iterable(_lines(piece) for piece in _pieces(text, code(language)))
    return tuple(piece for piece in pieces if any(map(str.isalnum, piece)))


def _pieces(text: str, language: str) -> Iterator[str]:
    start = 0
    for end in _boundaries(text, language):
        if piece := text[start:end].strip():
            yield piece
        start = end
    if piece := text[start:].strip():
        yield piece


def _lines(piece: str) -> tuple[str, ...]:
    """A run-on without marks (a list, a table) falls into its lines; anything else stays whole."""
    if len(piece) <= _LONG or "\n" not in piece:
        return (piece,)
    return tuple(line.strip() for line in piece.split("\n") if line.strip())


def _boundaries(text: str, language: str) -> Iterator[int]:
    """Where sentences end, ascending."""
    rules = _Rules(language)
    quoted = _quoted_spans(text)
    start = 0
    for match in rules.candidates(text):
        if match["stop"]:
            is_end = rules.is_end(text, start, match)
        else:
            is_end = bool(match["blank"]) or not (quoted(match.start()) or _is_continued(text, match.end()))
        if is_end:
            start = match.end()
            yield start


def _is_continued(text: str, end: int) -> bool:
    return text[end - 1] in _CLOSERS and bool(_GOES_ON.match(text, end))


def _quoted_spans(text: str) -> Callable[[int], bool]:
    """Tells whether a place lies within a closed East Asian quotation; asked with ascending places."""
    if not _UNBROKEN.search(text):
        return lambda _place: False
    spans = _QUOTED.finditer(text)
    current = next(spans, None)

    def within(place: int) -> bool:
        nonlocal current
        while current and current.end() <= place:
            current = next(spans, None)
        # the mark before the closing quote belongs to the boundary behind it
        return current is not None and current.start() < place < current.end() - 2

    return within


class _Rules:
    """What ends a sentence in one language."""

    __slots__ = ("enders", "has_ordinals", "language", "starters", "titles")

    def __init__(self, language: str) -> None:
        self.language = language
        self.titles = abbreviations.titles(language)
        self.enders = abbreviations.enders(language)
        self.starters = abbreviations.starters(language)
        self.has_ordinals = language in abbreviations.ORDINAL

    def candidates(self, text: str) -> Iterator[re.Match[str]]:
        return _CANDIDATES.get(self.language, _CANDIDATE).finditer(text)

    def is_end(self, text: str, start: int, match: re.Match[str]) -> bool:
        """Whether the stop of `match`, in a sentence that began at `start`, ends it."""
        following = _following(text, match.end())
        if following is None:
            return True
        if not self._may_open(text, following):
            return False
        if match["stop"] != ".":
            return True
        return not self._is_abbreviated(text, start, match.start(), following)

    @staticmethod
    def _may_open(text: str, place: int) -> bool:
        if text[place].islower():
            return bool(_CAPITAL_WITHIN.match(text, place))
        return text[place] not in ",;:)%"

    def _is_abbreviated(self, text: str, start: int, stop: int, following: int) -> bool:
        """Whether the stop belongs to what stands before it: an abbreviation, an initial, a number of order."""
        found = _LAST.search(text, max(start, stop - _TOKEN), stop)
        token = found[0].lstrip(_OPENERS) if found else ""
        if not token:
            return False
        if token.isdigit():
            return self._is_label(token, text, start, stop) or (
                self.has_ordinals and len(token) <= 2 and not self._opens(text, following)
            )
        lowered = token.lower()
        if lowered in self.titles and lowered not in self.enders:
            return True
        if lowered in abbreviations.NUMERIC and text[following].isdigit():
            return True
        return self._may_go_on(token, lowered) and not self._opens(text, following)

    @staticmethod
    def _is_label(token: str, text: str, start: int, stop: int) -> bool:
        """Whether the number is all that the sentence has so far, as in a list."""
        return stop - start <= 6 and text[start:stop].strip(_OPENERS + " \n\t") == token

    def _may_go_on(self, token: str, lowered: str) -> bool:
        if lowered in self.enders or _CHAIN.fullmatch(token):
            return True
        if len(token) == 1:
            return token.isalpha() and lowered != "i"
        return self.has_ordinals and bool(_ROMAN.fullmatch(token))

    def _opens(self, text: str, place: int) -> bool:
        """Whether the word at `place` is one that opens sentences."""
        word = _NEXT_WORD.match(text, place)
        return bool(word and text[word.end() : word.end() + 1] != "." and word[0].lower() in self.starters)


def _following(text: str, end: int) -> int | None:
    """The place of the first character that counts after `end`; None at the end of the text."""
    place = end
    while place < len(text) and (text[place].isspace() or text[place] in _OPENERS):
        place += 1
    return place if place < len(text) else None


# ------------------------------------------------------------------ words


def words(text: str, language: str = "en") -> tuple[str, ...]:
    """The words of `text`, in order, as written. Scripts without blanks give overlapping pairs of characters instead.

    >>> words("The well-known O'Neill won 5 medals_"), words("東京で会議", "ja")
    (('The', 'well-known', "O'Neill", 'won', '5', 'medals'), ('東京', 'で', '会議'))
    """
    del language  # the script decides
    found = (_MARKED_WORD if _MARKED.search(text) else _WORD).findall(text)
    if not _UNBROKEN.search(text):
        return tuple(found)
    return tuple(itertools.chain.from_iterable(map(_unbroken, found)))


def _unbroken(word: str) -> Iterator[str]:
    for match in _RUN.finditer(word):
        if match["han"]:
            yield from _grams(match[0], 2)
        elif match["unspaced"]:
            yield from _grams(match[0], 3)
        else:
            yield match[0]


def _grams(run: str, size: int) -> Iterator[str]:
    if len(run) <= size:
        yield run
        return
    for place in range(len(run) - size + 1):
        yield run[place : place + size]


class Tokenizer:
    """The tokenizer that sumy's parts ask for; sumy's own needs nltk's data, a download.

    >>> Tokenizer("de").to_sentences("Am 3. Oktober war z. B. Feiertag. Alle ruhten.")
    ('Am 3. Oktober war z. B. Feiertag.', 'Alle ruhten.')
    """

    def __init__(self, language: str = "en") -> None:
        self.language = code(language)

    def to_sentences(self, paragraph: str) -> tuple[str, ...]:
        """The sentences of a paragraph."""
        return split(paragraph, self.language)

    def to_words(self, sentence: str) -> tuple[str, ...]:
        """The words of a sentence."""
        return words(sentence, self.language)


# ------------------------------------------------------------------ language


def detect(text: str, default: str = "en") -> str:
    """The language of `text` as a two-letter code, found offline in its first 2,000 characters.

    `default` where the text is short or says too little (under 30 % probability). The first call loads a model (0.8 s).
    """
    sample = text[:_DETECTED]
    letters = sum(map(str.isalpha, sample))
    if letters < (6 if _UNBROKEN.search(sample) else 20):
        return default
    found, probability = _identifier()(sample)
    return default if probability < 0.3 or len(found) != 2 else code(found)


@functools.cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def identify(sample: str) -> tuple[str, float]:
        found, probability = identifier.classify(sample)
        return str(found), float(probability)

    return identify


@functools.cache
def stemmer(language: str) -> Callable[[str], str]:
    """What makes one of a word's forms, cached; lower case alone where there is no stemmer. Imports nltk (0.5 s)."""
    from sumy.nlp.stemmers import Stemmer

    bare = code(language)
    try:
        stem = Stemmer(_NAMES.get(bare, bare))
    except LookupError:
        return str.lower

    @functools.lru_cache(maxsize=65536)
    def cached(word: str) -> str:
        lowered = word[:_STEMMED].lower()
        if bare in {"cs", "sk"} and not lowered.islower():  # theirs warns of each word that is neither case
            return lowered
        try:
            return str(stem(lowered)) or lowered
        except (IndexError, ValueError):  # Snowball on what is no word of its language
            return lowered

    return cached


@functools.cache
def stop_words(language: str) -> frozenset[str]:
    """The function words of a language, in lower case: sumy's list, else our own short one, else none."""
    from sumy.utils import get_stop_words

    bare = code(language)
    try:
        return frozenset(str(word).lower() for word in get_stop_words(_NAMES.get(bare, bare)))
    except LookupError:
        return frozenset(FUNCTION_WORDS.get(bare, "").split())
