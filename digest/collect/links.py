"""Addresses as strangers write them → absolute http(s) addresses, or nothing; and what an address alone tells."""

import re
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from digest.collect import markup

MAX_LENGTH = 2_000  # characters
# An address that is whole, and that joining and splitting would leave as it is.
_WHOLE = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*+(?::[1-9]\d{0,3}(?!\d))?/[\w.~!$&'()*+,=:@%/-]*+(?:\?[\w.~!$&'()*+,;=:@%/?-]++)?"
    r"(?:#[\w.~!$&'()*+,;=:@%/?-]++)?",
    re.ASCII,
)
_DATED = re.compile(
    r"(?:^|/|-)(?:19|20)\d\d[/-]?(?:0?[1-9]|1[0-2]|[a-z]{3})(?:[/-]?(?:0?[1-9]|[12]\d|3[01]))?(?:/|-|$)", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?:^|[^0-9])\d{5,}(?:[^0-9]|$)")
_ENDING = re.compile(r"\.(?:html?|php|aspx?|jsp|shtml|amp|story|article)$", re.IGNORECASE)
_FILE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|css|js|json|xml|rss|atom|pdf|zip|gz|mp[34]|m4a|mov|avi|ics|txt)$", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_ID_NAMES = frozenset({"p", "id", "idx", "article", "articleid", "article_id", "story", "storyid", "newsid", "news_id"})
_SHELF = re.compile(r"(?:^|/)(?:articles?|posts?|story|stories|blog)/[^/]+", re.IGNORECASE)
_SLUG_WORDS = 3  # of an address that speaks: /bridge-closed-for-repairs
# Parts of an address that lists, sells or explains, and tells nothing new.
_LISTS = frozenset(
    re.findall(
        r"[\w-]+",
        "tag tags tagged category categories cat topic topics author authors profile profiles user users "
        "member members page pages search login signin sign-in signup register account subscribe subscription "
        "newsletter newsletters about about-us contact contact-us privacy privacy-policy terms terms-of-use "
        "cookies cookie-policy imprint impressum datenschutz agb legal help faq faqs shop store cart checkout jobs "
        "careers advertise advertising feed feeds rss sitemap sitemaps wp-content wp-json wp-admin "
        "wp-login cdn-cgi cgi-bin static assets share print comments comment reply",
    )
)


def absolute(base: str, value: object) -> str:
    """An absolute http(s) address, or "": also for one that is too long, since half an address leads elsewhere.

    >>> absolute("https://example.org/a/feed.xml", " ../b?x=1 ")
    'https://example.org/b?x=1'
    >>> absolute("https://example.org/", "javascript:alert(1)")
    ''
    """
    if not isinstance(value, str):
        return ""
    if len(value) <= MAX_LENGTH and _WHOLE.fullmatch(value):
        return value
    text = "".join(value.split())
    if not text or len(text) > MAX_LENGTH or markup.CONTROL.search(text):
        return ""
    try:
        address = urljoin(base, text)
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return address if usable else ""


def is_article(url: str) -> bool:
    """Whether an address looks like an article's: by a date, a folder, a slug of three words, a long number.

    Never where a part of its path lists or sells (tag, author, search, shop, …), and never a file of another kind.
    The rule and its measure: docs/explanation/sources.md.

    >>> [is_article(f"https://example.org/{path}") for path in ("2026/11/bridge", "bridge-closed-again", "?p=123")]
    [True, True, True]
    >>> [is_article(f"https://example.org/{path}") for path in ("", "sport", "tag/bridges-of-the-north", "2026-11.pdf")]
    [False, False, False, False]
    """
    if is_listing(url):
        return False
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    last = _ENDING.sub("", unquote(path.rpartition("/")[2]))
    if _DATED.search(path) or _SHELF.search(path) or _NUMBERED.search(last):
        return True
    if len(_WORD.findall(last)) >= _SLUG_WORDS:
        return True
    return any(name.lower() in _ID_NAMES and value.isalnum() for name, value in parse_qsl(parts.query))


def is_listing(url: str) -> bool:
    """Whether an address surely is none of an article: a home page, a list, a form, a file.

    >>> is_listing("https://example.org/author/ann"), is_listing("https://example.org/hello")
    (True, False)
    """
    parts = urlsplit(url)
    path = parts.path.strip("/").lower()
    if not path and not parts.query:
        return True
    return _FILE.search(path) is not None or not _LISTS.isdisjoint(_ENDING.sub("", part) for part in path.split("/"))


def words(url: str) -> str:
    """What an address says of its page, where nothing else does: the words of its last part, else its host.

    >>> words("https://example.org/2026/11/bridge-closed-for-repairs-48213.html")
    'Bridge closed for repairs'
    """
    parts = urlsplit(url)
    last = _ENDING.sub("", unquote(parts.path.rstrip("/").rpartition("/")[2]))
    found = " ".join(_WORD.findall(last.replace("_", " ")))
    return markup.line(found[:1].upper() + found[1:], max_chars=200) or site(url)


def site(url: str) -> str:
    """The host's name without www.

    >>> site("https://www.example.org/a")
    'example.org'
    """
    return (urlsplit(url).hostname or "").removeprefix("www.")


def home(url: str) -> str:
    """The address of a site's first page.

    >>> home("https://example.org/a?b=1")
    'https://example.org/'
    """
    return str(urljoin(url, "/"))
