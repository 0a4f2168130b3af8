"""How it was found whose an order is, as it was put on record (`SPEC §6`)."""

from sqlalchemy import select

from referrals.db import session
from referrals.explanations.story import BindingTold, ClickTold, WhoseTold
from referrals.links.models import Binding, Click, Link
from referrals.orders.models import Attribution, Order
from referrals.shops.models import Salesperson
from referrals.shops.rules import coupon_key


def whose_of(order: Order, salesperson_id: int) -> WhoseTold | None:
    """The latest answer that this order is the salesperson's; None where there is none."""
    answer = session.scalar(
        select(Attribution)
        .where(Attribution.order_id == order.id, Attribution.salesperson_id == salesperson_id)
        .order_by(Attribution.id.desc())
        .limit(1)
    )
    if answer is None:
        return None
    return WhoseTold(
        via=answer.via or "",
        at=answer.at,
        coupon=coupon_used(order, salesperson_id) if answer.via == "coupon" else "",
        click=click_told(answer.click_id),
        binding=binding_told(answer.binding_id),
        reason_code=answer.reason_code,
        note=answer.note,
        by_person_id=answer.by_person_id,
    )


def coupon_used(order: Order, salesperson_id: int) -> str:
    """The code on the order that is the salesperson's; where it is no longer theirs, the first one."""
    own = session.get_one(Salesperson, salesperson_id).coupon_key
    codes = [str(code) for code in order.coupon_codes]
    return next((code for code in codes if coupon_key(code) == own), codes[0] if codes else "")


def click_told(click_id: int | None) -> ClickTold | None:
    if click_id is None:
        return None
    click = session.get_one(Click, click_id)
    link = session.get_one(Link, click.link_id)
    return ClickTold(
        id=click.id,
        at=click.occurred_at,
        outcome=click.outcome,
        source=click.source,
        link_code=link.code,
        link_kind=link.kind,
        link_title=link.title,
        link_target=link.target,
        shared_at=link.shared_at,
    )


def binding_told(binding_id: int | None) -> BindingTold | None:
    if binding_id is None:
        return None
    held = session.get_one(Binding, binding_id)
    return BindingTold(held.id, held.rule, held.from_at, held.until_at, held.superseded_by)
