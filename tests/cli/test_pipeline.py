"""The main job by hand: collect → build → send, on the sample over loopback."""

import email
import email.policy
import re

import pytest

from digest import sample

READERS = "address,name\nada@example.com,Ada Berg\nnoor@example.com,Noor\nzoe@example.com,Zoë Lind\n"
CONSENT = ("--newsletter", "morning", "--consent", "asked at the fair, 2026-11-01")


def subscribe(desk) -> None:
    (desk.folder / "people.csv").write_text(READERS, encoding="utf-8")
    assert desk.digest("subscribers", "import", "people.csv", *CONSENT).code == 0


def test_the_whole_job_by_hand(desk) -> None:
    subscribe(desk)
    collected = desk.digest("collect", "morning", "--json")
    assert (collected.code, collected.json["articles"]) == (0, 20)
    assert all(feed["error"] is None for feed in collected.json["feeds"])
    built = desk.digest("build", "morning", "--json")
    assert (built.code, built.json["issue"]) == (0, "morning/1")
    assert built.json["preflight"] == [] or all(f["level"] != "error" for f in built.json["preflight"])
    sent = desk.digest("send", "morning", "--json")
    assert (sent.code, sent.json["issue"], sent.json["accepted"]) == (0, "morning/1", 3)
    assert len(desk.messages()) == 3


def test_the_same_event_is_told_once(desk) -> None:
    desk.digest("collect")
    built = desk.digest("build", "morning", "--dry-run", "--json").json
    shared = [story for story in built["stories"] if story["also"]]
    assert len(shared) >= 4
    titles = [story["title"] for story in built["stories"]] + [a["title"] for s in built["stories"] for a in s["also"]]
    assert len(titles) == len(set(titles))


def test_no_junk_line_is_a_sentence(desk) -> None:
    desk.configure(stories=20)
    desk.digest("collect")
    built = desk.digest("build", "morning", "--dry-run", "--json").json
    sentences = [sentence for story in built["stories"] for sentence in story["sentences"]]
    assert len(sentences) >= 40
    assert [(j, s) for j in sample.junk() for s in sentences if j in s] == []


def test_every_sentence_is_a_sentence_of_its_article(desk) -> None:
    desk.configure(stories=20)
    desk.digest("collect")
    texts = {a["link"]: re.sub(r"\s+", " ", a["text"]) for a in desk.digest("articles", "--json").json}
    for story in desk.digest("build", "morning", "--dry-run", "--json").json["stories"]:
        for sentence in story["sentences"]:
            assert re.sub(r"\s+", " ", sentence) in texts[story["link"]]


def test_collecting_again_finds_nothing_new(desk) -> None:
    desk.digest("collect")
    again = desk.digest("collect", "--all", "--json")
    assert (again.code, again.json["articles"]) == (3, 0)
    assert all(feed["error"] is None for feed in again.json["feeds"])


def test_building_again_finds_no_story(desk) -> None:
    desk.configure(stories=50)
    desk.digest("collect")
    assert desk.digest("build", "morning").code == 0
    again = desk.digest("build", "morning")
    assert again.code == 3
    assert "morning" in again.err


def test_a_dry_build_freezes_nothing(desk) -> None:
    desk.digest("collect")
    desk.digest("build", "morning", "--dry-run")
    assert desk.digest("issues", "list", "--json").json == {"issues": []}


def test_an_excerpt_is_read_on_its_page(desk) -> None:
    desk.digest("collect")
    courier = [a for a in desk.digest("articles", "--json").json if "/courier/" in a["link"]]
    assert len(courier) == 5
    assert all(a["source"] == "page" and len(a["text"].split()) > 150 for a in courier)


def test_one_bad_feed_never_stops_the_others(desk) -> None:
    bad = desk.site.base + "/no-such-feed.xml"
    desk.configure(feeds=[desk.site.base + path for path in sample.FEEDS] + [bad])
    collected = desk.digest("collect", "--json")
    assert collected.code == 4
    assert [feed["url"] for feed in collected.json["feeds"] if feed["error"]] == [bad]
    assert collected.json["articles"] == 20


