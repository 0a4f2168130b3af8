"""Search by grams: a full-text table of grams on SQLite, an array under a GIN index on PostgreSQL."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ON_SQLITE = """
CREATE VIRTUAL TABLE lead_search USING fts5 (grams, content='', detail=none, columnsize=0, tokenize='ascii')
"""
ON_POSTGRESQL = """
CREATE TABLE lead_search (
    lead_id BIGINT PRIMARY KEY REFERENCES leads (id),
    grams TEXT[] NOT NULL
)
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(ON_SQLITE)
        return
    op.execute(ON_POSTGRESQL)
    op.execute("CREATE INDEX ix_lead_search_grams ON lead_search USING gin (grams)")
