"""The command line, as a process of its own beside the server."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from referrals.config import ROOT

SAMPLES = ROOT.parent / "shared" / "samples" / "salesforce_hubspot"


class Shell:
    """Runs `referrals` on a data folder of its own."""

    patience_seconds = 120

    def __init__(self, folder: Path) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("REFERRALS_")},
            "REFERRALS_DATA_DIR": str(folder),
        }

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "referrals.cli", *words],
            input=text, capture_output=True, text=True, env=self.environment, cwd=ROOT, timeout=self.patience_seconds,
        )  # fmt: skip

    def json(self, *words: str, text: str = "") -> Any:
        done = self.run(*words, text=text)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_people_and_partners_are_made(shell: Shell) -> None:
    partner = shell.json(
        "create-partner", "Studio Północ", "anna@example.org", "--password-stdin", text="a long passphrase\n"
    )
    assert partner["api_key"].startswith("rk_partner_")
    assert shell.json("create-rep", "rita@example.org", "Rita Romero", "--password-stdin", text="a long passphrase\n")[
        "rep"
    ]
    assert (
        shell.json("create-admin", "mira@example.org", "--password-stdin", text="a long passphrase\n")["role"]
        == "admin"
    )
    again = shell.run(
        "create-partner", "studio polnoc", "x@example.org", "--password-stdin", text="a long passphrase\n"
    )
    assert (again.returncode, again.stdout) == (1, "")
    assert "already a partner" in again.stderr
    short = shell.run("create-admin", "x@example.org", "--password-stdin", text="short\n")
    assert "at least 8" in short.stderr
    assert "Traceback" not in again.stderr + short.stderr


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not here")
def test_the_real_files_import_through_the_command(shell: Shell) -> None:
    shell.json("create-partner", "North", "anna@example.org", "--password-stdin", text="a long passphrase\n")
    for file, rows in (("sf_lead_data.csv", 1), ("hubspot_contact_data.csv", 22)):
        words = ("import", "leads", str(SAMPLES / file), "--partner", "north")
        tried = shell.json(*words, "--dry-run")
        done = shell.json(*words)
        again = shell.json(*words)
        counts = [(one["read"], one["created"], one["unchanged"], one["refused"]) for one in (tried, done, again)]
        assert counts == [(rows, rows, 0, 0), (rows, rows, 0, 0), (rows, 0, rows, 0)]
    folder = Path(shell.environment["REFERRALS_DATA_DIR"])
    assert not list(folder.glob("outbox/*")), "importing sends no mail"


def test_columns_are_renamed_and_refusals_reported(shell: Shell, tmp_path: Path) -> None:
    shell.json("create-partner", "North", "anna@example.org", "--password-stdin", text="a long passphrase\n")
    file = tmp_path / "leads.csv"
    file.write_text("firma;kontakt;contact_email;country\nA;B;a@example.org;PL\nC;D;nothing;PL\n")
    done = shell.json("import", "leads", str(file), "--map", "firma=business_name", "--map", "kontakt=contact_name")
    assert (done["created"], done["refused"]) == (1, 1)
    assert done["report"][0] | {"why": ""} == {"line": 3, "outcome": "refused", "column": "contact_email", "why": ""}
    assert "not an e-mail" in done["report"][0]["why"]
    wrong = shell.run("import", "leads", str(file), "--map", "nothing=business_name")
    assert "no such column" in wrong.stderr
    assert shell.run("import", "leads", str(file), "--partner", "South").returncode == 1


def test_the_demo_fills_an_empty_database_once(shell: Shell) -> None:
    first = shell.run("demo")
    assert first.returncode == 0
    assert "anna@demo.example.org" in first.stdout
    again = shell.run("demo")
    assert again.returncode == 1
    assert "not empty" in again.stderr


def test_the_doctor_says_what_is_in_order(shell: Shell) -> None:
    fresh = shell.run("doctor")
    assert fresh.returncode == 1
    assert "referrals migrate" in fresh.stdout
    assert shell.run("migrate").returncode == 0
    assert shell.run("doctor").returncode == 0


def test_backups_and_exports_are_taken_elsewhere(shell: Shell, tmp_path: Path) -> None:
    shell.run("demo")
    taken = shell.json("backup", str(tmp_path / "all.backup"))
    (tmp_path / "elsewhere").mkdir()
    other = Shell(tmp_path / "elsewhere")
    assert other.json("restore", str(tmp_path / "all.backup")) == taken
    assert other.run("doctor").returncode == 0
    twice = other.run("restore", str(tmp_path / "all.backup"))
    assert (twice.returncode, twice.stdout) == (1, "")
    assert "not empty" in twice.stderr
    moved = shell.json("export", str(tmp_path / "all.zip"))
    (tmp_path / "third").mkdir()
    assert Shell(tmp_path / "third").json("load", str(tmp_path / "all.zip")) == moved
    assert moved["rows"]["leads"] > 0
    assert other.run("load", str(tmp_path / "all.zip")).returncode == 1
    assert "cannot be written" in shell.run("backup", str(tmp_path / "nowhere" / "all.backup")).stderr


def test_mail_is_written_without_a_scheduler_by_the_work_command(shell: Shell) -> None:
    shell.run("demo")
    done = shell.json("work")
    written = list(Path(shell.environment["REFERRALS_DATA_DIR"]).glob("outbox/*.eml"))
    assert done["leads"]
    assert done["mails"] == {"sent": len(written), "failed": 0}
    assert written
    assert shell.json("work")["mails"] == {"sent": 0, "failed": 0}


def test_the_work_command_says_what_failed_and_who_works_already(shell: Shell) -> None:
    shell.run("demo")
    folder = Path(shell.environment["REFERRALS_DATA_DIR"])
    (folder / "outbox").write_text("no folder")
    failed = shell.run("work")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["mails"]["failed"] > 0
    with FileLock(folder / "scheduler.lock"):
        beside = shell.run("work")
    assert beside.returncode == 0
    assert not json.loads(beside.stdout)["leads"]
    assert "A server is running and does the jobs" in beside.stderr


def test_the_secret_key_is_made_once_and_private(shell: Shell) -> None:
    shell.run("migrate")
    file = Path(shell.environment["REFERRALS_DATA_DIR"]) / "secret.key"
    first = file.read_text()
    shell.run("migrate")
    assert file.read_text() == first
    assert len(first) >= 43
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "partners.example.org"),
        ("BASE_URL", "ftp://partners.example.org"),
        ("MAIL_URL", "nonsense"),
        ("MAIL_URL", "smtp://"),
        ("SECOND_FACTOR", "never"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(shell: Shell, name: str, value: str) -> None:
    shell.environment[f"REFERRALS_{name}"] = value
    done = shell.run("doctor")
    assert done.returncode == 1
    assert f"REFERRALS_{name}" in done.stderr
    assert "Traceback" not in done.stderr
