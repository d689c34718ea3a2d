"""The pipeline's migrations: append only, forward only."""

from pathlib import Path

FOLDER = Path(__file__).parent
HEAD = "0008"
