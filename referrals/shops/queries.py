"""What is read of shops; always from what the reader may see (P13)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, false, select, true

from referrals.db import session
from referrals.errors import NotFound
from referrals.people.models import Membership, Person
from referrals.people.rules import Actor
from referrals.shops.models import (
    GroupBuy,
    RateOverride,
    Salesperson,
    SalespersonChange,
    SalespersonGroup,
    SettingsVersion,
    Shop,
    ShopArticle,
    ShopHost,
    ShopProduct,
)
from referrals.shops.rules import (
    SETTINGS,
    Override,
    RateBook,
    SettingsHistory,
    StatusBook,
    Timeline,
    Version,
    by_target,
    coupon_key,
)

LONGEST_KEY = 255
SEES_ALL = {"admin", "system"}
VERSION_COLUMNS = tuple(getattr(SettingsVersion, name) for name in SETTINGS)
VERSIONS = select(SettingsVersion.id, SettingsVersion.effective_at, *VERSION_COLUMNS)
OVERRIDES = select(
    RateOverride.id, RateOverride.kind, RateOverride.target_id, RateOverride.rate_bp, RateOverride.effective_at
)


def visible_to(viewer: Actor) -> ColumnElement[bool]:
    """Administrators see every shop; merchants, salespeople and shop keys their own."""
    if viewer.role in SEES_ALL:
        return true()
    return Shop.id == viewer.shop_id if viewer.shop_id is not None else false()


def visible_salespeople(viewer: Actor) -> ColumnElement[bool]:
    """Administrators see all salespeople, merchants and shop keys those of the shop, a salesperson themselves."""
    if viewer.role in SEES_ALL:
        return true()
    if viewer.role == "salesperson":
        return Salesperson.id == viewer.salesperson_id
    return Salesperson.shop_id == viewer.shop_id if viewer.may("view_shop") else false()


def get_shop(viewer: Actor, slug: str) -> Shop:
    """The shop with this slug, if the viewer may see it; raises NotFound."""
    shop = session.scalar(select(Shop).where(Shop.slug == slug, visible_to(viewer))) if is_key(slug) else None
    if shop is None:
        raise NotFound
    return shop


def get_own_shop(viewer: Actor) -> Shop:
    """The shop that the viewer belongs to; raises NotFound for those of none."""
    shop = session.scalar(select(Shop).where(Shop.id == viewer.shop_id)) if viewer.shop_id is not None else None
    if shop is None:
        raise NotFound
    return shop


def find_shop(slug: str) -> Shop | None:
    """The shop with this slug, for pages and calls that are open to all."""
    if not is_key(slug):
        return None
    return session.scalar(select(Shop).where(Shop.slug == slug))


def name_of_shop(shop_id: int) -> str:
    """What a shop is called."""
    return session.scalar(select(Shop.name).where(Shop.id == shop_id)) or ""


def all_shops(viewer: Actor) -> Sequence[Shop]:
    """Every shop that the viewer may see, by name."""
    return session.scalars(select(Shop).where(visible_to(viewer)).order_by(Shop.name_key, Shop.id)).all()


def hosts_of(shop_id: int) -> Sequence[str]:
    """The hosts of a shop; the first is its own address."""
    return session.scalars(
        select(ShopHost.host).where(ShopHost.shop_id == shop_id).order_by(ShopHost.position, ShopHost.host)
    ).all()


def versions_of(shop_id: int) -> list[Version]:
    """Everything that was ever set in a shop, as values."""
    rows = session.execute(VERSIONS.where(SettingsVersion.shop_id == shop_id)).all()
    return [Version(row[0], row[1], dict(zip(SETTINGS, row[2:], strict=True))) for row in rows]


def settings_of(shop_id: int) -> SettingsHistory:
    """The settings of a shop at any moment; one query."""
    return SettingsHistory(versions_of(shop_id))


def rate_book(shop_id: int) -> RateBook:
    """What every rate of a shop depends on; four queries, whatever it is asked for afterwards."""
    overrides = session.execute(OVERRIDES.where(RateOverride.shop_id == shop_id)).all()
    products = session.execute(select(ShopProduct.sku, ShopProduct.id).where(ShopProduct.shop_id == shop_id))
    return RateBook(
        settings=settings_of(shop_id),
        products={row.sku: row.id for row in products},
        overrides=by_target(Override(*row) for row in overrides),
        groups=groups_over_time(shop_id),
    )


def groups_over_time(shop_id: int) -> dict[int, Timeline[int | None]]:
    """Per salesperson of a shop the group they belong to at any moment."""
    rows = session.execute(
        select(SalespersonChange.salesperson_id, SalespersonChange.at, SalespersonChange.id, SalespersonChange.group_id)
        .join(Salesperson, Salesperson.id == SalespersonChange.salesperson_id)
        .where(Salesperson.shop_id == shop_id, SalespersonChange.changes_group)
    )
    found: dict[int, list[tuple[datetime, int, int | None]]] = {}
    for salesperson_id, at, change_id, group_id in rows:
        found.setdefault(salesperson_id, []).append((at, change_id, group_id))
    return {salesperson_id: Timeline(changes) for salesperson_id, changes in found.items()}


def statuses_of(shop_id: int, salesperson_ids: Sequence[int] | None = None) -> StatusBook:
    """The states of a shop's salespeople at any moment, of all or of these; one query."""
    statement = (
        select(SalespersonChange.salesperson_id, SalespersonChange.at, SalespersonChange.id, SalespersonChange.status)
        .join(Salesperson, Salesperson.id == SalespersonChange.salesperson_id)
        .where(Salesperson.shop_id == shop_id, SalespersonChange.status.is_not(None))
    )
    if salesperson_ids is not None:
        statement = statement.where(Salesperson.id.in_(salesperson_ids))
    found: dict[int, list[tuple[datetime, int, str]]] = {}
    for salesperson_id, at, change_id, status in session.execute(statement):
        found.setdefault(salesperson_id, []).append((at, change_id, status or ""))
    return StatusBook({salesperson_id: Timeline(changes) for salesperson_id, changes in found.items()})


