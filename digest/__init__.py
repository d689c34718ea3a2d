"""Newsdigest: collect → build → send."""

__version__ = "0.1.0"