def test_an_entry_whose_link_is_no_address_never_stops_its_feed(desk) -> None:
    entries = "".join(
        f"<item><title>Story {n}</title><link>{link}</link><description>short</description></item>"
        for n, link in enumerate(("http://0177.0.0.1/a", "http://[::1/b", "https://example.invalid/c"))
    )
    feed = f"<?xml version='1.0'?><rss version='2.0'><channel><title>T</title>{entries}</channel></rss>"
    desk.site.pages["/odd.xml"] = ("application/rss+xml", feed.encode())
    desk.configure(feeds=[desk.site.base + "/odd.xml"])
    collected = desk.digest("collect", "--json")
    assert collected.code == 0
    assert collected.json["feeds"][0]["error"] is None
    assert "Story 0" in {article["title"] for article in desk.digest("articles", "--json").json}


def test_a_message_carries_all_it_must(desk) -> None:
    subscribe(desk)
    desk.digest("collect")
    desk.digest("send", "morning")
    for path in desk.messages():
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for header in ("From", "To", "Date", "Subject", "Message-ID", "List-Id", "Auto-Submitted", "Reply-To"):
            assert message[header], header
        left = str(message["List-Unsubscribe"])
        assert "<https://news.example.org/unsubscribe/" in left
        assert "<mailto:" in left
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        html, text = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))
        assert "1 Example Street" in html
        assert "1 Example Street" in text
        assert "/unsubscribe/" in html
        assert "/unsubscribe/" in text


def test_each_reader_has_a_link_of_their_own(desk) -> None:
    subscribe(desk)
    desk.digest("collect")
    desk.digest("send", "morning")
    links = {
        re.search(rb"unsubscribe/([\w.=~-]+)", re.sub(rb"=\r?\n", b"", p.read_bytes()))[1] for p in desk.messages()
    }
    assert len(links) == 3


def test_sending_twice_mails_nobody_twice(desk) -> None:
    desk.configure(stories=50)
    subscribe(desk)
    desk.digest("collect")
    assert desk.digest("send", "morning").code == 0
    assert desk.digest("send", "morning").code == 3
    assert desk.digest("send", "morning/1", "--json").json["accepted"] == 3
    assert desk.digest("send", "morning", "--resume").code == 0
    assert len(desk.messages()) == 3


def test_nobody_to_mail_is_nothing_to_do(desk) -> None:
    desk.digest("collect")
    sent = desk.digest("send", "morning")
    assert sent.code == 3
    assert "subscriber" in sent.err


def test_a_dry_send_to_nobody_is_nothing_to_do(desk) -> None:
    desk.digest("collect")
    for before in ((), ("build", "morning")):
        assert not before or desk.digest(*before).code == 0
        sent = desk.digest("send", "morning", "--dry-run")
        assert sent.code == 3
        assert "no active subscriber" in sent.err


def test_two_issues_can_be_made_by_hand_in_one_minute(desk) -> None:
    desk.configure(stories=3)
    desk.digest("collect")
    names = [desk.digest("build", "morning", "--json").json["issue"] for _ in range(3)]
    assert names == ["morning/1", "morning/2", "morning/3"]
    found = desk.digest("issues", "list", "--json").json["issues"]
    assert len({issue["slot"] for issue in found}) == 3


def test_what_was_sent_is_shown_as_json(desk) -> None:
    subscribe(desk)
    desk.digest("collect")
    desk.digest("send", "morning")
    status = desk.digest("status", "--json")
    assert status.code == 0
    assert status.json["deliveries"]["accepted"] == 3
    assert status.json["issues"][0]["deliveries"]["accepted"] == 3
    shown = desk.digest("issues", "show", "morning/1", "--json")
    assert shown.code == 0
    assert shown.json["deliveries"]["accepted"] == 3


def test_a_dry_send_sends_nothing(desk) -> None:
    subscribe(desk)
    desk.digest("collect")
    assert desk.digest("send", "morning", "--dry-run").code == 0
    assert desk.messages() == []
    assert desk.digest("issues", "list", "--json").json == {"issues": []}


def test_a_test_copy_goes_to_that_address_only(desk) -> None:
    subscribe(desk)
    desk.digest("collect")
    assert desk.digest("send", "morning", "--to", "me@example.org").code == 0
    assert [str(email.message_from_bytes(p.read_bytes())["To"]) for p in desk.messages()] == ["me@example.org"]
    assert desk.digest("send", "morning", "--json").json["accepted"] == 3


def test_who_left_before_the_send_gets_nothing(desk) -> None:
    subscribe(desk)
    desk.digest("collect")
    desk.digest("build", "morning")
    assert desk.digest("subscribers", "suppress", "noor@example.com").code == 0
    sent = desk.digest("send", "morning", "--json")
    assert (sent.json["accepted"], sent.json["suppressed"]) == (2, 1)


