"""Sources beyond feeds, and what the owner hears of them."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing yet."""
