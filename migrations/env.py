"""Runs the migrations, each in a transaction of its own.

On SQLite a batch ALTER rebuilds the table: with foreign keys on, dropping the old one would delete its children. So
they are off while migrating (the switch works outside a transaction only), and checked afterwards.
"""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

engine = current_app.extensions["sqlalchemy"].engine
metadata = current_app.extensions["sqlalchemy"].metadata


class BrokenReferences(Exception):
    """A migration left rows that refer to nothing."""


def belongs_to_models(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """The search tables are made of what only one database has; models do not describe them."""
    return not (kind == "table" and (name or "").startswith("lead_search"))


def switch_foreign_keys(connection: Connection, state: str) -> None:
    # On the driver's own connection, since SQLAlchemy would begin a transaction first.
    if connection.dialect.name == "sqlite":
        connection.connection.execute(f"PRAGMA foreign_keys={state}")


def run(connection: Connection) -> None:
    switch_foreign_keys(connection, "OFF")
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        transactional_ddl=True,
        compare_type=True,
        include_object=belongs_to_models,
    )
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        connection.rollback()
        if broken:
            raise BrokenReferences(broken[:5])
    switch_foreign_keys(connection, "ON")


with engine.connect() as connection:
    run(connection)
