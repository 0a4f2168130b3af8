"""The table *Submitted leads*: filtered, searched, sorted, paged, counted (`SPEC §2` Table, S1–S6).

Which way to the rows is quickest is decided here, from how many there are: usually to walk along the index of the
sorting, which tells of each row whether the filters reject it; where few are left, to find these and sort them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import aliased

from referrals.db import session, unindexed
from referrals.leads import search
from referrals.leads.lifecycle import PAYOUT, STATUS
from referrals.leads.models import FACETS, Lead, LeadCount, Product
from referrals.leads.queries import visible_to
from referrals.leads.walking import SortingPager, WalkingPager
from referrals.lifecycle import Lifecycle
from referrals.listing import AnyRow, Order, Pager, Slice, Statement, chosen_order
from referrals.partners.models import Partner
from referrals.people.models import Person, Representative
from referrals.people.rules import Actor
from referrals.values import parse_id

FEW_HITS = 2_000
FEW_KEPT = 500
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
ROWS: Statement = (
    select(*COLUMNS)
    .join(Product, Product.id == Lead.product_id)
    .join(Partner, Partner.id == Lead.partner_id)
    .outerjoin(Representative, Representative.id == Lead.rep_id)
    .outerjoin(RepPerson, RepPerson.id == Representative.person_id)
)
REP_KEYS = select(Person.name_key).join(Representative, Representative.person_id == Person.id)


def rank_of(lifecycle: Lifecycle, state: str) -> int:
    """The number by which a state is sorted; -1, which no lead has, for what is none."""
    return lifecycle.states.index(state) if state in lifecycle.states else -1


def rank(column: Any, lifecycle: Lifecycle) -> ColumnElement[int]:
    return case({state: number for number, state in enumerate(lifecycle.states)}, value=column)


# What leads are sorted by where the kept counts know which values occur.
KEPT_KEYS: dict[str, Any] = {
    "product": LeadCount.product_id,
    "status": rank(LeadCount.status, STATUS),
    "payout": rank(LeadCount.payout, PAYOUT),
}


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


@dataclass(frozen=True)
class Kept:
    """How many leads the filters leave, and between which values of the sorted column they stand, where it is known."""

    leads: int
    lowest: Any = None
    highest: Any = None


class LeadList:
    """The leads that a viewer sees, as they wish to see them."""

    def __init__(self, viewer: Actor, wish: LeadWish) -> None:
        self.viewer = viewer
        self.wish = wish
        keys = KEYS | {"partner": Lead.partner_key} if viewer.is_staff else KEYS
        self.order: Order = chosen_order(wish.sort, keys, "-submitted_at")
        self.term = search.search_term(wish.q)
        self.partner_id = viewer.partner_id
        if viewer.is_staff:
            self.partner_id = (parse_id(wish.partner) or -1) if wish.partner else None
        self.facets = dict(self.wished_facets())

    def wished_facets(self) -> Iterator[tuple[str, Any]]:
        """The values that filters demand of the columns in FACETS."""
        wish = self.wish
        if wish.product:
            yield "product_id", select(Product.id).where(Product.code == wish.product).scalar_subquery()
        if wish.status:
            yield "status_rank", rank_of(STATUS, wish.status)
        if wish.payout:
            yield "payout_rank", rank_of(PAYOUT, wish.payout)
        if wish.rep:
            yield "rep_id", None if wish.rep == "none" else (parse_id(wish.rep) or -1)

    def slice(self) -> Slice:
        """The page that is asked for."""
        if not self.total:
            return Slice([], 0, 0, None, None)
        return self.pager().slice(self.wish.page, self.count)

    def count(self) -> int:
        """How many leads there are over all pages."""
        return self.total

    def pager(self) -> Pager:
        """With few hits they are found first and then sorted; with many, the sorted list is walked until enough hit."""
        rows = Pager(ROWS, replace(self.order, key=unindexed(self.order.key)), Lead.id)
        if self.term and self.candidates > FEW_HITS:
            looking = search.Looking(self.term, self.partner_id, self.candidates)
            return WalkingPager(rows, list(self.hits()), self.order, self.along_the_order(), looking)
        if self.finds_few:
            return SortingPager(rows, list(self.hits()))
        return Pager(ROWS.where(*self.along_the_order()), self.order, Lead.id)

    @property
    def finds_few(self) -> bool:
        """Whether an index finds so few leads that sorting them is quicker than walking until they come."""
        if self.term:
            return self.candidates <= FEW_HITS
        if self.is_dated:
            return self.order.name != "submitted_at" and self.total <= FEW_HITS
        return bool(self.facets) and self.total <= FEW_KEPT

    def hits(self) -> Iterator[ColumnElement[bool]]:
        """What the rows must meet, told so that the index is used that names the fewest leads besides them."""
        if self.term:
            yield Lead.id.in_(search.candidates(self.term, self.partner_id))
            yield from (unindexed(condition) for condition in self.visible())
            yield from self.facets_to_check()
            yield from self.dates(unindexed(Lead.submitted_at))
            if not search.is_exact(self.term):
                yield search.holds(self.term)
            return
        yield from self.visible()
        yield from self.facets_to_check() if self.is_dated else self.facets_to_seek()
        yield from self.dates(Lead.submitted_at)

    def along_the_order(self) -> list[ColumnElement[bool]]:
        """What the rows must meet, told so that the index of the order is walked, from where the first can stand."""
        conditions = [*self.visible(), *self.facets_to_check()]
        dates = Lead.submitted_at if self.order.name == "submitted_at" else unindexed(Lead.submitted_at)
        conditions += self.dates(dates)
        if self.order.name == "partner" and self.partner_id is not None:
            name_key = select(Partner.name_key).where(Partner.id == self.partner_id)
            conditions.append(Lead.partner_key == name_key.scalar_subquery())
        if self.order.name == "rep" and self.facets.get("rep_id") is not None:
            name_key = REP_KEYS.where(Representative.id == self.facets["rep_id"])
            conditions.append(Lead.rep_key == name_key.scalar_subquery())
        elif self.order.name == "rep" and "rep_id" in self.facets:
            conditions.append(Lead.rep_key == "")
        if self.facets and self.keeps_counts and self.kept.lowest is not None:
            conditions.append(self.order.key.between(self.kept.lowest, self.kept.highest))
        return conditions

    def visible(self) -> Iterator[ColumnElement[bool]]:
        yield visible_to(self.viewer)
        if self.viewer.is_staff and self.partner_id is not None:
            yield Lead.partner_id == self.partner_id

    def facets_to_check(self) -> Iterator[ColumnElement[bool]]:
        for name, value in self.facets.items():
            yield unindexed(getattr(Lead, name)) == value

    def facets_to_seek(self) -> Iterator[ColumnElement[bool]]:
        """So that the index of the facets serves: those before the last one that matters are given all their values."""
        everything = {
            "product_id": select(Product.id),
            "status_rank": range(len(STATUS.states)),
            "payout_rank": range(len(PAYOUT.states)),
        }
        last = max((FACETS.index(name) for name in self.facets), default=-1)
        for name in FACETS[: last + 1]:
            column = getattr(Lead, name)
            yield column == self.facets[name] if name in self.facets else column.in_(everything[name])

    @property
    def is_dated(self) -> bool:
        return self.wish.since is not None or self.wish.until is not None

    def dates(self, column: Any) -> Iterator[ColumnElement[bool]]:
        if self.wish.since is not None:
            yield column >= self.wish.since
        if self.wish.until is not None:
            yield column < self.wish.until

    @cached_property
    def total(self) -> int:
        """How many leads there are over all pages: from the kept counts, or the search index, where they suffice."""
        if self.keeps_counts and not self.term:
            return self.kept.leads
        everything = self.keeps_counts and not self.facets
        own = self.partner_id is None or search.tells_partners()
        if self.term and (not self.candidates or (everything and own and search.is_exact(self.term))):
            return self.candidates
        return self.counted(*self.hits())

    def counted(self, *conditions: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).select_from(Lead).where(*conditions)) or 0

    @cached_property
    def candidates(self) -> int:
        """How many leads the search index names; all hits are among them."""
        return search.count_candidates(self.term, self.partner_id)

    @property
    def keeps_counts(self) -> bool:
        """Whether the kept counts know how many leads the filters leave."""
        return (self.viewer.is_staff or self.viewer.may("view_referrals")) and not self.is_dated

    @cached_property
    def kept(self) -> Kept:
        wish, counts = self.wish, select(func.coalesce(func.sum(LeadCount.leads), 0)).where(LeadCount.leads > 0)
        key = KEPT_KEYS.get(self.order.name) if self.facets else None
        if key is not None:
            counts = counts.add_columns(func.min(key), func.max(key))
        if self.partner_id is not None:
            counts = counts.where(LeadCount.partner_id == self.partner_id)
        if wish.product:
            counts = counts.where(LeadCount.product_id == self.facets["product_id"])
        if wish.status:
            counts = counts.where(LeadCount.status == wish.status)
        if wish.payout:
            counts = counts.where(LeadCount.payout == wish.payout)
        if wish.rep:
            counts = counts.where(LeadCount.rep_id == (self.facets["rep_id"] or 0))
        found = session.execute(counts).one()
        return Kept(int(found[0]), *found[1:])

    def everything(self) -> Iterator[AnyRow]:
        """All rows in order, for an export; read in portions."""
        statement = ROWS.where(*(self.hits() if self.term or self.finds_few else self.along_the_order()))
        columns = (self.order.key, Lead.id)
        ordered = statement.order_by(*(one.desc() if self.order.descending else one.asc() for one in columns))
        yield from session.execute(ordered.execution_options(yield_per=PORTION))
