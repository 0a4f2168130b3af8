"""Accounts, memberships, sign-ins, keys, the audit log, partner organisations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "partners",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
        sa.UniqueConstraint("name_key", name="uq_partners_name_key"),
    )
    op.create_table(
        "persons",
        sa.Column("id", ID, nullable=False),
        sa.Column("email", KEY, nullable=True),
        sa.Column("phone", KEY, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("search_text", KEY, nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("seen_language", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.Column("appearance", sa.Text(), nullable=True),
        sa.Column("second_factor", sa.Text(), nullable=True),
        sa.Column("second_factor_since", MOMENT, nullable=True),
        sa.Column("second_factor_step", sa.BigInteger(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("email", name="uq_persons_email"),
        sa.UniqueConstraint("phone", name="uq_persons_phone"),
    )
    op.create_table(
        "memberships",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("partner_id", ID, nullable=True),
        sa.Column("view_referrals", sa.Boolean(), nullable=False),
        sa.Column("view_financials", sa.Boolean(), nullable=False),
        sa.Column("manage_members", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "(role = 'member') = (partner_id IS NOT NULL)", name=op.f("ck_memberships_partner_of_member")
        ),
        sa.CheckConstraint("role IN ('member', 'rep', 'admin')", name=op.f("ck_memberships_role")),
        sa.CheckConstraint("status IN ('active', 'suspended', 'left')", name=op.f("ck_memberships_status")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_memberships_partner_id_partners"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_memberships_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
        sa.UniqueConstraint("person_id", "partner_id", name="uq_memberships_person_id_partner_id"),
    )
    op.create_index("ix_memberships_partner_id", "memberships", ["partner_id"])
    op.create_index("ix_memberships_person_id", "memberships", ["person_id"])
    op.create_index(
        "uq_memberships_staff",
        "memberships",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("partner_id IS NULL"),
        postgresql_where=sa.text("partner_id IS NULL"),
    )
    op.create_table(
        "membership_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name="fk_membership_changes_by_person_id_persons"),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["memberships.id"], name="fk_membership_changes_membership_id_memberships"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_membership_changes"),
    )
    op.create_index("ix_membership_changes_membership_id", "membership_changes", ["membership_id"])
    op.create_table(
        "representatives",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("booking_url", sa.Text(), nullable=False),
        sa.Column("available", sa.Boolean(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_representatives_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_representatives"),
        sa.UniqueConstraint("person_id", name="uq_representatives_person_id"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_digest", KEY, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("membership_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["membership_id"], ["memberships.id"], name="fk_sign_ins_membership_id_memberships"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_sign_ins_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.UniqueConstraint("token_digest", name="uq_sign_ins_token_digest"),
    )
    op.create_index("ix_sign_ins_person_id", "sign_ins", ["person_id"])
    op.create_table(
        "one_time_links",
        sa.Column("id", KEY, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_one_time_links_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_one_time_links"),
    )
    op.create_index("ix_one_time_links_person_id", "one_time_links", ["person_id"])
    op.create_table(
        "drafts",
        sa.Column("token_digest", KEY, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("fields", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_drafts_person_id_persons"),
        sa.PrimaryKeyConstraint("token_digest", name="pk_drafts"),
    )
    op.create_index("ix_drafts_created_at", "drafts", ["created_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("code_digest", KEY, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_recovery_codes_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
    )
    op.create_index("ix_recovery_codes_person_id", "recovery_codes", ["person_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("partner_id", ID, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("beginning", sa.Text(), nullable=False),
        sa.Column("secret_digest", KEY, nullable=False),
        sa.Column("scopes", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by_id", ID, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('partner', 'shop', 'operator')", name=op.f("ck_api_keys_kind")),
        sa.ForeignKeyConstraint(["created_by_id"], ["persons.id"], name="fk_api_keys_created_by_id_persons"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_api_keys_partner_id_partners"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("secret_digest", name="uq_api_keys_secret_digest"),
    )
    op.create_index("ix_api_keys_partner_id", "api_keys", ["partner_id"])
    op.create_table(
        "api_answers",
        sa.Column("api_key_id", ID, nullable=False),
        sa.Column("idempotency_key", KEY, nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name="fk_api_answers_api_key_id_api_keys"),
        sa.PrimaryKeyConstraint("api_key_id", "idempotency_key", name="pk_api_answers"),
    )
    op.create_index("ix_api_answers_created_at", "api_answers", ["created_at"])
    op.create_table(
        "audit_entries",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("about_id", ID, nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["about_id"], ["persons.id"], name="fk_audit_entries_about_id_persons"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_audit_entries_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"])
