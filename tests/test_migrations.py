"""Migrations from nothing make what the models describe, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect

from referrals.db import Base, db, session
from referrals.leads import shipped
from referrals.leads.catalogue import products, reasons

OUTSIDE_MODELS = {"alembic_version"}


def differences(app: Flask) -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": in_models})
        return compare_metadata(context, Base.metadata)


def in_models(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    return not (kind == "table" and (name or "").startswith(("lead_search", "alembic")))


def test_migrated_and_described_schema_are_the_same(app_on_both: Flask) -> None:
    assert differences(app_on_both) == []


def test_the_comparison_sees_a_missing_index(app_on_both: Flask) -> None:
    name = "ix_leads_rep_id"
    with db.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    assert name in str(differences(app_on_both))


def test_every_check_of_the_models_is_in_the_database(app_on_both: Flask) -> None:
    inspector = inspect(db.engine)
    for table in Base.metadata.sorted_tables:
        described = {str(check.name) for check in table.constraints if type(check).__name__ == "CheckConstraint"}
        found = {str(check["name"]) for check in inspector.get_check_constraints(table.name)}
        assert described <= found, table.name


def test_the_shipped_words_are_those_that_the_migration_writes(app_on_both: Flask) -> None:
    written = set()
    for product in products():
        written.add(product.name)
        for field in product.fields:
            written |= {field["label"], *(choice["label"] for choice in field.get("choices", []))}
    for reason in reasons(active_only=False):
        written |= {reason.label, reason.sentence}
    session.rollback()
    assert written - {""} == set(shipped.WORDS)
