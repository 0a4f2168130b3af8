"""Whose order it is, and the one reason why nobody's (`SPEC §6`)."""

import pytest
from sqlalchemy import select

from referrals.commissions.models import Commission
from referrals.commissions.queries import commission_of
from referrals.db import session
from referrals.errors import NotFound
from referrals.orders.attribution import HAND_REASONS, NeedsReason, NeverPromoted, SameSalesperson, reattribute
from referrals.orders.campaigns import count_orders
from referrals.orders.incoming import IncomingCustomer
from referrals.orders.models import Attribution
from referrals.orders.queries import attributions_of, get_order_by_id
from referrals.people.rules import SYSTEM, Actor
from referrals.shops.queries import group_buy
from tests.making import Making
from tests.orders.conftest import DAY, OrderMaking

NOBODY = IncomingCustomer(email="nobody@example.org")


def reason(shop: OrderMaking, **changes: object) -> str | None:
    return shop.receive(**changes).order.reason


def test_the_reasons_are_asked_in_their_order(make: Making) -> None:
    shop = OrderMaking(make)
    off = shop.at - 60 * DAY
    shop.settings(shop.shop_of_all, programme=False, effective_at=off)
    cash = {"payment_method": "cod"}
    assert reason(shop, external_id="1", test=True, **cash) == "test_order"
    assert reason(shop, external_id="2", **cash) == "cash_on_delivery"
    assert reason(shop, external_id="3") == "programme_off"
    assert reason(shop, external_id="4", placed_at=off - DAY) == "no_click"


def test_a_binding_that_ended_is_expired_and_none_at_all_is_no_click(make: Making) -> None:
    shop = OrderMaking(make, validity="short")
    shop.click(shop.anna, at=shop.at - 100 * DAY)
    assert reason(shop, external_id="late") == "binding_expired"
    assert reason(shop, external_id="early", placed_at=shop.at - 101 * DAY) == "no_click"
    assert reason(shop, external_id="within", placed_at=shop.at - 90 * DAY) is None
    assert reason(shop, external_id="nobody", customer=NOBODY) == "no_click"
    assert reason(shop, external_id="nameless", customer=IncomingCustomer()) == "no_click"


def test_a_salesperson_who_was_not_active_then_earns_nothing(shop: OrderMaking) -> None:
    shop.status(shop.anna, "suspended", at=shop.at - 60 * DAY)
    order = shop.receive().order
    assert (order.reason, order.binding_id is not None) == ("salesperson_inactive", True)
    assert shop.receive(external_id="before", placed_at=shop.at - 61 * DAY).order.reason is None


@pytest.mark.parametrize(
    "customer", [IncomingCustomer(email="anna@example.org"), IncomingCustomer(phone="+8613800138000")]
)
def test_own_purchases_earn_only_where_the_shop_says_so(make: Making, customer: IncomingCustomer) -> None:
    shop = OrderMaking(make)
    shop.settings(shop.shop_of_all, own_purchases_earn=True, effective_at=shop.at - 20 * DAY)
    seller = shop.salesperson(shop.shop_of_all, "+8613800138000", email="Anna@example.org", coupon_code="ANNA")
    codes = {"customer": customer, "coupon_codes": ("anna",)}
    assert reason(shop, external_id="own", **codes) == "own_purchase"
    late = shop.receive(external_id="allowed", placed_at=shop.at - 10 * DAY, **codes).order
    assert (late.reason, late.salesperson_id) == (None, seller.id)


def test_a_coupon_comes_before_the_binding_and_binds_nobody(shop: OrderMaking) -> None:
    bob = shop.salesperson(shop.shop_of_all, coupon_code="BOB-10")
    eve = shop.salesperson(shop.shop_of_all, coupon_code="EVE")
    shop.status(eve, "suspended", at=shop.at - 60 * DAY)
    order = shop.receive(external_id="1", coupon_codes=("unknown", "eve", "bob-10")).order
    assert (order.salesperson_id, order.via, order.click_id) == (bob.id, "coupon", None)
    again = shop.receive(external_id="2").order
    assert (again.salesperson_id, again.via) == (shop.anna.id, "binding")


def test_the_ref_of_an_order_joins_the_visitor_behind_it(make: Making) -> None:
    shop = OrderMaking(make)
    ref = shop.click(shop.anna, email="")
    order = shop.receive(ref=ref).order
    assert (order.salesperson_id, str(order.click_id), order.ref_problem) == (shop.anna.id, ref, None)
    later = shop.receive(external_id="2", placed_at=shop.at - 40 * DAY).order
    assert later.salesperson_id == shop.anna.id


def test_a_ref_alone_names_the_buyer(make: Making) -> None:
    shop = OrderMaking(make)
    ref = shop.click(shop.anna, email="")
    assert shop.receive(ref=ref, customer=IncomingCustomer()).order.salesperson_id == shop.anna.id


def test_a_ref_that_is_unknown_foreign_or_later_is_ignored_and_shown(make: Making) -> None:
    shop = OrderMaking(make)
    other = shop.shop("coffee")
    foreign = shop.click(shop.salesperson(other), email="")
    late = shop.click(shop.anna, email="", at=shop.at - 49 * DAY)
    told = {"unknown": "12345", "foreign": foreign, "late": late, "words": "not a number"}
    found = {name: shop.receive(external_id=name, ref=ref).order for name, ref in told.items()}
    assert {name: order.ref_problem for name, order in found.items()} == {
        "unknown": "unknown",
        "foreign": "unknown",
        "late": "later",
        "words": "unknown",
    }
    assert {order.reason for order in found.values()} == {"no_click"}


