"""Orders, what happens to them, and the inbox of deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)

# Table -> the columns that nothing may change; where none are named, the whole row.
FACTS = {
    "order_lines": (),
    "order_events": (
        "shop_id",
        "order_external_id",
        "event_id",
        "type",
        "occurred_at",
        "amount_minor",
        "lines",
        "summary_of",
    ),
}


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
        "orders",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment_method", sa.Text(), nullable=False),
        sa.Column("collected_by", sa.Text(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("requires_shipping", sa.Boolean(), nullable=False),
        sa.Column("group_buy_id", ID, nullable=True),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("visitor", KEY, nullable=True),
        sa.Column("ref", sa.Text(), nullable=True),
        sa.Column("ref_problem", sa.Text(), nullable=True),
        sa.Column("coupon_codes", DOCUMENT, nullable=False),
        sa.Column("paid_at", MOMENT, nullable=True),
        sa.Column("shipped_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("lines_as_of", MOMENT, nullable=True),
        sa.Column("goods_minor", sa.BigInteger(), nullable=False),
        sa.Column("left_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("excess_minor", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", ID, nullable=True),
        sa.Column("salesperson_id", ID, nullable=True),
        sa.Column("via", sa.Text(), nullable=True),
        sa.Column("click_id", ID, nullable=True),
        sa.Column("binding_id", ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "collected_by IN ('platform', 'merchant', 'cash_on_delivery')", name=op.f("ck_orders_collected_by")
        ),
        sa.CheckConstraint(
            "reason IS NULL OR reason IN ('test_order', 'cash_on_delivery', 'programme_off', 'no_click', 'binding_expired', 'salesperson_inactive', 'own_purchase')",
            name=op.f("ck_orders_reason"),
        ),
        sa.CheckConstraint("via IS NULL OR via IN ('coupon', 'binding', 'hand')", name=op.f("ck_orders_via")),
        sa.CheckConstraint("(salesperson_id IS NULL) = (reason IS NOT NULL)", name=op.f("ck_orders_attributed_or_not")),
        sa.ForeignKeyConstraint(["binding_id"], ["bindings.id"], name=op.f("fk_orders_binding_id_bindings")),
        sa.ForeignKeyConstraint(["click_id"], ["clicks.id"], name=op.f("fk_orders_click_id_clicks")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_orders_customer_id_customers")),
        sa.ForeignKeyConstraint(["group_buy_id"], ["group_buys.id"], name=op.f("fk_orders_group_buy_id_group_buys")),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_orders_salesperson_id_salespeople")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_orders_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("shop_id", "external_id", name=op.f("uq_orders_shop_id_external_id")),
    )
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "placed_at"])
    op.create_index("ix_orders_group_buy_id", "orders", ["group_buy_id"])
    op.create_index("ix_orders_placed_at", "orders", ["shop_id", "placed_at", "id"])
    op.create_index("ix_orders_salesperson_id", "orders", ["salesperson_id", "placed_at", "id"])

    op.create_table(
        "order_contacts",
        sa.Column("order_id", ID, nullable=False),
        sa.Column("customer_ref", KEY, nullable=True),
        sa.Column("email", KEY, nullable=True),
        sa.Column("phone", KEY, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_contacts_order_id_orders")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_contacts")),
    )

    op.create_table(
        "order_events",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("order_external_id", KEY, nullable=False),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("lines", DOCUMENT, nullable=False),
        sa.Column("summary_of", KEY, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "type IN ('paid', 'shipped', 'completed', 'cancelled', 'refunded', 'amended', 'cashback')",
            name=op.f("ck_order_events_type"),
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_events_order_id_orders")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_order_events_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_events")),
        sa.UniqueConstraint(
            "shop_id", "order_external_id", "event_id", name=op.f("uq_order_events_shop_id_order_external_id_event_id")
        ),
    )
    op.create_index("ix_order_events_order_id", "order_events", ["order_id", "occurred_at", "id"])
    op.create_index(
        "ix_order_events_waiting",
        "order_events",
        ["shop_id", "order_external_id"],
        sqlite_where=sa.text("order_id IS NULL"),
        postgresql_where=sa.text("order_id IS NULL"),
    )

    op.create_table(
        "order_lines",
        sa.Column("id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=True),
        sa.Column("line_id", KEY, nullable=False),
        sa.Column("sku", KEY, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["order_events.id"], name=op.f("fk_order_lines_event_id_order_events")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id_orders")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_lines")),
    )
    op.create_index("ix_order_lines_order_id", "order_lines", ["order_id", "id"])

    op.create_table(
        "attributions",
        sa.Column("id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("salesperson_id", ID, nullable=True),
        sa.Column("via", sa.Text(), nullable=True),
        sa.Column("click_id", ID, nullable=True),
        sa.Column("binding_id", ID, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["binding_id"], ["bindings.id"], name=op.f("fk_attributions_binding_id_bindings")),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_attributions_by_person_id_persons")),
        sa.ForeignKeyConstraint(["click_id"], ["clicks.id"], name=op.f("fk_attributions_click_id_clicks")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_attributions_order_id_orders")),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_attributions_salesperson_id_salespeople")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attributions")),
    )
    op.create_index("ix_attributions_order_id", "attributions", ["order_id", "id"])

    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("body_digest", sa.Text(), nullable=False),
        sa.Column("order_external_id", KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", DOCUMENT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "source IN ('api', 'shopify', 'woocommerce', 'youzan', 'csv')", name=op.f("ck_deliveries_source")
        ),
        sa.CheckConstraint("status IN ('parked', 'applied', 'ignored')", name=op.f("ck_deliveries_status")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_deliveries_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("shop_id", "source", "delivery_id", name=op.f("uq_deliveries_shop_id_source_delivery_id")),
    )
    op.create_index("ix_deliveries_shop_id", "deliveries", ["shop_id", "received_at", "id"])
    op.create_index("ix_deliveries_shop_id_status", "deliveries", ["shop_id", "status", "received_at"])
    for table, columns in FACTS.items():
        refuse_changes(table, columns)
