"""Where templates come from, what they may do, and how their faults are told."""

import shutil

import pytest
from render import samples

from digest.errors import RenderError, TemplateError
from digest.render.templates import Templates, shipped


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "mine"
    made.mkdir()
    return made


def page(folder, **changes) -> str:
    return samples.rendered(templates=folder, **changes).html.fill(samples.VALUES)


def test_the_shipped_folder_is_found():
    assert (shipped() / "digest.html.j2").is_file()


def test_the_layouts():
    assert {"digest", "brief", "letter"} <= set(Templates().layouts())
    assert "base" not in Templates().layouts()


def test_an_unknown_layout_names_those_there_are():
    with pytest.raises(RenderError, match=r"no layout 'poster'; choose from brief, digest, letter"):
        samples.rendered(layout="poster")


@pytest.mark.parametrize("layout", ["../secret", "/etc/passwd", "digest.html.j2", ""])
def test_a_layout_is_a_name_and_no_path(layout):
    with pytest.raises(RenderError, match="no layout"):
        samples.rendered(layout=layout)


def test_one_file_overrides_and_the_rest_is_shipped(folder):
    (folder / "_parts.html.j2").write_text((shipped() / "_parts.html.j2").read_text().replace("Also in", "Elsewhere:"))
    assert "Elsewhere:" in page(folder)


def test_a_block_may_be_changed_by_extending_the_builtin_file(folder):
    (folder / "digest.html.j2").write_text(
        '{% extends "builtin/digest.html.j2" %}{% block masthead %}<tr><td class="cell">My own head of {{ title }}</td></tr>{% endblock %}'
    )
    made = page(folder)
    assert "My own head of The Morning Digest" in made
    assert "Seagrass" in made
    assert "<h1" not in made


def test_a_layout_of_ones_own(folder):
    (folder / "mine.html.j2").write_text(
        '<html lang="en"><body>{% for story in stories %}<p>{{ story.title }}</p>{% endfor %}<a href="{{ unsubscribe_url }}">x</a></body></html>'
    )
    made = samples.rendered(templates=folder, layout="mine")
    assert made.html.fill(samples.VALUES).count("<p>") == len(samples.stories())
    assert "Seagrass" in made.text.fill(samples.VALUES), "the text part of the base serves"


def test_a_text_part_of_ones_own(folder):
    (folder / "digest.txt.j2").write_text("Only {{ stories | length }}: {{ unsubscribe_url }}")
    assert (
        samples.rendered(templates=folder).text.fill(samples.VALUES) == f"Only 8: {samples.VALUES['unsubscribe_url']}\n"
    )


def test_a_copy_of_the_whole_shipped_folder_is_a_valid_override(tmp_path):
    shutil.copytree(shipped(), tmp_path / "copy")
    assert page(tmp_path / "copy") == page(None)


def test_a_changed_file_is_seen_at_once(folder):
    (folder / "digest.txt.j2").write_text("one {{ unsubscribe_url }}")
    assert samples.rendered(templates=folder).text.fill(samples.VALUES).startswith("one")
    path = folder / "digest.txt.j2"
    path.write_text("another {{ unsubscribe_url }}")
    import os

    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1_000_000_000))
    assert samples.rendered(templates=folder).text.fill(samples.VALUES).startswith("another")


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("<p>\n{{ storys }}", 2, "'storys' is undefined"),
        ("\n\n{% for s in stories %}{{ s.headline }}{% endfor %}", 3, "no attribute 'headline'"),
        ("<p>\n\n{% if %}", 3, "Expected an expression"),
        ("{% for %}", 1, "Expected"),
        ("\n{{ stories | shout }}", 2, "No filter named 'shout'"),
        ("\n{{ title.__class__ }}", 2, "sandbox"),
        ("\n{{ theme.__init__.__globals__ }}", 2, "sandbox"),
        ("\n{{ ''.__class__.__mro__ }}", 2, "sandbox"),
        ("\n{{ range(10000000) | list }}", 2, "range"),
        ("\n{{ recipient.name | upper }}", 2, "known only when the message leaves"),
        ("\n{{ recipient.name[0] }}", 2, ""),
        ("\n{{ 1 / 0 }}", 2, "division"),
        ('\n{% include "nowhere.html.j2" %}', None, "nowhere.html.j2"),
        ('\n{% include "../../../etc/passwd" %}', None, "passwd"),
    ],
)
def test_a_fault_names_file_and_line(folder, source, line, said):
    (folder / "mine.html.j2").write_text(source)
    with pytest.raises(TemplateError, match=r"mine\.html\.j2") as caught:
        samples.rendered(templates=folder, layout="mine")
    assert said in str(caught.value)
    if line:
        assert f"mine.html.j2:{line}: " in str(caught.value)


