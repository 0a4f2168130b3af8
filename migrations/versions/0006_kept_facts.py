"""What triggers keep in the transaction of what it follows from: counts of leads, names that leads are sorted by."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COUNTED = "partner_id, product_id, status, payout, rep_id"
KINDS = {
    "NEW": "NEW.partner_id, NEW.product_id, NEW.status, NEW.payout, coalesce(NEW.rep_id, 0)",
    "OLD": "OLD.partner_id, OLD.product_id, OLD.status, OLD.payout, coalesce(OLD.rep_id, 0)",
}


def add(row: str, number: int) -> str:
    return f"""
    INSERT INTO lead_counts ({COUNTED}, leads) VALUES ({KINDS[row]}, {number})
    ON CONFLICT ({COUNTED}) DO UPDATE SET leads = lead_counts.leads + excluded.leads;
    """


# One statement in the order of the key, so that two transactions never wait for each other's counts.
MOVE_ON_POSTGRESQL = f"""
    INSERT INTO lead_counts ({COUNTED}, leads)
    SELECT * FROM (VALUES ({KINDS["OLD"]}, -1), ({KINDS["NEW"]}, 1)) AS changed ORDER BY 1, 2, 3, 4, 5
    ON CONFLICT ({COUNTED}) DO UPDATE SET leads = lead_counts.leads + excluded.leads;
"""
RENAME_PARTNER = "UPDATE leads SET partner_key = NEW.name_key WHERE partner_id = NEW.id;"
RENAME_REP = """
    UPDATE leads SET rep_key = NEW.name_key
    WHERE rep_id IN (SELECT id FROM representatives WHERE person_id = NEW.id);
"""
CHANGED = f"({KINDS['OLD']}) IS DISTINCT FROM ({KINDS['NEW']})"
CHANGED_ON_SQLITE = " OR ".join(
    f"OLD.{column} IS NOT NEW.{column}" for column in ("partner_id", "product_id", "status", "payout", "rep_id")
)

# name, event, condition on SQLite, condition on PostgreSQL, body on SQLite, body on PostgreSQL
TRIGGERS = (
    ("lead_counts_added", "INSERT ON leads", None, None, add("NEW", 1), add("NEW", 1)),
    ("lead_counts_removed", "DELETE ON leads", None, None, add("OLD", -1), add("OLD", -1)),
    (
        "lead_counts_moved",
        "UPDATE ON leads",
        CHANGED_ON_SQLITE,
        CHANGED,
        add("OLD", -1) + add("NEW", 1),
        MOVE_ON_POSTGRESQL,
    ),
    (
        "leads_follow_partner",
        "UPDATE OF name_key ON partners",
        "OLD.name_key <> NEW.name_key",
        "OLD.name_key <> NEW.name_key",
        RENAME_PARTNER,
        RENAME_PARTNER,
    ),
    (
        "leads_follow_rep",
        "UPDATE OF name_key ON persons",
        "OLD.name_key <> NEW.name_key",
        "OLD.name_key <> NEW.name_key",
        RENAME_REP,
        RENAME_REP,
    ),
)


def upgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, event, sqlite_when, postgresql_when, sqlite_body, postgresql_body in TRIGGERS:
        if on_sqlite:
            when = f"WHEN {sqlite_when}" if sqlite_when else ""
            op.execute(f"CREATE TRIGGER {name} AFTER {event} {when} BEGIN {sqlite_body} END")
            continue
        when = f"WHEN ({postgresql_when})" if postgresql_when else ""
        body = f"BEGIN {postgresql_body} RETURN NULL; END"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW {when} EXECUTE FUNCTION {name}()")
