"""What an address alone tells: an article's, a list's, nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.collect import links

ARTICLES = [
    "https://example.org/2026/11/23/bridge",
    "https://example.org/2026/nov/23/bridge/",
    "https://example.org/world/2026-11-23-bridge",
    "https://example.org/20261123/bridge",
    "https://example.org/news/bridge-closed-for-repairs",
    "https://example.org/news/bridge_closed_for_repairs.html",
    "https://example.org/world-europe-67891234",
    "https://example.org/a/67891234.html",
    "https://example.org/blog/hello",
    "https://example.org/posts/2",
    "https://example.org/?p=123",
    "https://example.org/view.php?id=99",
    "https://example.org/people/2026-02-17/a-life-of-its-own.html",
    "https://example.org/%D0%BC%D0%BE%D1%81%D1%82-%D1%81%D0%BD%D0%BE%D0%B2%D0%B0-%D0%BE%D1%82%D0%BA%D1%80%D1%8B%D1%82",
]
OTHERS = [
    "https://example.org/",
    "https://example.org",
    "https://example.org/sport",
    "https://example.org/world/europe",
    "https://example.org/tag/bridges-of-the-north",
    "https://example.org/author/ann-example-writer/",
    "https://example.org/category/2026/11/",
    "https://example.org/search?q=bridge",
    "https://example.org/privacy-policy.html",
    "https://example.org/2026/11/bridge-closed-for-repairs.jpg",
    "https://example.org/feed/",
    "https://example.org/page/2",
]


@pytest.mark.parametrize("url", ARTICLES)
def test_an_article_is_known_by_its_address(url: str) -> None:
    assert links.is_article(url)
    assert not links.is_listing(url)


@pytest.mark.parametrize("url", OTHERS)
def test_what_is_none_is_not(url: str) -> None:
    assert not links.is_article(url)


@pytest.mark.parametrize("url", [url for url in OTHERS if url not in {"https://example.org/sport", OTHERS[3]}])
def test_a_list_is_known_to_be_one(url: str) -> None:
    assert links.is_listing(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://example.org/2026/bridge-closed_again-48213.html", "Bridge closed again"),
        ("https://www.example.org/?p=3", "example.org"),
        ("https://example.org/2026/11/", "example.org"),
        ("https://example.org/%C3%BCber-die-br%C3%BCcke", "Über die brücke"),
    ],
)
def test_an_address_gives_words(url: str, said: str) -> None:
    assert links.words(url) == said


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_address_gets_an_answer(text: str) -> None:
    address = links.absolute("https://example.org/a", text)
    if address:
        assert not (links.is_article(address) and links.is_listing(address))
        assert links.words(address) == links.words(address).strip() != ""
        assert links.home(address).endswith("/")


@pytest.mark.data
def test_the_rule_knows_real_articles(shared) -> None:
    """Addresses of 181 real article pages, and of the entries of 70 real feeds."""
    import json

    from digest.collect import feeds

    truth = json.loads((shared / "pages" / "ground-truth.json").read_text("utf-8"))
    pages = [row["url"] for row in truth.values()]
    entries = [
        entry.link
        for file in sorted((shared / "feeds").iterdir())
        for entry in feeds.parse(file.read_bytes(), "https://example.org/feed.xml").entries
        if entry.link
    ]
    shares = [sum(map(links.is_article, urls)) / len(urls) for urls in (pages, entries)]
    lists = sum(map(links.is_listing, [*pages, *entries])) / len([*pages, *entries])
    print(
        f"\nknown by their address: {shares[0]:.1%} of pages, {shares[1]:.1%} of entries; taken for lists: {lists:.1%}"
    )
    assert shares[0] >= 0.95
    assert shares[1] >= 0.84
    assert lists <= 0.015  # mostly entries of blogs that list their own about pages
