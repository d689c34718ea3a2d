"""Each provider keeps the contract. What merges is a miniature of the API, written from its documentation."""

import json
import re
from collections.abc import Sequence
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from pathlib import Path

import httpx
import jinja2

from digest.send.providers.base import Account, Provider
from digest.send.providers.brevo import Brevo
from digest.send.providers.file import File
from digest.send.providers.kumomta import Kumo
from digest.send.providers.mailgun import Mailgun
from digest.send.providers.mailpit import Mailpit
from digest.send.providers.mailtrap import Mailtrap
from digest.send.providers.postmark import Postmark
from digest.send.providers.resend import Resend
from digest.send.providers.sendgrid import SendGrid
from digest.send.providers.ses import Ses
from digest.testing import ProviderContract, Received
from digest.testing.contract import bare

JINJA = jinja2.Environment(autoescape=False, keep_trailing_newline=True)


def pairs(headers: list[dict[str, str]]) -> dict[str, str]:
    return {header["Name"]: header["Value"] for header in headers}


def fields(request: httpx.Request) -> list[tuple[str, str]]:
    """A multipart form's fields, read by the standard library."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form = message_from_bytes(head + request.read(), policy=policy.HTTP)
    return [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True).decode())
        for part in form.iter_parts()
    ]


class TestResend(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Resend(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        assert len(request.headers["idempotency-key"]) <= 256
        return [
            Received(
                to=bare(item["to"][0]),
                subject=item["subject"],
                html=item["html"],
                text=item["text"],
                headers=item["headers"],
            )
            for item in json.loads(request.read())
        ]

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(200, json={"data": [{"id": f"id-{n}"} for n in range(count)]})


class TestPostmark(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Postmark(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        return [
            Received(
                to=bare(item["To"]),
                subject=item["Subject"],
                html=item["HtmlBody"],
                text=item["TextBody"],
                headers=pairs(item["Headers"]),
            )
            for item in json.loads(request.read())
        ]

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(200, json=[{"ErrorCode": 0, "Message": "OK", "MessageID": f"{n}"} for n in range(count)])


class TestSes(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Ses(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        body = json.loads(request.read())
        template = body["DefaultContent"]["Template"]
        content = template["TemplateContent"]
        assert body["FromEmailAddress"].isascii()
        found = []
        for entry in body["BulkEmailEntries"]:
            data = json.loads(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
            (to,) = entry["Destination"]["ToAddresses"]
            assert to.isascii()
            headers = {**pairs(template["Headers"]), **pairs(entry["ReplacementHeaders"])}
            assert all(len(value) < 870 and value.isascii() for value in headers.values())
            merged = [self.handlebars(content[key], data) for key in ("Subject", "Html", "Text")]
            found.append(Received(to=bare(to), subject=merged[0], html=merged[1], text=merged[2], headers=headers))
        return found

    @staticmethod
    def handlebars(template: str, data: dict[str, str]) -> str:
        """A backslash keeps the next one as it is; a variable that is not there is empty."""

        def merged(match: re.Match[str]) -> str:
            return match[0][1:] if match[1] else data.get(match[2].strip("{} "), "")

        return re.sub(r"(\\?)(\{\{\{[^{}]*\}\}\}|\{\{[^{}]*\}\})", merged, template)

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        results = [{"Status": "SUCCESS", "MessageId": f"{n}"} for n in range(count)]
        return httpx.Response(200, json={"BulkEmailEntryResults": results})


class TestMailgun(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Mailgun(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        assert request.url.path == "/v3/example.org/messages"
        form = fields(request)
        one = dict(form)
        variables = json.loads(one["recipient-variables"])
        headers = {name[2:]: value for name, value in form if name.startswith("h:")}
        assert sum(len(name) + len(value) for name, value in form if name[:2] in {"h:", "o:", "v:"}) < 16_000
        found = []
        for name, value in form:
            if name != "to":
                continue
            own = variables[bare(value)]

            def merged(text: str, own: dict[str, str] = own) -> str:
                return re.sub(r"%recipient\.(\w+)%", lambda match: own.get(match[1], ""), text)

            found.append(
                Received(
                    to=bare(value),
                    subject=merged(one["subject"]),
                    html=merged(one["html"]),
                    text=merged(one["text"]),
                    headers={key: merged(text) for key, text in headers.items()},
                )
            )
        return found

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(200, json={"id": "<1@example.org>", "message": "Queued. Thank you."})


class TestSendGrid(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return SendGrid(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        body = json.loads(request.read())
        content = {part["type"]: part["value"] for part in body["content"]}
        found = []
        for person in body["personalizations"]:
            assert sum(map(len, person["substitutions"].values())) < 10_000
            merged = [body["subject"], content["text/html"], content["text/plain"]]
            for tag, value in person["substitutions"].items():
                merged = [text.replace(tag, value) for text in merged]
            found.append(
                Received(
                    to=person["to"][0]["email"],
                    subject=merged[0],
                    html=merged[1],
                    text=merged[2],
                    headers={**body["headers"], **person["headers"]},
                )
            )
        return found

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(202, headers={"X-Message-Id": "abc"})


class TestBrevo(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Brevo(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        body = json.loads(request.read())
        shared = {name: value for name, value in body["headers"].items() if name != "idempotencyKey"}
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", body["headers"]["idempotencyKey"])
        found = []
        for version in body["messageVersions"]:
            params = {"params": version["params"]}
            keys = ("subject", "htmlContent", "textContent")
            merged = [JINJA.from_string(body[key]).render(params) for key in keys]
            found.append(
                Received(
                    to=version["to"][0]["email"],
                    subject=merged[0],
                    html=merged[1],
                    text=merged[2],
                    headers={**shared, **version["headers"]},
                )
            )
        return found

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(201, json={"messageIds": [f"<{n}@smtp-relay>" for n in range(count)]})


class TestMailtrap(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Mailtrap(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        body = json.loads(request.read())
        return [
            Received(
                to=item["to"][0]["email"],
                subject=body["base"]["subject"],
                html=item["html"],
                text=item["text"],
                headers=item["headers"],
            )
            for item in body["requests"]
        ]

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        answers = [{"success": True, "message_ids": [f"{n}"]} for n in range(count)]
        return httpx.Response(200, json={"success": True, "responses": answers})


class TestKumo(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Kumo(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        body = json.loads(request.read())
        content = body["content"]
        found = []
        for person in body["recipients"]:
            values = person["substitutions"]
            merged = [JINJA.from_string(content[key]).render(values) for key in ("html_body", "text_body")]
            headers = {name: JINJA.from_string(text).render(values) for name, text in content["headers"].items()}
            subject = JINJA.from_string(content["subject"]).render(values)
            found.append(Received(to=person["email"], subject=subject, html=merged[0], text=merged[1], headers=headers))
        return found

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(
            200, json={"success_count": count, "fail_count": 0, "failed_recipients": [], "errors": []}
        )


class TestMailpit(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return Mailpit(account)

    def received(self, request: httpx.Request) -> Sequence[Received]:
        body = json.loads(request.read())
        (to,) = body["To"]
        return [
            Received(
                to=to["Email"],
                subject=body["Subject"],
                html=body["HTML"],
                text=body["Text"],
                headers=body["Headers"],
            )
        ]

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(200, json={"ID": "abc"} if count else {})


class TestFile(ProviderContract):
    def provider(self, account: Account) -> Provider:
        return File(account, Path("/tmp/never-written"))

    def received(self, request: httpx.Request) -> Sequence[Received]:
        found = []
        for _, content in json.loads(request.read()):
            message = message_from_bytes(content.encode(), policy=policy.default)
            raw = message_from_bytes(content.encode())
            parts = {kind: message.get_body((kind,)).get_content() for kind in ("html", "plain")}
            found.append(
                Received(
                    to=message["to"].addresses[0].addr_spec,
                    subject=str(make_header(decode_header(raw["subject"]))),
                    html=parts["html"],
                    text=parts["plain"] + "\n",
                    headers=dict(raw.items()),
                )
            )
        return found

    def success(self, request: httpx.Request, count: int) -> httpx.Response:
        return httpx.Response(201, json=[f"{n}.eml" for n in range(count)])
