"""What a receiver would hold against our mail: the sender domain's records, the provider, a message that arrived.

A check answers with findings, never with an exception: what could not be asked is said so, and is no fault.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from enum import StrEnum
from urllib.parse import urlsplit

import httpx

from digest.send.providers.base import Provider, Standing

Lookup = Callable[[str], Awaitable[Sequence[str]]]  # a name → its TXT records; LookupError: none; OSError: not asked
_TIMEOUT_S = 5.0
_OFF_S = 60  # seconds by which two clocks may differ
_COVERED = ("list-unsubscribe", "list-unsubscribe-post")
_TAG = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)", re.IGNORECASE)


class Verdict(StrEnum):
    """How a check ended."""

    GOOD = "good"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"  # could not be asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, and what was found."""

    name: str
    verdict: Verdict
    said: str


async def domain(name: str, lookup: Lookup | None = None, *, selectors: Sequence[str] = ()) -> tuple[Check, ...]:
    """SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489) of a sender's domain.

    `selectors`: of DKIM, as the provider names them; without any, DKIM is not looked for. `lookup`: None asks DNS.
    """
    ask = lookup or dns
    checks = [
        await _record("SPF", name, "v=spf1", ask, missing="add the record your provider names", lowest=Verdict.WARNING),
        await _record(
            "DMARC", f"_dmarc.{name}", "v=dmarc1", ask, missing="add at least v=DMARC1; p=none", lowest=Verdict.FAULT
        ),
    ]
    if not selectors:
        said = "its selector is the provider's: send yourself a copy and look at it with `digest doctor --eml FILE`"
        checks.append(Check(name="DKIM", verdict=Verdict.UNKNOWN, said=said))
    for selector in selectors:
        at = f"{selector}._domainkey.{name}"
        checks.append(
            await _record("DKIM", at, "p=", ask, missing="add the key your provider names", lowest=Verdict.FAULT)
        )
    return tuple(checks)


async def _record(name: str, at: str, mark: str, ask: Lookup, *, missing: str, lowest: Verdict) -> Check:
    try:
        found = [text for text in await ask(at) if mark in text.lower()]
    except LookupError:
        found = []
    except OSError as error:
        return Check(name=name, verdict=Verdict.UNKNOWN, said=f"{at} could not be asked ({error})")
    if not found:
        return Check(name=name, verdict=lowest, said=f"{at} has no {name} record: {missing}")
    if len(found) > 1 and name != "DKIM":
        return Check(name=name, verdict=Verdict.FAULT, said=f"{at} has {len(found)} {name} records: only one may be")
    if name == "DKIM" and not _tags(found[0]).get("p"):
        return Check(name=name, verdict=Verdict.FAULT, said=f"{at} holds a revoked key")
    return Check(name=name, verdict=Verdict.GOOD, said=found[0][:200])


def _tags(record: str) -> dict[str, str]:
    return {match[1].lower(): match[2].strip() for part in record.split(";") if (match := _TAG.match(part))}


async def dns(name: str) -> Sequence[str]:
    """The TXT records of a name, from DNS."""
    import dns.asyncresolver
    import dns.exception
    import dns.resolver

    try:
        answer = await dns.asyncresolver.resolve(name, "TXT", lifetime=_TIMEOUT_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer) as error:
        raise LookupError(name) from error
    except (dns.exception.DNSException, OSError) as error:
        raise OSError(f"{type(error).__name__}: is there a network?") from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


async def account(
    provider: Provider,
    base_url: str,
    *,
    readers: int,
    now: Callable[[], datetime],
    transport: httpx.AsyncBaseTransport | None = None,
) -> tuple[Check, ...]:
    """Whether the provider answers and takes the key, has room for `readers` today, and agrees on the time.

    One request, no message. Where its API has no question for the key, only its address is asked.
    """
    if not base_url.startswith(("http://", "https://")):
        return (Check(name="provider", verdict=Verdict.GOOD, said=f"{provider.name} is no network service"),)
    question = provider.examine()
    host = urlsplit(str(question.url) if question else base_url).netloc
    async with httpx.AsyncClient(timeout=_TIMEOUT_S, transport=transport) as client:
        try:
            answer = await client.send(question or httpx.Request("GET", base_url), auth=provider.auth)
        except (httpx.TransportError, httpx.DecodingError) as error:
            said = f"{provider.name} at {host} could not be asked ({type(error).__name__}): is there a network?"
            return tuple(Check(name=name, verdict=Verdict.UNKNOWN, said=said) for name in ("provider", "clock"))
    told = f"{provider.name} at {host} answers ({answer.status_code})"
    checks = [Check(name="provider", verdict=Verdict.GOOD, said=told)]
    if question is None:
        checks.append(
            Check(name="key", verdict=Verdict.UNKNOWN, said=f"{provider.name} has no question to try it with")
        )
    else:
        checks += _standing(provider.standing(answer), readers)
    return (*checks, _clock(answer.headers.get("date", ""), now()))


