"""A CSV file of people → rows, each with its line; a fault of a row is said, a fault of the file ends it.

The file is gone through twice: once to the end, so that a file that cannot be read imports nothing, and once for the
rows. Neither holds it in memory: a million rows cost a number of eight bytes each, by which duplicates are known.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from subscribers import addresses
from subscribers.errors import AddressError, FileError
from subscribers.exchange.columns import Columns, Standing, bare, cell, recognise

_CHUNK = 1 << 20
_CELL = 100_000  # characters; a longer one is a quote that never closes
_DELIMITERS = ",;\t|"
# Bytes that stand for a letter in Latin-1 and seldom stand in anything else: no ÿ, þ, ð, no signs, no C1 controls.
_LATIN = re.compile(rb"(?:[A-Za-z][\xc0-\xcf\xd1-\xd6\xd8-\xdd\xdf-\xef\xf1-\xf6\xf8-\xfd]{1,2}"
                    rb"|[\xc0-\xcf\xd1-\xd6\xd8-\xdd\xdf-\xef\xf1-\xf6\xf8-\xfd]{1,2}[A-Za-z])")  # fmt: skip
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person of the file. `line` counts from 1, where the row begins."""

    line: int
    address: addresses.Address
    name: str = ""
    language: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    standing: Standing = Standing.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """One row left out: where, what stood there (shortened), why."""

    line: int
    value: str
    reason: str
    is_repeat: bool = False  # a good address that stood in the file before: nothing is lost with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file that can be read to its end. Iterating reads it once more, from the start."""

    source: bytes | Path
    encoding: str
    delimiter: str
    columns: Columns
    has_header: bool
    lines: int  # of the file, the heading included: what a progress bar counts to
    offset: int  # bytes before the first row: a byte order mark, a `sep=` line
    first_line: int = 1  # the number of the line at `offset`: 2 after a `sep=` line

    def __iter__(self) -> Iterator[Row | RowFault]:
        """Every row, faulty ones as faults, in the file's order; an address that comes again is a fault."""
        seen: set[int] = set()
        with _opened(self.source) as file:
            file.seek(self.offset)
            skipped = self.has_header
            for line, cells in _records(file, self.encoding, self.delimiter, self.first_line):
                if isinstance(cells, str):
                    yield RowFault(line=line, value="", reason=cells)
                elif skipped:
                    skipped = False
                elif any(text.strip() for text in cells):
                    yield self._row(line, cells, seen)

    def _row(self, line: int, cells: list[str], seen: set[int]) -> Row | RowFault:
        given = _unguarded(cell(cells, self.columns.address))
        if not given:
            return RowFault(line=line, value="", reason="there is no address")
        if self.encoding == "latin-1" and not given.isascii():
            return RowFault(line=line, value=_shown(given), reason="it is not ASCII, and the file is not UTF-8")
        try:
            address = addresses.parse(given)
        except AddressError as error:
            return RowFault(line=line, value=_shown(given), reason=error.reason)
        mark = int.from_bytes(hashlib.blake2b(address.key.encode(), digest_size=8).digest())
        if mark in seen:
            return RowFault(line=line, value=given, reason="the address stands in the file already", is_repeat=True)
        seen.add(mark)
        return self._made(line, cells, address)

    def _made(self, line: int, cells: list[str], address: addresses.Address) -> Row:
        columns = self.columns
        fields = {name: _unguarded(cell(cells, index))[:1000] for index, name in columns.fields if cell(cells, index)}
        return Row(
            line=line,
            address=address,
            name=_unguarded(columns.name_in(cells)),
            language=_language(cell(cells, columns.language)),
            fields=fields,
            standing=columns.standing_in(cells),
        )


def read(source: bytes | Path, *, encoding: str | None = None) -> Table:
    """The people of that CSV file; FileError, naming the line, where it cannot be read to its end.

    Comma, semicolon, tab or bar; UTF-8 with or without a byte order mark, or `encoding`. What is not UTF-8 is taken for
    Latin-1 only where each of its bytes beyond ASCII stands for a letter inside a word.
    """
    with _opened(source) as file:
        found, lines = _examined(file, encoding)
        offset = _start(file)
        first, delimiter, offset, first_line = _first(file, offset, found)
        columns = recognise(first)
        has_header = columns is not None
        columns = columns or bare(first)
        if columns is None:
            seen = ", ".join(repr(heading.strip()[:40]) for heading in first[:8])
            raise FileError(f"no column is one of addresses ({seen}): head it with the word address", line=1)
        file.seek(offset)
        _walked(file, found, delimiter, columns, first_line)
    return Table(
        source=source,
        encoding=found,
        delimiter=delimiter,
        columns=columns,
        has_header=has_header,
        lines=lines,
        offset=offset,
        first_line=first_line,
    )


def _opened(source: bytes | Path) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        return source.open("rb")
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})") from error


def _start(file: BinaryIO) -> int:
    file.seek(0)
    return 3 if file.read(3) == b"\xef\xbb\xbf" else 0


