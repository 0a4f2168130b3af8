"""Links, clicks, customers and bindings."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", KEY, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("salesperson_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("validity", sa.Text(), nullable=False),
        sa.Column("shared_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("clicks", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('link', 'qr')", name=op.f("ck_links_kind")),
        sa.CheckConstraint("validity IN ('short', 'permanent')", name=op.f("ck_links_validity")),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_links_salesperson_id_salespeople")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_links_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("code", name=op.f("uq_links_code")),
    )
    op.create_index("ix_links_salesperson_id", "links", ["salesperson_id", "shared_at", "id"])
    op.create_index("ix_links_shop_id", "links", ["shop_id", "shared_at", "id"])

    op.create_table(
        "clicks",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("link_id", ID, nullable=False),
        sa.Column("salesperson_id", ID, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("visitor", KEY, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ip_hash", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("referrer", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('bound', 'renewed', 'protected', 'already_bound', 'link_expired', 'salesperson_inactive', 'programme_off')",
            name=op.f("ck_clicks_outcome"),
        ),
        sa.ForeignKeyConstraint(["link_id"], ["links.id"], name=op.f("fk_clicks_link_id_links")),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_clicks_salesperson_id_salespeople")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_clicks_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clicks")),
    )
    op.create_index("ix_clicks_salesperson_id", "clicks", ["salesperson_id", "occurred_at", "id"])
    op.create_index("ix_clicks_shop_id", "clicks", ["shop_id", "occurred_at", "id"])
    op.create_index("ix_clicks_visitor", "clicks", ["shop_id", "visitor", "occurred_at", "id"])

    op.create_table(
        "customers",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("merged_into_id", ID, nullable=True),
        sa.Column("merged_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["merged_into_id"], ["customers.id"], name=op.f("fk_customers_merged_into_id_customers")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_customers_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    op.create_index(op.f("ix_customers_merged_into_id"), "customers", ["merged_into_id"])
    op.create_index("ix_customers_shop_id", "customers", ["shop_id", "id"])

    op.create_table(
        "customer_keys",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('id', 'email', 'phone')", name=op.f("ck_customer_keys_kind")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_customer_keys_customer_id_customers")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_customer_keys_shop_id_shops")),
        sa.PrimaryKeyConstraint("shop_id", "kind", "value", name=op.f("pk_customer_keys")),
    )
    op.create_index(op.f("ix_customer_keys_customer_id"), "customer_keys", ["customer_id"])

    op.create_table(
        "identifications",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("visitor", KEY, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_identifications_customer_id_customers")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_identifications_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identifications")),
        sa.UniqueConstraint(
            "shop_id",
            "visitor",
            "occurred_at",
            "customer_id",
            name=op.f("uq_identifications_shop_id_visitor_occurred_at_customer_id"),
        ),
    )
    op.create_index("ix_identifications_customer_id", "identifications", ["customer_id"])

    op.create_table(
        "bindings",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("customer_id", ID, nullable=False),
        sa.Column("salesperson_id", ID, nullable=False),
        sa.Column("click_id", ID, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("from_at", MOMENT, nullable=False),
        sa.Column("until_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("superseded_at", MOMENT, nullable=True),
        sa.Column("superseded_by", sa.Text(), nullable=True),
        sa.CheckConstraint("rule IN ('last_click', 'protected', 'first_click')", name=op.f("ck_bindings_rule")),
        sa.ForeignKeyConstraint(["click_id"], ["clicks.id"], name=op.f("fk_bindings_click_id_clicks")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_bindings_customer_id_customers")),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_bindings_salesperson_id_salespeople")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_bindings_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bindings")),
    )
    op.create_index("ix_bindings_customer_id", "bindings", ["customer_id", "from_at", "id"])
    op.create_index(
        "ix_bindings_salesperson_id",
        "bindings",
        ["salesperson_id", "from_at"],
        sqlite_where=sa.text("superseded_at IS NULL"),
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