def _standing(found: Standing, readers: int) -> list[Check]:
    verdict = Verdict.UNKNOWN if found.is_good is None else Verdict.GOOD if found.is_good else Verdict.FAULT
    checks = [Check(name="key", verdict=verdict, said=found.said)]
    if found.left is not None:
        enough = found.left >= readers
        said = f"{found.left:,} more messages today, for a list of {readers:,}"
        checks.append(Check(name="quota", verdict=Verdict.GOOD if enough else Verdict.WARNING, said=said))
    return checks


def _clock(date: str, now: datetime) -> Check:
    """Against the provider's. Signatures and Retry-After go by it; Amazon refuses what is five minutes off."""
    try:
        off = abs((now - parsedate_to_datetime(date)).total_seconds())
    except (ValueError, TypeError):
        return Check(name="clock", verdict=Verdict.UNKNOWN, said="the provider did not say what time it is")
    verdict = Verdict.GOOD if off < _OFF_S else Verdict.WARNING if off < 5 * _OFF_S else Verdict.FAULT
    return Check(name="clock", verdict=verdict, said=f"{off:.0f} s from the provider's")


def eml(raw: bytes, key_of: Callable[[bytes], bytes] | None = None) -> tuple[Check, ...]:
    """A received message: is its DKIM signature good, and does it cover both unsubscribe headers (RFC 8058 §4)?

    `key_of`: a DNS name → its TXT record, None asks DNS.
    """
    message = message_from_bytes(raw)
    absent = [name for name in _COVERED if message[name] is None]
    checks = [Check(name=name, verdict=Verdict.FAULT, said=f"the message has no {name} header") for name in absent]
    signatures = message.get_all("DKIM-Signature", [])
    if not signatures:
        return (*checks, Check(name="DKIM", verdict=Verdict.FAULT, said="the message has no DKIM signature"))
    return (*checks, *(_signature(raw, index, str(value), key_of) for index, value in enumerate(signatures)))


def _signature(raw: bytes, index: int, value: str, key_of: Callable[[bytes], bytes] | None) -> Check:
    tags = _tags(" ".join(value.split()))
    signer = tags.get("d", "?")
    covered = {name.strip().lower() for name in tags.get("h", "").split(":")}
    left_out = [name for name in _COVERED if name not in covered]
    verdict, said = _verified(raw, index, key_of)
    if verdict is not Verdict.GOOD:
        return Check(name="DKIM", verdict=verdict, said=f"signature of {signer}: {said}")
    if left_out:
        said = f"signature of {signer} does not cover {' and '.join(left_out)}: one-click unsubscribing is not honoured"
        return Check(name="DKIM", verdict=Verdict.FAULT, said=said)
    return Check(name="DKIM", verdict=Verdict.GOOD, said=f"signature of {signer} is good and covers both headers")


def _verified(raw: bytes, index: int, key_of: Callable[[bytes], bytes] | None) -> tuple[Verdict, str]:
    import dkim

    def record(name: bytes, timeout: int = 5) -> bytes:
        del timeout
        return key_of(name) if key_of else dkim.get_txt(name)

    try:
        is_good = dkim.DKIM(raw).verify(idx=index, dnsfunc=record)
    except dkim.DKIMException as error:
        return Verdict.FAULT, f"is not valid ({error})"
    except (OSError, ValueError) as error:
        return Verdict.UNKNOWN, f"could not be checked ({error})"
    return (Verdict.GOOD, "is good") if is_good else (Verdict.FAULT, "does not match the message")
