"""The command line."""


def main() -> None:
    """Not there yet."""
