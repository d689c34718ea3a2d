"""`python -m digest`."""

from digest.cli.app import main

if __name__ == "__main__":
    main()
