"""The preview's answers, over a canned source: no browser, no network."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from canned_preview import HOSTILE, TITLES, Canned
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from digest.errors import ConfigError, Fault, NothingToDo, TemplateError
from digest.web.preview import app
from digest.web.preview.live import Live

PORT = 8765
HERE = f"http://127.0.0.1:{PORT}"


@contextlib.asynccontextmanager
async def browser(source: Canned, **more: object) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the preview over that source."""
    transport = httpx.ASGITransport(app(source, **more))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as client:
        yield client


@pytest.fixture
def source() -> Canned:
    return Canned()


# ------------------------------------------------------------------ the page


async def test_the_page_shows_the_first_issue(source):
    async with browser(source) as client:
        page = (await client.get("/")).text
    assert "<iframe" in page
    assert all(title in page for title in TITLES)
    assert source.made == ["next:morning"]


@pytest.mark.parametrize(
    "word",
    ["Desktop", "Tablet", "Phone", "Light", "Dark", "HTML", "Text", "Source", "Headers", "No styles", "No images"],
)
async def test_each_control_is_a_button_that_says_whether_it_is_pressed(source, word):
    async with browser(source) as client:
        page = (await client.get("/")).text
    found = re.findall(rf'<button type="submit"[^>]*aria-pressed="(true|false)"[^>]*>{word}</button>', page)
    assert found == ["true" if word in {"Desktop", "Light", "HTML"} else "false"]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("device=phone", "Phone"),
        ("mode=dark", "Dark"),
        ("part=source", "Source"),
        ("styles=off", "No styles"),
        ("images=off", "No images"),
    ],
)
async def test_the_address_sets_the_page(source, query, word):
    async with browser(source) as client:
        page = (await client.get(f"/?{query}")).text
    assert re.search(rf'aria-pressed="true"[^>]*>{word}</button>', page)
    assert f'value="{query.split("=")[1]}"' in page.split("</form>", maxsplit=1)[0]


async def test_a_query_of_nonsense_is_the_usual_view(source):
    async with browser(source) as client:
        usual = (await client.get("/?issue=next:morning")).text
        odd = (await client.get("/?issue=next:morning&device=%3Cscript%3E&mode=x&part=&styles=maybe")).text
    assert odd == usual


async def test_other_issues_are_one_click_away(source):
    async with browser(source) as client:
        page = (await client.get("/?device=phone")).text
        assert 'href="/?issue=morning%2F12&amp;device=phone"' in page
        past = (await client.get("/?issue=morning/12")).text
    assert re.search(r'issue=morning%2F12"[^>]*aria-current="page"', past)


async def test_the_text_part_the_source_and_the_headers(source):
    async with browser(source) as client:
        text = (await client.get("/?part=text")).text
        html = (await client.get("/?part=source")).text
        headers = (await client.get("/?part=headers")).text
    assert "MORNING DIGEST" in text
    assert "&lt;!doctype html&gt;&lt;html lang=&#34;en&#34;&gt;" in html
    assert (
        "<dt>List-Unsubscribe</dt><dd>&lt;https://news.example.org/unsubscribe/x&gt;, &lt;mailto:digest@example.org&gt;</dd>"
        in headers
    )


async def test_preflight_shows_the_gravest_first_with_place_and_remedy(source):
    async with browser(source) as client:
        page = (await client.get("/")).text
        found = (await client.get("/findings.json")).json()
    assert page.index("A link leads nowhere.") < page.index("A picture has no text") < page.index("The HTML is small.")
    assert 'data-place="https://example.org/3"' in page
    assert "Give it an address." in page
    assert "1 error</span>" in page
    assert found["preflight"][0] == {
        "level": "warning", "rule": "alt", "message": "A picture has no text for those who do not see it.",
        "place": "img:nth-of-type(1)", "remedy": "State it in the feed, or in the template.",
    }  # fmt: skip


async def test_links_reasons_and_size_are_told(source):
    async with browser(source) as client:
        page = (await client.get("/")).text
        mail = (await client.get("/mail")).text
    assert "<td>https://news.example.org/unsubscribe/x</td>" in page.replace(' dir="auto"', "")
    assert "told by 2 <b>+0.80</b>" in page
    assert "also in Example Gazette" in page
    size = re.search(r"([\d.]+) KB <span class=\"faint\">of 102 KB", page)
    assert size
    assert abs(float(size[1]) * 1024 - len(mail.encode())) < 200  # the frame's copy has a base and a scheme more


