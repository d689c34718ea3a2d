"""Alembic asks for this file; the migrations are run by whoever owns the database."""
