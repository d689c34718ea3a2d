"""Refusals for the sender's sake."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """An index over the deliveries that were refused so: the owner is told how many an issue had."""
    which = sa.text("event = 'refused'")
    op.create_index(
        "ix_delivery_refused", "delivery", ["event", "issue_id"], sqlite_where=which, postgresql_where=which
    )
