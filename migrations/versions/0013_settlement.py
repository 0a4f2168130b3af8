"""Commissions, and how they are settled and paid out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "settlement_runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("heartbeat_at", MOMENT, nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("settled_minor", sa.BigInteger(), nullable=False),
        sa.Column("left", sa.BigInteger(), nullable=False),
        sa.Column("void", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("campaigns", DOCUMENT, nullable=False),
        sa.CheckConstraint(
            "started_by IN ('schedule', 'top_up', 'hand', 'api', 'command')", name=op.f("ck_settlement_runs_started_by")
        ),
        sa.CheckConstraint("status IN ('running', 'done', 'stopped')", name=op.f("ck_settlement_runs_status")),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_settlement_runs_by_person_id_persons")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_settlement_runs_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement_runs")),
    )
    op.create_index("ix_settlement_runs_shop_id", "settlement_runs", ["shop_id", "started_at", "id"])

    op.create_table(
        "commissions",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("order_key", KEY, nullable=False),
        sa.Column("salesperson_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("clawed_back_minor", sa.BigInteger(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False),
        sa.Column("rate_bp", sa.BigInteger(), nullable=True),
        sa.Column("suggested_minor", sa.BigInteger(), nullable=False),
        sa.Column("by_hand_due_minor", sa.BigInteger(), nullable=False),
        sa.Column("by_hand_base_minor", sa.BigInteger(), nullable=False),
        sa.Column("collected_by", sa.Text(), nullable=False),
        sa.Column("refund_rule", sa.Text(), nullable=False),
        sa.Column("group_buy_id", ID, nullable=True),
        sa.Column("cashback_minor", sa.BigInteger(), nullable=True),
        sa.Column("counted_orders", sa.BigInteger(), nullable=True),
        sa.Column("lines_event_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("facts_before_id", sa.BigInteger(), nullable=True),
        sa.Column("facts_until", MOMENT, nullable=True),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("held_at", MOMENT, nullable=True),
        sa.Column("held_reason", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "clawed_back_minor BETWEEN 0 AND amount_minor OR status <> 'settled'",
            name=op.f("ck_commissions_clawed_back"),
        ),
        sa.CheckConstraint(
            "collected_by IN ('platform', 'merchant', 'cash_on_delivery')", name=op.f("ck_commissions_collected_by")
        ),
        sa.CheckConstraint("kind IN ('sale')", name=op.f("ck_commissions_kind")),
        sa.CheckConstraint(
            "reason IS NULL OR reason IN ('waiting', 'insufficient_balance', 'failed', 'held', 'cancelled', 'refunded', 'zero')",
            name=op.f("ck_commissions_reason"),
        ),
        sa.CheckConstraint("refund_rule IN ('keep', 'claw_back')", name=op.f("ck_commissions_refund_rule")),
        sa.CheckConstraint("status IN ('pending', 'settled', 'void', 'by_hand')", name=op.f("ck_commissions_status")),
        sa.ForeignKeyConstraint(
            ["group_buy_id"], ["group_buys.id"], name=op.f("fk_commissions_group_buy_id_group_buys")
        ),
        sa.ForeignKeyConstraint(
            ["lines_event_id"], ["order_events.id"], name=op.f("fk_commissions_lines_event_id_order_events")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_commissions_order_id_orders")),
        sa.ForeignKeyConstraint(["run_id"], ["settlement_runs.id"], name=op.f("fk_commissions_run_id_settlement_runs")),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_commissions_salesperson_id_salespeople")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_commissions_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commissions")),
        sa.UniqueConstraint(
            "order_id", "salesperson_id", "kind", name=op.f("uq_commissions_order_id_salesperson_id_kind")
        ),
    )
    op.create_index(
        "ix_commissions_by_hand",
        "commissions",
        ["shop_id", "id"],
        sqlite_where=sa.text("by_hand_due_minor <> 0 OR status = 'by_hand'"),
        postgresql_where=sa.text("by_hand_due_minor <> 0 OR status = 'by_hand'"),
    )
    op.create_index(
        "ix_commissions_reconsidered",
        "commissions",
        ["shop_id", "due_at", "order_key", "id"],
        sqlite_where=sa.text("status IN ('void', 'by_hand')"),
        postgresql_where=sa.text("status IN ('void', 'by_hand')"),
    )
    op.create_index(
        "ix_commissions_group_buy_id",
        "commissions",
        ["group_buy_id", "status"],
        sqlite_where=sa.text("group_buy_id IS NOT NULL"),
        postgresql_where=sa.text("group_buy_id IS NOT NULL"),
    )
    op.create_index(
        "ix_commissions_due",
        "commissions",
        ["shop_id", "due_at", "order_key", "id"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_commissions_run_id", "commissions", ["run_id"])
    op.create_index("ix_commissions_salesperson_id", "commissions", ["salesperson_id", "status", "created_at", "id"])
    op.create_index("ix_commissions_settled_at", "commissions", ["shop_id", "status", "settled_at", "id"])
    op.create_index("ix_commissions_status", "commissions", ["shop_id", "status", "created_at", "id"])

    op.create_table(
        "top_ups",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", KEY, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.CheckConstraint("kind IN ('top_up', 'pay_back')", name=op.f("ck_top_ups_kind")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_top_ups_amount")),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_top_ups_by_person_id_persons")),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_top_ups_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_ups")),
        sa.UniqueConstraint("shop_id", "external_id", name=op.f("uq_top_ups_shop_id_external_id")),
    )
    op.create_index("ix_top_ups_shop_id", "top_ups", ["shop_id", "at", "id"])

    op.create_table(
        "by_hand_settlements",
        sa.Column("id", ID, nullable=False),
        sa.Column("commission_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.Column("suggested_minor", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_from", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("paid_from IN ('balance', 'outside')", name=op.f("ck_by_hand_settlements_paid_from")),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["persons.id"], name=op.f("fk_by_hand_settlements_by_person_id_persons")
        ),
        sa.ForeignKeyConstraint(
            ["commission_id"], ["commissions.id"], name=op.f("fk_by_hand_settlements_commission_id_commissions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_by_hand_settlements")),
    )
    op.create_index("ix_by_hand_settlements_commission_id", "by_hand_settlements", ["commission_id", "id"])

    op.create_table(
        "withdrawals",
        sa.Column("id", ID, nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("salesperson_id", ID, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("details_locked", sa.Text(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by_id", ID, nullable=True),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("payment_reference", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("status IN ('requested', 'paid', 'refused')", name=op.f("ck_withdrawals_status")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_withdrawals_amount")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["persons.id"], name=op.f("fk_withdrawals_decided_by_id_persons")),
        sa.ForeignKeyConstraint(
            ["salesperson_id"], ["salespeople.id"], name=op.f("fk_withdrawals_salesperson_id_salespeople")
        ),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_withdrawals_shop_id_shops")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
    )
    op.create_index("ix_withdrawals_salesperson_id", "withdrawals", ["salesperson_id", "requested_at", "id"])
    op.create_index("ix_withdrawals_shop_id", "withdrawals", ["shop_id", "status", "requested_at", "id"])
