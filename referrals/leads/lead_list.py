"""The table *Submitted leads*: filtered, searched, sorted, paged, counted (`SPEC §2` Table, S1–S6)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from referrals.db import session, text_position
from referrals.leads import search
from referrals.leads.models import Lead, LeadCount, Product
from referrals.leads.queries import visible_to
from referrals.listing import AnyRow, Order, Pager, Slice, Statement, chosen_order
from referrals.partners.models import Partner
from referrals.people.models import Person, Representative
from referrals.people.rules import Actor
from referrals.values import parse_id

FEW_HITS = 5_000
LONGEST_WALK = 20_000
PORTION = 1_000
RepPerson = aliased(Person)

KEYS: dict[str, Any] = {
    "business_name": Lead.business_key,
    "contact_name": Lead.contact_key,
    "product": Lead.product_id,
    "status": Lead.status_rank,
    "payout": Lead.payout_rank,
    "rep": Lead.rep_key,
    "submitted_at": Lead.submitted_at,
    "changed_at": Lead.changed_at,
}
COLUMNS = (
    Lead.ref,
    Lead.business_name,
    Lead.website_url,
    Lead.contact_name,
    Lead.contact_email,
    Lead.status,
    Lead.payout,
    Lead.claim,
    Lead.submitted_at,
    Lead.changed_at,
    Product.name.label("product"),
    Product.code.label("product_code"),
    RepPerson.name.label("rep"),
    Partner.name.label("partner"),
)


@dataclass(frozen=True)
class LeadWish:
    """What the table is asked for. `since` and `until` bound the submission: `[since, until)`."""

    q: str = ""
    product: str = ""
    status: str = ""
    payout: str = ""
    rep: str = ""
    partner: str = ""
    since: datetime | None = None
    until: datetime | None = None
    sort: str = ""
    page: str = ""


class LeadList:
    """The leads that a viewer sees, as they wish to see them."""

    def __init__(self, viewer: Actor, wish: LeadWish) -> None:
        self.viewer = viewer
        self.wish = wish
        keys = KEYS | {"partner": Lead.partner_key} if viewer.is_staff else KEYS
        self.order: Order = chosen_order(wish.sort, keys, "-submitted_at")
        self.term = search.search_term(wish.q)
        self.partner_id = None if viewer.is_staff else viewer.partner_id
        self.conditions = [visible_to(viewer), *self.filters()]

    def filters(self) -> Iterator[ColumnElement[bool]]:
        wish = self.wish
        if wish.product:
            code = select(Product.id).where(Product.code == wish.product)
            yield Lead.product_id == code.scalar_subquery()
        if wish.status:
            yield Lead.status == wish.status
        if wish.payout:
            yield Lead.payout == wish.payout
        if wish.rep:
            yield self.of_rep(Lead.rep_id)
        if wish.partner and self.viewer.is_staff:
            yield Lead.partner_id == parse_id(wish.partner)
        if wish.since is not None:
            yield Lead.submitted_at >= wish.since
        if wish.until is not None:
            yield Lead.submitted_at < wish.until

    def of_rep(self, column: Any) -> ColumnElement[bool]:
        if self.wish.rep == "none":
            return or_(column.is_(None), column == 0)
        return and_(column == parse_id(self.wish.rep))

    def slice(self) -> Slice:
        """The page that is asked for."""
        return self.pager().slice(self.wish.page, self.count)

    def pager(self) -> Pager:
        """With few hits they are found first and then sorted; with many, the sorted list is walked until enough hit."""
        if not self.term:
            return Pager(self.statement(), self.order, Lead.id)
        hits = self.statement().where(self.among_candidates(), search.holds(self.term))
        if search.count_candidates(self.term, self.partner_id, most=FEW_HITS) <= FEW_HITS:
            return Pager(hits, self.order, Lead.id)
        return WalkingPager(hits, self.order, self.conditions, self.statement(), self.term)

    def among_candidates(self) -> ColumnElement[bool]:
        return Lead.id.in_(search.candidates(self.term, self.partner_id))

    def sorted_by(self) -> list[Any]:
        columns = (self.order.key, Lead.id)
        return [column.desc() if self.order.descending else column.asc() for column in columns]

    def statement(self) -> Statement:
        return (
            select(*COLUMNS)
            .join(Product, Product.id == Lead.product_id)
            .join(Partner, Partner.id == Lead.partner_id)
            .outerjoin(Representative, Representative.id == Lead.rep_id)
            .outerjoin(RepPerson, RepPerson.id == Representative.person_id)
            .where(*self.conditions)
        )

    def count(self) -> int:
        """How many leads there are over all pages: from the kept counts where they suffice."""
        wish = self.wish
        sees_all = self.viewer.is_staff or self.viewer.may("view_referrals")
        if sees_all and not self.term and wish.since is None and wish.until is None:
            return self.kept_count()
        counted = select(func.count()).select_from(Lead).where(*self.conditions)
        if self.term:
            counted = counted.where(self.among_candidates())
            if not search.is_exact(self.term):
                counted = counted.where(search.holds(self.term))
        return session.scalar(counted) or 0

    def kept_count(self) -> int:
        wish = self.wish
        statement = select(func.coalesce(func.sum(LeadCount.leads), 0))
        if self.partner_id is not None:
            statement = statement.where(LeadCount.partner_id == self.partner_id)
        elif wish.partner:
            statement = statement.where(LeadCount.partner_id == parse_id(wish.partner))
        if wish.product:
            code = select(Product.id).where(Product.code == wish.product)
            statement = statement.where(LeadCount.product_id == code.scalar_subquery())
        if wish.status:
            statement = statement.where(LeadCount.status == wish.status)
        if wish.payout:
            statement = statement.where(LeadCount.payout == wish.payout)
        if wish.rep:
            statement = statement.where(self.of_rep(LeadCount.rep_id))
        return int(session.scalar(statement) or 0)

    def everything(self) -> Iterator[AnyRow]:
        """All rows in order, for an export; read in portions."""
        statement = self.statement()
        if self.term:
            statement = statement.where(self.among_candidates(), search.holds(self.term))
        yield from session.execute(statement.order_by(*self.sorted_by()).execution_options(yield_per=PORTION))


class WalkingPager(Pager):
    """Walks along the sort index and keeps what holds the term; gives up after LONGEST_WALK rows and sorts the hits."""

    def __init__(
        self, hits: Statement, order: Order, conditions: Sequence[ColumnElement[bool]], rows: Statement, term: str
    ) -> None:
        super().__init__(hits, order, Lead.id)
        self.conditions = conditions
        self.rows = Pager(rows, order, Lead.id).statement
        self.term = term

    def fetch(
        self, size: int, *, beyond: ColumnElement[bool] | None = None, skip: int = 0, backwards: bool = False
    ) -> list[AnyRow]:
        if not skip:
            near = select(Lead.id, Lead.search_text).where(*self.conditions)
            walk = self.cut_down(near, LONGEST_WALK, beyond, 0, backwards).subquery()
            # The walk comes in order, and without an ORDER BY of its own this stops at the last row it needs.
            holding = text_position(walk.c.search_text, self.term) > 0
            found = session.scalars(select(walk.c.id).where(holding).limit(size)).all()
            if len(found) == size:
                walked = self.cut_down(self.rows.where(Lead.id.in_(found)), size, None, 0, backwards)
                rows = list(session.execute(walked))
                return rows[::-1] if backwards else rows
        return super().fetch(size, beyond=beyond, skip=skip, backwards=backwards)
