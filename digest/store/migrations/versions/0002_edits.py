"""What the editor changed in an issue before it leaves."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the edits of the next issue, and the revisions of those that are frozen."""
    op.create_table(
        "edit",
        sa.Column("newsletter", sa.String(length=63), nullable=False),
        sa.Column("cadence", sa.String(length=32), server_default="", nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("newsletter", "cadence", name=op.f("pk_edit")),
    )
    op.create_table(
        "revision",
        sa.Column("issue_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("edit", sa.JSON(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_revision_issue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issue_id", "number", name=op.f("pk_revision")),
    )
