"""The tables of people. Addresses are stored as given and compared by their key (trimmed, without case)."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC; SQLite keeps it without its zone, as text that sorts."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC; ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, aware."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows itself only where the key is exactly INTEGER.
Identity = BigInteger().with_variant(Integer, "sqlite")

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("address", Text, nullable=False),  # as given
    Column("address_key", Text, nullable=False, unique=True),  # compared
    Column("address_hash", LargeBinary, nullable=False),  # of the key, keyed: what suppression joins on
    Column("name", Text, nullable=False, server_default=""),
    Column("language", String(35)),
    Column("fields", JSON, nullable=False),  # further columns of an import
    Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # a removed person's number is never given again: old links would reach the next one
)

subscription = Table(
    "subscription",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False),
    Column("newsletter", String(63), nullable=False),
    Column("state", String(16), nullable=False),  # pending, active, unsubscribed
    Column("cadence", String(32), nullable=False, server_default=""),
    Column("sections", JSON),  # null: all
    Column("since", UtcDateTime, nullable=False),  # of the state
    Column("asked_at", UtcDateTime),  # when the confirmation message left; null: none yet
    PrimaryKeyConstraint("subscriber_id", "newsletter"),
    sqlite_with_rowid=False,
)
Index(
    "ix_subscription_newsletter_state_subscriber_id",
    subscription.c.newsletter,
    subscription.c.state,
    subscription.c.subscriber_id,
)

suppression = Table(  # never mailed again; outlives the person
    "suppression",
    metadata,
    Column("address_hash", LargeBinary, primary_key=True),  # keyed hash: an erased address is known again, not readable
    Column("address_key", Text),  # null once erased
    Column("reason", String(32), nullable=False),  # manual, bounced, complained, unsubscribed, erased
    Column("since", UtcDateTime, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)
Index("ix_suppression_address_key", suppression.c.address_key)

consent = Table(  # append only: what was agreed to, when, how
    "consent",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("subscriber_id", BigInteger, nullable=False),  # no key: the log outlives the row
    Column("newsletter", String(63), nullable=False, server_default=""),
    Column("what", String(32), nullable=False),  # an act of subscribers.consent, or suppressed, lifted, erased
    Column("at", UtcDateTime, nullable=False),
    Column("source", Text, nullable=False, server_default=""),
    Column("remote", Text),  # the network address it came from
    Column("text_version", String(64)),  # of the words shown
)
Index("ix_consent_subscriber_id", consent.c.subscriber_id)
Index(  # what retention looks for: most lines have no network address
    "ix_consent_at",
    consent.c.at,
    sqlite_where=text("remote IS NOT NULL"),
    postgresql_where=text("remote IS NOT NULL"),
)

signing_key = Table(  # of tokens; the newest signs, all verify
    "signing_key",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

secret = Table(  # made once, never changed
    "secret",
    metadata,
    Column("name", String(16), primary_key=True),  # address: the key of address_hash
    Column("value", LargeBinary, nullable=False),
)
