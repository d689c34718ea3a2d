"""For many machines and many readers."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Who works where; what an issue's deliveries came to; room for a delivery's new state beside its old one."""
    op.create_table(
        "worker",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("queues", sa.Text(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )
    op.add_column("issue", sa.Column("counts", sa.JSON(none_as_null=True), nullable=True))
