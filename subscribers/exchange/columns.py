"""What each column of a list means, by its heading, in many languages and as other programs write them."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split("|"))


_ADDRESS = _words(
    "email address|e mail address|email|e mail|mail|mail address|emailaddress|subscriber email|address email"
    "|adresse email|adresse e mail|adresse mail|adresse electronique|courriel|courrier electronique|mel"
    "|correo|correo electronico|direccion de correo|direccion de correo electronico|direccion de email"
    "|e mail adresse|emailadresse|mailadresse|e mailadresse|indirizzo email|indirizzo e mail|posta elettronica"
    "|endereco de email|endereco de e mail|endereco eletronico|emailadres|e mailadres|e mail adres|mailadres"
    "|e post|epost|e postadress|epostadress|e postadresse|epostadresse|e posta|eposta|e posta adresi|sahkoposti"
    "|sahkopostiosoite|adres email|adres e mail|emailova adresa|электронная почта|почта|эл почта|e пошта|имейл"
    "|メールアドレス|メール|电子邮件|电子邮箱|邮箱|電子郵件|이메일"
)
# Mailchimp calls the postal address "Address": these count only where none of the above stands.
_PERHAPS_ADDRESS = _words("address|adresse|direccion|indirizzo|endereco|adres|адрес|adress")
_NAME = _words(
    "name|full name|fullname|display name|subscriber name|nom|nom complet|nombre|nombre completo|nome|nome completo"
    "|vollstandiger name|naam|volledige naam|namn|navn|nimi|imie i nazwisko|nazwa|jmeno|ad soyad|isim|имя|фио"
    "|имя и фамилия|ім я|名前|氏名|お名前|姓名|名字|이름"
)
_FIRST = _words(
    "first name|firstname|given name|forename|fname|prenom|vorname|primer nombre|primeiro nome|nome proprio|voornaam"
    "|fornamn|fornavn|etunimi|imie|krestni jmeno|ad"
)
_LAST = _words(
    "last name|lastname|surname|family name|lname|nom de famille|nachname|familienname|apellido|apellidos|cognome"
    "|sobrenome|apelido|achternaam|efternamn|etternavn|efternavn|sukunimi|nazwisko|prijmeni|soyad|фамилия"
)
_LANGUAGE = _words("language|lang|locale|langue|sprache|idioma|lingua|taal|sprak|sprog|jezyk|язык")
_STATUS = _words("status|state|type|subscriber type|etat|estado|stato|zustand")
_SUBSCRIBED = _words("subscribed to emails|subscribed")  # a yes or no: Ghost
_LEFT_AT = _words("unsub time|unsubscription date|unsubscribed at|unsubscribe date|deleted at")
_BARRED_AT = _words("clean time|undeliverability date|suppressed")
_RESERVED = _words("newsletter|since")  # of our own export


class Standing(StrEnum):
    """How a row says the person stands on the list it comes from."""

    ACTIVE = "active"
    PENDING = "pending"
    LEFT = "left"
    BARRED = "barred"


_STANDINGS = {
    **dict.fromkeys(
        _words("pending|unconfirmed|unactivated|requires verification|inactive|non confirme"), Standing.PENDING
    ),
    **dict.fromkeys(
        _words("unsubscribed|disabled|removed|archived|left|opted out|desabonne|abgemeldet|baja|deleted"), Standing.LEFT
    ),
    **dict.fromkeys(
        _words(
            "blocklisted|blacklisted|cleaned|bounced|complained|undeliverable|invalid email|blocked|spammy|malformed"
            "|suppressed|hard bounced|spam"
        ),
        Standing.BARRED,
    ),
}
_ORIGINS = (  # by headings that stand together in no other program's file
    ("mailchimp", {"email address", "euid"}),
    ("mailchimp", {"email address", "member rating"}),
    ("listmonk", {"uuid", "email", "status"}),
    ("listmonk", {"email", "name", "attributes"}),
    ("ghost", {"email", "subscribed to emails"}),
    ("buttondown", {"email", "type", "metadata"}),
    ("buttondown", {"email address", "type", "metadata"}),
    ("buttondown", {"email", "subscriber type"}),
    ("newsdigest", {"address", "newsletter", "state"}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which column holds what, by index; None or empty where there is none."""

    address: int
    name: int | None = None
    first: int | None = None
    last: int | None = None
    language: int | None = None
    status: int | None = None
    subscribed: int | None = None
    left_at: tuple[int, ...] = ()
    barred_at: tuple[int, ...] = ()
    fields: tuple[tuple[int, str], ...] = ()  # the rest, with their headings as written
    origin: str = ""  # the program the list comes from, where it is known by its headings

    def name_in(self, row: Sequence[str]) -> str:
        """The person's name: the whole one, else first and last."""
        first, last, whole = (cell(row, index) for index in (self.first, self.last, self.name))
        if first and not last and self.name is not None and first not in whole:
            last, whole = whole, ""  # "Vorname, Name" and "Prénom, Nom": the second is the family's
        return whole or f"{first} {last}".strip()

    def standing_in(self, row: Sequence[str]) -> Standing:
        """How the row says the person stands; what it does not say is active."""
        if self.status is None and self.subscribed is None and not self.left_at and not self.barred_at:
            return Standing.ACTIVE
        if any(cell(row, index) for index in self.barred_at):
            return Standing.BARRED
        stated = _STANDINGS.get(_plain(cell(row, self.status)), Standing.ACTIVE)
        if stated is not Standing.ACTIVE:
            return stated
        refused = _plain(cell(row, self.subscribed)) in {"false", "no", "0", "n", "non", "nein"}
        return Standing.LEFT if refused or any(cell(row, index) for index in self.left_at) else Standing.ACTIVE