def test_a_slot_to_come_is_refused(desk) -> None:
    desk.digest("collect")
    assert desk.digest("build", "morning", "--at", "2999-01-01T07:30").code == 2
    assert desk.digest("build", "morning", "--at", "yesterday").code == 2


def test_any_past_slot_can_be_made_once(desk) -> None:
    desk.digest("collect")
    built = desk.digest("build", "morning", "--at", "2026-01-05T07:30", "--json")
    assert (built.code, built.json["slot"]) == (0, "2026-01-05T07:30")
    assert desk.digest("build", "morning", "--at", "2026-01-05T07:30").code == 3


def test_the_parts_of_an_issue_are_shown(desk) -> None:
    subscribe(desk)
    desk.digest("collect")
    desk.digest("build", "morning")
    assert desk.digest("issues", "show", "morning/1", "--html").out.lower().startswith("<!doctype html")
    assert "1 Example Street" in desk.digest("issues", "show", "morning/1", "--text").out
    neutral = email.message_from_string(desk.digest("issues", "show", "morning/1", "--eml").out)
    assert "digest@example.org" in neutral["To"]
    own = email.message_from_string(desk.digest("issues", "show", "morning/1", "--eml", "--to", "ada@example.com").out)
    assert "ada@example.com" in own["To"]
    assert desk.digest("issues", "show", "morning/9").code == 3


FOOTER = '{% extends "builtin/digest.html.j2" %}{% block footer %}'


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (FOOTER + "<p>" + "x" * 110_000 + "</p>{{ super() }}{% endblock %}", "102,000"),
        (FOOTER + "{{ supper }}{{ super() }}{% endblock %}", "'supper' is undefined"),
        (FOOTER + "{% endblock %}", "no unsubscribe link"),
        (FOOTER + '<a href="nowhere">here</a>{{ super() }}{% endblock %}', "leads nowhere"),
    ],
    ids=["clipped", "undefined name", "no unsubscribe link", "a dead link"],
)
def test_what_must_not_leave_is_not_built(desk, template: str, said: str) -> None:
    """`send` of a newsletter builds first: refused, it says why, keeps no issue and mails nobody."""
    subscribe(desk)
    (desk.folder / "templates").mkdir()
    (desk.folder / "templates" / "digest.html.j2").write_text(template, encoding="utf-8")
    written = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(written.replace("[digest]", '[digest]\ntemplates = "templates"'), encoding="utf-8")
    desk.digest("collect")
    for command in ("build", "send"):
        refused = desk.digest(command, "morning")
        assert refused.code not in {0, 3, 4}
        assert said in refused.err
    assert desk.messages() == []
    assert desk.digest("issues", "list", "--json").json == {"issues": []}


CADENCES = {"daily": "30 7 * * *", "weekly": "0 8 * * sun"}


def test_cadences_by_hand(desk) -> None:
    desk.configure(schedule=None, cadences=CADENCES)
    subscribe(desk)
    assert desk.digest("check").code == 0
    desk.digest("collect")
    assert desk.digest("build", "morning", "--cadence", "monthly").code == 2
    daily = desk.digest("build", "morning", "--json").json
    weekly = desk.digest("build", "morning", "--cadence", "weekly", "--json").json
    assert {s["title"] for s in daily["stories"]} <= {s["title"] for s in weekly["stories"]} != set()
    listed = desk.digest("issues", "list", "--json").json["issues"]
    assert {(i["issue"], i["cadence"]) for i in listed} == {("morning/1", "daily"), ("morning/2", "weekly")}
    assert "weekly" in desk.digest("issues", "list").out
    status = desk.digest("status", "--json")
    assert status.code == 0, status.err
    assert set(status.json["newsletters"][0]["next_slots"]) == {"daily", "weekly"}
    sent = desk.digest("send", "morning", "--cadence", "daily", "--json")
    assert (sent.code, sent.json["issue"], sent.json["accepted"], sent.json["skipped"]) == (0, "morning/1", 3, 0)
    assert desk.digest("send", "morning", "--cadence", "weekly").code == 3  # nobody chose it
    assert desk.digest("build", "morning", "--cadence", "daily", "--at", "2020-01-01T07:30").code == 3


def test_without_cadences_the_list_has_no_column_of_them(desk) -> None:
    desk.digest("collect")
    desk.digest("build", "morning")
    assert "cadence" not in desk.digest("issues", "list").out
    assert desk.digest("build", "morning", "--cadence", "daily").code == 2
