"""The commands by name. Each module of this package brings those of one noun; all heavy imports wait inside them."""

import sys
from typing import Annotated

import typer

from digest import __version__
from digest.cli import articles, begin, feeds, issues, people, service

app = typer.Typer(
    name="digest",
    help="Reads the feeds you choose, sums up the day's stories in their own sentences, mails one digest.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"newsdigest {__version__}")
        raise typer.Exit


@app.callback()
def _whole(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """What stands before every command."""


begin.add(app)
app.add_typer(feeds.app, name="feeds")
articles.add(app)
issues.add(app)
app.add_typer(issues.app, name="issues")
app.add_typer(people.app, name="subscribers")
service.add(app)
app.add_typer(service.db, name="db")


def main() -> None:
    """`digest …`. No traceback reaches a user."""
    try:
        app()
    except BrokenPipeError:  # `digest articles | head`
        sys.stderr.close()
        sys.exit(0)
