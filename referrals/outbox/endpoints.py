"""Addresses that programs listen at: added, changed, switched off, given new secrets (`SPEC §14`)."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, exists, false, func, select, true

from referrals.db import lock_names, session
from referrals.errors import NotAllowed, NotFound, RuleBroken
from referrals.outbox.hook_events import MONEY, OPERATOR, heard_by, unseen_by
from referrals.outbox.hooks import HookOwner
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.outbox.public_only import is_public
from referrals.outbox.signing import make_secret
from referrals.outbox.transport import is_this_machine
from referrals.people import audit
from referrals.people.rules import Actor
from referrals.secrets_box import SecretsBox
from referrals.values import LONGEST_URL, clean_text, parse_website
from referrals.wording import N_

PURPOSE = "outgoing webhook"
OLD_SECRET_GOOD = timedelta(days=1)
MOST_ENDPOINTS = 10


class NotAHookAddress(RuleBroken):
    """No http or https address that we may send to."""

    sentence = N_("This is not an address that we can send to. It looks like https://hooks.example.org/partners.")


class NothingToHear(RuleBroken):
    """An endpoint without events."""

    sentence = N_("Choose at least one event.")


class EnoughEndpoints(RuleBroken):
    """The owner has as many endpoints as are possible."""

    sentence = N_("There are %(most)s addresses already. Remove one first.")


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """The operator's endpoints are for administrators, others' for who manages the partner or shop."""
    if viewer.may("configure"):
        return true()
    if viewer.partner_id is not None and viewer.may("manage_members"):
        return (HookEndpoint.owner_kind == "partner") & (HookEndpoint.owner_id == viewer.partner_id)
    if viewer.shop_id is not None and viewer.may("manage"):
        return (HookEndpoint.owner_kind == "shop") & (HookEndpoint.owner_id == viewer.shop_id)
    return false()


def owned_by(owner: HookOwner) -> ColumnElement[bool]:
    """The endpoints of this owner that are not removed."""
    return (
        (HookEndpoint.owner_kind == owner[0]) & (HookEndpoint.owner_id == owner[1]) & HookEndpoint.removed_at.is_(None)
    )


def endpoints_of(viewer: Actor, owner: HookOwner) -> Sequence[HookEndpoint]:
    """The endpoints of an owner that the viewer may see, in the order in which they were added."""
    mine = select(HookEndpoint).where(owned_by(owner), visible_to(viewer))
    return session.scalars(mine.order_by(HookEndpoint.id)).all()


def get_endpoint(viewer: Actor, owner: HookOwner, endpoint_id: int) -> HookEndpoint:
    """An endpoint of this owner, if the viewer may see it; raises NotFound."""
    wanted = select(HookEndpoint).where(HookEndpoint.id == endpoint_id, owned_by(owner), visible_to(viewer))
    found = session.scalar(wanted)
    if found is None:
        raise NotFound
    return found


def add_endpoint(
    owner: HookOwner,
    url: str,
    events: Collection[str],
    box: SecretsBox,
    *,
    private: bool = False,
    by: Actor,
    at: datetime,
) -> tuple[HookEndpoint, str]:
    """Let a program listen; answers the endpoint and its secret, which is not shown again.

    `private`: its address may be in our own network. Raises NotAHookAddress, NothingToHear, EnoughEndpoints.
    """
    url, heard = parse_hook_url(url, private=private or owner == OPERATOR), heard_events(owner, events, by)
    lock_names([f"hooks:{owner[0]}:{owner[1]}"])
    if (session.scalar(select(func.count()).where(owned_by(owner))) or 0) >= MOST_ENDPOINTS:
        raise EnoughEndpoints(field="url", most=MOST_ENDPOINTS)
    secret = make_secret()
    made = HookEndpoint(
        owner_kind=owner[0],
        owner_id=owner[1],
        url=url,
        secret_locked=box.lock(secret),
        events=heard,
        created_at=at,
        by_person_id=by.person_id,
    )
    session.add(made)
    session.flush()
    note("hook_added", made, by=by, at=at)
    return made, secret


def change_endpoint(
    endpoint: HookEndpoint, url: str, events: Collection[str], *, private: bool = False, by: Actor, at: datetime
) -> None:
    """Let an endpoint listen at another address, or to other events.

    Raises NotAHookAddress, NothingToHear, and NotAllowed where it hears of what `by` may not see.
    """
    require_all_seen(endpoint, by)
    owner = (endpoint.owner_kind, endpoint.owner_id)
    endpoint.url = parse_hook_url(url, private=private or owner == OPERATOR)
    endpoint.events, endpoint.rests_until = heard_events(owner, events, by), None
    session.flush()
    note("hook_changed", endpoint, by=by, at=at)


def renew_secret(endpoint: HookEndpoint, box: SecretsBox, *, by: Actor, at: datetime) -> str:
    """A new secret, which is not shown again; for a day everything is signed with the one before, too.

    Raises NotAllowed where the endpoint hears of what `by` may not see.
    """
    require_all_seen(endpoint, by)
    secret = make_secret()
    endpoint.old_secret_locked, endpoint.old_secret_until = endpoint.secret_locked, at + OLD_SECRET_GOOD
    endpoint.secret_locked = box.lock(secret)
    session.flush()
    note("hook_secret_renewed", endpoint, by=by, at=at)
    return secret


def switch_off(endpoint: HookEndpoint, *, by: Actor, at: datetime) -> None:
    """Send nothing to an endpoint, and write nothing for it, until it is switched on again."""
    endpoint.active = False
    session.flush()
    note("hook_switched_off", endpoint, by=by, at=at)


def switch_on(endpoint: HookEndpoint, *, by: Actor, at: datetime) -> None:
    """Send to an endpoint again; what waited goes first."""
    endpoint.active, endpoint.rests_until = True, None
    session.flush()
    note("hook_switched_on", endpoint, by=by, at=at)


def remove_endpoint(endpoint: HookEndpoint, *, by: Actor, at: datetime) -> None:
    """End an endpoint for good; nothing is sent to it any more, and its secret is forgotten."""
    endpoint.active, endpoint.removed_at = False, at
    endpoint.secret_locked, endpoint.old_secret_locked = "", None
    session.flush()
    note("hook_removed", endpoint, by=by, at=at)


def secrets_of(endpoint: HookEndpoint, box: SecretsBox, *, at: datetime) -> tuple[str, ...]:
    """The secrets with which to sign now, the newest first; none where they were locked with another key."""
    locked = [endpoint.secret_locked]
    if endpoint.old_secret_locked and endpoint.old_secret_until and endpoint.old_secret_until > at:
        locked.append(endpoint.old_secret_locked)
    return tuple(secret for secret in map(box.open, locked) if secret is not None)


def hears_unseen(endpoint: HookEndpoint, viewer: Actor) -> bool:
    """Whether an endpoint hears of what the viewer may not see, or such a thing is still on its way to it."""
    unseen = unseen_by(viewer)
    if not unseen:
        return False
    on_its_way = exists().where(
        HookDelivery.endpoint_id == endpoint.id, HookDelivery.event.in_(unseen), HookDelivery.delivered_at.is_(None)
    )
    return not set(unseen).isdisjoint(endpoint.events) or bool(session.scalar(select(on_its_way)))


def require_all_seen(endpoint: HookEndpoint, by: Actor) -> None:
    """Nobody leads to another address what they may not see; raises NotAllowed."""
    if hears_unseen(endpoint, by):
        raise NotAllowed(MONEY)


def heard_events(owner: HookOwner, events: Collection[str], by: Actor) -> list[str]:
    """The chosen events that such an owner can listen to and `by` may hear of, in order. Raises NothingToHear."""
    heard = [name for name in heard_by(by, owner[0]) if name in events]
    if not heard:
        raise NothingToHear(field="events")
    return heard


def parse_hook_url(text: str, *, private: bool = False) -> str:
    """The address in its normal form; raises NotAHookAddress.

    With `private` it may name this machine, or a number in a private network.
    """
    try:
        text = clean_text(text)
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
        if not is_numbered(host) and not is_this_machine(host):
            return parse_website(text)
    except (RuleBroken, ValueError):
        raise NotAHookAddress(field="url") from None
    plain = parts.scheme in {"http", "https"} and parts.username is None and len(text) <= LONGEST_URL
    if not plain or not text.isascii() or " " in text or "\\" in text:
        raise NotAHookAddress(field="url")
    if not private and (is_this_machine(host) or not is_public(host)):
        raise NotAHookAddress(field="url")
    return text


def is_numbered(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def note(action: str, endpoint: HookEndpoint, *, by: Actor, at: datetime) -> None:
    host = urlsplit(endpoint.url).hostname or ""
    owner = f"{endpoint.owner_kind}:{endpoint.owner_id}"
    audit.record(action, by=by, at=at, subject=host, owner=owner, endpoint=str(endpoint.id))