def cell(row: Sequence[str], index: int | None) -> str:
    """The text of that column, trimmed; empty where the row is too short or there is no such column."""
    return row[index].strip() if index is not None and index < len(row) else ""


def recognise(header: Sequence[str]) -> Columns | None:
    """What the columns under these headings hold; None where none of them is a column of addresses.

    >>> recognise(["Prénom", "Courriel"]).address
    1
    """
    plain = [_plain(heading) for heading in header]
    address = _index(plain, _ADDRESS)
    address = _index(plain, _PERHAPS_ADDRESS) if address is None else address
    if address is None:
        return None
    roles = {
        "name": _index(plain, _NAME),
        "first": _index(plain, _FIRST),
        "last": _index(plain, _LAST),
        "language": _index(plain, _LANGUAGE),
        "status": _index(plain, _STATUS),
        "subscribed": _index(plain, _SUBSCRIBED),
    }
    left_at, barred_at = _indexes(plain, _LEFT_AT), _indexes(plain, _BARRED_AT)
    taken = {address, *roles.values(), *left_at, *barred_at, *_indexes(plain, _RESERVED)}
    rest = tuple((i, heading.strip()[:64]) for i, heading in enumerate(header) if i not in taken and heading.strip())
    return Columns(
        address=address, **roles, left_at=left_at, barred_at=barred_at, fields=rest[:50], origin=_origin(plain)
    )


def bare(first_row: Sequence[str]) -> Columns | None:
    """The columns of a list without headings: the first one that holds an address, and a name after it; else None."""
    address = next((i for i, text in enumerate(first_row) if re.fullmatch(r"[^\s@]+@[^\s@]+", text.strip())), None)
    if address is None:
        return None
    name = address + 1 if address + 1 < len(first_row) and "@" not in first_row[address + 1] else None
    return Columns(address=address, name=name)


def _plain(heading: str) -> str:
    """A heading without case, accents, marks: `E-Mail_Adresse*` is `e mail adresse`."""
    spread = unicodedata.normalize("NFKD", heading.casefold())
    letters = "".join(c for c in spread if not unicodedata.combining(c) or (not c.isascii() and ord(c) > 0x3000))
    return " ".join(re.sub(r"[^\w]|_", " ", unicodedata.normalize("NFC", letters)).split())


def _index(plain: Sequence[str], known: frozenset[str]) -> int | None:
    return next(iter(_indexes(plain, known)), None)


def _indexes(plain: Iterable[str], known: frozenset[str]) -> tuple[int, ...]:
    return tuple(i for i, heading in enumerate(plain) if heading in known)


def _origin(plain: Sequence[str]) -> str:
    return next((name for name, headings in _ORIGINS if headings <= set(plain)), "")
