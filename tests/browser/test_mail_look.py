"""What a reader sees of a mail, in Chromium: the same with styles inlined, legible, and never wider than the screen."""

import re
from pathlib import Path

import pytest
from render import samples
from render.css_pages import inlined

from digest.render import document

pytestmark = pytest.mark.browser

LAYOUTS = ("digest", "brief", "letter")
PICTURE = Path(__file__).parents[1] / "data" / "render" / "picture.png"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def odd():
    """What real feeds are like: square, tall and small pictures, none, no section, long titles, one name for all."""
    sizes = [(1800, 1801), (900, 1600), (200, 133), (None, None), (1200, 240)]
    told = tuple(
        samples.story(
            {
                "title": f"Story {n} " + "and a title that goes on and on " * (n % 3 * 3),
                "source": "The Coast: a claim that nobody reads to its end",
                "sentences": ["A sentence that is long enough to be set on several lines of a phone. " * (n % 2 + 1)],
                "image": {"url": f"https://images.example.org/{n}.jpg", "alt": "A bay", "width": wide, "height": high},
                "also": [{"title": f"Other {k}", "source": f"Paper {k}"} for k in range(n * 2)],
            }
        )
        for n, (wide, high) in enumerate(sizes)
    )
    return samples.issue((*told, samples.story({"title": "No words at all"})), intro="One.\nTwo.")


def issue(language: str):
    if language == "odd":
        return odd()
    if language == "en":
        told = samples.stories()
        return samples.issue(told, intro="Good morning.")
    title = {"ar": "موجز الصباح", "he": "תקציר הבוקר", "ja": "モーニングダイジェスト", "zh": "晨间新闻摘要"}[language]
    return samples.issue(samples.stories(language), language=language, title=title)


def html(layout: str = "digest", language: str = "en") -> str:
    return samples.rendered(issue(language), layout=layout).html.fill(samples.VALUES)


@pytest.fixture
def show(browser):
    """Shows a page; every image is served from here, everything else is refused."""
    opened = []

    def open_page(markup: str, *, width: int = 1200, scheme: str = "light"):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        opened.append(page)
        page.route(
            "**/*",
            lambda route: route.fulfill(path=PICTURE) if route.request.resource_type == "image" else route.abort(),
        )
        page.set_content(markup)  # returns when its images are there
        return page

    yield open_page
    for page in opened:
        page.close()


DIFFERENCES = """async ([one, other]) => {
    const framed = async markup => {
        const frame = document.createElement('iframe');
        frame.style.cssText = 'width:100vw;height:800px;border:0';
        frame.srcdoc = markup;
        await new Promise(done => { frame.onload = done; document.body.append(frame); });
        return [...frame.contentDocument.body.querySelectorAll('*')].map(e => [e, frame.contentWindow.getComputedStyle(e)]);
    };
    const [before, after] = [await framed(one), await framed(other)];
    if (before.length !== after.length) return [`${before.length} elements and ${after.length}`];
    return before.flatMap(([element, style], n) => [...style]
        .filter(name => style.getPropertyValue(name) !== after[n][1].getPropertyValue(name))
        .map(name => `${element.tagName}.${element.className} ${name}: ${style.getPropertyValue(name)} is ${after[n][1].getPropertyValue(name)}`));
}"""


def differences(page, one: str, other: str) -> list[str]:
    """Each computed style of each element that differs between two pages."""
    return page.evaluate(DIFFERENCES, [one, other])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("width", "scheme", "language"), [(1200, "light", "odd"), (375, "dark", "en")])
def test_inlining_changes_no_computed_style(show, layout, width, scheme, language):
    raw = samples.filled(samples.raw(issue(language), layout=layout))
    assert raw.count("<p") > 10
    assert differences(show("<body style='margin:0'>", width=width, scheme=scheme), raw, html(layout, language)) == []


