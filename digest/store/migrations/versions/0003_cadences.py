"""Cadences and sections of a newsletter."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Nothing yet."""