def test_a_sheet_the_inliner_would_get_wrong_is_refused_with_its_line(folder):
    (folder / "_styles.css.j2").write_text("p { color: #111; }\n\n* { margin: 0; }\n")
    with pytest.raises(TemplateError, match=r"_styles\.css\.j2:3: .*skipped"):
        page(folder)


def test_a_page_of_the_web_is_not_inlined_and_so_not_linted(folder):
    (folder / "web").mkdir()
    (folder / "web" / "hello.html.j2").write_text(
        "<style>* { margin: 0 } :root { --x: 1px }</style>{{ _('Unsubscribe') }} {{ name }}"
    )
    made = Templates(folder).render("web/hello.html.j2", {"name": "<b>"}, language="de")
    assert made.endswith("Abbestellen &lt;b&gt;")


def test_html_escapes_and_text_does_not(folder):
    (folder / "a.html.j2").write_text("{{ x }}")
    (folder / "a.txt.j2").write_text("{{ x }}")
    assert Templates(folder).render("a.html.j2", {"x": "<b>'\""}) == "&lt;b&gt;&#39;&#34;"
    assert Templates(folder).render("a.txt.j2", {"x": "<b>'\""}, kind="text") == "<b>'\""


def test_the_first_of_several_names_that_exists_is_taken(folder):
    (folder / "b.txt.j2").write_text("b")
    assert Templates(folder).render(["a.txt.j2", "b.txt.j2"], {}, kind="text") == "b"


def test_values_cannot_be_changed_by_a_template(folder):
    (folder / "a.html.j2").write_text("{{ x.append(1) }}")
    with pytest.raises(TemplateError, match=r"a\.html\.j2:1"):
        Templates(folder).render("a.html.j2", {"x": [1]})


def test_a_html_part_without_an_unsubscribe_link_is_refused(folder):
    (folder / "mine.html.j2").write_text("<p>Hello</p>")
    with pytest.raises(RenderError, match="HTML template has no unsubscribe link"):
        samples.rendered(templates=folder, layout="mine")


def test_a_text_part_without_an_unsubscribe_link_is_refused(folder):
    (folder / "digest.txt.j2").write_text("Hello")
    with pytest.raises(RenderError, match="text template has no unsubscribe link"):
        samples.rendered(templates=folder)


def test_a_style_sheet_that_breaks_the_inliner_does_not_stop_the_issue(folder):
    """What a template prints into a style sheet is not there yet when the lint looks."""
    (folder / "mine.html.j2").write_text(
        '<html lang="en"><head><style>p[title={{ "\'a,b\'" | safe }}] { color: #111111; }</style></head><body><p>x</p><a href="{{ unsubscribe_url }}">x</a></body></html>'
    )
    made = samples.rendered(templates=folder, layout="mine").html.fill(samples.VALUES)
    assert 'data-not-inlined="SelectorSyntaxError' in made
    assert "p[title='a,b'] { color: #111111; }" in made


@pytest.mark.parametrize("said", ["{{ nosuchname }}", "{% if stories %}{{ title }}{% endif %}", "Good morning"])
@pytest.mark.parametrize("name", ["digest.html.j2", "mine.html.j2"])
def test_what_would_never_be_shown_is_refused_with_its_line(folder, said: str, name: str) -> None:
    (folder / name).write_text((shipped() / "digest.html.j2").read_text() + f"\n{said}\n")
    with pytest.raises(TemplateError, match=rf"{name}:\d+: this stands outside every block"):
        page(folder, layout=name.removesuffix(".html.j2"))


def test_what_prints_nothing_may_stand_outside_the_blocks(folder) -> None:
    quiet = "<!-- ours -->\n{# a note #}{% set x = 1 %}{% macro m() %}text{% endmacro %}"
    (folder / "digest.html.j2").write_text((shipped() / "digest.html.j2").read_text() + quiet)
    assert "Seagrass" in page(folder)


def test_a_text_with_the_word_extends_in_it_is_no_child(folder) -> None:
    (folder / "mine.html.j2").write_text(
        '<html lang="en"><body>It extends <a href="{{ unsubscribe_url }}">x</a></body></html>'
    )
    assert "It extends" in page(folder, layout="mine")
