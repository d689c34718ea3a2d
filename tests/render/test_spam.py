"""Traits that SpamAssassin scores: found where they are, and scored by SpamAssassin itself as the table says."""

import dataclasses

import pytest
from render import samples
from render.checked import found, page, rendered
from render.test_outside_checks import batch, judged

from digest.render.preflight import spam
from digest.send import compose


def names(made) -> list[str]:
    return [
        finding.message.split("scores that (")[1].split(",")[0] for finding in found(made) if finding.rule == "spam"
    ]


@pytest.mark.parametrize("trait", spam.SUBJECT, ids=lambda trait: trait.name)
def test_a_trait_of_the_subject_is_found(trait):
    assert names(rendered(subject=trait.example)) == [trait.name]


@pytest.mark.parametrize("trait", spam.WORDS, ids=lambda trait: trait.name)
def test_a_trait_of_the_words_is_found_with_its_place(trait):
    made = rendered(f"<div><p>One {trait.example} two</p><p>x</p></div>")
    assert names(made) == [trait.name]
    assert [finding.place for finding in found(made)] == [
        "html > body:nth-child(2) > div:nth-child(1) > p:nth-child(1)"
    ]


@pytest.mark.parametrize("trait", spam.WORDS, ids=lambda trait: trait.name)
def test_the_hint_stands_in_what_is_found(trait):
    """It is looked for first, in small letters."""
    assert trait.hint
    assert trait.hint in trait.pattern.search(trait.example)[0].lower()


def test_capitals_are_found():
    assert names(rendered(subject="FREE MONEY FOR ALL OF YOU")) == ["SUBJ_ALL_CAPS"]


def test_a_title_much_longer_than_the_subject_is_found():
    made = rendered(head=f"<title>{'words ' * 6}</title>")
    assert names(made) == ["HTML_TITLE_SUBJ_DIFF"]


@pytest.mark.parametrize(
    "subject",
    ["A subject", "NATO", "The bride wore red", "What a bridge!", "Why a bridge?", "A family buys for $5", "日本語"],
)
def test_an_honest_subject_has_no_trait(subject):
    assert names(rendered(subject=subject)) == []


def test_honest_words_have_no_trait():
    body = (
        "<p>The winner dear to us all was removed from office. No guarantee. A million dollars, unclaimed. Act now.</p>"
    )
    assert names(rendered(body)) == []


def test_words_over_several_elements_are_found_without_a_place():
    html = page("<p>with a money</p><p>back guarantee</p>")
    [finding] = found(rendered(html=html))
    assert finding.rule == "spam"
    assert finding.place == ""


def test_what_costs_little_is_told_and_not_warned_of():
    levels = {trait.points >= spam.ALLOWED: found(rendered(subject=trait.example))[0].level for trait in spam.SUBJECT}
    assert levels == {True: "warning", False: "info"}


@pytest.mark.spamassassin
def test_spamassassin_scores_each_trait(tmp_path):
    """A mail for each trait of a subject, and one for all of the words."""
    made = samples.rendered()
    traits = [(trait.name, trait.points, trait.example) for trait in spam.SUBJECT]
    traits.append(("SUBJ_ALL_CAPS", spam.CAPITALS, "A BRIDGE FOR ALL OF YOU"))
    mails = [compose.eml(batch(dataclasses.replace(made, subject=example)).messages()[0]) for *_, example in traits]
    bare = batch(made).messages()[0]
    html = "".join(f"<p>{trait.example}</p>" for trait in spam.WORDS)
    text = "\n\n".join(trait.example for trait in spam.WORDS)
    worded = dataclasses.replace(
        bare, html=bare.html.replace("</body>", f"{html}</body>"), text=f"{text}\n\n{bare.text}"
    )
    *of_subjects, of_words = judged([*mails, compose.eml(worded)], tmp_path)
    expected = [(name, points, scored) for (name, points, _), scored in zip(traits, of_subjects, strict=True)]
    expected += [(trait.name, trait.points, of_words) for trait in spam.WORDS]
    for name, points, scored in expected:
        assert name in scored
        assert scored[name] <= points, name
