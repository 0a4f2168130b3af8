"""Endpoints of outgoing webhooks, and deliveries to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "hook_endpoints",
        sa.Column("id", ID, nullable=False),
        sa.Column("owner_kind", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret_locked", sa.Text(), nullable=False),
        sa.Column("old_secret_locked", sa.Text(), nullable=True),
        sa.Column("old_secret_until", MOMENT, nullable=True),
        sa.Column("events", DOCUMENT, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("rests_until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT, nullable=True),
        sa.Column("by_person_id", ID, nullable=True),
        sa.CheckConstraint("owner_kind IN ('operator', 'partner', 'shop')", name=op.f("ck_hook_endpoints_owner_kind")),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_hook_endpoints_by_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_endpoints")),
    )
    op.create_index("ix_hook_endpoints_owner", "hook_endpoints", ["owner_kind", "owner_id", "id"])

    op.create_table(
        "hook_deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("message_key", KEY, nullable=False),
        sa.Column("endpoint_id", ID, nullable=False),
        sa.Column("event", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("tried_at", MOMENT, nullable=True),
        sa.Column("answer_status", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=True),
        sa.Column("parked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["hook_endpoints.id"], name=op.f("fk_hook_deliveries_endpoint_id_hook_endpoints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_deliveries")),
        sa.UniqueConstraint("message_key", name=op.f("uq_hook_deliveries_message_key")),
    )
    op.create_index(
        "ix_hook_deliveries_due",
        "hook_deliveries",
        ["endpoint_id", "next_try_at", "id"],
        sqlite_where=sa.text("delivered_at IS NULL AND parked_at IS NULL"),
        postgresql_where=sa.text("delivered_at IS NULL AND parked_at IS NULL"),
    )
    op.create_index("ix_hook_deliveries_endpoint_id", "hook_deliveries", ["endpoint_id", "created_at", "id"])
    op.create_index("ix_hook_deliveries_delivered_at", "hook_deliveries", ["delivered_at"])
