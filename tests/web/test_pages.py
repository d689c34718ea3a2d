"""The templates: the owner's before ours, file by file, sandboxed, with nothing undefined."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.exceptions import SecurityError

from digest.config import Newsletter
from digest.web.pages import Pages, shipped


def put(folder: Path, name: str, text: str) -> Pages:
    (folder / "web").mkdir(exist_ok=True)
    (folder / "web" / name).write_text(text, encoding="utf-8")
    return Pages(folder)


def test_an_owners_file_takes_the_place_of_ours(tmp_path: Path) -> None:
    pages = put(tmp_path, "erased.html.j2", "gone for good")
    assert pages.text("erased.html.j2", "en", {}) == "gone for good"
    assert "Something went wrong" in pages.text("error.html.j2", "en", {"status": 500, "detail": ""})


def test_an_owners_file_may_extend_ours(tmp_path: Path) -> None:
    pages = put(
        tmp_path, "erased.html.j2", '{% extends "builtin/web/erased.html.j2" %}{% block title %}Bye{% endblock %}'
    )
    made = pages.text("erased.html.j2", "en", {})
    assert "<title>Bye</title>" in made
    assert "You are erased" in made


def test_a_copy_of_all_our_templates_serves(tmp_path: Path) -> None:
    for path in (shipped() / "web").glob("*.j2"):
        put(tmp_path, path.name, path.read_text("utf-8"))
    ours, theirs = Pages(), Pages(tmp_path)
    assert ours.text("erased.html.j2", "de", {}) == theirs.text("erased.html.j2", "de", {})


@pytest.mark.parametrize(
    ("text", "error"), [("{{ nobody }}", UndefinedError), ("{{ ''.__class__.__mro__ }}", SecurityError)]
)
def test_what_a_template_may_not(tmp_path: Path, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        put(tmp_path, "erased.html.j2", text).text("erased.html.j2", "en", {})


def test_html_is_escaped_and_text_is_not(tmp_path: Path) -> None:
    assert put(tmp_path, "erased.html.j2", "{{ x }}").text("erased.html.j2", "en", {"x": "<b>"}) == "&lt;b&gt;"
    assert put(tmp_path, "erased.txt.j2", "{{ x }}").text("erased.txt.j2", "en", {"x": "<b>"}) == "<b>"


def test_the_language_and_its_direction_stand_on_the_page() -> None:
    assert '<html lang="de" dir="ltr">' in Pages().text("erased.html.j2", "de", {})


def test_a_page_wears_the_colours_of_its_newsletter() -> None:
    evening = Newsletter(
        name="evening", title="Evening", theme={"brand": "#0b5fff", "heading_font": "sans", "radius": 0}
    )
    made = Pages().text("confirm.html.j2", "en", {"newsletter": evening})
    assert "--brand: #0b5fff" in made
    assert "border-radius: 0px" in made
    assert "-apple-system,'Segoe UI'" in made
    assert "--brand: #9a2b22" in Pages().text("erased.html.j2", "en", {})


def test_a_theme_that_is_off_stops_no_page() -> None:
    faint = Newsletter(name="evening", title="Evening", theme={"brand": "#ffcc00"})
    assert "--brand: #9a2b22" in Pages().text("confirm.html.j2", "en", {"newsletter": faint})


@pytest.mark.parametrize(
    ("slot", "language", "day"),
    [
        ("2026-11-23T07:30", "en", "Monday, November 23, 2026"),
        ("2026-11-23T07:30", "de", "Montag, 23. November 2026"),
        ("by hand, at noon", "en", "by hand, a"),
    ],
)
def test_the_day_of_an_issue_is_written_as_its_readers_do(tmp_path: Path, slot: str, language: str, day: str) -> None:
    pages = put(tmp_path, "erased.txt.j2", "{{ slot | day(language) }}")
    assert pages.text("erased.txt.j2", language, {"slot": slot}) == day