def _examined(file: BinaryIO, declared: str | None) -> tuple[str, int]:
    """The encoding, and the number of lines; FileError for bytes that are no text."""
    if file.read(2) in {b"\xff\xfe", b"\xfe\xff"}:
        raise FileError("the file is UTF-16: save it as CSV UTF-8", line=1)
    file.seek(0)
    wrong, mixed, latin, lines, last = 0, False, True, 0, b"\n"
    for chunk in _chunks(file):
        if b"\0" in chunk:
            raise FileError("a NUL byte: this is no CSV file", line=_line(lines, chunk, chunk.index(b"\0")))
        if not chunk.isascii():
            bad = _undecodable(chunk, declared or "utf-8")
            wrong = wrong or (0 if bad is None else _line(lines, chunk, bad))
            mixed, latin = _tell(chunk, mixed, latin)
        lines, last = lines + chunk.count(b"\n"), chunk[-1:]
    if wrong and (declared or mixed or not latin):
        remedy = "" if declared else "; save the file as CSV UTF-8"
        raise FileError(f"bytes that are no {declared or 'UTF-8'} text{remedy}", line=wrong)
    return ("latin-1" if wrong else declared or "utf-8"), lines + (last != b"\n")


def _tell(chunk: bytes, mixed: bool, latin: bool) -> tuple[bool, bool]:  # noqa: FBT001 — two running answers
    """Whether a line beyond ASCII is UTF-8 after all, and whether every other one reads as Latin-1 words."""
    for line in chunk.splitlines():
        if not line.isascii():
            if _undecodable(line, "utf-8") is None:
                mixed = True
            elif not _LATIN.sub(b"", line).isascii():
                latin = False
    return mixed, latin


def _undecodable(data: bytes, encoding: str) -> int | None:
    """Where `data` stops being that encoding; None where it is."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    except LookupError:
        raise FileError(f"there is no encoding {encoding!r}: use utf-8 or latin-1") from None
    return None


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """The file in pieces of about a megabyte, cut after a line (or where none ends within 16 of them)."""
    while chunk := file.read(_CHUNK):
        yield chunk + file.readline(16 * _CHUNK)


def _line(before: int, chunk: bytes, at: int) -> int:
    return before + chunk.count(b"\n", 0, at) + 1


def _first(file: BinaryIO, offset: int, encoding: str) -> tuple[list[str], str, int, int]:
    """The first record, the delimiter, and where the records begin: the byte and the line."""
    file.seek(offset)
    number = 1
    line = file.readline(_CELL).decode(encoding, "replace").strip()
    if match := re.fullmatch(r"sep=(.)", line, re.IGNORECASE):  # Excel's own first line
        offset, number = file.tell(), 2
        delimiter = match[1]
    else:
        outside = re.sub(r'"[^"]*"', "", line)
        delimiter = max(_DELIMITERS, key=outside.count)
    file.seek(offset)
    for _, cells in _records(file, encoding, delimiter, number):
        if not isinstance(cells, str) and any(text.strip() for text in cells):
            return cells, delimiter, offset, number
    raise FileError("the file is empty: there is no row in it")


def _records(file: BinaryIO, encoding: str, delimiter: str, first_line: int) -> Iterator[tuple[int, list[str] | str]]:
    """(line, cells) of each record, or (line, what is wrong with it); FileError for a quote that never closes."""
    csv.field_size_limit(_CELL)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield from _parsed(csv.reader(text, delimiter=delimiter, strict=True), first_line)
    finally:
        text.detach()  # else it closes the file


class _Reader(Protocol):
    line_num: int

    def __next__(self) -> list[str]: ...


def _parsed(reader: _Reader, first_line: int) -> Iterator[tuple[int, list[str] | str]]:
    before = first_line - 1
    start = first_line
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "limit" in str(error) or before + reader.line_num > start:
                raise FileError("a quote that opens here never closes", line=start) from None
            yield start, "a quote stands inside a quoted cell; write it twice"
        else:
            yield start, cells
        start = before + reader.line_num + 1


def _walked(file: BinaryIO, encoding: str, delimiter: str, columns: Columns, first_line: int) -> None:
    """Reads to the end; FileError where a cell holds a whole further row: a quote opened and closed by accident."""
    suspects = {columns.address, columns.name, columns.first, columns.last}
    for line, cells in _records(file, encoding, delimiter, first_line):
        for index in suspects if not isinstance(cells, str) else ():
            if any(_is_row(inner, delimiter, columns) for inner in cell(cells, index).splitlines()[1:]):
                raise FileError("a quote that opens here takes in the rows after it", line=line)


def _is_row(text: str, delimiter: str, columns: Columns) -> bool:
    """Whether a line inside a cell is a person of its own; a name of two lines, `Bcc: x@example.org` too, is none."""
    if "@" not in text:
        return False
    try:
        addresses.parse(cell(text.split(delimiter), columns.address))
    except AddressError:
        return False
    return True


def _unguarded(text: str) -> str:
    """A cell without the quote that an export puts before what a spreadsheet would take for a formula."""
    return text[1:] if _GUARDED.match(text) else text


def _language(text: str) -> str | None:
    tag = text.replace("_", "-")
    return tag if re.fullmatch(r"[a-zA-Z]{2,3}(-[A-Za-z0-9]{2,8})*", tag) and len(tag) <= 35 else None


def _shown(text: str) -> str:
    flat = "".join(c if c.isprintable() else "�" for c in unicodedata.normalize("NFC", text))
    return flat if len(flat) <= 100 else f"{flat[:99]}…"
