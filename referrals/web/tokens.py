"""Links that act once: the token in the link is the row's id, signed for its purpose (P14)."""

from flask import current_app, url_for
from itsdangerous import BadData, URLSafeSerializer

from referrals.invitations.queries import PURPOSE as UPGRADE
from referrals.people.models import OneTimeLink
from referrals.secrets_box import SecretsBox
from referrals.web.house import config


def signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=f"one-time-{purpose}")


def token_for(link_id: str, purpose: str) -> str:
    """What stands in the link."""
    return str(signer(purpose).dumps(link_id))


def read_token(token: str, purpose: str) -> str:
    """The id of the row behind a token; an id that no row has where the token is not ours."""
    try:
        return str(signer(purpose).loads(token))
    except BadData:
        return ""


ENDPOINTS = {"reset": "passwords.choose", "join": "joining.show", "email": "account.confirm_email"}


def link_url(link_id: str, purpose: str) -> str:
    """The whole address of a link, for a mail."""
    return config().base_url + url_for(ENDPOINTS[purpose], token=token_for(link_id, purpose), _external=False)


def params_of(link: OneTimeLink) -> dict[str, str]:
    """What the outbox stores of a link: its id, which is no secret without the key."""
    return {"link_id": link.id, "purpose": link.purpose}


def upgrade_links() -> SecretsBox:
    """Locks the tokens of upgrade invitations while their mails wait in the outbox."""
    return SecretsBox(config().secret_key, UPGRADE)
