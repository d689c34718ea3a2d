"""summarize: a file, a page, standard input, and a line at a time."""

import json

TEXT = (
    "By Ada Berg\n\nThe ferry Morrow Star ran aground off Port Ellin with 214 passengers aboard on Sunday night. "
    "Nobody was hurt, the coast guard said, and two tugs pulled the ferry free at dawn. "
    "The harbour master has opened an inquiry into the ferry's steering gear.\n\n"
    "The company that owns the ferry apologised to its passengers on Monday and offered them a refund. "
    "It will sail again on Thursday.\n\nSubscribe to our newsletter for more.\n"
)


def test_a_file(desk) -> None:
    (desk.folder / "a.txt").write_text(TEXT, "utf-8")
    found = desk.digest("summarize", "a.txt", "--sentences", "2", "--json")
    assert found.code == 0
    assert set(found.json) == {"sentences", "positions", "method", "language"}
    assert len(found.json["sentences"]) == 2
    assert found.json["positions"] == sorted(found.json["positions"])
    assert all(sentence in TEXT for sentence in found.json["sentences"])
    assert not any("Subscribe" in s or "By Ada" in s for s in found.json["sentences"])


def test_standard_input(desk) -> None:
    assert desk.digest("summarize", "-", "--json", stdin=TEXT).json["language"] == "en"


def test_a_page(desk) -> None:
    found = desk.digest("summarize", desk.site.base + "/courier/nine-boats.html", "--json")
    if found.code == 1:  # the sample has other names
        found = desk.digest("summarize", next(iter(_links(desk))), "--json")
    assert found.code == 0
    assert len(found.json["sentences"]) == 3


def _links(desk) -> list[str]:
    desk.digest("collect")
    return [a["link"] for a in desk.digest("articles", "--json").json if "/courier/" in a["link"]]


def test_every_valid_line_is_answered_once_and_bad_ones_are_named(desk) -> None:
    lines = [json.dumps({"id": 1, "text": TEXT}), "not json", json.dumps({"id": 3}), json.dumps({"id": 4, "text": ""})]
    found = desk.digest("summarize", "-", "--jsonl", stdin="\n".join(lines))
    answers = [json.loads(line) for line in found.out.splitlines()]
    assert [answer["id"] for answer in answers] == [1, 4]
    assert answers[1]["sentences"] == []
    assert "line 2" in found.err
    assert "line 3" in found.err
    assert found.code == 4


def test_each_method_by_its_name(desk) -> None:
    for method in ("lex-rank", "luhn", "lead", "random"):
        assert desk.digest("summarize", "-", "--method", method, "--json", stdin=TEXT).json["method"] == method
