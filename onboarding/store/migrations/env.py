"""Runs the migrations on the connection handed in, inside the caller's transaction, and then sets the triggers anew."""

from alembic import context

from onboarding.store.triggers import create_triggers

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
create_triggers(connection)
