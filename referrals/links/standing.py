"""All that a click's outcome depends on, in one prepared read: this is the path on which every buyer waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, bindparam, exists, insert, select, update

from referrals.db import UTCDateTime
from referrals.links.models import Click, Identification, Link
from referrals.prepared import Prepared
from referrals.shops.models import SalespersonChange, SettingsVersion
from referrals.shops.rules import DEFAULTS

SHOP, SALESPERSON = bindparam("shop", type_=BigInteger()), bindparam("salesperson", type_=BigInteger())
VISITOR, MOMENT = bindparam("visitor", type_=Text()), bindparam("moment", type_=UTCDateTime())


@dataclass(frozen=True)
class Standing:
    """What holds at a click: settings, state of the salesperson, and what is known of the visitor.

    `borrower_id` is the customer to whom the click is lent, `last_id` who was identified last before it.
    """

    programme: bool
    binding: str
    protect_days: int
    status: str | None
    borrower_id: int | None
    last_id: int | None
    clicked_before: bool

    @property
    def customer_id(self) -> int | None:
        """Whose click it is held to be."""
        return self.borrower_id or self.last_id


def setting(name: str) -> ColumnElement[Any]:
    column = getattr(SettingsVersion, name)
    return (
        select(column)
        .where(SettingsVersion.shop_id == SHOP, SettingsVersion.effective_at <= MOMENT, column.is_not(None))
        .order_by(SettingsVersion.effective_at.desc(), SettingsVersion.id.desc())
        .limit(1)
        .scalar_subquery()
    )


SEEN = select(Identification.customer_id).where(Identification.shop_id == SHOP, Identification.visitor == VISITOR)
READ = Prepared(
    select(
        setting("programme"),
        setting("binding"),
        setting("protect_days"),
        select(SalespersonChange.status)
        .where(SalespersonChange.salesperson_id == SALESPERSON, SalespersonChange.status.is_not(None))
        .where(SalespersonChange.at <= MOMENT)
        .order_by(SalespersonChange.at.desc(), SalespersonChange.id.desc())
        .limit(1)
        .scalar_subquery(),
        SEEN.where(Identification.occurred_at >= MOMENT)
        .order_by(Identification.occurred_at, Identification.id)
        .limit(1)
        .scalar_subquery(),
        SEEN.where(Identification.occurred_at < MOMENT)
        .order_by(Identification.occurred_at.desc(), Identification.id.desc())
        .limit(1)
        .scalar_subquery(),
        exists().where(Click.shop_id == SHOP, Click.visitor == VISITOR),
    )
)
KEEP = Prepared(insert(Click))
LINK = bindparam("link", type_=BigInteger())
COUNT = Prepared(update(Link).where(Link.id == LINK).values(clicks=Link.clicks + 1))


def standing_at(shop_id: int, salesperson_id: int, visitor: str, moment: datetime) -> Standing:
    """What holds at a click of this visitor at this moment."""
    values = {"shop": shop_id, "salesperson": salesperson_id, "visitor": visitor, "moment": moment}
    programme, binding, protect_days, status, borrower_id, last_id, clicked = tuple(READ.execute(values).one())
    return Standing(
        programme=DEFAULTS.programme if programme is None else bool(programme),
        binding=binding or DEFAULTS.binding,
        protect_days=protect_days or DEFAULTS.protect_days,
        status=status,
        borrower_id=borrower_id,
        last_id=last_id,
        clicked_before=bool(clicked),
    )


def keep_click(values: dict[str, Any]) -> Click:
    """Write a click and count it at its link; the one answered stands in no session."""
    KEEP.execute(values)
    COUNT.execute({"link": values["link_id"]})
    return Click(**values)
