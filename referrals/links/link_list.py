"""The links and QR codes that a salesperson shared, with how often each was opened."""

from datetime import datetime

from sqlalchemy import func, or_, select

from referrals.db import KeyText, session
from referrals.links.models import LINK_KINDS, Link
from referrals.listing import Listing, Shape, Wish
from referrals.people.rules import Actor

TITLE_KEY = func.lower(Link.title, type_=KeyText)


class LinkList(Listing):
    """What the salesperson who looks has shared."""

    shape = Shape(
        keys={"shared": Link.shared_at, "title": TITLE_KEY, "clicks": Link.clicks, "kind": Link.kind},
        default="-shared",
        ident=Link.id,
        searched=TITLE_KEY + "\n" + func.lower(Link.target_url, type_=KeyText),
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        columns = (
            Link.code,
            Link.kind,
            Link.title,
            Link.target,
            Link.target_url,
            Link.shared_at,
            Link.expires_at,
            Link.clicks,
        )
        statement = select(*columns).where(Link.shop_id == viewer.shop_id, Link.salesperson_id == viewer.salesperson_id)
        if wish.get("kind") in LINK_KINDS:
            statement = statement.where(Link.kind == wish.get("kind"))
        super().__init__(wish, statement)


def find_present_link(salesperson_id: int, target: str, *, at: datetime) -> Link | None:
    """The salesperson's latest link to a target that still works."""
    return session.scalar(
        select(Link)
        .where(Link.salesperson_id == salesperson_id, Link.target == target, Link.kind == "link")
        .where(or_(Link.expires_at.is_(None), Link.expires_at > at))
        .order_by(Link.shared_at.desc(), Link.id.desc())
        .limit(1)
    )
