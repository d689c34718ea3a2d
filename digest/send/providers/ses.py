"""Amazon SES v2: POST /v2/email/outbound-bulk-emails, 50 entries over one inline template. No idempotency.

docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html. SES knows no SMTPUTF8: names are RFC 2047.
"""

import hashlib
import hmac
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

import httpx
import orjson

from digest.model import Batch, Recipient
from digest.send import compose
from digest.send.providers.base import (
    Accepted,
    Account,
    Capabilities,
    Cause,
    Codec,
    Outcome,
    Refusal,
    Rejected,
    Retry,
    Standing,
    Unknown,
    listed,
    parsed,
    said,
    unknown,
)
from digest.send.providers.merge import HANDLEBARS

_ACCOUNT_ITEMS = frozenset(
    {
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        "CONFIGURATION_SET_DOES_NOT_EXIST",
        "CONFIGURATION_SET_SENDING_PAUSED",
        "ACCOUNT_SUSPENDED",
        "ACCOUNT_SENDING_PAUSED",
        "TEMPLATE_DOES_NOT_EXIST",
    }
)
_LATER = {
    "ACCOUNT_THROTTLED": timedelta(seconds=5),
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": timedelta(hours=1),
    "TRANSIENT_FAILURE": timedelta(seconds=5),
}
_REFUSALS = {
    "TooManyRequestsException": Cause.BUSY,
    "ThrottlingException": Cause.BUSY,
    "Throttling": Cause.BUSY,
    "LimitExceededException": Cause.BUSY,
    "AccountSuspendedException": Cause.ACCOUNT,
    "SendingPausedException": Cause.ACCOUNT,
    "MailFromDomainNotVerifiedException": Cause.ACCOUNT,
    "NotFoundException": Cause.ACCOUNT,
}


class Ses(Codec):
    """Amazon SES; the account's api_key is ID:SECRET, or ID:SECRET:SESSION_TOKEN."""

    name = "ses"
    capabilities = Capabilities(batch_max=50, request_bytes=38_000_000)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._auth = SigV4(account.api_key, region=account.region)

    @property
    def auth(self) -> httpx.Auth:
        """Signs when the request leaves: a signature has a date, the body has none."""
        return self._auth

    def encode(self, batch: Batch) -> httpx.Request:
        """The body once, as a template; each reader's values and headers beside their address."""
        rendered = batch.rendered
        content = {
            "Subject": HANDLEBARS.quote(rendered.subject),
            "Html": HANDLEBARS.html(rendered),
            "Text": HANDLEBARS.text(rendered),
        }
        template = {"TemplateContent": content, "TemplateData": "{}", "Headers": _headers(batch.headers)}
        body = {
            "FromEmailAddress": _address(batch.sender),
            "ReplyToAddresses": [_address(batch.reply_to)],
            "DefaultContent": {"Template": template},
            "BulkEmailEntries": [_entry(batch, recipient) for recipient in batch.recipients],
        }
        return self.post("/v2/email/outbound-bulk-emails", body)

    def decode(self, batch: Batch, response: httpx.Response) -> tuple[Outcome, ...] | Refusal:
        """One status an entry, in order."""
        answer = parsed(response)
        results = answer.get("BulkEmailEntryResults") if isinstance(answer, dict) else None
        if not isinstance(results, list) or len(results) != len(batch.recipients):
            return unknown(batch, "the results are not as many as the entries")
        statuses = {_status(item) for item in results}
        if statuses <= _ACCOUNT_ITEMS:
            return Refusal(cause=Cause.ACCOUNT, reason=", ".join(sorted(statuses)))
        return tuple(_outcome(item) for item in results)

    def examine(self) -> httpx.Request:
        """GetAccount."""
        return self.get("/v2/email/account")

    def standing(self, response: httpx.Response) -> Standing:
        """Whether it may send, to whom, and how much more in these 24 hours."""
        answer = parsed(response)
        quota = answer.get("SendQuota") if response.is_success and isinstance(answer, dict) else None
        if not isinstance(quota, dict):
            return super().standing(response)
        most, sent = quota.get("Max24HourSend"), quota.get("SentLast24Hours")
        left = None
        if isinstance(most, int | float) and isinstance(sent, int | float) and most >= 0:  # -1: no limit
            left = max(0, int(most - sent))
        if not answer.get("SendingEnabled", True):
            return Standing(said="sending is paused for the account", is_good=False, left=left)
        if not answer.get("ProductionAccessEnabled", True):
            return Standing(said="the account is in the sandbox: only verified addresses", is_good=False, left=left)
        return Standing(said=f"the key is accepted; {quota.get('MaxSendRate')} messages a second", left=left)

    def refusal(self, response: httpx.Response) -> Refusal | None:
        """By the error's type, which SES gives in a header or the body."""
        answer = parsed(response)
        kind = response.headers.get("x-amzn-errortype") or (
            answer.get("__type", "") if isinstance(answer, dict) else ""
        )
        cause = _REFUSALS.get(str(kind).rpartition("#")[2].partition(":")[0])
        return Refusal(cause=cause, reason=f"{kind} {said(response, 'message', 'Message')}") if cause else None


