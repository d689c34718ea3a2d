"""All SQL of the pipeline: the tables, their migrations, and one module of queries per noun."""

from digest.store.database import Database

__all__ = ["Database"]
