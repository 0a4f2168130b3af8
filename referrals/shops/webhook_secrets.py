"""What platforms sign their webhooks with: one secret per shop and source, locked; a replaced one is good for a day."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select

from referrals.db import lock_names, session
from referrals.errors import RuleBroken
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.secrets_box import SecretsBox
from referrals.shops.models import HOOK_SOURCES, Shop, WebhookSecret
from referrals.wording import N_

GOOD_AFTER_REPLACED = timedelta(days=1)
PURPOSE = "webhook secret"


class NotASource(RuleBroken):
    """No platform that we take webhooks from."""

    sentence = N_("Choose shopify, woocommerce or youzan.")


def make_webhook_secret(shop: Shop, source: str, box: SecretsBox, *, by: Actor, at: datetime) -> str:
    """A new secret for a shop's webhooks of one source; answers it. The one before stays good for a day.

    Raises NotASource.
    """
    return keep_webhook_secret(shop, source, secrets.token_hex(32), box, by=by, at=at)


def keep_webhook_secret(shop: Shop, source: str, secret: str, box: SecretsBox, *, by: Actor, at: datetime) -> str:
    """Take a secret that the platform made (Shopify and Youzan give theirs); the one before stays good for a day."""
    by.require("manage")
    if source not in HOOK_SOURCES:
        raise NotASource(field="source")
    lock_names([f"webhook-secret:{shop.id}:{source}"])
    for earlier in session.scalars(rows_of(shop.id, source).where(WebhookSecret.expires_at.is_(None))):
        earlier.expires_at = at + GOOD_AFTER_REPLACED
    session.add(WebhookSecret(shop_id=shop.id, source=source, secret_locked=box.lock(secret), created_at=at))
    session.flush()
    audit.record("webhook_secret_set", by=by, at=at, subject=shop.slug, source=source)
    return secret


def secrets_of(shop_id: int, source: str, box: SecretsBox, *, at: datetime) -> list[str]:
    """The secrets with which a webhook may be signed now, the newest first."""
    rows = session.scalars(rows_of(shop_id, source)).all()
    opened = [box.open(row.secret_locked) for row in rows if row.expires_at is None or row.expires_at > at]
    return [secret for secret in opened if secret is not None]


def webhook_secrets_of(shop_id: int) -> Sequence[WebhookSecret]:
    """Which secrets a shop has and until when they are good, the newest first; what they are is not shown again."""
    return session.scalars(
        select(WebhookSecret).where(WebhookSecret.shop_id == shop_id).order_by(WebhookSecret.id.desc())
    ).all()


def rows_of(shop_id: int, source: str) -> Select[WebhookSecret]:
    return (
        select(WebhookSecret)
        .where(WebhookSecret.shop_id == shop_id, WebhookSecret.source == source)
        .order_by(WebhookSecret.id.desc())
    )
