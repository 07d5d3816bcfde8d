"""Alembic's entry: runs on the connection that `reminder.store.schema` hands over."""

from alembic import context
from sqlmodel import SQLModel

from reminder.store import tables  # noqa: F401 - fills the metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
