"""Brings a database to the newest revision. The only module that imports Alembic, and only while it works."""

from pathlib import Path

import sqlalchemy as sa

from onboarding.store import migrations


def current_revision(connection: sa.Connection) -> str | None:
    """The revision the database stands at; None if it was never set up."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return revision


def migrate_to_head(connection: sa.Connection) -> None:
    """Run every migration that is missing, in the caller's transaction: all of it or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    folder = Path(migrations.__file__).parent
    config.set_main_option("script_location", str(folder).replace("%", "%%"))  # ConfigParser reads % as a place
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