async def test_the_inbox_line_is_cut_as_inboxes_cut_it():
    async with browser(Canned(titles=["word " * 40, *TITLES])) as client:
        page = (await client.get("/")).text
    subject = re.search(r'class="subject">([^<]*)<', page)
    preheader = re.search(r'class="preheader">([^<]*)<', page)
    assert subject
    assert preheader
    assert len(subject[1]) <= 70
    assert len(preheader[1]) <= 90
    assert subject[1].endswith("…")


async def test_a_readers_copy_has_their_values_escaped(source):
    async with browser(source) as client:
        mail = (await client.get("/mail?reader=7")).text
        neutral = (await client.get("/mail")).text
    assert '<b id="name">Zoë &lt;i&gt;</b>' in mail
    assert '<b id="name"></b>' in neutral


async def test_look_and_reader_reach_the_source(source):
    async with browser(source) as client:
        await client.get("/?issue=morning/12&reader=7&language=de&layout=brief&theme=plum")
    assert source.made == ["morning/12 7 de brief plum"]


async def test_page_and_frame_make_the_issue_once(source):
    async with browser(source) as client:
        await asyncio.gather(client.get("/"), client.get("/mail?device=phone"), client.get("/message.eml"))
    assert len(source.made) == 1


async def test_the_message_can_be_kept(source):
    async with browser(source) as client:
        answer = await client.get("/message.eml?issue=morning/12")
    assert answer.headers["content-type"] == "message/rfc822"
    assert answer.headers["content-disposition"] == 'attachment; filename="morning-12.eml"'
    assert answer.content.startswith(b"From: Morning digest <digest@example.org>\r\n")


# ------------------------------------------------------------------ faults


async def test_a_broken_template_is_a_card_and_the_last_good_issue_stays(source):
    live = Live()
    async with browser(source, live=live) as client:
        await client.get("/")
        source.broken = TemplateError("templates/digest.html.j2:12: unexpected '}'.")
        live.changed()
        page = (await client.get("/")).text
        assert "A template has a fault" in page
        assert "templates/digest.html.j2:12: unexpected &#39;}&#39;." in page
        assert TITLES[0] in (await client.get("/mail")).text
        source.broken = None
        live.changed()
        assert "A template has a fault" not in (await client.get("/")).text


async def test_without_a_change_nothing_is_made_again(source):
    live = Live()
    async with browser(source, live=live) as client:
        await client.get("/")
        await client.get("/?device=phone&mode=dark")
        assert len(source.made) == 1
        live.changed()
        await client.get("/")
        assert len(source.made) == 2


async def test_every_fault_of_the_configuration_is_named(source):
    source.broken = ConfigError([
        Fault(file="digest.toml", key="newsletters.morning.stories", problem="is not valid (0)", remedy="It should be 1 or more"),
        Fault(file="digest.toml", key="mail.sendr", problem="is no key of this table", remedy="Did you mean sender?"),
    ])  # fmt: skip
    async with browser(source) as client:
        answer = await client.get("/")
        eml = await client.get("/message.eml")
        frame = await client.get("/mail")
    assert answer.status_code == 200
    assert "digest.toml: newsletters.morning.stories: is not valid (0). It should be 1 or more</p>" in answer.text
    assert "digest.toml: mail.sendr: is no key of this table. Did you mean sender?</p>" in answer.text
    assert "<iframe" not in answer.text
    assert eml.status_code == 404
    assert frame.text == ""


async def test_nothing_to_show_is_no_fault(source):
    source.broken = NothingToDo("morning: no new story: run `digest collect morning`, or wait for news")
    async with browser(source) as client:
        page = (await client.get("/")).text
    assert 'class="card calm"' in page
    assert "no new story" in page


async def test_an_unknown_issue_is_said_so(source):
    async with browser(source) as client:
        answer = await client.get("/?issue=evening/1")
    assert answer.status_code == 200
    assert "there is no issue &#39;evening/1&#39;" in answer.text


# ------------------------------------------------------------------ safety


@pytest.mark.parametrize("path", ["/", "/mail", "/?part=source", "/?part=text", "/?part=headers"])
async def test_a_hostile_title_is_text_everywhere(path):
    async with browser(Canned(titles=[HOSTILE, *TITLES])) as client:
        page = (await client.get(path)).text
    assert "<script>document" not in page
    assert "<img src=x" not in page


async def test_a_hostile_reader_and_fault_are_text(source):
    source.broken = TemplateError(f"{HOSTILE}:1: no.")
    async with browser(source) as client:
        page = (await client.get("/", params={"issue": HOSTILE, "reader": HOSTILE, "layout": '"><b>'})).text
    assert "<script>document" not in page
    assert "<img src=x" not in page
    assert '"><b>' not in page


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "127.0.0.1",
        "127.0.0.1:80",
        "127.0.0.1.evil.example:8765",
        "localhost:9",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/mail", "/static/preview.js", "/events", "/message.eml", "/nowhere"])
