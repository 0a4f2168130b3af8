"""Referrals of partners, and the revenue they bring."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
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


def follow_partners_again() -> None:
    """On SQLite the table was made anew, without the trigger by which leads follow the name of their partner."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER leads_follow_partner AFTER UPDATE OF name_key ON partners "
            "WHEN OLD.name_key <> NEW.name_key BEGIN "
            "UPDATE leads SET partner_key = NEW.name_key WHERE partner_id = NEW.id; END"
        )


def upgrade() -> None:
    with op.batch_alter_table("partners") as partners:
        partners.add_column(sa.Column("link_code", KEY, nullable=True))
        partners.create_unique_constraint(op.f("uq_partners_link_code"), ["link_code"])
    follow_partners_again()

    op.create_table(
        "referrals",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("lead_id", ID, nullable=True),
        sa.Column("store_id", ID, nullable=True),
        sa.Column("category", KEY, nullable=False),
        sa.Column("merchant", sa.Text(), nullable=False),
        sa.Column("merchant_key", KEY, nullable=False),
        sa.Column("domain", KEY, nullable=False),
        sa.Column("plan", KEY, nullable=False),
        sa.Column("locations", sa.BigInteger(), nullable=True),
        sa.Column("referred_at", MOMENT, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("revenue_minor", sa.BigInteger(), nullable=False),
        sa.Column("import_key", KEY, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("search_text", KEY, nullable=False),
        sa.CheckConstraint(
            "category IN ('plus_lead', 'pos_lead', 'affiliate_link', 'store_transfer')",
            name=op.f("ck_referrals_category"),
        ),
        sa.CheckConstraint("status IN ('active', 'closed')", name=op.f("ck_referrals_status")),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_referrals_lead_id_leads")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_referrals_partner_id_partners")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_referrals_store_id_stores")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sa.UniqueConstraint("import_key", name=op.f("uq_referrals_import_key")),
        sa.UniqueConstraint("lead_id", name=op.f("uq_referrals_lead_id")),
    )
    op.create_index("ix_referrals_domain", "referrals", ["domain"])
    op.create_index("ix_referrals_merchant_key", "referrals", ["merchant_key", "id"])
    op.create_index("ix_referrals_partner_id_merchant_key", "referrals", ["partner_id", "merchant_key", "id"])
    op.create_index("ix_referrals_partner_id_referred_at", "referrals", ["partner_id", "referred_at", "id"])
    op.create_index("ix_referrals_partner_id_revenue_minor", "referrals", ["partner_id", "revenue_minor", "id"])
    op.create_index("ix_referrals_referred_at", "referrals", ["referred_at", "id"])
    op.create_index("ix_referrals_revenue_minor", "referrals", ["revenue_minor", "id"])
    op.create_index(op.f("ix_referrals_store_id"), "referrals", ["store_id"])

    op.create_table(
        "revenue_rows",
        sa.Column("id", ID, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("referral_id", ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.CheckConstraint("kind IN ('platform_fee', 'adjustment')", name=op.f("ck_revenue_rows_kind")),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_revenue_rows_by_person_id_persons")),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_revenue_rows_referral_id_referrals")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revenue_rows")),
        sa.UniqueConstraint("external_id", name=op.f("uq_revenue_rows_external_id")),
    )
    op.create_index(
        "ix_revenue_rows_one_fee",
        "revenue_rows",
        ["referral_id", "month"],
        unique=True,
        sqlite_where=sa.text("kind = 'platform_fee'"),
        postgresql_where=sa.text("kind = 'platform_fee'"),
    )
    op.create_index("ix_revenue_rows_referral_id", "revenue_rows", ["referral_id", "month", "id"])

    op.create_table(
        "revenue_months",
        sa.Column("referral_id", ID, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("revenue_minor", sa.BigInteger(), nullable=False),
        sa.Column("earned_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name=op.f("fk_revenue_months_referral_id_referrals")
        ),
        sa.PrimaryKeyConstraint("referral_id", "month", name=op.f("pk_revenue_months")),
    )
    refuse_changes("revenue_rows")
