"""Members, salespeople and keys of shops; codes that go to phones."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
STAFF = sa.text("partner_id IS NULL AND shop_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "one_time_codes",
        sa.Column("id", ID, nullable=False),
        sa.Column("phone", KEY, nullable=False),
        sa.Column("code_digest", KEY, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_codes")),
    )
    op.create_index("ix_one_time_codes_phone", "one_time_codes", ["phone", "created_at"])

    op.drop_index("uq_memberships_staff", "memberships")
    with op.batch_alter_table("memberships") as table:
        table.add_column(sa.Column("shop_id", ID, nullable=True))
        table.add_column(sa.Column("salesperson_id", ID, nullable=True))
        table.add_column(sa.Column("manage", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("finance", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.create_unique_constraint("uq_memberships_person_id_shop_id_role", ["person_id", "shop_id", "role"])
        table.create_foreign_key("fk_memberships_salesperson_id_salespeople", "salespeople", ["salesperson_id"], ["id"])
        table.create_foreign_key("fk_memberships_shop_id_shops", "shops", ["shop_id"], ["id"])
        table.drop_constraint(op.f("ck_memberships_role"), type_="check")
        table.create_check_constraint(
            op.f("ck_memberships_role"), "role IN ('member', 'rep', 'admin', 'merchant', 'salesperson')"
        )
        table.create_check_constraint(
            op.f("ck_memberships_shop_of_merchant"),
            "(role IN ('merchant', 'salesperson')) = (shop_id IS NOT NULL)",
        )
        table.create_check_constraint(
            op.f("ck_memberships_salesperson"), "(role = 'salesperson') = (salesperson_id IS NOT NULL)"
        )
    op.create_index("ix_memberships_shop_id", "memberships", ["shop_id"])
    op.create_index(
        "uq_memberships_staff", "memberships", ["person_id"], unique=True, sqlite_where=STAFF, postgresql_where=STAFF
    )

    with op.batch_alter_table("api_keys") as table:
        table.add_column(sa.Column("shop_id", ID, nullable=True))
        table.create_foreign_key("fk_api_keys_shop_id_shops", "shops", ["shop_id"], ["id"])
    op.create_index("ix_api_keys_shop_id", "api_keys", ["shop_id"])

    # Not in a batch: rebuilding these tables on SQLite would lose the triggers on them.
    op.add_column("persons", sa.Column("nickname", sa.Text(), nullable=False, server_default=""))
    op.add_column("persons", sa.Column("called_key", KEY, nullable=False, server_default=""))
    op.add_column("outbox_messages", sa.Column("to_phone", sa.Text(), nullable=False, server_default=""))
