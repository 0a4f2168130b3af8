"""The two products and the reasons of refusal that a new programme begins with (`SPEC §2`)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PRODUCTS = sa.table(
    "products",
    sa.column("code"),
    sa.column("name"),
    sa.column("flow"),
    sa.column("active", sa.Boolean()),
    sa.column("position"),
    sa.column("fields", DOCUMENT),
    sa.column("texts", DOCUMENT),
)
REASONS = sa.table(
    "reasons",
    sa.column("code"),
    sa.column("label"),
    sa.column("sentence"),
    sa.column("active", sa.Boolean()),
    sa.column("position"),
)
PLUS_FIELDS = [
    {
        "name": "annual_revenue",
        "kind": "choice",
        "label": "Annual revenue",
        "choices": [
            {"value": "under_250k", "label": "Under $250,000"},
            {"value": "250k_1m", "label": "$250,000–1 million"},
            {"value": "1m_5m", "label": "$1–5 million"},
            {"value": "5m_20m", "label": "$5–20 million"},
            {"value": "over_20m", "label": "Over $20 million"},
        ],
    },
    {
        "name": "monthly_orders",
        "kind": "choice",
        "label": "Monthly orders",
        "choices": [
            {"value": "under_100", "label": "Under 100"},
            {"value": "100_1000", "label": "100–1,000"},
            {"value": "1000_10000", "label": "1,000–10,000"},
            {"value": "over_10000", "label": "Over 10,000"},
        ],
    },
]
POS_FIELDS = [
    {"name": "locations", "kind": "whole_number", "label": "Number of locations"},
    {"name": "go_live_on", "kind": "date", "label": "Go-live date"},
]
SENTENCES = (
    ("duplicate", "Belongs to another partner", "Another partner registered this business before you.", True),
    ("not_reachable", "Could not be reached", "We could not reach the contact you named.", True),
    ("not_interested", "Not interested", "The business told us that it is not interested.", True),
    ("terms_not_met", "Terms not met", "The business does not meet the referral terms.", True),
    ("already_customer", "Already a customer", "The business is already a customer of ours.", True),
    ("outside_market", "Outside our market", "We do not serve the country or line of business of this lead.", True),
    ("other", "Other", "", True),
    ("imported", "Decided earlier", "This was decided before the programme moved here.", False),
)


def upgrade() -> None:
    op.bulk_insert(
        PRODUCTS,
        [
            {"code": "plus", "name": "Plus", "flow": "commission", "active": True, "position": 1,
             "fields": PLUS_FIELDS, "texts": {}},
            {"code": "pos", "name": "POS", "flow": "bounty", "active": True, "position": 2,
             "fields": POS_FIELDS, "texts": {}},
        ],
    )  # fmt: skip
    op.bulk_insert(
        REASONS,
        [
            {"code": code, "label": label, "sentence": sentence, "active": active, "position": position}
            for position, (code, label, sentence, active) in enumerate(SENTENCES, 1)
        ],
    )