def status_at(salesperson_id: int, t: datetime) -> str | None:
    """The state of one salesperson at a moment; None before they joined."""
    return session.scalar(
        select(SalespersonChange.status)
        .where(SalespersonChange.salesperson_id == salesperson_id, SalespersonChange.status.is_not(None))
        .where(SalespersonChange.at <= t)
        .order_by(SalespersonChange.at.desc(), SalespersonChange.id.desc())
        .limit(1)
    )


def history_of(salesperson_id: int) -> Sequence[SalespersonChange]:
    """Every change of a salesperson's state and group, the latest first."""
    return session.scalars(
        select(SalespersonChange)
        .where(SalespersonChange.salesperson_id == salesperson_id)
        .order_by(SalespersonChange.at.desc(), SalespersonChange.id.desc())
    ).all()


def get_salesperson(viewer: Actor, shop_id: int, salesperson_id: int) -> Salesperson:
    """A salesperson of a shop whom the viewer may see; raises NotFound."""
    found = session.scalar(
        select(Salesperson).where(
            Salesperson.id == salesperson_id, Salesperson.shop_id == shop_id, visible_salespeople(viewer)
        )
    )
    if found is None:
        raise NotFound
    return found


def find_by_phone(shop_id: int, phone: str) -> Salesperson | None:
    """The salesperson of a shop with this phone number (in E.164)."""
    return session.scalar(
        select(Salesperson)
        .join(Person, Person.id == Salesperson.person_id)
        .where(Salesperson.shop_id == shop_id, Person.phone == phone)
    )


