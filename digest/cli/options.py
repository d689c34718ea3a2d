"""The options that every command takes."""

from pathlib import Path
from typing import Annotated

import typer

ConfigPath = Annotated[
    Path | None, typer.Option("--config", help="The configuration (default: ./digest.toml, or $DIGEST_CONFIG).")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say more on standard error; tracebacks included.")]
