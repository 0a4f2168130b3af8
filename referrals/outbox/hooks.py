"""Telling programs outside: deliveries are written in the transaction of what they tell of, sent later (P16)."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from referrals.db import among, insert_rows, session
from referrals.ids import new_id
from referrals.money import Money, plain
from referrals.outbox.hook_events import EVENTS, OPERATOR
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.prepared import Prepared

HookOwner = tuple[str, int]
COLUMNS = (
    "id", "message_key", "endpoint_id", "event", "body", "created_at", "next_try_at", "attempts", "error", "answer",
)  # fmt: skip

THEIRS = and_(HookEndpoint.owner_kind == bindparam("owner_kind"), HookEndpoint.owner_id == bindparam("owner_id"))
EVERYBODYS = HookEndpoint.owner_kind == OPERATOR[0]
# Asked at every order: nearly always nobody listens.
ANYBODY = Prepared(select(HookEndpoint.id).where(HookEndpoint.active, or_(THEIRS, EVERYBODYS)).limit(1))


def announce(event: str, payload: Mapping[str, Any], *, owner: HookOwner, at: datetime) -> None:
    """Tell those who listen, of an owner (`("partner", id)`, `("shop", id)`, or OPERATOR) and of the operator.

    `payload` is JSON: money as `{"amount": "88.00", "currency": "CNY"}`, moments as RFC 3339 text, no personal data.
    It is the same for all who hear of it, so nothing is in it that the owner may not see. KeyError for an event that
    is not in the table.
    """
    announce_all(event, lambda: (payload,), owner=owner, at=at)


def announce_all(
    event: str, payloads: Callable[[], Iterable[Mapping[str, Any]]], *, owner: HookOwner, at: datetime
) -> None:
    """Tell of many events of one kind by one statement; `payloads` is asked for them only if somebody listens."""
    listening = listeners(event, owner)
    if not listening:
        return
    rows = [delivery(event, payload, endpoint_id, at) for payload in payloads() for endpoint_id in listening]
    insert_rows(HookDelivery, COLUMNS, rows)


def announce_once(event: str, payload: Mapping[str, Any], *, key: str, owner: HookOwner, at: datetime) -> None:
    """Tell of an event whose hearing somebody waits for: `is_heard(key)`. A second call with the key tells nobody anew.

    `key` names the event (`activation:7`); what is sent carries an id made from it.
    """
    listening = listeners(event, owner)
    keys = {endpoint_id: key_for(key, endpoint_id) for endpoint_id in listening}
    known = set(session.scalars(select(HookDelivery.message_key).where(HookDelivery.message_key.in_(keys.values()))))
    body = body_of(event, payload, at)
    rows = [row_of(key, one, event, body, at) for one, key in keys.items() if key not in known]
    insert_rows(HookDelivery, COLUMNS, rows)


def deliveries_of(key: str) -> Sequence[HookDelivery]:
    """What `announce_once` wrote under a key, to whatever endpoint: also one that was switched off or removed since."""
    endpoints = session.scalars(select(HookEndpoint.id)).all()
    keys = [key_for(key, endpoint_id) for endpoint_id in endpoints]
    return session.scalars(select(HookDelivery).where(among(HookDelivery.message_key, keys))).all()


def is_heard(key: str) -> bool:
    """Whether everybody who listened has taken an event that was announced once; true where nobody listened then."""
    return all(delivery.delivered_at is not None for delivery in deliveries_of(key))


def listeners(event: str, owner: HookOwner) -> list[int]:
    """The endpoints that want to hear of such an event of this owner."""
    heard_by = EVENTS[event].heard_by
    asked = {"owner_kind": owner[0], "owner_id": owner[1]}
    if ANYBODY.execute(asked).first() is None:
        return []
    rows = session.execute(
        select(HookEndpoint.id, HookEndpoint.owner_kind, HookEndpoint.events)
        .where(HookEndpoint.active, or_(THEIRS, EVERYBODYS))
        .order_by(HookEndpoint.id),
        asked,
    )
    return [row.id for row in rows if event in row.events and row.owner_kind in (OPERATOR[0], heard_by)]


def delivery(event: str, payload: Mapping[str, Any], endpoint_id: int, at: datetime) -> tuple[Any, ...]:
    return row_of(new_key(), endpoint_id, event, body_of(event, payload, at), at)


def row_of(key: str, endpoint_id: int, event: str, body: str, at: datetime) -> tuple[Any, ...]:
    return (new_id(), key, endpoint_id, event, body, at, at, 0, "", "")


def body_of(event: str, payload: Mapping[str, Any], at: datetime) -> str:
    """What is sent, as Standard Webhooks has it: the type, the moment, and the event itself."""
    whole = {"type": event, "timestamp": rfc3339(at), "data": payload}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def rfc3339(at: datetime) -> str:
    """A moment as JSON spells it everywhere here: in UTC, with a Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def money_json(minor: int, currency: str) -> dict[str, str]:
    """An amount as programs read it, with exactly the currency's decimals."""
    return {"amount": plain(Money(minor, currency)), "currency": currency}


def key_for(key: str, endpoint_id: int) -> str:
    return f"msg_{sha256(f'{key} {endpoint_id}'.encode()).hexdigest()[:32]}"


def new_key() -> str:
    """An id of one delivery that nobody can guess; receivers know by it what they have had already."""
    return f"msg_{secrets.token_urlsafe(18)}"
