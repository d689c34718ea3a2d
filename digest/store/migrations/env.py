"""Alembic asks for this file; migrations run through digest.store.migrate, in the caller's transaction."""
