"""Upgrade invitations, the terms they are accepted under, activations."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def refuse_changes(table: str, columns: tuple[str, ...] = ()) -> None:
    """The database itself refuses to change these columns (none named: any) and to delete rows (P2)."""
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
        "upgrade_terms",
        sa.Column("number", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_upgrade_terms_by_person_id_persons")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_upgrade_terms")),
    )

    op.create_table(
        "upgrade_terms_texts",
        sa.Column("number", ID, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["upgrade_terms.number"], name=op.f("fk_upgrade_terms_texts_number_upgrade_terms")
        ),
        sa.PrimaryKeyConstraint("number", "language", name=op.f("pk_upgrade_terms_texts")),
    )

    op.create_table(
        "upgrade_invitations",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("token_digest", KEY, nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("to_email", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("terms_number", ID, nullable=True),
        sa.Column("accepted_ip", sa.Text(), nullable=False),
        sa.Column("accepted_agent", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('sent', 'accepted', 'declined', 'expired', 'revoked')",
            name=op.f("ck_upgrade_invitations_status"),
        ),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["persons.id"], name=op.f("fk_upgrade_invitations_by_person_id_persons")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_upgrade_invitations_lead_id_leads")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_upgrade_invitations_store_id_stores")),
        sa.ForeignKeyConstraint(
            ["terms_number"], ["upgrade_terms.number"], name=op.f("fk_upgrade_invitations_terms_number_upgrade_terms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upgrade_invitations")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_upgrade_invitations_token_digest")),
    )
    op.create_index(
        "ix_upgrade_invitations_expiry",
        "upgrade_invitations",
        ["expires_at"],
        sqlite_where=sa.text("status = 'sent'"),
        postgresql_where=sa.text("status = 'sent'"),
    )
    op.create_index("ix_upgrade_invitations_lead_id", "upgrade_invitations", ["lead_id", "id"])
    op.create_index(
        "ix_upgrade_invitations_open",
        "upgrade_invitations",
        ["store_id"],
        unique=True,
        sqlite_where=sa.text("status = 'sent'"),
        postgresql_where=sa.text("status = 'sent'"),
    )

    op.create_table(
        "activations",
        sa.Column("id", ID, nullable=False),
        sa.Column("invitation_id", ID, nullable=False),
        sa.Column("plan", KEY, nullable=False),
        sa.Column("plan_before", KEY, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.Column("deadline_at", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("alarmed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["upgrade_invitations.id"], name=op.f("fk_activations_invitation_id_upgrade_invitations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
        sa.UniqueConstraint("invitation_id", name=op.f("uq_activations_invitation_id")),
    )
    op.create_index(
        "ix_activations_due",
        "activations",
        ["next_try_at"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    refuse_changes("upgrade_terms")
    refuse_changes("upgrade_terms_texts")
