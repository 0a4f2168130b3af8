"""Leads and what belongs to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("fields", DOCUMENT, nullable=False),
        sa.Column("texts", DOCUMENT, nullable=False),
        sa.CheckConstraint("flow IN ('commission', 'bounty')", name=op.f("ck_products_flow")),
        sa.PrimaryKeyConstraint("id", name="pk_products"),
        sa.UniqueConstraint("code", name="uq_products_code"),
    )
    op.create_table(
        "reasons",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reasons"),
        sa.UniqueConstraint("code", name="uq_reasons_code"),
    )
    op.create_table(
        "programme_settings",
        sa.Column("name", KEY, nullable=False),
        sa.Column("value", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_programme_settings"),
    )
    op.create_table(
        "assignment_rules",
        sa.Column("id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("rep_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_assignment_rules_product_id_products"),
        sa.ForeignKeyConstraint(["rep_id"], ["representatives.id"], name="fk_assignment_rules_rep_id_representatives"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment_rules"),
    )
    op.create_table(
        "leads",
        sa.Column("id", ID, nullable=False),
        sa.Column("ref", KEY, nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("submitted_by_id", ID, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payout", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("sales_support", sa.Boolean(), nullable=False),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("contact_email", sa.Text(), nullable=False),
        sa.Column("contact_phone", sa.Text(), nullable=False),
        sa.Column("business_name", sa.Text(), nullable=False),
        sa.Column("website_url", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("current_platform", sa.Text(), nullable=False),
        sa.Column("store_domain", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("expected_minor", sa.BigInteger(), nullable=True),
        sa.Column("expected_currency", sa.Text(), nullable=True),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("rep_id", ID, nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("reason_sentence", sa.Text(), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("imported_at", MOMENT, nullable=True),
        sa.Column("import_source", KEY, nullable=True),
        sa.Column("import_key", KEY, nullable=True),
        sa.Column("business_key", KEY, nullable=False),
        sa.Column("contact_key", KEY, nullable=False),
        sa.Column("rep_key", KEY, nullable=False),
        sa.Column("partner_key", KEY, nullable=False),
        sa.Column(
            "status_rank",
            sa.SmallInteger(),
            sa.Computed(
                "CASE status WHEN 'submitted' THEN 0 WHEN 'in_progress' THEN 1 WHEN 'awarded' THEN 2 WHEN 'ineligible' THEN 3 END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "payout_rank",
            sa.SmallInteger(),
            sa.Computed(
                "CASE payout WHEN 'none' THEN 0 WHEN 'due' THEN 1 WHEN 'paid' THEN 2 WHEN 'not_eligible' THEN 3 END",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("search_text", KEY, nullable=False),
        sa.CheckConstraint("claim IN ('owner', 'in_conflict', 'shared', 'lost')", name=op.f("ck_leads_claim")),
        sa.CheckConstraint("payout IN ('none', 'due', 'paid', 'not_eligible')", name=op.f("ck_leads_payout")),
        sa.CheckConstraint(
            "status IN ('submitted', 'in_progress', 'awarded', 'ineligible')", name=op.f("ck_leads_status")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_leads_partner_id_partners"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_leads_product_id_products"),
        sa.ForeignKeyConstraint(["rep_id"], ["representatives.id"], name="fk_leads_rep_id_representatives"),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["persons.id"], name="fk_leads_submitted_by_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_leads"),
        sa.UniqueConstraint(
            "partner_id", "import_source", "import_key", name="uq_leads_partner_id_import_source_import_key"
        ),
        sa.UniqueConstraint("ref", name="uq_leads_ref"),
    )
    op.create_index(
        "ix_leads_business_key_id",
        "leads",
        ["business_key", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_changed_at_id",
        "leads",
        ["changed_at", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_contact_key_id",
        "leads",
        ["contact_key", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index("ix_leads_facets", "leads", ["product_id", "status_rank", "payout_rank", "rep_id"])
    op.create_index(
        "ix_leads_partner_id_facets", "leads", ["partner_id", "product_id", "status_rank", "payout_rank", "rep_id"]
    )
    op.create_index(
        "ix_leads_partner_id_business_key_id",
        "leads",
        ["partner_id", "business_key", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_id_changed_at_id",
        "leads",
        ["partner_id", "changed_at", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_id_contact_key_id",
        "leads",
        ["partner_id", "contact_key", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_id_payout_rank_id",
        "leads",
        ["partner_id", "payout_rank", "id", "product_id", "status_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_id_product_id_id",
        "leads",
        ["partner_id", "product_id", "id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_id_rep_key_id",
        "leads",
        ["partner_id", "rep_key", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_id_status_rank_id",
        "leads",
        ["partner_id", "status_rank", "id", "product_id", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_id_submitted_at_id",
        "leads",
        ["partner_id", "submitted_at", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index(
        "ix_leads_partner_key_id",
        "leads",
        ["partner_key", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index("ix_leads_payout_rank_id", "leads", ["payout_rank", "id", "product_id", "status_rank", "rep_id"])
    op.create_index("ix_leads_product_id_id", "leads", ["product_id", "id", "status_rank", "payout_rank", "rep_id"])
    op.create_index("ix_leads_rep_id", "leads", ["rep_id", "submitted_at"])
    op.create_index(
        "ix_leads_rep_key_id",
        "leads",
        ["rep_key", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index("ix_leads_status_rank_id", "leads", ["status_rank", "id", "product_id", "payout_rank", "rep_id"])
    op.create_index(
        "ix_leads_submitted_at_id",
        "leads",
        ["submitted_at", "id", "product_id", "status_rank", "payout_rank", "rep_id"],
    )
    op.create_index("ix_leads_submitted_by_id", "leads", ["submitted_by_id", "submitted_at"])
    op.create_table(
        "lead_counts",
        sa.Column("partner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("payout", sa.Text(), nullable=False),
        sa.Column("rep_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leads", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partner_id", "product_id", "status", "payout", "rep_id", name="pk_lead_counts"),
    )
    op.create_table(
        "lead_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("staff_only", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name="fk_lead_events_lead_id_leads"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_lead_events_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_lead_events"),
    )
    op.create_index("ix_lead_events_at", "lead_events", ["at", "id"])
    op.create_index("ix_lead_events_lead_id", "lead_events", ["lead_id", "id"])
    op.create_table(
        "lead_messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name="fk_lead_messages_lead_id_leads"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_lead_messages_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_lead_messages"),
    )
    op.create_index("ix_lead_messages_lead_id", "lead_messages", ["lead_id"])
    op.create_table(
        "appeals",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by_id", ID, nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["answered_by_id"], ["persons.id"], name="fk_appeals_answered_by_id_persons"),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name="fk_appeals_lead_id_leads"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_appeals_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_appeals"),
        sa.UniqueConstraint("lead_id", name="uq_appeals_lead_id"),
    )
    op.create_index("ix_appeals_at", "appeals", ["at"])
    op.create_table(
        "prospect_keys",
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name="fk_prospect_keys_lead_id_leads"),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name="fk_prospect_keys_product_id_products"),
        sa.PrimaryKeyConstraint("lead_id", "kind", name="pk_prospect_keys"),
    )
    op.create_index("ix_prospect_keys_value", "prospect_keys", ["product_id", "kind", "value"])
    op.create_table(
        "lead_conflicts",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("against_id", ID, nullable=False),
        sa.Column("matched", DOCUMENT, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by_id", ID, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["against_id"], ["leads.id"], name="fk_lead_conflicts_against_id_leads"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["persons.id"], name="fk_lead_conflicts_decided_by_id_persons"),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name="fk_lead_conflicts_lead_id_leads"),
        sa.PrimaryKeyConstraint("id", name="pk_lead_conflicts"),
        sa.UniqueConstraint("lead_id", "against_id", name="uq_lead_conflicts_lead_id_against_id"),
    )
    op.create_index("ix_lead_conflicts_against_id", "lead_conflicts", ["against_id"])
    op.create_index("ix_lead_conflicts_at", "lead_conflicts", ["at"])