async def test_another_host_is_refused_before_anything_is_made(source, host, path):
    async with browser(source) as client:
        answer = await client.get(path, headers={"host": host})
    assert answer.status_code == 403
    assert source.made == []


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LocalHost:8765"])
async def test_this_machines_names_are_answered(source, host):
    async with browser(source) as client:
        assert (await client.get("/", headers={"host": host})).status_code == 200


async def test_another_sites_page_cannot_read_or_frame_it(source):
    async with browser(source) as client:
        answer = await client.get("/")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        probe = await client.get(
            "/findings.json", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
        )
        assert probe.status_code == 403
        typed = await client.get("/", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
        assert typed.status_code == 200


async def done(request: Request) -> Response:
    """What somebody else's route answers."""
    return PlainTextResponse("done")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": HERE, "x-preview-token": "TOKEN"}, 200),
        ({"origin": f"http://localhost:{PORT}", "x-preview-token": "TOKEN"}, 200),
        ({"origin": HERE}, 403),
        ({"origin": HERE, "x-preview-token": "guess"}, 403),
        ({"origin": "http://evil.example", "x-preview-token": "TOKEN"}, 403),
        ({"origin": "null", "x-preview-token": "TOKEN"}, 403),
        ({"x-preview-token": "TOKEN"}, 403),
    ],
)  # fmt: skip
async def test_a_post_needs_this_page_and_its_token(source, headers, status):
    async with browser(source, more=[Route("/mailbox/act", done, methods=["POST"])]) as client:
        token = re.search(r'name="preview-token" content="([^"]+)"', (await client.get("/")).text)
        assert token
        sent = {name: value.replace("TOKEN", token[1]) for name, value in headers.items()}
        assert (await client.post("/mailbox/act", headers=sent)).status_code == status


async def test_each_process_has_its_own_token(source):
    tokens = set()
    for _ in range(2):
        async with browser(source) as client:
            found = re.search(r'name="preview-token" content="([^"]+)"', (await client.get("/")).text)
            assert found
            tokens.add(found[1])
    assert len(tokens) == 2


@pytest.mark.parametrize(
    "path", ["/", "/mail", "/message.eml", "/findings.json", "/static/preview.css", "/static/preview.js"]
)
async def test_nothing_is_kept_by_a_cache_and_nothing_is_guessed(source, path):
    async with browser(source) as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_runs_its_own_script_alone(source):
    async with browser(source) as client:
        answer = await client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", answer.text)


async def test_the_mail_stands_under_a_policy_of_its_own(source):
    async with browser(source) as client:
        page = (await client.get("/")).text
        policy = (await client.get("/mail")).headers["content-security-policy"]
        bare = (await client.get("/mail?images=off")).headers["content-security-policy"]
    sandbox = re.search(r'sandbox="([^"]*)"', page)
    assert sandbox
    for rule in (sandbox[1], policy):
        assert "allow-scripts" not in rule
        assert "allow-forms" not in rule
        assert "allow-top-navigation" not in rule
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert "img-src http: https: data:" in policy
    assert "img-src 'none'" in bare


async def test_other_methods_are_refused(source):
    async with browser(source) as client:
        assert (await client.post("/")).status_code == 403
        assert (await client.delete("/mail")).status_code == 403


# ------------------------------------------------------------------ a test copy


async def ask(client: httpx.AsyncClient, address: str, **headers: str) -> httpx.Response:
    token = re.search(r'name="preview-token" content="([^"]+)"', (await client.get("/")).text)
    assert token
    sent = {"origin": HERE, "x-preview-token": token[1], **headers}
    return await client.post("/copy?issue=morning/12", content=address, headers=sent)


async def test_a_copy_is_sent_when_a_person_asks_for_it(source):
    async with browser(source) as client:
        answer = await ask(client, " me@example.org ")
    assert answer.json() == {"said": "Sent to me@example.org."}
    assert source.copies == [("morning/12", "me@example.org")]


async def test_what_is_no_address_is_said_and_nothing_sent(source):
    async with browser(source) as client:
        answer = await ask(client, "nobody")
    assert answer.status_code == 422
    assert "is no e-mail address" in answer.json()["said"]
    assert source.copies == []


