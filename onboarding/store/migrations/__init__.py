"""Alembic's migrations, run by `onboarding.store.migrating` on the program's own connection, without alembic.ini."""

HEAD = "0012"
"""The revision this program works with. A test holds it to the newest file in `versions/`."""
