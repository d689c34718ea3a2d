"""What the editor changed in an issue before it leaves."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Nothing yet."""
