"""What a list's headings and cells mean, and files that no program should write but some do."""

import csv
import io
import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers import exchange
from subscribers.errors import FileError
from subscribers.exchange.columns import Standing, bare, cell, recognise

A, P, L, B = Standing.ACTIVE, Standing.PENDING, Standing.LEFT, Standing.BARRED


def rows(source: bytes | str, **more: str) -> list[exchange.Row]:
    data = source.encode() if isinstance(source, str) else source
    return [row for row in exchange.read(data, **more) if isinstance(row, exchange.Row)]  # type: ignore[arg-type]


def faults(source: bytes | str) -> list[tuple[int, str, str]]:
    data = source.encode() if isinstance(source, str) else source
    return [(r.line, r.value, r.reason) for r in exchange.read(data) if isinstance(r, exchange.RowFault)]


# ------------------------------------------------------------------ headings


@pytest.mark.parametrize(
    ("heading", "is_one"),
    [
        ("EMAIL", True),
        ("  e-mail  ", True),
        ("E_Mail*", True),
        ("e.mail", True),
        ("E‑Mail", True),  # a hyphen that does not break
        ("Correo electro\u0301nico", True),
        ("ＥＭＡＩＬ", True),
        ("email2", False),
        ("emails sent", False),
        ("", False),
    ],
)
def test_a_heading_is_known_without_case_accents_and_marks(heading: str, is_one: bool) -> None:
    assert (recognise([heading]) is not None) is is_one


def test_the_surest_heading_of_addresses_wins_and_else_the_first() -> None:
    assert recognise(["Address", "Email"]).address == 1
    assert recognise(["Email", "E-Mail"]).address == 0
    assert recognise(["Name", "Adresse"]).address == 1


def test_what_is_not_known_is_a_field_under_its_own_heading() -> None:
    found = recognise(["Email", " Favourite Colour ", "", "newsletter", "x" * 100, "Name"])
    assert found.fields == ((1, "Favourite Colour"), (4, "x" * 64))
    many = recognise(["email", *(f"c{n}" for n in range(80))])
    assert len(many.fields) == 50


@pytest.mark.parametrize(
    ("headings", "origin"),
    [
        ("Email Address,First Name,EUID", "mailchimp"),
        ("Email Address,MEMBER_RATING", "mailchimp"),
        ("uuid,email,status", "listmonk"),
        ("email,name,attributes", "listmonk"),
        ("email,subscribed_to_emails", "ghost"),
        ("email,type,metadata", "buttondown"),
        ("email,subscriber_type", "buttondown"),
        ("address,newsletter,state", "newsdigest"),
        ("email,name", ""),
        ("uuid,email", ""),
    ],
)
def test_a_program_is_known_by_headings_that_stand_together(headings: str, origin: str) -> None:
    assert recognise(headings.split(",")).origin == origin


@pytest.mark.parametrize(
    ("first_row", "address", "name"),
    [
        (["a@b.org"], 0, None),
        (["a@b.org", "Ann"], 0, 1),
        (["Ann", "a@b.org"], 1, None),
        (["Ann", " a@b.org ", "Lee"], 1, 2),
        (["a@b.org", "c@d.org"], 0, None),
    ],
)
def test_without_headings_the_first_address_counts(first_row: list[str], address: int, name: int | None) -> None:
    found = bare(first_row)
    assert (found.address, found.name) == (address, name)


@pytest.mark.parametrize("first_row", [[], [""], ["Ann"], ["a@b@c.org"], ["a b@c.org"], ["@"]])
def test_a_row_without_an_address_is_none(first_row: list[str]) -> None:
    assert bare(first_row) is None


@pytest.mark.parametrize(
    ("row", "index", "text"), [([" a "], 0, "a"), (["a"], 1, ""), (["a"], None, ""), ([], 0, ""), ([" \t "], 0, "")]
)
def test_a_cell_of_a_short_row_is_empty(row: list[str], index: int | None, text: str) -> None:
    assert cell(row, index) == text


# ------------------------------------------------------------------ names and standings


