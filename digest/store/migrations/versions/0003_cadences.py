"""Cadences and sections of a newsletter."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TOLD = ("newsletter", "article_id")


def upgrade() -> None:
    """What each cadence told, and as which variant each delivery goes out."""
    op.add_column("issue_article", sa.Column("cadence", sa.String(length=32), server_default="", nullable=False))
    op.drop_index("ix_issue_article_newsletter_article_id", table_name="issue_article")
    op.create_index(
        "ix_issue_article_newsletter_article_id_cadence", "issue_article", [*_TOLD, "cadence"], unique=False
    )
    op.add_column("delivery", sa.Column("variant", sa.String(length=64), server_default="", nullable=False))
