"""Pages of a search that finds much: cut from a walk along the sorted leads (`SPEC §2` Table, S4, S5)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from referrals.db import session
from referrals.leads.models import Lead
from referrals.leads.search import Looking
from referrals.listing import AnyRow, Order, Pager


class WalkingPager(Pager):
    """Walks along the sort index and keeps what holds the term; when that takes too long, sorts all hits instead."""

    def __init__(
        self, hits: Pager, rows: Pager, order: Order, conditions: Sequence[ColumnElement[bool]], looking: Looking
    ) -> None:
        super().__init__(select(Lead.id), order, Lead.id)
        self.hits = hits
        self.rows = rows
        self.looking = looking
        self.near = select(Lead.id, *looking.columns).where(*conditions)

    def fetch(
        self, size: int, *, beyond: ColumnElement[bool] | None = None, skip: int = 0, backwards: bool = False
    ) -> list[AnyRow]:
        """The rows that a walk finds, or where it does not find enough, those of the sorted hits."""
        if not skip:
            walk = self.cut_down(self.near, self.looking.longest_walk, beyond, 0, backwards).subquery()
            # The walk comes in order, and without an ORDER BY of its own this stops at the last row it needs.
            found = session.scalars(select(walk.c.id).where(*self.looking.holding(walk)).limit(size)).all()
            if len(found) == size:
                rows = self.rows.cut_down(self.rows.statement.where(Lead.id.in_(found)), size, None, 0, backwards)
                return list(session.execute(rows))[:: -1 if backwards else 1]
        return self.hits.fetch(size, beyond=beyond, skip=skip, backwards=backwards)
