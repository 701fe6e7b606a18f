"""The roof's store: cases, issued agreements, judgements and the record of events, on SQLite or PostgreSQL alike.

SQLAlchemy and Alembic are imported only here (and in the two rooms' table modules). Every function works on the
caller's connection: what belongs together is committed together.
"""

from onboarding.store.database import Store, create_store, is_current, open_store
from onboarding.store.engines import sqlite_url

__all__ = ["Store", "create_store", "is_current", "open_store", "sqlite_url"]
