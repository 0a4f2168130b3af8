"""The books: chains, accounts, entries, postings, which nobody can change."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)

# Table -> the columns that nothing may change; where none are named, the whole row.
FACTS = {"ledger_entries": (), "ledger_postings": ()}


def refuse_changes(table: str, columns: tuple[str, ...]) -> None:
    """The database itself refuses to change these facts and to delete their rows (P2)."""
    of = f" OF {', '.join(columns)}" if columns else ""
    sentence = f"{table} is append only"
    if op.get_bind().dialect.name == "sqlite":
        for verb in (f"UPDATE{of}", "DELETE"):
            name = f"{table}_refuse_{verb.split()[0].lower()}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")
        return
    body = f"BEGIN RAISE EXCEPTION '{sentence}'; END"
    op.execute(f"CREATE FUNCTION {table}_refuse() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql")
    for verb in (f"UPDATE{of}", "DELETE"):
        name = f"{table}_refuse_{verb.split()[0].lower()}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()")
    op.execute(f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_refuse()")


def upgrade() -> None:
    op.create_table(
        "ledger_chains",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.Text(), nullable=False),
        sa.Column("checked_seq", sa.BigInteger(), nullable=False),
        sa.Column("checked_hash", sa.Text(), nullable=False),
        sa.CheckConstraint("owner_kind IN ('shop', 'partner')", name=op.f("ck_ledger_chains_owner_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_chains")),
        sa.UniqueConstraint("owner_kind", "owner_id", name=op.f("uq_ledger_chains_owner_kind_owner_id")),
    )

    op.create_table(
        "ledger_checks",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("postings", sa.BigInteger(), nullable=False),
        sa.Column("first_problem", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_checks")),
    )

    op.create_table(
        "ledger_accounts",
        sa.Column("id", ID, nullable=False),
        sa.Column("chain_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('store', 'salesperson', 'partner', 'reserved', 'outside')", name=op.f("ck_ledger_accounts_kind")
        ),
        sa.CheckConstraint(
            "kind NOT IN ('store', 'reserved') OR balance_minor >= 0", name=op.f("ck_ledger_accounts_no_overdraft")
        ),
        sa.ForeignKeyConstraint(
            ["chain_id"], ["ledger_chains.id"], name=op.f("fk_ledger_accounts_chain_id_ledger_chains")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint(
            "chain_id",
            "kind",
            "holder_id",
            "currency",
            name=op.f("uq_ledger_accounts_chain_id_kind_holder_id_currency"),
        ),
    )

    op.create_table(
        "ledger_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("chain_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", KEY, nullable=False),
        sa.Column("about", KEY, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.Column("corrects_id", ID, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_ledger_entries_by_person_id_persons")),
        sa.ForeignKeyConstraint(
            ["chain_id"], ["ledger_chains.id"], name=op.f("fk_ledger_entries_chain_id_ledger_chains")
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["ledger_entries.id"], name=op.f("fk_ledger_entries_corrects_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("chain_id", "seq", name=op.f("uq_ledger_entries_chain_id_seq")),
        sa.UniqueConstraint("reference", name=op.f("uq_ledger_entries_reference")),
    )
    op.create_index("ix_ledger_entries_about", "ledger_entries", ["about"])

    op.create_table(
        "ledger_postings",
        sa.Column("id", ID, nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_postings_account_id_ledger_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entries.id"], name=op.f("fk_ledger_postings_entry_id_ledger_entries")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_postings")),
    )
    op.create_index("ix_ledger_postings_account_id", "ledger_postings", ["account_id", "id"])
    op.create_index("ix_ledger_postings_entry_id", "ledger_postings", ["entry_id"])
    for table, columns in FACTS.items():
        refuse_changes(table, columns)
