"""Salespeople of a shop: they join, change their state, belong to groups (`SPEC §5`)."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from referrals.db import lock_names, session
from referrals.errors import Conflict, RuleBroken
from referrals.outbox.hooks import announce_all
from referrals.people import audit
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.people.shop_members import add_salesperson_membership, belongs_somewhere, person_with_phone, set_nickname
from referrals.shops.history import HistoryExists, latest_trace_of, refuse_future, refuse_to_change_history
from referrals.shops.lifecycle import SALESPERSON
from referrals.shops.models import Salesperson, SalespersonChange, SalespersonGroup, Shop
from referrals.shops.queries import find_by_coupon, settings_of, status_at
from referrals.shops.rules import coupon_key
from referrals.shops.typed import cleaned
from referrals.values import NotAnEmail, parse_email
from referrals.wording import N_

# Without 0, 1, i, l, o, u: a code is typed from paper.
CODE_LETTERS = "23456789abcdefghjkmnpqrstvwxyz"
CODE_LENGTH = 10
LONGEST_COUPON = 60


class AlreadySalesperson(Conflict):
    """The phone belongs to a salesperson of this shop."""

    sentence = N_("This phone number belongs to a salesperson of this shop already.")


class CouponTaken(Conflict):
    """Another salesperson of the shop has this coupon code."""

    sentence = N_("Another salesperson of this shop has this coupon code.")


class NotACoupon(RuleBroken):
    """The coupon code is too long."""

    sentence = N_("A coupon code has at most 60 characters.")


class ProgrammeOff(RuleBroken):
    """The shop takes no salespeople now."""

    sentence = N_("This shop is not looking for salespeople at the moment.")


class NotAFirstState(RuleBroken):
    """Nobody joins in this state."""

    sentence = N_("Somebody who joins is either applied or active.")


def add_salesperson(
    shop: Shop,
    phone: str,
    *,
    nickname: str = "",
    email: str = "",
    coupon_code: str = "",
    joined_at: datetime | None = None,
    status: str = "active",
    by: Actor,
    at: datetime,
) -> Salesperson:
    """Let the owner of a phone number (in E.164) promote a shop.

    The account is theirs in all shops: a nickname that it has stays, and nobody gives one to somebody who belongs to
    another shop already. Raises AlreadySalesperson, CouponTaken,
    NotACoupon, NotAnEmail, InTheFuture.
    """
    if status not in {"applied", "active"}:
        raise NotAFirstState(field="status")
    joined_at = joined_at or at
    refuse_future(joined_at, at=at, field="joined_at")
    person = person_with_phone(phone, at=at)
    if find_by_person(shop.id, person.id) is not None:
        raise AlreadySalesperson(field="phone")
    if nickname and not person.nickname and (by.person_id == person.id or not belongs_somewhere(person)):
        set_nickname(person, nickname)
    salesperson = Salesperson(
        shop_id=shop.id,
        person=person,
        code=new_code(),
        status=status,
        email=checked_email(email),
        joined_at=joined_at,
        created_at=at,
    )
    set_coupon(salesperson, coupon_code)
    session.add(salesperson)
    session.flush()
    add_salesperson_membership(person, shop.id, salesperson.id, by=by, at=at)
    note(salesperson, joined_at, by=by, at=at, status=status)
    return salesperson


def apply(shop: Shop, person: Person, *, nickname: str = "", by: Actor, at: datetime) -> Salesperson:
    """Somebody with an account wants to promote a shop: active at once, or applied where the merchant reviews it.

    Whoever applied or is a salesperson already stays what they are; whoever left comes back. Raises ProgrammeOff.
    """
    settings = settings_of(shop.id).at(at)
    if not settings.programme:
        raise ProgrammeOff
    status = "applied" if settings.applications == "reviewed" else "active"
    known = find_by_person(shop.id, person.id)
    if known is None:
        return add_salesperson(shop, person.phone or "", nickname=nickname, status=status, by=by, at=at)
    if known.status == "left":
        change_status(known, status, by=by, at=at)
    return known


def change_status(
    salesperson: Salesperson,
    status: str,
    *,
    effective_at: datetime | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> None:
    """Bring a salesperson into another state from a moment on; nothing happens when they are in it.

    Raises IllegalMove, InTheFuture, and HistoryExists for a past moment that clicks, orders or changes came after.
    """
    lock_names([f"salesperson:{salesperson.id}"])
    session.refresh(salesperson, ["status"])
    if salesperson.status == status:
        return
    effective_at = effective_at or at
    refuse_future(effective_at, at=at, field="effective_at")
    refuse_to_change_history(latest_trace_of(salesperson.id), effective_at, at=at)
    if status_at(salesperson.id, effective_at) != salesperson.status:
        raise HistoryExists(field="effective_at")
    SALESPERSON.move(salesperson, status)
    note(salesperson, effective_at, by=by, at=at, status=status, reason=reason)
    audit.record("salesperson_changed", by=by, at=at, subject=str(salesperson.id), status=status)


def set_coupon(salesperson: Salesperson, code: str) -> None:
    """Give a salesperson a coupon code, unique in the shop letter case aside; an empty one takes it away.

    Raises NotACoupon, CouponTaken.
    """
    code = cleaned(code, "coupon_code")
    if len(code) > LONGEST_COUPON:
        raise NotACoupon(field="coupon_code")
    if code:
        lock_names([f"coupon:{salesperson.shop_id}:{coupon_key(code)}"])
        other = find_by_coupon(salesperson.shop_id, code)
        if other is not None and other.id != salesperson.id:
            raise CouponTaken(field="coupon_code")
    salesperson.coupon_code, salesperson.coupon_key = code or None, coupon_key(code) or None
    session.flush()


def set_email(salesperson: Salesperson, email: str) -> None:
    """Note the e-mail by which a shop knows a salesperson; raises NotAnEmail."""
    salesperson.email = checked_email(email)


def forget_emails(person_id: int) -> None:
    """Forget by which e-mails shops know a person."""
    session.execute(update(Salesperson).where(Salesperson.person_id == person_id).values(email=""))


def put_in_group(salesperson: Salesperson, group: SalespersonGroup | None, *, by: Actor, at: datetime) -> None:
    """Let a salesperson belong to a group from now on; None: to none."""
    by.require("manage")
    session.add(
        SalespersonChange(
            salesperson_id=salesperson.id,
            at=at,
            created_at=at,
            group_id=group.id if group else None,
            changes_group=True,
            by_person_id=by.person_id,
        )
    )
    session.flush()


def find_by_person(shop_id: int, person_id: int) -> Salesperson | None:
    """What a person is as a salesperson of a shop."""
    return session.scalar(select(Salesperson).where(Salesperson.shop_id == shop_id, Salesperson.person_id == person_id))


def note(salesperson: Salesperson, moment: datetime, *, by: Actor, at: datetime, status: str, reason: str = "") -> None:
    session.add(
        SalespersonChange(
            salesperson_id=salesperson.id,
            at=moment,
            created_at=at,
            status=status,
            reason=reason,
            by_person_id=by.person_id,
        )
    )
    session.flush()
    if status == "applied":
        announce_all("salesperson.applied", lambda: [as_json(salesperson)], owner=("shop", salesperson.shop_id), at=at)


def as_json(salesperson: Salesperson) -> dict[str, Any]:
    """A salesperson as programs outside hear of them; who they are is read through the API."""
    return {
        "id": str(salesperson.id),
        "shop": session.get_one(Shop, salesperson.shop_id).slug,
        "code": salesperson.code,
        "status": salesperson.status,
    }


def checked_email(email: str) -> str:
    if not email.strip():
        return ""
    try:
        return parse_email(email)
    except NotAnEmail:
        raise NotAnEmail(field="email") from None


def new_code() -> str:
    """A code for a link that nobody can guess from another one: ten letters and digits."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
