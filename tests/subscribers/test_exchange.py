"""CSV in and out: every dialect, every fault by its line, nothing imported from what cannot be read."""

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.store import Database
from subscribers import exchange, roster
from subscribers.errors import FileError
from subscribers.exchange.columns import Standing, recognise
from subscribers.model import SubscriptionState, SuppressionReason

pytestmark = pytest.mark.anyio


def rows(source: bytes | Path) -> list[exchange.Row]:
    return [row for row in exchange.read(source) if isinstance(row, exchange.Row)]


def faults(source: bytes) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in exchange.read(source) if isinstance(row, exchange.RowFault)]


# ------------------------------------------------------------------ reading


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_delimiters_endings_and_marks(delimiter: str, ending: str, mark: bytes) -> None:
    lines = ["address" + delimiter + "name", "ann@example.org" + delimiter + "Zoë", "bob@example.org" + delimiter]
    found = rows(mark + ending.join(lines).encode())
    assert [(row.address.given, row.name) for row in found] == [("ann@example.org", "Zoë"), ("bob@example.org", "")]


def test_a_semicolon_file_may_hold_commas() -> None:
    (row,) = rows(b'Name;E-Mail\n"Lee, Ann";ann@example.org\n')
    assert (row.name, row.address.key) == ("Lee, Ann", "ann@example.org")


def test_excels_own_first_line() -> None:
    assert len(rows(b"sep=;\naddress;name\nann@example.org;Ann\n")) == 1


@pytest.mark.parametrize(
    ("header", "address", "name"),
    [
        ("address,name", "a@b.org", "Ann"),
        ("E-Mail_Adresse;Vollständiger Name", "a@b.org", "Ann"),
        ("Courriel,Nom", "a@b.org", "Ann"),
        ("Correo Electrónico,Nombre", "a@b.org", "Ann"),
        ("INDIRIZZO E-MAIL,Nome", "a@b.org", "Ann"),
        ("e-post,namn", "a@b.org", "Ann"),
        ("Адрес,Имя", "a@b.org", "Ann"),
        ("メールアドレス,名前", "a@b.org", "Ann"),
        ("邮箱,姓名", "a@b.org", "Ann"),
        ("이메일,이름", "a@b.org", "Ann"),
    ],
)
def test_headings_in_many_languages(header: str, address: str, name: str) -> None:
    delimiter = ";" if ";" in header else ","
    (row,) = rows(f"{header}\n{address}{delimiter}{name}\n".encode())
    assert (row.address.given, row.name) == (address, name)


def test_first_and_last_names_are_joined() -> None:
    assert rows(b"email,first name,last name\na@b.org,Ann,Lee\n")[0].name == "Ann Lee"
    assert rows("courriel,prénom,nom\na@b.org,Ann,Lee\n".encode())[0].name == "Ann Lee"
    assert rows(b"email,first name,name\na@b.org,Ann,Ann Lee\n")[0].name == "Ann Lee"


def test_a_list_without_headings() -> None:
    found = rows(b"ann@example.org,Ann\nbob@example.org,Bob\n")
    assert [(row.line, row.name) for row in found] == [(1, "Ann"), (2, "Bob")]


def test_further_columns_are_fields() -> None:
    (row,) = rows(b"address,City,Empty,language\na@b.org,Bonn,,pt_BR\n")
    assert (row.fields, row.language) == ({"City": "Bonn"}, "pt-BR")


