"""What is known of a provider, shared by all who send through it: its pace, and how much left by the hour."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """The table `circuit` was never written to: it is made anew."""
    op.drop_table("circuit")
    op.create_table(
        "circuit",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("share", sa.Float(), server_default="1", nullable=False),
        sa.Column("slowed_at", UtcDateTime(), nullable=True),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("held_until", UtcDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_circuit")),
    )
    op.create_table(
        "hourly",
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("hour", UtcDateTime(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "hour", name=op.f("pk_hourly")),
    )
