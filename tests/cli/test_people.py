"""subscribers: consent recorded, faults named by line, who left stays left."""

import asyncio
import email
import email.policy

import httpx

from digest.config import load
from digest.web import public


def add(desk, address: str = "ada@example.com", *more: str):
    return desk.digest("subscribers", "add", address, "--newsletter", "morning", *more)


def people(desk) -> dict[str, dict[str, object]]:
    listed = desk.digest("subscribers", "list", "--json").json["subscribers"]
    return {person["address"]: person for person in listed}


def test_with_consent_a_reader_is_active_and_the_consent_is_on_record(desk) -> None:
    assert add(desk, "Ada@Example.com", "--name", "Ada", "--consent", "asked at the fair, 2026-11-01").code == 0
    assert people(desk)["Ada@Example.com"]["subscriptions"] == {"morning": "active"}
    story = desk.digest("subscribers", "show", "ada@example.com", "--json").json
    assert any("asked at the fair" in entry["source"] and entry["at"] for entry in story["log"])


def test_without_consent_a_reader_is_asked_by_a_message(desk) -> None:
    assert add(desk).code == 0
    assert people(desk)["ada@example.com"]["subscriptions"] == {"morning": "pending"}
    (path,) = desk.messages()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert "ada@example.com" in message["To"]
    assert "https://news.example.org/confirm/" in message.get_body(("plain",)).get_content()


def test_faulty_rows_are_named_by_line_and_the_others_imported(desk) -> None:
    (desk.folder / "p.csv").write_text(
        "address,name\nada@example.com,Ada\nno address,X\n,Y\nADA@example.com,Again\n", "utf-8"
    )
    done = desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair", "--json")
    assert done.code == 4
    assert done.json["added"] == 1
    assert [fault["line"] for fault in done.json["faults"]] == [3, 4, 5]
    assert list(people(desk)) == ["ada@example.com"]


def test_a_file_that_cannot_be_read_to_its_end_is_refused(desk) -> None:
    (desk.folder / "p.csv").write_bytes(b'address,name\nada@example.com,"Ada\nnoor@example.com,Noor\n')
    done = desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair")
    assert done.code != 0
    assert people(desk) == {} or len(people(desk)) == 2
    (desk.folder / "p.csv").write_bytes(b"address,name\nada@example.com,A\0da\n")
    assert desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair").code != 0


def test_the_suppressed_never_become_active(desk) -> None:
    assert desk.digest("subscribers", "suppress", "Ada@example.com").code == 0
    assert add(desk, "ada@example.com", "--consent", "fair").code == 2
    (desk.folder / "p.csv").write_text("address\nada@example.com\n", "utf-8")
    desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair")
    assert all(p["subscriptions"].get("morning") != "active" and p["suppressed"] for p in people(desk).values())


def test_what_is_exported_can_be_imported(desk) -> None:
    add(desk, "ada@example.com", "--name", "Ada, of the harbour", "--consent", "fair")
    exported = desk.digest("subscribers", "export").out
    (desk.folder / "all.csv").write_text(exported, "utf-8")
    assert desk.digest("subscribers", "import", "all.csv", "--newsletter", "morning", "--consent", "again").code == 0
    assert people(desk)["ada@example.com"]["name"] == "Ada, of the harbour"


def test_the_erased_are_forgotten_and_never_mailed_again(desk) -> None:
    add(desk, "ada@example.com", "--consent", "fair")
    assert desk.digest("subscribers", "erase", "ada@example.com").code == 0
    assert "ada@example.com" not in people(desk)
    assert add(desk, "ada@example.com", "--consent", "fair").code == 2


def test_a_reader_is_taken_off(desk) -> None:
    add(desk, "ada@example.com", "--consent", "fair")
    assert desk.digest("subscribers", "remove", "ada@example.com").code == 0
    assert people(desk) == {}
    assert desk.digest("subscribers", "remove", "ada@example.com").code == 3


def test_a_dry_import_changes_nothing(desk) -> None:
    (desk.folder / "p.csv").write_text("address\nada@example.com\nbad\n", "utf-8")
    rows = desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--dry-run", "--json").json["rows"]
    assert [row["verdict"] for row in rows] == ["pending", "fault"]
    assert people(desk) == {}


def test_an_issue_that_is_held_does_not_leave_until_it_is_approved(desk) -> None:
    add(desk, "ada@example.com", "--consent", "fair")
    desk.digest("collect")
    desk.digest("build", "morning")
    assert desk.digest("issues", "hold", "morning/1").code == 0
    assert desk.digest("issues", "list", "--json").json["issues"][0]["state"] == "held"
    assert desk.digest("issues", "approve", "morning/1").code == 0
    assert desk.digest("issues", "approve", "morning/1").code == 2
    assert desk.digest("send", "morning/1", "--json").json["accepted"] == 1