@pytest.mark.parametrize(
    "headers", [{"x-preview-token": "guess"}, {"origin": "http://evil.example"}, {"host": "evil.example"}]
)
async def test_nobody_else_sends_one(source, headers):
    async with browser(source) as client:
        assert (await ask(client, "me@example.org", **headers)).status_code == 403
        assert (await client.get("/copy?issue=morning/12")).status_code == 405
    assert source.copies == []


async def test_an_endless_address_is_cut_off(source):
    async with browser(source) as client:
        await ask(client, "a@" + "b" * 5_000_000)
    assert len(source.copies[0][1]) == 1_000


# ------------------------------------------------------------------ editing


async def post(client: httpx.AsyncClient, *, query: str = "?issue=next:morning", **fields: object) -> httpx.Response:
    """An act, as the page's form says it."""
    token = re.search(r'action="/edit\?[^"]*token=([^"&]+)"', (await client.get("/")).text)
    assert token
    return await client.post(f"/edit{query}&token={token[1]}", data=fields, headers={"origin": HERE})


def first(page: str) -> str:
    found = re.search(r'<ol class="stories[^>]*>.*?class="title"[^>]*>([^<]*)<', page, re.DOTALL)
    assert found
    return found[1]


async def test_an_act_goes_back_to_the_page_it_came_from(source):
    async with browser(source) as client:
        answer = await post(client, query="?issue=next:morning&device=phone", do="drop https://example.org/0")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/?issue=next%3Amorning&device=phone"
        page = (await client.get(answer.headers["location"])).text
        mail = (await client.get("/mail")).text
    assert 'id="said" role="status">Left out.</p>' in page
    assert first(page) == TITLES[1]
    assert "Not saved yet." in page
    assert TITLES[0] not in mail
    assert source.saved == {}


async def test_an_edit_is_kept_when_it_is_saved(source):
    async with browser(source) as client:
        await post(client, do="pin https://example.org/3", intro="Hello\r\nthere")
        await post(client, do="save", intro="Hello\r\nthere")
        page = (await client.get("/")).text
    assert source.saved["next:morning"].edit.pins == ("https://example.org/3",)
    assert source.saved["next:morning"].edit.intro == "Hello\nthere"
    assert "Not saved yet." not in page
    assert ">edited</span>" in page


async def test_a_refusal_is_said_on_the_page(source):
    async with browser(source) as client:
        answer = await post(client, query="?issue=morning/11", do="drop https://example.org/0")
        page = (await client.get(answer.headers["location"])).text
        later = (await client.get("/?issue=morning/12")).text
    assert 'class="said refused" id="said" role="status">It is sent.</p>' in page
    assert "It is sent." not in later


async def test_what_was_said_goes_with_the_next_change(source):
    live = Live()
    async with browser(source, live=live) as client:
        await post(client, do="drop https://example.org/0")
        assert "Left out.</p>" in (await client.get("/")).text
        live.changed()
        assert "Left out.</p>" not in (await client.get("/")).text


async def test_an_intro_and_a_refused_act_stay_text(source):
    async with browser(source) as client:
        await post(client, do="intro", intro=f"</textarea>{HOSTILE}")
        await post(client, do=f"{HOSTILE} {HOSTILE}")
        page = (await client.get("/")).text
    assert "&lt;/textarea&gt;&lt;script&gt;" in page
    assert "<script>document" not in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("TOKEN", {"origin": HERE}, 303),
        ("guess", {"origin": HERE}, 403),
        ("", {"origin": HERE}, 403),
        ("TOKEN", {}, 403),
        ("TOKEN", {"origin": "null"}, 403),
        ("TOKEN", {"origin": "http://evil.example"}, 403),
        ("TOKEN", {"origin": HERE, "host": "evil.example:8765"}, 403),
        ("TOKEN", {"origin": HERE, "sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_only_this_page_edits(source, token, headers, status):
    async with browser(source) as client:
        real = re.search(r'name="preview-token" content="([^"]+)"', (await client.get("/")).text)
        assert real
        query = f"?issue=next:morning&token={token.replace('TOKEN', real[1])}"
        answer = await client.post(f"/edit{query}", data={"do": "drop https://example.org/0"}, headers=headers)
        assert answer.status_code == status
        assert (await client.get(f"/edit{query}&do=drop")).status_code == 405
        assert (first((await client.get("/")).text) == TITLES[0]) is (status != 303)


async def test_a_flood_of_fields_or_bytes_is_refused_or_cut(source):
    async with browser(source) as client:
        await post(client, do="intro", intro="x" * 500_000)
        assert len(source.editor.lying("next:morning").intro) == 2_000
        answer = await post(client, **{f"f{number}": "1" for number in range(3_000)})
        assert "too much for one act" in (await client.get(answer.headers["location"])).text
