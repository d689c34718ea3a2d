"""What the owner is told of."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Identity, UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One table: a row a word to the owner, by mail or webhook, fixed before its request leaves."""
    op.create_table(
        "notice",
        sa.Column("id", Identity, nullable=False),
        sa.Column("about", sa.String(128), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("html", sa.Text),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("body_hash", sa.LargeBinary),
        sa.Column("provider", sa.String(64)),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("replays", sa.Integer, nullable=False, server_default="0"),
        sa.Column("first_sent_at", UtcDateTime),
        sa.Column("next_at", UtcDateTime),
        sa.Column("over_at", UtcDateTime),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.UniqueConstraint("about", "way", name="uq_notice_about_way"),
    )
    op.create_index("ix_notice_state", "notice", ["state"])