def test_attribution_is_fixed_when_the_order_is_received(shop: OrderMaking) -> None:
    shop.receive()
    bob = shop.salesperson(shop.shop_of_all)
    shop.click(bob, at=shop.at - 60 * DAY)
    assert shop.receive().order.salesperson_id == shop.anna.id
    assert shop.receive(external_id="2").order.salesperson_id == bob.id


def test_a_merchant_gives_an_order_to_another_salesperson_on_record(shop: OrderMaking) -> None:
    bob = shop.salesperson(shop.shop_of_all)
    shop.rate(shop.shop_of_all, "salesperson", bob.id, 2000)
    order = shop.receive().order
    merchant = shop.merchant(shop.shop_of_all)
    reattribute(order, bob.id, "customer_says", "She told us", by=merchant, at=shop.at)
    session.commit()
    assert (order.salesperson_id, order.via, order.reason) == (bob.id, "hand", None)
    commission = commission_of(order.id)
    assert commission is not None
    assert (commission.salesperson_id, commission.amount_minor) == (bob.id, 1760)
    latest, first = attributions_of(order)
    assert (latest.reason_code, latest.note, latest.by_person_id) == (
        "customer_says",
        "She told us",
        merchant.person_id,
    )
    assert first.salesperson_id == shop.anna.id
    reattribute(order, None, "own_purchase", by=merchant, at=shop.at)
    session.commit()
    assert (order.reason, commission_of(order.id)) == ("own_purchase", None)
    shop.event("refunded", "r1", amount_minor=100)
    reattribute(order, shop.anna.id, "wrong_person", by=merchant, at=shop.at)
    session.commit()
    assert session.scalars(select(Commission.amount_minor)).all() == [870]


def test_a_re_attribution_that_makes_no_sense_is_refused(shop: OrderMaking) -> None:
    order = shop.receive().order
    stranger = shop.salesperson(shop.shop("coffee"))
    cash = shop.receive(external_id="cash", payment_method="cod").order
    with pytest.raises(NeedsReason):
        reattribute(order, None, "", by=SYSTEM, at=shop.at)
    with pytest.raises(SameSalesperson):
        reattribute(order, shop.anna.id, HAND_REASONS[0], by=SYSTEM, at=shop.at)
    with pytest.raises(NotFound):
        reattribute(order, stranger.id, HAND_REASONS[0], by=SYSTEM, at=shop.at)
    with pytest.raises(NeverPromoted):
        reattribute(cash, shop.anna.id, HAND_REASONS[0], by=SYSTEM, at=shop.at)
    session.rollback()
    assert len(session.scalars(select(Attribution)).all()) == 2


def test_a_stranger_does_not_see_the_order(shop: OrderMaking) -> None:
    order = shop.receive().order
    for viewer in (shop.actor(shop.shop("coffee")), Actor(role="member", partner_id=1), Actor(role="operator")):
        with pytest.raises(NotFound):
            get_order_by_id(viewer, order.id)
    bob = shop.salesperson(shop.shop_of_all)
    with pytest.raises(NotFound):
        get_order_by_id(shop.seller(bob), order.id)
    assert get_order_by_id(shop.seller(shop.anna), order.id).id == order.id


def test_a_group_buy_lowers_every_pending_commission_as_its_tiers_are_reached(shop: OrderMaking) -> None:
    shop.group_buy(shop.shop_of_all, "spring", (3, 300), (5, 800), (10, 1000))
    paid = {"paid_at": shop.at - 49 * DAY, "group_buy": "spring"}
    amounts = []
    for number in range(5):
        shop.receive(external_id=f"g{number}", **paid)
        amounts.append(session.scalars(select(Commission.amount_minor).order_by(Commission.id)).all())
    assert amounts == [[880], [880, 880], [850] * 3, [850] * 4, [800] * 5]
    campaign = group_buy(shop.shop_of_all.id, "spring")
    assert campaign is not None
    assert count_orders(campaign.id) == 5
    assert count_orders(campaign.id, until=shop.at - 49.5 * DAY) == 0
    shop.event("cancelled", order="g0")
    assert sorted(session.scalars(select(Commission.amount_minor).where(Commission.status == "pending"))) == [850] * 4
    assert count_orders(campaign.id, until=shop.at - 41 * DAY) == 5


def test_who_does_not_count_for_a_group_buy(shop: OrderMaking) -> None:
    campaign = shop.group_buy(shop.shop_of_all, "spring", (1, 100))
    paid = {"paid_at": shop.at - 49 * DAY, "group_buy": "spring"}
    shop.receive(external_id="unpaid", group_buy="spring")
    shop.receive(external_id="test", test=True, **paid)
    shop.receive(external_id="refunded", **paid)
    shop.event("refunded", order="refunded", amount_minor=8800)
    shop.receive(external_id="cancelled", cancelled_at=shop.at - 45 * DAY, **paid)
    assert count_orders(campaign.id) == 0
    shop.receive(external_id="cash", payment_method="cod", **paid)
    shop.receive(external_id="nobody's", customer=NOBODY, **paid)
    assert count_orders(campaign.id) == 2


def test_cashback_really_paid_counts_instead_of_the_tier(shop: OrderMaking) -> None:
    shop.group_buy(shop.shop_of_all, "spring", (1, 800))
    order = shop.receive(group_buy="spring", paid_at=shop.at - 49 * DAY).order
    shop.event("cashback", "c1", amount_minor=100)
    shop.event("cashback", "c2", amount_minor=200)
    commission = commission_of(order.id)
    assert commission is not None
    assert commission.amount_minor == 850


def test_an_order_may_name_a_group_buy_before_the_shop_describes_it(shop: OrderMaking) -> None:
    order = shop.receive(group_buy="unheard of", paid_at=shop.at - 49 * DAY).order
    assert order.group_buy_id is not None
    commission = commission_of(order.id)
    assert commission is not None
    assert commission.amount_minor == 880