@pytest.mark.parametrize(
    "rule",
    ["p:first-of-type{color:#010203}", "*{color:#010203}", "p{color:rgb(1 2 3 / 50%)}", ":is(p,a){color:#010203}"],
)
def test_the_comparison_sees_what_inlining_gets_wrong(show, rule):
    """The test above can fail: each of these rules is one the lint refuses."""
    body = "<div style='color:#000'><p style='margin:0'>one</p><p>two</p></div>"
    raw = f"<html><head><style>{rule}</style></head><body>{body}</body></html>"
    bare = re.sub(r"<style>.*?</style>", "", document.text(inlined(rule, body)))
    assert differences(show("<body>"), raw, bare)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", ["en", "ar", "odd"])
@pytest.mark.parametrize("width", [320, 375, 600, 1200])
def test_nothing_is_wider_than_the_screen(show, layout, language, width):
    assert show(html(layout, language), width=width).evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("layout", LAYOUTS)
def test_nothing_is_wider_than_the_screen_without_style_sheets(show, layout):
    bare = re.sub(r"<style.*?</style>", "", html(layout), flags=re.DOTALL)
    assert show(bare, width=375).evaluate("document.documentElement.scrollWidth") == 375


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_long_word_breaks_rather_than_widen(show, layout):
    told = tuple(
        samples.story(
            {
                "title": LONG,
                "source": LONG,
                "section": LONG,
                "sentences": [LONG],
                "image": {"url": "https://e.org/a.png"},
                "also": [{"title": "x", "source": LONG}],
            }
        )
        for _ in range(2)
    )
    made = samples.rendered(samples.issue(told, title=LONG), layout=layout, postal_address=LONG).html.fill(
        samples.VALUES
    )
    assert show(made, width=320).evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", ["en", "ar", "ja", "odd"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_is_found_by_axe(show, layout, language, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = show(html(layout, language), width=600, scheme=scheme)
    found = Axe().run(page, options={"runOnly": TAGS})
    assert [(v["id"], v["nodes"][0]["html"][:120]) for v in found.response["violations"]] == []
    assert found.response["passes"]


@pytest.mark.parametrize(("layout", "language", "scheme"), [("digest", "he", "dark"), ("brief", "zh", "light")])
def test_no_barrier_is_found_by_axe_in_two_more_scripts(show, layout, language, scheme):
    test_no_barrier_is_found_by_axe(show, layout, language, scheme)


def test_axe_sees_a_barrier(show):
    """The test above can fail."""
    from axe_playwright_python.sync_playwright import Axe

    page = show(html().replace("</h1>", "</h1><p style='color:#bbb'>faint</p>"))
    assert [v["id"] for v in Axe().run(page, options={"runOnly": TAGS}).response["violations"]] == ["color-contrast"]


def test_dark_mode_turns_the_page_dark(show):
    light, dark = (
        show(html(), scheme=scheme).evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor")
        for scheme in ("light", "dark")
    )
    assert light == "rgb(255, 255, 255)"
    assert dark == "rgb(28, 27, 25)"


def test_right_to_left_is_mirrored(show):
    where = "e => document.querySelector('.thumb').getBoundingClientRect().left < document.querySelector('.item-title').getBoundingClientRect().left"
    assert show(html(language="ar")).evaluate(where) is True
    assert show(html(language="en")).evaluate(where) is False


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("language", ["ja", "zh"])
def test_a_reading_time_without_blanks_stays_on_one_line(show, layout, language):
    lines = "[...document.querySelectorAll('.unbroken')].map(each => each.getClientRects().length)"
    page = show(html(layout, language), width=320)
    for squeezed in range(320, 260, -7):
        page.set_viewport_size({"width": squeezed, "height": 800})
        assert set(page.evaluate(lines)) == {1}


def test_no_script_of_an_article_runs(show):
    attack = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    told = (
        samples.story(
            {
                "title": attack,
                "source": attack,
                "sentences": [attack],
                "image": {"url": "https://e.org/x.png", "alt": attack},
            }
        ),
    ) * 2
    page = show(samples.rendered(samples.issue(told)).html.fill(samples.VALUES))
    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 0


def test_nothing_but_images_is_asked_of_the_network(browser):
    asked = []
    page = browser.new_page()
    page.route("**/*", lambda route: (asked.append(route.request.url), route.abort())[1])
    page.set_content(html())
    page.wait_for_load_state("networkidle")
    page.close()
    assert {url.split("/")[2] for url in asked} == {"images.example.org"}