def test_a_line_break_in_a_name_becomes_a_blank_and_no_header(desk) -> None:
    text = 'address,name\nann@example.org,"Ann\r\nBcc: victim@example.org"\n'
    (desk.folder / "p.csv").write_bytes(text.encode())
    done = desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair")
    assert done.code == 0
    (person,) = desk.digest("subscribers", "list", "--json").json["subscribers"]
    assert person["name"] == "Ann Bcc: victim@example.org"
    desk.digest("collect")
    assert desk.digest("send", "morning").code == 0
    (path,) = desk.messages()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["Bcc"] is None
    assert message["To"].addresses[0].addr_spec == "ann@example.org"


def test_an_address_that_comes_twice_is_said_and_no_failure(desk) -> None:
    (desk.folder / "p.csv").write_text("address\nann@example.org\n ANN@example.org\n", encoding="utf-8")
    done = desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair", "--json")
    assert (done.code, done.json["added"]) == (0, 1)
    assert "line 3" in done.err


def test_what_is_no_address_cannot_be_suppressed(desk) -> None:
    done = desk.digest("subscribers", "suppress", "no address")
    assert done.code == 2
    assert "no address" in done.err
    assert desk.digest("subscribers", "list").code == 3


def test_all_that_is_kept_of_one_person_is_one_document(desk) -> None:
    add(desk, "Ada@Example.com", "--name", "Ada", "--consent", "asked at the fair, 2026-11-01")
    desk.digest("collect")
    desk.digest("send", "morning")
    told = desk.digest("subscribers", "export", "--person", "ada@example.com").json
    assert (told["address"], told["name"], told["suppressed"]) == ("Ada@Example.com", "Ada", None)
    assert told["subscriptions"][0]["newsletter"] == "morning"
    assert told["consent"][0]["source"] == "asked at the fair, 2026-11-01"
    assert told["deliveries"] == [{"issue": "morning/1", "state": "accepted", "reported": None}]
    assert told["reports"] == []
    assert desk.digest("subscribers", "export", "--person", "nobody@example.com").code == 3
    assert desk.digest("issues", "show", "morning/1", "--json").json["reported"] == {}


def test_an_erased_person_has_nothing_to_export_but_that(desk) -> None:
    add(desk, "ada@example.com", "--consent", "fair")
    desk.digest("subscribers", "erase", "ada@example.com")
    told = desk.digest("subscribers", "export", "--person", "ada@example.com").json
    assert told["suppressed"]["reason"] == "erased"
    assert (told["name"], told["subscriptions"], told["consent"], told["deliveries"]) == ("", [], [], [])


def test_a_long_list_is_shown_in_part_and_given_whole(desk) -> None:
    rows = "".join(f"reader-{n}@example.com\n" for n in range(1005))
    (desk.folder / "p.csv").write_text(f"address\nnone\n{rows}", "utf-8")
    tried = desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair", "--dry-run")
    assert "1 fault, 1,005 added" in tried.out
    assert "and 6 more" in tried.err
    assert len(desk.digest("subscribers", "import", "p.csv", "--dry-run", "--json").json["rows"]) == 1006
    assert desk.digest("subscribers", "list", "--json").json == {"subscribers": []}
    desk.digest("subscribers", "import", "p.csv", "--newsletter", "morning", "--consent", "fair")
    assert len(desk.digest("subscribers", "list", "--json").json["subscribers"]) == 1005
    shown = desk.digest("subscribers", "list")
    assert ("reader-999@example.com" in shown.out, "reader-1001@" in shown.out) == (True, False)
    assert "and 5 more" in shown.err


def test_a_new_key_signs_and_old_links_go_on_working(desk) -> None:
    add(desk, "ada@example.com")
    (before,) = desk.messages()
    assert desk.digest("db", "rotate-key", "--json").json == {"keys": 2}
    add(desk, "noor@example.com")
    assert len(desk.messages()) == 2
    assert desk.digest("db", "rotate-key").out.startswith("a new key signs")
    token = email.message_from_bytes(before.read_bytes(), policy=email.policy.default)
    text = token.get_body(("plain",)).get_content()
    path = text[text.index("/confirm/") :].split()[0]
    assert asyncio.run(confirmed(desk, path)) == 200
    assert people(desk)["ada@example.com"]["subscriptions"] == {"morning": "active"}


async def confirmed(desk, path: str) -> int:
    app = public.app(load(desk.config, environ={}))
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://x") as web:
        return (await web.post(path)).status_code
