"""The whole of rendering: an issue becomes subject, preheader, HTML and text."""

import html as markup
import re

from render import samples


def test_every_sentence_stands_in_both_parts_to_the_letter():
    made = samples.rendered()
    html, text = made.html.fill(samples.VALUES), made.text.fill(samples.VALUES)
    for story in samples.stories():
        for sentence in story.summary.sentences:
            assert sentence in markup.unescape(html)
            assert sentence in " ".join(text.split())


def test_the_same_arguments_give_the_same_bytes():
    assert samples.rendered() == samples.rendered()


def test_styles_are_inlined_and_no_template_mark_is_left():
    html = samples.rendered().html.fill(samples.VALUES)
    assert html.count(' style="') > 50
    assert "stylesheet" not in html
    assert not re.search(r"\{\{|\{%|%\}", html)


def test_both_parts_lead_to_unsubscribing():
    made = samples.rendered()
    for part in (made.html, made.text):
        assert samples.VALUES["unsubscribe_url"] in part.fill(samples.VALUES)