@pytest.mark.parametrize(
    ("headings", "cells", "name"),
    [
        ("email,first name,last name", "Ann,Lee", "Ann Lee"),
        ("email,first name,last name", "Ann,", "Ann"),
        ("email,first name,last name", ",Lee", "Lee"),
        ("email,first name,last name", ",", ""),
        ("email,vorname,name", "Ann,Lee", "Ann Lee"),
        ("email,vorname,name", "Ann,Ann Lee", "Ann Lee"),
        ("email,vorname,name", ",Lee", "Lee"),
        ("email,vorname,name", "Ann,", "Ann"),
        ("email,name,last name", "Ann Lee,Lee", "Ann Lee"),
        ("email,姓名,x", "李安,", "李安"),
    ],
)
def test_a_name_is_put_together(headings: str, cells: str, name: str) -> None:
    (row,) = rows(f"{headings}\na@b.org,{cells}\n")
    assert row.name == name


@pytest.mark.parametrize(
    ("headings", "cells", "standing"),
    [
        ("status", "Unsubscribed", L),
        ("status", "un-confirmed", A),  # no word we know
        ("status", "UNCONFIRMED", P),
        ("status", "hard_bounced", B),
        ("status", "désabonné", L),
        ("status", "subscribed", A),
        ("status", "", A),
        ("subscribed", "No", L),
        ("subscribed", "0", L),
        ("subscribed", "yes", A),
        ("subscribed", "", A),
        ("unsubscribed_at", "2026-01-01", L),
        ("unsubscribed_at", " ", A),
        ("clean time", "2026-01-01", B),
        ("status,clean time", "unsubscribed,2026-01-01", B),
        ("status,subscribed", "pending,false", P),
        ("status,unsub time", "active,2026-01-01", L),
        ("status,status", "active,unsubscribed", A),
    ],
)
def test_how_a_row_says_a_person_stands(headings: str, cells: str, standing: Standing) -> None:
    (row,) = rows(f"email,{headings}\na@b.org,{cells}\n")
    assert row.standing is standing


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("de", "de"),
        ("pt_BR", "pt-BR"),
        ("zh-Hant-TW", "zh-Hant-TW"),
        ("English", None),
        ("e", None),
        ("de-", None),
        ("1", None),
        ("abc" + "-abcdefgh" * 4, None),
        ("", None),
    ],
)
def test_a_language_is_a_tag_or_nothing(text: str, language: str | None) -> None:
    assert rows(f"email,language\na@b.org,{text}\n")[0].language == language


# ------------------------------------------------------------------ files


@pytest.mark.parametrize("sep", ["sep=;", "SEP=;", " sep=; "])
def test_the_line_of_excel_names_its_delimiter_and_counts_as_a_line(sep: str) -> None:
    table = exchange.read(f"{sep}\naddress;name\na@b.org;A,B\n".encode())
    (row,) = [row for row in table if isinstance(row, exchange.Row)]
    assert (table.delimiter, row.name, row.line, table.lines) == (";", "A,B", 3, 3)


def test_the_line_of_excel_counts_in_every_fault() -> None:
    assert [line for line, *_ in faults('sep=;\naddress;name\nbad;x\n"b"c;d\n')] == [3, 4]
    with pytest.raises(FileError, match="never closes") as caught:
        exchange.read(b'sep=;\naddress;name\na@b.org;"Ann\nb@b.org;x\n')
    assert caught.value.line == 3


def test_the_line_of_excel_may_follow_a_mark() -> None:
    assert rows(b"\xef\xbb\xbfsep=|\naddress|name\na@b.org|Ann\n")[0].name == "Ann"


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ('"Name; whole";"E-Mail"', ";"),
        ('"a,b,c";email', ";"),
        ("email", ","),
        ("email\tname", "\t"),
        ("email|a|b,c", "|"),
    ],
)
def test_the_delimiter_is_the_commonest_outside_quotes(header: str, delimiter: str) -> None:
    assert exchange.read(f"{header}\n".encode()).delimiter == delimiter


def test_empty_lines_before_the_heading_and_between_rows_are_passed_over() -> None:
    found = rows("\n\n,,\naddress,name\n\na@b.org,Ann\n , \nb@b.org,Bob\n\n")
    assert [(row.line, row.address.key) for row in found] == [(6, "a@b.org"), (8, "b@b.org")]


