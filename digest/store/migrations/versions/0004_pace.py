"""What is known of a provider, shared by all who send."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing yet."""
