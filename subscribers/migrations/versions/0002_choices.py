"""What a reader chose; and what is kept of them for a time only."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """An index over the lines of consent that hold a network address."""
    held = sa.text("remote IS NOT NULL")
    op.create_index("ix_consent_at", "consent", ["at"], unique=False, sqlite_where=held, postgresql_where=held)