def test_a_file_on_disk_can_be_read_twice(tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_bytes(b"address\nann@example.org\n")
    table = exchange.read(path)
    assert [row.line for row in table] == [row.line for row in table] == [2]
    assert table.lines == 2


def test_faulty_rows_are_named_by_their_line() -> None:
    source = (
        b'address,name\nann@example.org,Ann\n\nno address,x\n,y\nANN@Example.org ,again\n"b"c,d\nbob@example.org,Bob\n'
    )
    assert [row.line for row in rows(source)] == [2, 8]
    found = faults(source)
    assert [line for line, _ in found] == [4, 5, 6, 7]
    assert "already" in found[2][1]
    assert "quote" in found[3][1]


def test_a_cell_of_several_lines_counts_them() -> None:
    found = rows(b'address,note\nann@example.org,"one\ntwo"\nbob@example.org,x\n')
    assert [row.line for row in found] == [2, 4]


@pytest.mark.parametrize("name", ["Ann\r\nBcc: victim@example.org", "Ann\n(ann@home)", "Ann\nat, work"])
def test_a_name_of_several_lines_is_a_name(name: str) -> None:
    source = f'address,name\nann@example.org,"{name}"\nbob@example.org,Bob\n'.encode()
    assert [row.address.key for row in rows(source)] == ["ann@example.org", "bob@example.org"]


def test_an_address_of_several_lines_is_a_fault_of_its_row() -> None:
    source = b'address,name\n"ann@example.org\nBcc: victim@example.org",Ann\nbob@example.org,Bob\n'
    assert [line for line, _ in faults(source)] == [2]
    assert [row.address.key for row in rows(source)] == ["bob@example.org"]


def test_latin_1_is_known_by_its_letters() -> None:
    table = exchange.read("address,name\nann@example.org,José Müller\n".encode("latin-1"))
    assert table.encoding == "latin-1"
    assert [row.name for row in table if isinstance(row, exchange.Row)] == ["José Müller"]


def test_latin_1_may_be_declared() -> None:
    table = exchange.read("address,name\nann@example.org,©\n".encode("latin-1"), encoding="latin-1")
    assert [row.name for row in table if isinstance(row, exchange.Row)] == ["©"]


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        (b"address\nann@example.org\n\xff\xfe\xfa\n", 3, "no UTF-8"),
        (b"address\nann@example.org\nbob\x80@example.org\n", 3, "no UTF-8"),
        (b"address,name\na@b.org,Zo\xc3\xab\nc@d.org,Jos\xe9\n", 3, "no UTF-8"),
        (b"address\nann@example.org\nbo\0b@example.org\n", 3, "NUL"),
        (b'address,name\nann@example.org,Ann\n"bob@example.org,Bob\ncarl@example.org,Carl\n', 3, "never closes"),
        (b'address,name\nann@example.org,"Ann\nbob@example.org,Bob"\n', 2, "takes in the rows"),
        (b'address,name\nann@example.org,"Ann\nbob@example.org,"Bob"\n', 2, "never closes"),
        (b'address,name\nann@example.org,"' + b"x" * 200_000 + b"\n", 2, "never closes"),
        (b"\xff\xfea\0d\0", 1, "UTF-16"),
        (b"", 0, "empty"),
        (b"\n\n", 0, "empty"),
        (b"one,two\nthree,four\n", 1, "no column"),
    ],
)
def test_what_cannot_be_read_to_its_end_is_refused_whole(source: bytes, line: int, says: str) -> None:
    with pytest.raises(FileError, match=says) as caught:
        exchange.read(source)
    assert caught.value.line == line


def test_an_encoding_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no encoding"):
        exchange.read("address\nä@b.org\n".encode(), encoding="klingon")
    with pytest.raises(FileError, match="cannot be read"):
        exchange.read(tmp_path / "nothing.csv")


def test_in_latin_1_an_address_beyond_ascii_is_a_fault() -> None:
    ((line, reason),) = faults("address,name\njosé@example.org,José\n".encode("latin-1"))
    assert line == 2
    assert "not UTF-8" in reason


# ------------------------------------------------------------------ other programs' lists

LISTMONK = b"""uuid,email,name,attributes,status,created_at,updated_at
u1,a@example.org,Ann,"{""city"": ""Bonn""}",enabled,2026-01-01,2026-01-01
u2,b@example.org,Bob,{},disabled,2026-01-01,2026-01-01
u3,c@example.org,Carl,{},blocklisted,2026-01-01,2026-01-01
"""
MAILCHIMP = b"""Email Address,First Name,Last Name,Address,MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,CLEAN_TIME,LEID,EUID,NOTES
a@example.org,Ann,Lee,1 Example Street,2,2026-01-01,,,1,x,
b@example.org,Bob,,,2,2026-01-01,2026-02-01,,2,y,
c@example.org,Carl,,,2,2026-01-01,,2026-02-01,3,z,
"""
GHOST = b"""id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels
1,a@example.org,Ann,,true,false,,2026-01-01T00:00:00.000Z,,
2,b@example.org,Bob,,false,false,,2026-01-01T00:00:00.000Z,,
"""
BUTTONDOWN = b"""email,notes,metadata,tags,type,creation_date,unsubscription_date
a@example.org,,{},,regular,2026-01-01,
b@example.org,,{},,unsubscribed,2026-01-01,2026-02-01
c@example.org,,{},,undeliverable,2026-01-01,
d@example.org,,{},,unactivated,2026-01-01,
"""
ACTIVE, LEFT, BARRED, PENDING = Standing.ACTIVE, Standing.LEFT, Standing.BARRED, Standing.PENDING


