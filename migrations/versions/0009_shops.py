"""Shops, the versions of their settings, and their salespeople."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "shops",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("settle_wanted_at", MOMENT, nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shops")),
        sa.UniqueConstraint("slug", name=op.f("uq_shops_slug")),
    )

    op.create_table(
        "shop_hosts",
        sa.Column("host", KEY, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_shop_hosts_shop_id_shops")),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_shop_hosts")),
    )
    op.create_index(op.f("ix_shop_hosts_shop_id"), "shop_hosts", ["shop_id"])

    op.create_table(
        "settings_versions",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.Column("programme", sa.Boolean(), nullable=True),
        sa.Column("applications", sa.Text(), nullable=True),
        sa.Column("rate_bp", sa.BigInteger(), nullable=True),
        sa.Column("validity", sa.Text(), nullable=True),
        sa.Column("binding", sa.Text(), nullable=True),
        sa.Column("protect_days", sa.BigInteger(), nullable=True),
        sa.Column("auto_settle", sa.Boolean(), nullable=True),
        sa.Column("completion_days", sa.BigInteger(), nullable=True),
        sa.Column("own_purchases_earn", sa.Boolean(), nullable=True),
        sa.Column("refunds_after_settlement", sa.Text(), nullable=True),
        sa.Column("minimum_withdrawal_minor", sa.BigInteger(), nullable=True),
        sa.Column("leaderboard", sa.Boolean(), nullable=True),
        sa.Column("recruitment_text", sa.Text(), nullable=True),
        sa.Column("commission_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "applications IS NULL OR applications IN ('automatic', 'reviewed')",
            name=op.f("ck_settings_versions_applications"),
        ),
        sa.CheckConstraint(
            "binding IS NULL OR binding IN ('last_click', 'protected', 'first_click')",
            name=op.f("ck_settings_versions_binding"),
        ),
        sa.CheckConstraint(
            "refunds_after_settlement IS NULL OR refunds_after_settlement IN ('keep', 'claw_back')",
            name=op.f("ck_settings_versions_refunds_after_settlement"),
        ),
        sa.CheckConstraint(
            "validity IS NULL OR validity IN ('short', 'permanent')", name=op.f("ck_settings_versions_validity")
        ),
        sa.CheckConstraint(
            "completion_days IS NULL OR completion_days BETWEEN 0 AND 365",
            name=op.f("ck_settings_versions_completion_days"),
        ),
        sa.CheckConstraint(
            "protect_days IS NULL OR protect_days BETWEEN 1 AND 3650", name=op.f("ck_settings_versions_protect_days")
        ),
        sa.CheckConstraint("rate_bp IS NULL OR rate_bp BETWEEN 0 AND 9000", name=op.f("ck_settings_versions_rate_bp")),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["persons.id"], name=op.f("fk_settings_versions_by_person_id_persons")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_settings_versions_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings_versions")),
    )
    op.create_index("ix_settings_versions_shop_id", "settings_versions", ["shop_id", "effective_at", "id"])

    op.create_table(
        "rate_overrides",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("rate_bp", sa.BigInteger(), nullable=True),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.CheckConstraint("kind IN ('product', 'salesperson', 'group')", name=op.f("ck_rate_overrides_kind")),
        sa.CheckConstraint("rate_bp IS NULL OR rate_bp BETWEEN 0 AND 9000", name=op.f("ck_rate_overrides_rate_bp")),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_rate_overrides_by_person_id_persons")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_rate_overrides_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_overrides")),
    )
    op.create_index(
        "ix_rate_overrides_target", "rate_overrides", ["shop_id", "kind", "target_id", "effective_at", "id"]
    )

    op.create_table(
        "shop_products",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("sku", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_key", KEY, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_shop_products_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_products")),
        sa.UniqueConstraint("shop_id", "sku", name=op.f("uq_shop_products_shop_id_sku")),
    )

    op.create_table(
        "shop_articles",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_shop_articles_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop_articles")),
        sa.UniqueConstraint("shop_id", "external_id", name=op.f("uq_shop_articles_shop_id_external_id")),
    )

    op.create_table(
        "group_buys",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_key", KEY, nullable=False),
        sa.Column("tiers", DOCUMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_group_buys_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_buys")),
        sa.UniqueConstraint("shop_id", "external_id", name=op.f("uq_group_buys_shop_id_external_id")),
    )

    op.create_table(
        "salesperson_groups",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_salesperson_groups_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_salesperson_groups")),
        sa.UniqueConstraint("shop_id", "name", name=op.f("uq_salesperson_groups_shop_id_name")),
    )

    op.create_table(
        "salespeople",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("coupon_code", sa.Text(), nullable=True),
        sa.Column("coupon_key", KEY, nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("badge_digest", KEY, nullable=True),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("status IN ('applied', 'active', 'suspended', 'left')", name=op.f("ck_salespeople_status")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_salespeople_person_id_persons")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_salespeople_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_salespeople")),
        sa.UniqueConstraint("badge_digest", name=op.f("uq_salespeople_badge_digest")),
        sa.UniqueConstraint("code", name=op.f("uq_salespeople_code")),
        sa.UniqueConstraint("shop_id", "coupon_key", name=op.f("uq_salespeople_shop_id_coupon_key")),
        sa.UniqueConstraint("shop_id", "person_id", name=op.f("uq_salespeople_shop_id_person_id")),
    )
    op.create_index(op.f("ix_salespeople_person_id"), "salespeople", ["person_id"])
    op.create_index("ix_salespeople_shop_id_status", "salespeople", ["shop_id", "status"])

    op.create_table(
        "salesperson_changes",
        sa.Column("id", ID, nullable=False),
        sa.Column("salesperson_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("group_id", ID, nullable=True),
        sa.Column("changes_group", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["persons.id"], name=op.f("fk_salesperson_changes_by_person_id_persons")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["salesperson_groups.id"], name=op.f("fk_salesperson_changes_group_id_salesperson_groups")
        ),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_salesperson_changes_salesperson_id_salespeople")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_salesperson_changes")),
    )
    op.create_index("ix_salesperson_changes_salesperson_id", "salesperson_changes", ["salesperson_id", "at", "id"])

    op.create_table(
        "payment_methods",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("collected_by", sa.Text(), nullable=True),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "collected_by IS NULL OR collected_by IN ('platform', 'merchant', 'cash_on_delivery')",
            name=op.f("ck_payment_methods_collected_by"),
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_payment_methods_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "name", name=op.f("pk_payment_methods")),
    )

    op.create_table(
        "webhook_secrets",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("secret_locked", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.CheckConstraint("source IN ('shopify', 'woocommerce', 'youzan')", name=op.f("ck_webhook_secrets_source")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_webhook_secrets_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
    )
    op.create_index("ix_webhook_secrets_shop_id", "webhook_secrets", ["shop_id", "source"])

    op.create_table(
        "materials",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("picture_url", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_materials_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_materials")),
    )
    op.create_index(op.f("ix_materials_shop_id"), "materials", ["shop_id"])

    op.create_table(
        "questions",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_questions_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    op.create_index(op.f("ix_questions_shop_id"), "questions", ["shop_id"])
