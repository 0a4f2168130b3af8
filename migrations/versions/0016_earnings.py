"""Terms, earnings and payouts of partners."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)

# What a new programme begins with (`SPEC §4`): everything but the starter plan earns.
FACTS = (
    "id", "partner_id", "referral_id", "lead_id", "revenue_row_id", "terms_id", "reverses_id", "category", "kind",
    "month", "basis_minor", "before_minor", "rate_bp", "amount_minor", "currency", "earned_at",
)  # fmt: skip
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
TERMS = sa.table(
    "earning_terms",
    sa.column("id"),
    sa.column("category"),
    sa.column("kind"),
    sa.column("starts_at", MOMENT),
    sa.column("rate_bp"),
    sa.column("amount_minor"),
    sa.column("currency"),
    sa.column("plans", DOCUMENT),
    sa.column("excluded_plans", DOCUMENT),
    sa.column("texts", DOCUMENT),
    sa.column("created_at", MOMENT),
)
RECURRING = {"kind": "recurring", "rate_bp": 2000, "amount_minor": None, "currency": None}
SHIPPED = {
    "plus_lead": RECURRING,
    "pos_lead": {"kind": "bounty", "rate_bp": None, "amount_minor": 50000, "currency": "USD"},
    "affiliate_link": RECURRING,
    "store_transfer": RECURRING,
}


def write_shipped_terms() -> None:
    moment = LONG_AGO.replace(tzinfo=None) if op.get_bind().dialect.name == "sqlite" else LONG_AGO
    shared = {"starts_at": moment, "created_at": moment, "plans": [], "excluded_plans": ["starter"], "texts": {}}
    rows = [{"id": number, "category": name, **terms} for number, (name, terms) in enumerate(SHIPPED.items(), 1)]
    op.bulk_insert(TERMS, [row | shared for row in rows])


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
        "earning_terms",
        sa.Column("id", ID, nullable=False),
        sa.Column("category", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("rate_bp", sa.BigInteger(), nullable=True),
        sa.Column("months", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("plans", DOCUMENT, nullable=False),
        sa.Column("excluded_plans", DOCUMENT, nullable=False),
        sa.Column("min_locations", sa.BigInteger(), nullable=True),
        sa.Column("texts", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.CheckConstraint(
            "category IN ('plus_lead', 'pos_lead', 'affiliate_link', 'store_transfer')",
            name=op.f("ck_earning_terms_category"),
        ),
        sa.CheckConstraint("kind IN ('recurring', 'bounty', 'nothing')", name=op.f("ck_earning_terms_kind")),
        sa.CheckConstraint("amount_minor IS NULL OR amount_minor >= 0", name=op.f("ck_earning_terms_amount")),
        sa.CheckConstraint("rate_bp IS NULL OR rate_bp BETWEEN 0 AND 10000", name=op.f("ck_earning_terms_rate_bp")),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_earning_terms_by_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earning_terms")),
    )
    op.create_index("ix_earning_terms_category", "earning_terms", ["category", "starts_at", "id"])

    op.create_table(
        "payouts",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_until", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("paid_at", MOMENT, nullable=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("exported_at", MOMENT, nullable=True),
        sa.Column("exported_by_person_id", ID, nullable=True),
        sa.CheckConstraint("status IN ('pending', 'paid', 'failed', 'carried')", name=op.f("ck_payouts_status")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_payouts_amount")),
        sa.ForeignKeyConstraint(
            ["exported_by_person_id"], ["persons.id"], name=op.f("fk_payouts_exported_by_person_id_persons")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_payouts_partner_id_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payouts")),
        sa.UniqueConstraint(
            "partner_id", "currency", "period_from", name=op.f("uq_payouts_partner_id_currency_period_from")
        ),
    )
    op.create_index("ix_payouts_due_on", "payouts", ["due_on", "id"])
    op.create_index("ix_payouts_partner_id_due_on", "payouts", ["partner_id", "due_on", "id"])

    op.create_table(
        "payout_lines",
        sa.Column("payout_id", ID, nullable=False),
        sa.Column("group", KEY, nullable=False),
        sa.Column("carried_minor", sa.BigInteger(), nullable=False),
        sa.Column("earned_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_payout_lines_payout_id_payouts")),
        sa.PrimaryKeyConstraint("payout_id", "group", name=op.f("pk_payout_lines")),
    )

    op.create_table(
        "payout_methods",
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("locked", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_payout_methods_by_person_id_persons")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_payout_methods_partner_id_partners")),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_payout_methods")),
    )

    op.create_table(
        "payout_periods",
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("period_from", name=op.f("pk_payout_periods")),
    )

    op.create_table(
        "earnings",
        sa.Column("id", ID, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("referral_id", ID, nullable=True),
        sa.Column("lead_id", ID, nullable=True),
        sa.Column("revenue_row_id", ID, nullable=True),
        sa.Column("terms_id", ID, nullable=False),
        sa.Column("reverses_id", ID, nullable=True),
        sa.Column("category", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=True),
        sa.Column("basis_minor", sa.BigInteger(), nullable=True),
        sa.Column("before_minor", sa.BigInteger(), nullable=True),
        sa.Column("rate_bp", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("earned_at", MOMENT, nullable=False),
        sa.Column("payout_id", ID, nullable=True),
        sa.CheckConstraint(
            "category IN ('plus_lead', 'pos_lead', 'affiliate_link', 'store_transfer')",
            name=op.f("ck_earnings_category"),
        ),
        sa.CheckConstraint(
            "kind IN ('recurring', 'bounty', 'reversal', 'restored', 'paid_outside')", name=op.f("ck_earnings_kind")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_earnings_lead_id_leads")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_earnings_partner_id_partners")),
        sa.ForeignKeyConstraint(["payout_id"], ["payouts.id"], name=op.f("fk_earnings_payout_id_payouts")),
        sa.ForeignKeyConstraint(["referral_id"], ["referrals.id"], name=op.f("fk_earnings_referral_id_referrals")),
        sa.ForeignKeyConstraint(
            ["revenue_row_id"], ["revenue_rows.id"], name=op.f("fk_earnings_revenue_row_id_revenue_rows")
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["earnings.id"], name=op.f("fk_earnings_reverses_id_earnings")),
        sa.ForeignKeyConstraint(["terms_id"], ["earning_terms.id"], name=op.f("fk_earnings_terms_id_earning_terms")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earnings")),
        sa.UniqueConstraint("revenue_row_id", name=op.f("uq_earnings_revenue_row_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_earnings_reverses_id")),
    )
    op.create_index(op.f("ix_earnings_lead_id"), "earnings", ["lead_id"])
    op.create_index("ix_earnings_partner_id", "earnings", ["partner_id", "earned_at", "id"])
    op.create_index("ix_earnings_payout_id", "earnings", ["payout_id", "id"])
    op.create_index("ix_earnings_referral_id", "earnings", ["referral_id", "id"])
    op.create_index(
        "ix_earnings_unpaid",
        "earnings",
        ["partner_id", "id"],
        sqlite_where=sa.text("payout_id IS NULL"),
        postgresql_where=sa.text("payout_id IS NULL"),
    )
    write_shipped_terms()
    refuse_changes("earning_terms")
    refuse_changes("earnings", FACTS)
