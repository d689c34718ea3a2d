"""The tables of the pipeline. People are the subscribers package's (subscribers.tables), in the same database.

Times are aware UTC (UtcDateTime). No foreign key leads to people: an erased person leaves deliveries behind.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from subscribers.tables import Identity, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
feed = Table(
    "feed",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("requested_url", Text, nullable=False, unique=True),  # as configured
    Column("url", Text, nullable=False),  # asked now
    Column("title", Text, nullable=False, server_default=""),
    Column("site_url", Text, nullable=False, server_default=""),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", LargeBinary),
    Column("last_checked", UtcDateTime),
    Column("last_ok", UtcDateTime),
    Column("last_full", UtcDateTime),
    Column("next_check", UtcDateTime),
    Column("error_count", Integer, nullable=False, server_default="0"),
    Column("last_error", Text),
    Column("last_error_kind", String(32)),
    Column("state", String(16), nullable=False, server_default="active"),
    Column("redirect_target", Text),
    Column("redirect_seen", Integer, nullable=False, server_default="0"),
    Column("gone_since", UtcDateTime),  # the first 410 in a row
    Column("since", UtcDateTime),  # what a first poll lets in
    Column("note", Text, nullable=False, server_default=""),
    Column("noted_at", UtcDateTime),
    Column("silent_from", UtcDateTime),  # with nothing new until then, it has stopped publishing
)
Index("ix_feed_next_check", feed.c.next_check)

host = Table(  # Retry-After holds for a whole host
    "host",
    metadata,
    Column("name", Text, primary_key=True),
    Column("closed_until", UtcDateTime, nullable=False),
)

article = Table(
    "article",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("feed_id", ForeignKey("feed.id", ondelete="CASCADE"), nullable=False),
    Column("guid", Text),
    Column("link", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("published", UtcDateTime),
    Column("updated", UtcDateTime),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("sort_at", UtcDateTime, nullable=False),
    Column("language", String(35)),
    Column("image", JSON),
    Column("tags", JSON, nullable=False),
    Column("excerpt", Text, nullable=False, server_default=""),
    Column("text", JSON, nullable=False),  # paragraphs
    Column("source", String(16), nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("fingerprint", BigInteger),  # simhash of the text
    Column("hash_changes", Integer, nullable=False, server_default="0"),
    Column("held", Integer, nullable=False, server_default="0"),  # 1: kept out of the next issue (first poll, flood)
    Column("lines", LargeBinary),  # 8 bytes for each raw line: what stands in three articles of a feed is its furniture
)
Index("ix_article_feed_id_sort_at", article.c.feed_id, article.c.sort_at)
Index("ix_article_sort_at", article.c.sort_at)

article_key = Table(  # what an article is known by; several per article
    "article_key",
    metadata,
    Column("feed_id", ForeignKey("feed.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),  # guid, guid_alt, url, canonical, fp
    Column("key", LargeBinary, nullable=False),
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), nullable=False),
    PrimaryKeyConstraint("feed_id", "kind", "key"),
)
Index("ix_article_key_article_id", article_key.c.article_id)

newsletter = Table(
    "newsletter",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),  # slots before are not due
)

issue = Table(
    "issue",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("newsletter", String(63), nullable=False),
    Column("cadence", String(32), nullable=False, server_default=""),  # daily, weekly, …; empty: there is but one
    Column("number", Integer, nullable=False),
    Column("slot", String(32), nullable=False),  # wall clock, 2026-11-23T07:30
    Column("due_at", UtcDateTime, nullable=False),  # the slot as an instant
    Column("state", String(16), nullable=False),
    Column("owner", String(64)),  # who makes it, until lease_until; null while building: to be tried again then
    Column("lease_until", UtcDateTime),
    Column("begun_at", UtcDateTime),  # when its slot was taken
    Column("made_at", UtcDateTime),
    Column("send_at", UtcDateTime),  # not before
    Column("expires_at", UtcDateTime),  # not after
    Column("date", UtcDateTime),  # of the Date header; fixed when sending begins
    Column("title", Text, nullable=False, server_default=""),
    Column("content", JSON),  # the stories, as told
    Column("note", Text),  # why it failed or was skipped
    Column("notified", String(16)),  # the state the owner was last told of
    Column("counts", JSON(none_as_null=True)),  # its deliveries by state once sending ended; null: to be counted
    UniqueConstraint("newsletter", "cadence", "slot"),
    UniqueConstraint("newsletter", "number"),
)
Index("ix_issue_state", issue.c.state)

rendition = Table(  # an issue as rendered for one variant (language, sections)
    "rendition",
    metadata,
    Column("issue_id", ForeignKey("issue.id", ondelete="CASCADE"), nullable=False),
    Column("variant", String(64), nullable=False, server_default=""),
    Column("subject", Text, nullable=False),
    Column("preheader", Text, nullable=False),
    Column("language", String(35), nullable=False),
    Column("html", JSON, nullable=False),  # {"parts": […], "slots": [[name, kind], …]}
    Column("text", JSON, nullable=False),
    PrimaryKeyConstraint("issue_id", "variant"),
)

issue_article = Table(  # which articles were told, so that none is told twice
    "issue_article",
    metadata,
    Column("issue_id", ForeignKey("issue.id", ondelete="CASCADE"), nullable=False),
    Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), nullable=False),
    Column("newsletter", String(63), nullable=False),
    Column("story", Integer, nullable=False),  # from 0; -1: seen and left out
    Column("cadence", String(32), nullable=False, server_default=""),  # of the issue: each tells on its own
    PrimaryKeyConstraint("issue_id", "article_id"),
)
Index(
    "ix_issue_article_newsletter_article_id_cadence",
    issue_article.c.newsletter,
    issue_article.c.article_id,
    issue_article.c.cadence,
)

edit = Table(  # what the editor wants of the next issue; used up by it
    "edit",
    metadata,
    Column("newsletter", String(63), nullable=False),
    Column("cadence", String(32), nullable=False, server_default=""),
    Column("number", Integer, nullable=False),  # how often it was saved: two editors do not overwrite each other
    Column("content", JSON, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("owner", String(64), nullable=False),  # who saved it
    PrimaryKeyConstraint("newsletter", "cadence"),
)

revision = Table(  # how a frozen issue was edited; append only
    "revision",
    metadata,
    Column("issue_id", ForeignKey("issue.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # 0: the issue before the first edit, with all that was left out since
    Column("at", UtcDateTime, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("edit", JSON, nullable=False),  # against number 0
    Column("document", JSON),  # of number 0
    PrimaryKeyConstraint("issue_id", "number"),
)

batch = Table(  # messages that leave in one request; members are fixed when it is planned
    "batch",
    metadata,
    Column("issue_id", ForeignKey("issue.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # from 0 within the issue
    Column("variant", String(64), nullable=False, server_default=""),
    Column("state", String(16), nullable=False),
    Column(
        "key", String(64)
    ),  # the provider's idempotency key; set before the request, null again once surely not taken
    Column("body_hash", LargeBinary),  # set with the key: the body's sha256, or 33 bytes: a `Whole`'s fingerprint
    Column("provider", String(64)),
    Column("owner", String(64)),
    Column("lease_until", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),  # also the fence: a claim is known by it
    Column("replays", Integer, nullable=False, server_default="0"),  # requests under this key, answered unclearly
    Column("first_sent_at", UtcDateTime),  # the key's lifetime runs from here
    Column("next_at", UtcDateTime),  # pending: not before; unknown: replay then, null: held for the owner
    Column("note", Text),
    PrimaryKeyConstraint("issue_id", "number"),
    sqlite_with_rowid=False,
)
Index("ix_batch_issue_id_state_number", batch.c.issue_id, batch.c.state, batch.c.number)

delivery = Table(
    "delivery",
    metadata,
    Column("issue_id", ForeignKey("issue.id", ondelete="CASCADE"), nullable=False),
    Column("subscriber_id", BigInteger, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("state", String(16), nullable=False),
    Column("provider_id", Text),
    Column("error", Text),
    Column("event", String(16)),  # the last report: delivered, bounced, …; may come before our own commit
    Column("variant", String(64), nullable=False, server_default=""),  # as which rendition it goes out
    PrimaryKeyConstraint("issue_id", "subscriber_id"),
    sqlite_with_rowid=False,
)
Index("ix_delivery_issue_id_batch", delivery.c.issue_id, delivery.c.batch)
Index(
    "ix_delivery_provider_id",
    delivery.c.provider_id,
    sqlite_where=text("provider_id IS NOT NULL"),
    postgresql_where=text("provider_id IS NOT NULL"),
)
Index(  # what the owner is told of; nearly no delivery is in it
    "ix_delivery_refused",
    delivery.c.event,
    delivery.c.issue_id,  # SQLite takes the primary key where this stands alone
    sqlite_where=text("event = 'refused'"),
    postgresql_where=text("event = 'refused'"),
)

event = Table(
    "event",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("provider", String(64), nullable=False),
    Column("event_id", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("address", Text, nullable=False),
    Column("provider_id", Text),
    Column("at", UtcDateTime, nullable=False),
    Column("is_permanent", Integer, nullable=False, server_default="0"),
    Column("detail", Text, nullable=False, server_default=""),
    UniqueConstraint("provider", "event_id"),
)
Index("ix_event_address_at", event.c.address, event.c.at)

circuit = Table(  # a provider's pace and health, shared by all who send through it
    "circuit",
    metadata,
    Column("provider", String(64), primary_key=True),
    Column("share", Float, nullable=False, server_default="1"),  # of the configured rate
    Column("slowed_at", UtcDateTime),  # when the share was last halved
    Column("next_at", UtcDateTime),  # the next request leaves not before
    Column("held_until", UtcDateTime),  # the provider asked to wait
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("open_until", UtcDateTime),  # nobody answers: not asked before
)

hourly = Table(  # how many messages left, by the full hour: what a daily cap is kept by
    "hourly",
    metadata,
    Column("provider", String(64), nullable=False),
    Column("hour", UtcDateTime, nullable=False),
    Column("messages", Integer, nullable=False),
    PrimaryKeyConstraint("provider", "hour"),
)

notice = Table(  # a word to the owner, each once: fixed before its request leaves, as a batch is
    "notice",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("about", String(128), nullable=False),  # issue:12:failed, circuit:resend:…
    Column("way", String(8), nullable=False),  # mail, webhook, log
    Column("at", UtcDateTime, nullable=False),  # of the Date header
    Column("address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text),  # null once it was taken
    Column("html", Text),
    Column("state", String(16), nullable=False),  # as of a delivery
    Column("key", String(64), nullable=False),
    Column("body_hash", LargeBinary),
    Column("provider", String(64)),
    Column("owner", String(64)),
    Column("lease_until", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),  # also the fence
    Column("replays", Integer, nullable=False, server_default="0"),
    Column("first_sent_at", UtcDateTime),
    Column("next_at", UtcDateTime),  # unknown: replay then; null: never again
    Column("over_at", UtcDateTime),  # when what it tells of had passed (a circuit closed)
    Column("note", Text),
    UniqueConstraint("about", "way"),
)
Index("ix_notice_state", notice.c.state)

worker = Table(  # who works the steps of the distributed engine off
    "worker",
    metadata,
    Column("name", String(64), primary_key=True),  # host:pid:start
    Column("queues", Text, nullable=False),  # by commas
    Column("concurrency", Integer, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)
