"""What other settings would have done: rates, binding rules, refunds, the programme; and nothing is changed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.explanations.dry_run import Difference, dry_run
from referrals.ledger.models import LedgerEntry
from referrals.links.operations import record_click
from referrals.links.sharing import share
from referrals.orders.incoming import IncomingCustomer, IncomingLine, IncomingOrder
from referrals.orders.operations import receive_order
from referrals.people.rules import SYSTEM
from referrals.shops.models import SettingsVersion
from tests.links.journey import Journey
from tests.making import Making
from tests.settlement.selling import Selling
from tests.shops_making import ShopMaking

DAY = timedelta(days=1)


class Market(Journey):
    """Buyers click Anna's link, then Ben's, and buy for 100.00."""

    def buy(self, name: str, visitor: str, hour: float, amount: int = 10_000, **more: Any) -> None:
        buyer = IncomingCustomer(email=f"{visitor}@example.org")
        lines = (IncomingLine("1", "TEA", "Tea", 1, amount),)
        values = {"customer": buyer, "visitor": visitor, "collected_by": "platform", "paid_at": self.hour(hour)} | more
        incoming = IncomingOrder(name, self.hour(hour), self.shop.currency, lines, **values)
        receive_order(self.shop, incoming, source="api", by=SYSTEM, at=self.shops.at)
        session.commit()

    def tried(self, since: float = -240, until: float = 0, **changes: Any) -> Difference:
        return dry_run(self.shop, changes, self.hour(since), self.hour(until))

    @property
    def names(self) -> dict[str, int]:
        return {name: person.id for name, person in self.people.items()}


@pytest.fixture
def market(make: Making) -> Market:
    return Market(ShopMaking(make))


def told(market: Market, found: Difference) -> tuple[int, dict[str, int], int]:
    per = {market.name(number): minor for number, minor in found.per_salesperson.items()}
    return found.orders_changed, per, found.total


def test_a_higher_rate_earns_everybody_more(market: Market) -> None:
    market.click("anna", "li", -200)
    market.click("ben", "wu", -200)
    market.buy("1", "li", -100)
    market.buy("2", "wu", -90, 5000)
    market.buy("3", "nobody", -80)
    found = market.tried(rate_bp=2000)
    assert (found.orders, *told(market, found)) == (3, 2, {"anna": 1000, "ben": 500}, 1500)


def test_the_same_settings_change_nothing(market: Market) -> None:
    market.click("anna", "li", -200)
    market.buy("1", "li", -100)
    assert told(market, market.tried(rate_bp=1000, binding="last_click", programme=True)) == (0, {}, 0)


def test_only_orders_of_the_time_count(market: Market) -> None:
    market.click("anna", "li", -300)
    for name, hour in (("before", -241), ("start", -240), ("inside", -100), ("end", 0)):
        market.buy(name, "li", hour)
    assert market.tried(rate_bp=2000).orders_changed == 2


RULES = {
    "last_click": (0, {}, 0),
    "first_click": (1, {"anna": 1000, "ben": -1000}, 0),
    "protected": (1, {"anna": 1000, "ben": -1000}, 0),
}


@pytest.mark.parametrize("rule", RULES)
def test_another_binding_rule_gives_orders_to_others(market: Market, rule: str) -> None:
    market.click("anna", "li", -200)
    market.click("ben", "li", -150)
    market.buy("1", "li", -100)
    assert told(market, market.tried(binding=rule, protect_days=30)) == RULES[rule]


def test_clicks_before_the_tried_time_are_judged_as_they_were(market: Market) -> None:
    market.click("anna", "li", -200)
    market.click("ben", "li", -150)
    market.buy("1", "li", -100)
    assert told(market, market.tried(since=-120, binding="first_click")) == (0, {}, 0)


def test_protection_that_had_run_out_protects_nobody(market: Market) -> None:
    market.click("anna", "li", -230)
    market.click("ben", "li", -150)
    market.buy("1", "li", -100)
    assert told(market, market.tried(binding="protected", protect_days=3)) == (0, {}, 0)


def test_without_the_programme_nobody_earns(market: Market) -> None:
    market.click("anna", "li", -300)
    market.buy("1", "li", -100)
    assert told(market, market.tried(programme=False)) == (1, {"anna": -1000}, -1000)


def test_links_of_short_validity_lose_late_orders(market: Market) -> None:
    page = f"https://{market.shop.slug}.example.org/tea"
    link = share(market.anna, page, shared_at=market.hour(-24 * 20), at=market.hour(-24 * 20))
    record_click(link, visitor="li", occurred_at=market.hour(-24 * 19), source="api", at=market.hour(-24 * 19))
    session.commit()
    market.buy("1", "li", -24)
    assert told(market, market.tried(since=-24 * 30, validity="short")) == (1, {"anna": -1000}, -1000)
    assert told(market, market.tried(since=-24 * 10, validity="short")) == (0, {}, 0)


def test_own_purchases_count_where_they_may(market: Market) -> None:
    phone = market.anna.person.phone
    market.click("anna", "anna", -200)
    market.buy("1", "anna", -100, customer=IncomingCustomer(phone=phone))
    assert told(market, market.tried(own_purchases_earn=True)) == (1, {"anna": 1000}, 1000)


def test_clawing_back_takes_what_was_refunded_later(make: Making) -> None:
    sales = Selling(make)
    sales.done("1", 10_000)
    sales.top_up(10_000)
    sales.run()
    sales.refund("1", 4000)
    since: datetime = sales.at - 60 * DAY
    found = dry_run(sales.store, {"refunds_after_settlement": "claw_back"}, since, sales.at)
    assert (found.orders_changed, found.total) == (1, -400)


def test_trying_changes_nothing(market: Market) -> None:
    market.click("anna", "li", -200)
    market.buy("1", "li", -100)
    before = [session.scalar(select(func.count()).select_from(one)) for one in (SettingsVersion, LedgerEntry)]
    market.tried(rate_bp=9000, binding="first_click")
    assert not session.dirty
    assert not session.new
    assert [session.scalar(select(func.count()).select_from(one)) for one in (SettingsVersion, LedgerEntry)] == before


def test_what_is_no_setting_is_refused(market: Market) -> None:
    for changes in ({"rate_bp": 9001}, {"colour": "red"}, {"binding": "none"}):
        with pytest.raises(RuleBroken):
            market.tried(**changes)
