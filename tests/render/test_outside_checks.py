"""What checkers that others wrote say of whole messages: SpamAssassin of the mail, the Nu HTML checker of its page."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from render import samples

from digest.model import Batch, Rendered
from digest.send import compose

LAYOUTS = ("digest", "brief", "letter")
TITLES = {"en": "The Morning Digest", "ar": "موجز الصباح"}
MAILS = tuple((layout, language) for layout in LAYOUTS for language in TITLES)
FILTER = Path(__file__).parents[1] / "data" / "vnu_filter.txt"
MOST_POINTS = 0.5  # SpamAssassin calls a mail spam from 5 on
_RULE = re.compile(r"^ *(-?\d+\.\d) ([A-Z][A-Z0-9_]+) ", re.MULTILINE)


def rendered(layout: str, language: str) -> Rendered:
    issue = samples.issue(samples.stories(language), language=language, title=TITLES[language])
    return samples.rendered(issue, layout=layout)


def batch(of: Rendered, title: str = TITLES["en"]) -> Batch:
    envelope = compose.Envelope(
        issue="morning/12",
        newsletter="morning",
        title=title,
        sender=f"{title} <digest@news.example.org>",
        reply_to="",
        unsubscribe_address="",
        public_url="https://news.example.org",
        date=samples.NOW,
        secret=b"of the tests" * 4,
    )
    return compose.batch(envelope, of, [compose.Person(subscriber_id=1, address="ada@example.net", name="Ada Example")])


def page(layout: str, language: str) -> str:
    return batch(rendered(layout, language), TITLES[language]).messages()[0].html


def absent(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what}: CI needs it")
    pytest.skip(f"LOUD: {what}, so no outsider judged the mails")


# ------------------------------------------------------------------ SpamAssassin


def judged(messages: list[bytes], folder: Path) -> list[dict[str, float]]:
    """The points of each rule that each message meets, as SpamAssassin's own rules have it; no network is asked.

    Nothing counts as spam here: SpamAssassin would wrap it, and tell its report twice.
    """
    program = shutil.which("spamassassin")
    if program is None:
        absent("SpamAssassin is not there (`apt-get install spamassassin`)")
    files = [folder / f"{number}.eml" for number in range(len(messages))]
    for file, message in zip(files, messages, strict=True):
        file.write_bytes(message)
    done = subprocess.run(
        [program, "--local", "--test-mode", "--nocreate-prefs", "--cf=required_score 1000", *map(str, files)],
        capture_output=True,
        check=True,
        timeout=100,
        env={**os.environ, "HOME": str(folder)},
    )
    reports = done.stdout.decode("utf-8", "replace").split("Content analysis details:")[1:]
    return [{name: float(points) for points, name in _RULE.findall(report)} for report in reports]


def against(rules: dict[str, float]) -> float:
    """The points against a message: what speaks for it (as that it is a mailing list's) hides nothing."""
    return sum(points for points in rules.values() if points > 0)


@pytest.mark.spamassassin
def test_spamassassin_holds_nothing_against_any_layout(tmp_path):
    sent = [
        compose.eml(batch(rendered(layout, language), TITLES[language]).messages()[0]) for layout, language in MAILS
    ]
    verdicts = judged(sent, tmp_path)
    assert [("HTML_MESSAGE" in rules, against(rules) <= MOST_POINTS) for rules in verdicts] == [(True, True)] * 6, (
        verdicts
    )
    assert all(sum(rules.values()) <= MOST_POINTS for rules in verdicts)


@pytest.mark.spamassassin
def test_spamassassin_is_heard_when_it_objects(tmp_path):
    """A text part that says nothing of the page's, and words as pale as their ground."""
    fair = batch(rendered("digest", "en")).messages()[0]
    pale = '<p><font color="#fffffe" style="color:#fffffe;background:#ffffff">unseen words on white</font></p></body>'
    stub = replace(fair, text="See the web version.\n", html=fair.html.replace("</body>", pale))
    (rules,) = judged([compose.eml(stub)], tmp_path)
    assert against(rules) > MOST_POINTS, rules


# ------------------------------------------------------------------ Nu HTML checker


def complaints(pages: dict[str, str], folder: Path) -> list[str]:
    """What the checker says, warnings too, but for what the filter file allows with its reasons."""
    jar, java = os.environ.get("DIGEST_TEST_VNU", ""), shutil.which("java")
    if java is None or not Path(jar).is_file():
        absent("the Nu HTML checker is not there (Java, and npm's vnu-jar: DIGEST_TEST_VNU tells where vnu.jar is)")
    for name, markup in pages.items():
        (folder / f"{name}.html").write_text(markup, encoding="utf-8")
    files = [str(folder / f"{name}.html") for name in pages]
    done = subprocess.run(
        [java, "-jar", jar, "--filterfile", str(FILTER), "--format", "json", "--exit-zero-always", "--stdout", *files],
        capture_output=True,
        check=True,
        timeout=100,
    )
    said = json.loads(done.stdout.decode("utf-8", "replace"))["messages"]
    return [f"{Path(one.get('url', '')).stem}: {one['type']}: {one['message']}" for one in said]


@pytest.mark.vnu
def test_the_nu_checker_finds_no_error_in_any_layout(tmp_path):
    pages = {f"{layout}-{language}": page(layout, language) for layout, language in MAILS}
    assert len({*pages.values()}) == len(MAILS)
    assert complaints(pages, tmp_path) == []


@pytest.mark.vnu
def test_the_nu_checker_is_heard_when_it_objects(tmp_path):
    """What premailer would write over an image's size, and an element that is never closed."""
    good = page("digest", "en")
    broken = re.sub(r'height="\d+"( class="hero-image")?', 'height="auto"', good, count=1)
    unclosed = good.replace("</body>", "<div></body>")
    said = complaints({"broken": broken, "unclosed": unclosed}, tmp_path)
    assert any(one.startswith("broken: error") and "height" in one for one in said), said
    assert any(one.startswith("unclosed: error") for one in said), said
