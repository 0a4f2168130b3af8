"""The registry of stores; imports that belong to no partner and change what is there."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "stores",
        sa.Column("id", ID, nullable=False),
        sa.Column("domain", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("owner_name", sa.Text(), nullable=False),
        sa.Column("owner_email", sa.Text(), nullable=False),
        sa.Column("owner_language", sa.Text(), nullable=False),
        sa.Column("plan", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("partner_id", ID, nullable=True),
        sa.Column("listed_at", MOMENT, nullable=True),
        sa.Column("handed_over_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("search_text", KEY, nullable=False),
        sa.CheckConstraint("status IN ('active', 'closed')", name=op.f("ck_stores_status")),
        sa.CheckConstraint("listed_at IS NOT NULL OR partner_id IS NOT NULL", name=op.f("ck_stores_listed_or_built")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_stores_partner_id_partners")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stores")),
    )
    listed, draft = sa.text("listed_at IS NOT NULL"), sa.text("listed_at IS NULL")
    op.create_index("ix_stores_listed", "stores", ["domain"], unique=True, sqlite_where=listed, postgresql_where=listed)
    op.create_index(
        "ix_stores_drafts", "stores", ["domain", "partner_id"], unique=True, sqlite_where=draft, postgresql_where=draft
    )
    op.create_index("ix_stores_domain", "stores", ["domain", "id"])
    op.create_index("ix_stores_changed_at", "stores", ["changed_at", "id"])
    op.create_index("ix_stores_partner_id", "stores", ["partner_id", "id"])

    with op.batch_alter_table("import_runs") as runs:
        runs.alter_column("partner_id", existing_type=ID, nullable=True)
        runs.add_column(sa.Column("changed", sa.BigInteger(), nullable=False, server_default="0"))
