"""Sources beyond feeds, and what the owner hears of them. An article's lines stand with it: a row for each cost more
than all the rest of storing it."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("feed", sa.Column("noted_at", UtcDateTime()))
    op.add_column("feed", sa.Column("silent_from", UtcDateTime()))
    op.add_column("article", sa.Column("lines", sa.LargeBinary()))
    op.drop_table("line")
    op.drop_index("ix_article_key_kind_key", table_name="article_key")
