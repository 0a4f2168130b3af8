"""Pages of which the leads are found first and read then (`SPEC §2` Table, S4, S5)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from referrals.db import session
from referrals.leads.models import Lead
from referrals.leads.search import Looking
from referrals.listing import AnyRow, Order, Pager


class SortingPager(Pager):
    """Sorts all hits by their keys alone, and reads the rows of the page."""

    def __init__(self, rows: Pager, hits: Sequence[ColumnElement[bool]]) -> None:
        super().__init__(rows.statement, rows.order, rows.ident)
        self.rows = rows
        self.hits = select(Lead.id).where(*hits)

    def fetch(
        self, size: int, *, beyond: ColumnElement[bool] | None = None, skip: int = 0, backwards: bool = False
    ) -> list[AnyRow]:
        """The rows of a page, in order."""
        found = self.find(size, beyond, skip, backwards)
        rows = self.rows.cut_down(self.rows.statement.where(Lead.id.in_(found)), size, None, 0, backwards)
        return list(session.execute(rows))[:: -1 if backwards else 1] if found else []

    def find(self, size: int, beyond: ColumnElement[bool] | None, skip: int, backwards: bool) -> Sequence[int]:
        """The ids of the leads of a page."""
        return session.scalars(self.rows.cut_down(self.hits, size, beyond, skip, backwards)).all()


class WalkingPager(SortingPager):
    """Walks along the sort index and keeps what holds the term; when that takes too long, sorts all hits instead."""

    def __init__(
        self,
        rows: Pager,
        hits: Sequence[ColumnElement[bool]],
        order: Order,
        along: Sequence[ColumnElement[bool]],
        looking: Looking,
    ) -> None:
        super().__init__(rows, hits)
        self.order = order
        self.looking = looking
        self.near = select(Lead.id, *looking.columns).where(*along)

    def find(self, size: int, beyond: ColumnElement[bool] | None, skip: int, backwards: bool) -> Sequence[int]:
        """The ids that a walk finds, or where it does not find enough, those of the sorted hits."""
        if not skip:
            walk = self.cut_down(self.near, self.looking.longest_walk, beyond, 0, backwards).subquery()
            # The walk comes in order, and without an ORDER BY of its own this stops at the last row it needs.
            found = session.scalars(select(walk.c.id).where(*self.looking.holding(walk)).limit(size)).all()
            if len(found) == size:
                return found
        return super().find(size, beyond, skip, backwards)
