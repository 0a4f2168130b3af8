"""What the application holds ready for views: settings, password hashing, the box for second factors."""

from typing import Any

from flask import current_app

from referrals.calling import Hooks
from referrals.config import Config
from referrals.outbox.endpoints import PURPOSE as HOOK_PURPOSE
from referrals.payouts.methods import PURPOSE as PARTNER_PAYOUTS
from referrals.people.passwords import Passwords
from referrals.secrets_box import SecretsBox
from referrals.shops.webhook_secrets import PURPOSE


def house() -> Any:
    return current_app.extensions["referrals"]


def config() -> Config:
    """The operator's settings."""
    found: Config = house().config
    return found


def passwords() -> Passwords:
    """Makes and checks password hashes."""
    found: Passwords = house().passwords
    return found


def second_factors() -> SecretsBox:
    """Locks the secrets of second factors."""
    found: SecretsBox = house().second_factors
    return found


def payout_details() -> SecretsBox:
    """Locks where a salesperson wants to be paid, and opens it for the merchant who pays."""
    return SecretsBox(config().secret_key, "withdrawal")


def partner_payouts() -> SecretsBox:
    """Locks where a partner is paid, and opens it for the operator who pays."""
    return SecretsBox(config().secret_key, PARTNER_PAYOUTS)


def webhook_secrets() -> SecretsBox:
    """Locks what platforms sign their webhooks with."""
    return SecretsBox(config().secret_key, PURPOSE)


def outgoing_hooks() -> Hooks:
    """What telling programs outside needs."""
    return Hooks(SecretsBox(config().secret_key, HOOK_PURPOSE), config().private_hooks)


def link_url(code: str) -> str:
    """The whole address of a salesperson's link."""
    return f"{config().base_url}/r/{code}"
