"""The commands around shops, as processes of their own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from referrals import create_app
from referrals.db import session
from referrals.outbox.codes import send_code
from referrals.people.models import OneTimeCode
from referrals.people.rules import SYSTEM
from referrals.shops.models import Salesperson
from referrals.shops.queries import find_shop
from referrals.shops.salespeople import add_salesperson
from tests.conftest import config_for
from tests.test_cli import Shell

SHOP = ("create-shop", "north", "--name", "Północ", "--currency", "CNY", "--host", "North.example.org")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A data folder with one shop."""
    shell = Shell(tmp_path_factory.mktemp("shop"))
    made = shell.json(*SHOP, "--host", "https://żółw.example.org/")
    assert made["hosts"] == ["north.example.org", "xn--w-uga1v8h.example.org"]
    assert (made["slug"], made["name"], made["currency"]) == ("north", "Północ", "CNY")
    assert made["api_key"].startswith("rk_shop_")
    assert made["shop"].isdigit()
    return shell


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("north", "--currency", "CNY", "--host", "b.example.org"), "already a shop"),
        (("south", "--currency", "CNY", "--host", "NORTH.example.org."), "Another shop has the address"),
        (("south", "--currency", "XYZ", "--host", "b.example.org"), "code of a currency"),
        (("South Shop", "--currency", "CNY", "--host", "b.example.org"), "small Latin letters"),
        (("south", "--currency", "CNY", "--host", "user@b.example.org"), "not a domain"),
        (("south", "--currency", "CNY"), "Missing option"),
    ],
)
def test_a_shop_that_cannot_be_is_refused_in_a_sentence(shell: Shell, words: tuple[str, ...], sentence: str) -> None:
    refused = shell.run("create-shop", *words, "--name", "X")
    assert refused.returncode != 0
    assert refused.stdout == ""
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_merchant_is_made_once(shell: Shell) -> None:
    words = ("create-merchant", "north", "Wang@example.org", "--password-stdin")
    made = shell.json(*words, text="a long passphrase\n")
    assert made == {"person": made["person"], "email": "wang@example.org", "role": "merchant", "shop": "north"}
    assert "already a member" in shell.run(*words, text="a long passphrase\n").stderr
    nowhere = shell.run("create-merchant", "west", "x@example.org", "--password-stdin", text="a long passphrase\n")
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert "There is no shop west." in nowhere.stderr


def test_keys_are_made_for_the_operator_and_for_shops(shell: Shell) -> None:
    assert shell.json("create-key", "operator")["api_key"].startswith("rk_operator_")
    assert shell.json("create-key", "shop", "--shop", "north", "--read-only")["shop"] == "north"
    assert shell.run("create-key", "operator", "--shop", "north").returncode == 2
    assert shell.run("create-key", "shop").returncode == 2
    assert "no shop" in shell.run("create-key", "shop", "--shop", "west").stderr


def test_webhook_secrets_are_made_and_replaced(shell: Shell) -> None:
    first = shell.json("webhook-secret", "north", "shopify")
    second = shell.json("webhook-secret", "north", "shopify")
    assert first["secret"] != second["secret"]
    assert len(first["secret"]) >= 32
    assert shell.run("webhook-secret", "north", "magento").returncode == 2
    assert "no shop" in shell.run("webhook-secret", "west", "shopify").stderr


def test_the_data_folder_is_for_its_owner_alone(shell: Shell) -> None:
    folder = Path(shell.environment["REFERRALS_DATA_DIR"])
    assert (folder / "referrals.db").stat().st_mode & 0o077 == 0


def test_a_salesperson_is_erased_by_their_phone(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.json(*SHOP)
    app = create_app(config_for(f"sqlite:///{tmp_path / 'referrals.db'}", tmp_path))
    with app.app_context():
        at = datetime.now(UTC)
        shop = find_shop("north")
        values = {"nickname": "Canary", "email": "canary@example.org"}
        ann = add_salesperson(shop, "+8613900002210", **values, by=SYSTEM, at=at)
        send_code("+8613900002210", at=at)
        session.commit()
        ann_id = ann.id
    shell.run("work")
    assert list(tmp_path.glob("outbox/*.sms.txt"))
    assert shell.json("erase", "person", "+86 139 0000 2210", "--yes")["mails"] == 1
    assert not list(tmp_path.glob("outbox/*.sms.txt"))
    with app.app_context():
        ann = session.get_one(Salesperson, ann_id)
        assert (ann.email, ann.person.phone, ann.person.nickname) == ("", None, "")
        assert session.scalar(select(func.count()).select_from(OneTimeCode)) == 0
    assert "no account" in shell.run("erase", "person", "+8613900002210", "--yes").stderr
    assert "not a phone" in shell.run("erase", "person", "nothing", "--yes").stderr
