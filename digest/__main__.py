"""`digest …`, and `python -m digest`.

A worker process runs the script that it was started by once more (multiprocessing's way): what the command line imports
waits in the function, so that no worker pays for it.
"""


def main() -> None:
    """The command line."""
    from digest.cli import app

    app.main()


if __name__ == "__main__":
    main()
