"""The salespeople of a shop and how they do: promoted sales, orders, and what the shop owes them."""

from sqlalchemy import BigInteger, ColumnElement, SQLColumnExpression, cast, func, select

from referrals.commissions.models import Commission
from referrals.db import KeyText, session
from referrals.ledger.models import LedgerAccount, LedgerChain
from referrals.links.models import Binding, Link
from referrals.listing import AnyRow, Listing, Shape, Wish
from referrals.orders.models import Order
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.shops.models import Salesperson, SalespersonChange, SalespersonGroup, Shop
from referrals.shops.queries import visible_to

SOLD = (Order.salesperson_id == Salesperson.id, Order.cancelled_at.is_(None))
# PostgreSQL makes numerics of sums; amounts are whole numbers.
SALES = cast(
    select(func.coalesce(func.sum(Order.left_minor), 0)).where(*SOLD).correlate(Salesperson).scalar_subquery(),
    BigInteger(),
)
ORDERS = select(func.count(Order.id)).where(*SOLD).correlate(Salesperson).scalar_subquery()
BALANCE = func.coalesce(
    select(LedgerAccount.balance_minor)
    .join(LedgerChain, LedgerChain.id == LedgerAccount.chain_id)
    .where(
        LedgerChain.owner_kind == "shop",
        LedgerChain.owner_id == Salesperson.shop_id,
        LedgerAccount.kind == "salesperson",
        LedgerAccount.holder_id == Salesperson.id,
        LedgerAccount.currency == Shop.currency,
    )
    .correlate(Salesperson, Shop)
    .scalar_subquery(),
    0,
    type_=BigInteger(),
)
GROUP = (
    select(SalespersonChange.group_id)
    .where(SalespersonChange.salesperson_id == Salesperson.id, SalespersonChange.changes_group)
    .order_by(SalespersonChange.at.desc(), SalespersonChange.id.desc())
    .limit(1)
    .correlate(Salesperson)
    .scalar_subquery()
)
COUPON = func.coalesce(Salesperson.coupon_key, "", type_=KeyText)


class SalespersonList(Listing):
    """The salespeople of a shop that the viewer may see."""

    shape = Shape(
        keys={
            "name": Person.called_key,
            "status": Salesperson.status,
            "joined": Salesperson.joined_at,
            "sales": SALES,
            "orders": ORDERS,
            "balance": BALANCE,
            "coupon": COUPON,
        },
        default="-joined",
        ident=Salesperson.id,
        searched=Person.called_key + "\n" + COUPON,
    )

    def __init__(self, viewer: Actor, shop: Shop, wish: Wish) -> None:
        statement = (
            select(
                Salesperson.id,
                Person.nickname,
                Person.phone,
                Salesperson.status,
                Salesperson.coupon_code,
                Salesperson.joined_at,
                SalespersonGroup.name.label("group_name"),
                SALES.label("sales_minor"),
                ORDERS.label("orders"),
                BALANCE.label("balance_minor"),
            )
            .join(Shop, Shop.id == Salesperson.shop_id)
            .join(Person, Person.id == Salesperson.person_id)
            .outerjoin(SalespersonGroup, SalespersonGroup.id == GROUP)
            .where(Salesperson.shop_id == shop.id, visible_to(viewer))
        )
        if wish.get("status"):
            statement = statement.where(Salesperson.status == wish.get("status"))
        super().__init__(wish, statement)


def figures_of(salesperson: Salesperson) -> AnyRow:
    """One salesperson's figures: sales, orders, clicks, customers now, balance, pending and settled commissions."""
    mine = Commission.salesperson_id == Salesperson.id
    customers = (
        select(func.count(func.distinct(Binding.customer_id)))
        .where(Binding.salesperson_id == Salesperson.id, Binding.superseded_at.is_(None), Binding.until_at.is_(None))
        .correlate(Salesperson)
        .scalar_subquery()
    )
    return session.execute(
        select(
            SALES.label("sales_minor"),
            ORDERS.label("orders"),
            BALANCE.label("balance_minor"),
            customers.label("customers"),
            summed(Link.clicks, Link.salesperson_id == Salesperson.id).label("clicks"),
            summed(Commission.amount_minor, mine, Commission.status == "pending").label("pending_minor"),
            summed(Commission.amount_minor - Commission.clawed_back_minor, mine, Commission.status == "settled").label(
                "settled_minor"
            ),
        )
        .select_from(Salesperson)
        .join(Shop, Shop.id == Salesperson.shop_id)
        .where(Salesperson.id == salesperson.id)
    ).one()


def summed(column: SQLColumnExpression[int], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    total = select(func.coalesce(func.sum(column), 0)).where(*conditions).correlate(Salesperson).scalar_subquery()
    return cast(total, BigInteger())


def group_of(salesperson: Salesperson) -> int | None:
    """The group that a salesperson belongs to now."""
    return session.scalar(select(GROUP).select_from(Salesperson).where(Salesperson.id == salesperson.id))


def members_of_groups(shop: Shop) -> dict[int, int]:
    """How many salespeople belong to each group of a shop."""
    placed = select(GROUP.label("group_id")).where(Salesperson.shop_id == shop.id).subquery()
    rows = session.execute(
        select(placed.c.group_id, func.count()).where(placed.c.group_id.is_not(None)).group_by(placed.c.group_id)
    )
    return dict(rows.all())
