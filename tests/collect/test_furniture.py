"""Lines that recur among the texts of one fetch: a first poll has no older articles to tell furniture by."""

from collect.making import entry, prose, rss

from digest.collect import reading

PLEA = "Monthly notes for friends and family: new writing, photographs and highlights."
NEVER = reading.Wishes(full_text="never")


def texts(*contents: str) -> list[tuple[str, ...]]:
    stated = [entry(n, content_html=content) for n, content in enumerate(contents)]
    read = reading.source([rss(stated).encode()], "https://example.org/f", "", NEVER)
    return [piece.text for piece in read.pieces]


def of(number: int, *more: str) -> str:
    return "".join(f"<p>{line}</p>" for line in (prose(number), *more, prose(number + 50)))


def test_a_line_of_three_texts_is_furniture() -> None:
    assert texts(*(of(n, PLEA) for n in range(3)), of(3)) == texts(*(of(n) for n in range(4)))


def test_a_line_of_two_texts_is_their_own() -> None:
    assert all(PLEA in text for text in texts(of(1, PLEA), of(2, PLEA), of(3))[:2])


def test_one_text_under_three_ids_is_no_furniture() -> None:
    same = of(1, PLEA)
    assert all(PLEA in text for text in texts(same, same, same, of(2, PLEA)))


def test_a_text_of_nothing_else_is_left() -> None:
    found = texts(of(1, PLEA), of(2, PLEA), of(3, PLEA), f"<p>{PLEA}</p>")
    assert found[-1] == (PLEA,)
    assert all(PLEA not in text for text in found[:-1])


def test_it_keeps_the_lines_it_was_known_by() -> None:
    """What is stored of them counts in later polls."""
    raws = [reading.Raw(text=(prose(n), PLEA), title="", authors=(), language="en") for n in range(3)]
    assert [len(lines) for _, lines in reading.cleaned(raws, frozenset())] == [16] * 3
