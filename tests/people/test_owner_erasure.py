"""Forgetting the owner of a store by command: in the registry, in drafts, in reports and in mails."""

import sqlite3
from pathlib import Path

from tests.test_cli import Shell

HEAD = "domain,owner_name,owner_email,owner_language,plan\n"


def test_an_owner_is_erased_by_command(tmp_path: Path) -> None:
    shell, file = Shell(tmp_path), tmp_path / "stores.csv"
    file.write_text(f"{HEAD}meble.example.org,Otto Canary,otto@canary.example.org,pl,basic\nbad,,,,\n")
    tried = shell.json("import", "stores", str(file), "--dry-run")
    done = shell.json("import", "stores", str(file))
    counts = {"read": 2, "created": 1, "unchanged": 0, "refused": 1}
    assert {name: tried[name] for name in counts} == {name: done[name] for name in counts} == counts
    assert [row["line"] for row in done["report"]] == [3]
    assert shell.json("import", "stores", str(file))["unchanged"] == 1
    other = tmp_path / "other.csv"
    other.write_text("shop,tier\nmeble.example.org,plus\n")
    assert shell.run("import", "stores", str(other)).returncode == 1, "no column is the domain"
    mapped = shell.json("import", "stores", str(other), "--map", "shop=domain", "--map", "tier=plan")
    assert (mapped["changed"], mapped["unchanged"]) == (1, 0)
    assert "Otto Canary" in everything(tmp_path)
    assert shell.json("erase", "store-owner", "www.Meble.example.org", "--yes") == {
        "domain": "meble.example.org", "stores": 1, "mails": 0,
    }  # fmt: skip
    file.unlink()
    left = everything(tmp_path)
    assert "meble.example.org" in left
    assert "canary" not in left.lower()
    assert "no store" in shell.run("erase", "store-owner", "other.example.org", "--yes").stderr


def everything(folder: Path) -> str:
    """What all tables hold, but for the index of searching leads, which cannot be read row by row."""
    with sqlite3.connect(folder / "referrals.db") as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [name for name in names if not name.startswith("lead_search")]
        return str([connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in kept])