def _entry(batch: Batch, recipient: Recipient) -> dict[str, object]:
    values = HANDLEBARS.values(batch.rendered, recipient)
    to = compose.name_addr(compose.encoded_name(recipient.name), recipient.address)
    return {
        "Destination": {"ToAddresses": [to]},
        "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": orjson.dumps(values).decode()}},
        "ReplacementHeaders": _headers(recipient.headers),
        "ReplacementTags": [{"Name": "digest-message", "Value": recipient.message_id.strip("<>")}],
    }


def _headers(headers: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in headers]


def _address(value: str) -> str:
    name, address = parseaddr(value)
    return compose.name_addr(compose.encoded_name(name), address)


def _status(item: object) -> str:
    """Empty where it has none."""
    status = item.get("Status") if isinstance(item, dict) else None
    return status if isinstance(status, str) else ""


def _outcome(item: object) -> Outcome:
    if not isinstance(item, dict):
        return Unknown(detail="a result that is no object")
    status, reason = _status(item), listed(item.get("Error"))
    if status == "SUCCESS" and isinstance(item.get("MessageId"), str) and item["MessageId"]:
        return Accepted(provider_id=item["MessageId"])
    if status in _LATER:
        return Retry(reason=f"{status} {reason}".strip(), after=_LATER[status])
    if status in {"SUCCESS", ""}:
        return Unknown(detail="a success with no id" if status else "a result with no status")
    return Rejected(code=status, reason=reason)


class SigV4(httpx.Auth):
    """AWS Signature Version 4 (AWS IAM User Guide, "Create a signed AWS API request")."""

    requires_request_body = True

    def __init__(self, key: str, *, region: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """`key`: ID:SECRET or ID:SECRET:TOKEN."""
        self._id, _, rest = key.partition(":")
        self._secret, _, self._token = rest.partition(":")
        self._region = region
        self._now = now

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with its signature."""
        stamp = self._now().strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(request.content).hexdigest()
        request.headers["x-amz-date"] = stamp
        request.headers["x-amz-content-sha256"] = digest
        if self._token:
            request.headers["x-amz-security-token"] = self._token
        names = sorted(n for n in request.headers if n in {"host", "content-type"} or n.startswith("x-amz-"))
        lines = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
        signed = ";".join(names)
        path, query = request.url.raw_path.decode().partition("?")[::2]
        canonical = f"{request.method}\n{path}\n{query}\n{lines}\n{signed}\n{digest}"
        scope = f"{stamp[:8]}/{self._region}/ses/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.digest(self._signing_key(scope), text.encode(), "sha256").hex()
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._id}/{scope}, SignedHeaders={signed}, Signature={signature}"
        )
        yield request

    def _signing_key(self, scope: str) -> bytes:
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
