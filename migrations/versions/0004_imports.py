"""Imports of tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "import_runs",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("partner_id", ID, nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("options", DOCUMENT, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("read", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('new', 'running', 'done', 'failed', 'withdrawn')", name=op.f("ck_import_runs_status")
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_import_runs_partner_id_partners"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_import_runs_person_id_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_import_runs"),
    )
    op.create_index("ix_import_runs_created_at", "import_runs", ["created_at"])
    op.create_table(
        "import_remarks",
        sa.Column("id", ID, nullable=False),
        sa.Column("import_id", ID, nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("params", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["import_runs.id"], name="fk_import_remarks_import_id_import_runs"),
        sa.PrimaryKeyConstraint("id", name="pk_import_remarks"),
    )
    op.create_index("ix_import_remarks_import_id", "import_remarks", ["import_id", "line", "id"])
    op.create_table(
        "remembered_mappings",
        sa.Column("header_digest", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("mapping", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("header_digest", "kind", name="pk_remembered_mappings"),
    )