@pytest.mark.parametrize(
    ("row", "value", "reason"),
    [
        (",Ann", "", "there is no address"),
        ("  ,Ann", "", "there is no address"),
        ("nobody,Ann", "nobody", "@"),
        ("x" * 300 + ",Ann", "x" * 99 + "…", "@"),
        ("a\u202eb\u0007@b.org,Ann", "a\ufffdb\ufffd@b.org", ""),
    ],
)
def test_a_fault_shows_what_stood_there_shortened_and_printable(row: str, value: str, reason: str) -> None:
    ((line, shown, said),) = faults(f"address,name\n{row}\nok@b.org,Ok\n")
    assert (line, shown) == (2, value)
    assert reason in said


def test_a_repeat_is_known_however_it_is_written() -> None:
    source = "address\nAnn@Müller.example\nann@xn--mller-kva.example\nANN@MÜLLER.EXAMPLE\n"
    found = [row for row in exchange.read(source.encode()) if isinstance(row, exchange.RowFault)]
    assert [(fault.line, fault.is_repeat) for fault in found] == [(3, True), (4, True)]


def test_a_long_field_is_cut_and_a_short_row_has_none() -> None:
    first, second = rows("address,note\na@b.org," + "x" * 3000 + "\nb@b.org\n")
    assert (len(first.fields["note"]), second.fields) == (1000, {})


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp1252", "€uro Müller"), ("cp1251", "Иван"), ("shift_jis", "山田"), ("utf-8", "Zoë")]
)
def test_a_declared_encoding_is_read_as_declared(encoding: str, text: str) -> None:
    data = f"address,name\na@b.org,{text}\n".encode(encoding)
    assert rows(data, encoding=encoding)[0].name == text


def test_a_declared_encoding_that_the_bytes_are_not_is_refused_by_its_line() -> None:
    with pytest.raises(FileError, match="no ascii text") as caught:
        exchange.read("address\na@b.org\nä@b.org\n".encode(), encoding="ascii")
    assert caught.value.line == 3


def test_more_than_a_chunk_is_read_with_its_lines() -> None:
    data = b"address,note\n" + b"".join(b"p%d@b.org,%s\n" % (n, b"x" * 1000) for n in range(1500)) + b"bad,x\n"
    table = exchange.read(data)
    found = list(table)
    assert (table.lines, len(found)) == (1502, 1501)
    assert isinstance(found[-1], exchange.RowFault)
    assert found[-1].line == 1502


def test_a_letter_across_the_edge_of_a_chunk_is_whole() -> None:
    before = b"address,name\n"
    line = b"a@b.org," + b"x" * ((1 << 20) - len(before) - 9)
    data = before + line + "ü\nb@b.org,Zoë\n".encode()
    assert data[(1 << 20) - 1 : (1 << 20) + 1] == "ü".encode()
    with pytest.raises(FileError):  # the cell is longer than any cell may be: but it was read as UTF-8
        exchange.read(data)
    parts = b"".join(b"p%05d@b.org,\xc3\xbc\n" % n for n in range(60_000))
    assert exchange.read(b"address,name\n" + parts).encoding == "utf-8"


# ------------------------------------------------------------------ what is written is read

TEXT = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=15)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(TEXT, min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_any_names_in_any_dialect_are_read_as_they_were(names: list[str], delimiter: str, quoting: int) -> None:
    made = io.StringIO()
    writer = csv.writer(made, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["address", "name"])
    writer.writerows([f"p{n}@b.org", name] for n, name in enumerate(names))
    found = rows(made.getvalue())
    guarded = re.compile(r"'+[=+\-@\t\r]")
    expected = [name.strip()[1:] if guarded.match(name.strip()) else name.strip() for name in names]
    assert [row.name for row in found] == expected


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(("ending", "last"), list(product([b"\n", b"\r\n"], [True, False])))
def test_lines_are_counted_with_or_without_a_last_ending(mark: bytes, ending: bytes, last: bool) -> None:
    data = mark + ending.join([b"address", b"a@b.org", b"b@b.org"]) + (ending if last else b"")
    table = exchange.read(data)
    assert (table.lines, [row.line for row in table]) == (3, [2, 3])