def find_by_coupon(shop_id: int, code: str) -> Salesperson | None:
    """The salesperson whose coupon code this is, letter case aside, whatever their state."""
    key = coupon_key(code)
    if not is_key(key):
        return None
    return session.scalar(select(Salesperson).where(Salesperson.shop_id == shop_id, Salesperson.coupon_key == key))


def salespeople_of(shop_id: int) -> Sequence[Salesperson]:
    """All salespeople of a shop, in the order in which they came."""
    return session.scalars(select(Salesperson).where(Salesperson.shop_id == shop_id).order_by(Salesperson.id)).all()


def names_of_salespeople(ids: Sequence[int]) -> dict[int, str]:
    """How these salespeople are shown: nickname, or masked phone."""
    rows = session.execute(
        select(Salesperson.id, Person).join(Person, Person.id == Salesperson.person_id).where(Salesperson.id.in_(ids))
    )
    return {salesperson_id: person.called for salesperson_id, person in rows} if ids else {}


def is_key(text: str) -> bool:
    """Whether a text can be the id or code of something: not empty, not endless, and no NUL in it."""
    return bool(text) and len(text) <= LONGEST_KEY and "\0" not in text


def find_product(shop_id: int, sku: str) -> ShopProduct | None:
    """The product of a shop with this SKU."""
    if not is_key(sku):
        return None
    return session.scalar(select(ShopProduct).where(ShopProduct.shop_id == shop_id, ShopProduct.sku == sku))


def get_product(shop_id: int, product_id: int) -> ShopProduct:
    """A product of a shop by our own id; raises NotFound."""
    found = session.scalar(select(ShopProduct).where(ShopProduct.id == product_id, ShopProduct.shop_id == shop_id))
    if found is None:
        raise NotFound
    return found


def products_of(shop_id: int) -> Sequence[ShopProduct]:
    """The products of a shop, by title."""
    return session.scalars(
        select(ShopProduct).where(ShopProduct.shop_id == shop_id).order_by(ShopProduct.title_key, ShopProduct.id)
    ).all()


def find_article(shop_id: int, external_id: str) -> ShopArticle | None:
    """The article of a shop with this id."""
    if not is_key(external_id):
        return None
    return session.scalar(
        select(ShopArticle).where(ShopArticle.shop_id == shop_id, ShopArticle.external_id == external_id)
    )


def articles_of(shop_id: int) -> Sequence[ShopArticle]:
    """The articles of a shop, the newest first."""
    return session.scalars(
        select(ShopArticle).where(ShopArticle.shop_id == shop_id).order_by(ShopArticle.id.desc())
    ).all()


def group_buy(shop_id: int, external_id: str) -> GroupBuy | None:
    """The group-buy of a shop with this id."""
    if not is_key(external_id):
        return None
    return session.scalar(select(GroupBuy).where(GroupBuy.shop_id == shop_id, GroupBuy.external_id == external_id))


def get_group_buy(shop_id: int, group_buy_id: int) -> GroupBuy:
    """A group-buy of a shop by our own id; raises NotFound."""
    found = session.scalar(select(GroupBuy).where(GroupBuy.id == group_buy_id, GroupBuy.shop_id == shop_id))
    if found is None:
        raise NotFound
    return found


def group_buys_of(shop_id: int) -> Sequence[GroupBuy]:
    """The group-buys of a shop, the newest first."""
    return session.scalars(select(GroupBuy).where(GroupBuy.shop_id == shop_id).order_by(GroupBuy.id.desc())).all()


def groups_of(shop_id: int) -> Sequence[SalespersonGroup]:
    """The groups of a shop's salespeople, by name."""
    return session.scalars(
        select(SalespersonGroup).where(SalespersonGroup.shop_id == shop_id).order_by(SalespersonGroup.name)
    ).all()


def merchants_of(shop_id: int) -> Sequence[Person]:
    """Those who run a shop, to write to."""
    return session.scalars(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(Membership.shop_id == shop_id, Membership.role == "merchant", Membership.status == "active")
        .order_by(Person.id)
    ).all()