@pytest.mark.parametrize(
    ("source", "origin", "standings"),
    [
        (LISTMONK, "listmonk", [ACTIVE, LEFT, BARRED]),
        (MAILCHIMP, "mailchimp", [ACTIVE, LEFT, BARRED]),
        (GHOST, "ghost", [ACTIVE, LEFT]),
        (BUTTONDOWN, "buttondown", [ACTIVE, LEFT, BARRED, PENDING]),
    ],
)
async def test_lists_of_other_programs(database: Database, now: datetime, source, origin, standings) -> None:
    table = exchange.read(source)
    assert table.columns.origin == origin
    assert [row.standing for row in rows(source)] == standings
    async with database.write() as connection:
        report = await exchange.import_rows(connection, table, newsletter="morning", consent="moved", at=now)
        active = [row.address for row in await connection.execute(roster.recipients("morning"))]
        assert await roster.is_suppressed(connection, "c@example.org") == (BARRED in standings)
    assert active == ["a@example.org"]
    assert (report.added, report.left, report.barred, report.faults) == (
        1,
        standings.count(LEFT),
        standings.count(BARRED),
        (),
    )


def test_mailchimps_address_is_no_address() -> None:
    assert rows(MAILCHIMP)[0].address.given == "a@example.org"
    assert rows(MAILCHIMP)[0].name == "Ann Lee"


def test_headings_that_name_no_address() -> None:
    assert recognise(["name", "city"]) is None


# ------------------------------------------------------------------ importing


async def brought(database: Database, now: datetime, source: bytes, **more: object) -> exchange.ImportReport:
    given = {"newsletter": "morning", "consent": "at the fair, May 2026", "at": now, **more}
    async with database.write() as connection:
        return await exchange.import_rows(connection, exchange.read(source), **given)  # type: ignore[arg-type]


async def standing(database: Database) -> dict[str, str]:
    async with database.read() as connection:
        return {
            person.subscriber.address: ",".join(s.state.value for s in person.subscriptions)
            async for person in roster.listed(connection)
        }


async def test_with_consent_rows_are_active_and_the_log_says_why(database: Database, now: datetime) -> None:
    report = await brought(database, now, b"address,name,city\nAnn@example.org,Ann,Bonn\nbad,x,y\n")
    assert (report.added, report.pending, len(report.faults)) == (1, 0, 1)
    assert (report.faults[0].line, report.faults[0].value) == (3, "bad")
    async with database.read() as connection:
        person = await roster.story(connection, "ann@example.org")
    assert person is not None
    assert (person.subscriber.address, person.subscriber.fields) == ("Ann@example.org", {"city": "Bonn"})
    assert [(e.what, e.source) for e in person.log] == [("imported", "at the fair, May 2026")]


async def test_without_consent_rows_are_pending_and_still_to_be_asked(database: Database, now: datetime) -> None:
    report = await brought(database, now, b"address\nann@example.org\nbob@example.org\n", consent=None)
    assert (report.added, report.pending) == (0, 2)
    async with database.write() as connection:
        assert [u.address for u in await roster.unasked(connection)] == ["ann@example.org", "bob@example.org"]
        assert (await connection.execute(roster.wanted("morning"))).all() == []


async def test_importing_again_changes_nothing(database: Database, now: datetime) -> None:
    source = b"address\nann@example.org\n"
    await brought(database, now, source)
    assert await brought(database, now, source) == exchange.ImportReport(unchanged=1)


async def test_a_pending_row_is_activated_by_consent(database: Database, now: datetime) -> None:
    await brought(database, now, b"address\nann@example.org\n", consent=None)
    report = await brought(database, now, b"address,name\nann@example.org,Ann\n")
    assert report.activated == 1
    async with database.read() as connection:
        person = await roster.story(connection, "ann@example.org")
    assert person is not None
    assert person.subscriber.name == "Ann"


