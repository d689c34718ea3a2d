"""People: who they are, what they agreed to, and who is never mailed again. Knows nothing of the digest."""

from pathlib import Path

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0002"
