"""The command that settles, as a process of its own (`API`, command line)."""

from pathlib import Path

import pytest

from tests.test_cli import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_one_run_in_each_shop_is_summed_up(shell: Shell) -> None:
    shell.json("create-shop", "tea", "--name", "Tea", "--currency", "JPY", "--host", "tea.example.org")
    told = shell.json("settle", "--shop", "tea", "--as-of", "2026-01-01T00:00:00Z")
    assert (told["shop"], told["settled"], told["left"], told["void"]) == ("tea", 0, 0, 0)
    assert told["balance"] == told["settled_amount"] == {"amount": "0", "currency": "JPY"}
    assert told["as_of"] == "2026-01-01T00:00:00+00:00"
    assert shell.json("settle")["shop"] == "tea"
    for words in (["--shop", "coffee"], ["--as-of", "2999-01-01T00:00:00Z"]):
        refused = shell.run("settle", *words)
        assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