async def test_suppressed_and_unsubscribed_stay_so(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await roster.suppress(connection, "sue@example.org", SuppressionReason.COMPLAINED, now)
        await roster.erase(connection, "eve@example.org", now)
        gone = await roster.add(connection, address="una@example.org", newsletter="morning", source="t", at=now)
        await roster.unsubscribe(connection, gone.subscriber_id or 0, "morning", now)
    report = await brought(database, now, b"address\nSUE@example.org\neve@example.org\nUna@example.org\n")
    assert (report.suppressed, report.unsubscribed, report.added) == (2, 1, 0)
    assert await standing(database) == {"una@example.org": "unsubscribed", "sue@example.org": ""}


async def test_strict_takes_all_or_none(database: Database, now: datetime) -> None:
    report = await brought(database, now, b"address\nann@example.org\nbad\n", strict=True)
    assert (report.is_applied, report.added, [fault.line for fault in report.faults]) == (False, 0, [3])
    assert await standing(database) == {}
    assert (await brought(database, now, b"address\nann@example.org\n", strict=True)).added == 1


async def test_a_plan_says_what_an_import_then_does(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await roster.suppress(connection, "sue@example.org", SuppressionReason.COMPLAINED, now)
        await roster.add(connection, address="old@example.org", newsletter="morning", source="t", at=now)
        await roster.subscribe(connection, address="pam@example.org", newsletter="morning", at=now)
    source = b"address\nnew@example.org\nsue@example.org\nold@example.org\npam@example.org\nbad\n"
    async with database.read() as connection:
        table = exchange.read(source)
        planned = [each async for each in exchange.plan(connection, table, newsletter="morning", consent="x")]
    assert [(p.line, p.verdict.value) for p in planned] == [
        (2, "added"),
        (3, "suppressed"),
        (4, "unchanged"),
        (5, "activated"),
        (6, "fault"),
    ]
    assert await standing(database) == {
        "old@example.org": "active",
        "pam@example.org": "pending",
        "sue@example.org": "",
    }
    report = await brought(database, now, source)
    assert (report.added, report.suppressed, report.unchanged, report.activated) == (1, 1, 1, 1)


async def test_progress_is_told_batch_by_batch(database: Database, now: datetime) -> None:
    reached: list[int] = []
    source = b"address\n" + b"".join(b"p%d@example.org\n" % i for i in range(4500))
    report = await brought(database, now, source, progress=reached.append)
    assert report.added == 4500
    assert reached == [2001, 4001, 4501]


# ------------------------------------------------------------------ exporting


async def exported(database: Database, newsletter: str | None = None) -> str:
    async with database.read() as connection:
        return "".join([line async for line in exchange.export(connection, newsletter)])


async def test_an_export_is_read_back(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        for number, name in enumerate(["Ann", '=HYPERLINK("https://evil.example")', "'=x", "Lee, B", "O'Neil"]):
            await roster.add(
                connection, address=f"p{number}@example.org", name=name, newsletter="morning", source="t", at=now
            )
        await roster.suppress(connection, "sue@example.org", SuppressionReason.BOUNCED, now)
    text = await exported(database)
    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    back = rows(text.encode())
    assert [row.name for row in back] == ["Ann", '=HYPERLINK("https://evil.example")', "'=x", "Lee, B", "O'Neil", ""]
    assert [row.standing for row in back] == [ACTIVE] * 5 + [BARRED]
    assert exchange.read(text.encode()).columns.origin == "newsdigest"


async def test_an_export_of_one_newsletter(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        for newsletter in ("morning", "evening"):
            await roster.add(connection, address="ann@example.org", newsletter=newsletter, source="t", at=now)
        await roster.add(connection, address="bob@example.org", newsletter="evening", source="t", at=now)
    assert (await exported(database, "morning")).count("\n") == 2
    assert (await exported(database)).count("\n") == 4


async def test_an_exported_leaver_is_not_brought_back(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        gone = await roster.add(connection, address="una@example.org", newsletter="morning", source="t", at=now)
        await roster.unsubscribe(connection, gone.subscriber_id or 0, "morning", now)
    text = await exported(database, "morning")
    report = await brought(database, now, text.encode(), newsletter="evening")
    assert report.left == 1
    async with database.read() as connection:
        person = await roster.story(connection, "una@example.org")
    assert person is not None
    assert {s.state for s in person.subscriptions} == {SubscriptionState.UNSUBSCRIBED}


# ------------------------------------------------------------------ any bytes


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_refused(data: bytes) -> None:
    for source in (data, b"address,name\n" + data):
        try:
            table = exchange.read(source)
        except FileError:
            continue
        for row in table:
            assert row.line >= 1


CELL = st.text(st.characters(exclude_characters="\0\r\n@", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.from_regex(r"\A[a-z]{1,8}\Z"), CELL), max_size=8, unique_by=lambda pair: pair[0]))
def test_what_csv_writes_is_read(people: list[tuple[str, str]]) -> None:
    made = io.StringIO()
    writer = csv.writer(made)
    writer.writerow(["address", "name"])
    writer.writerows([[f"{name}@example.org", cell] for name, cell in people])
    found = rows(made.getvalue().encode()) if people else []
    assert [row.address.given for row in found] == [f"{name}@example.org" for name, _ in people]
