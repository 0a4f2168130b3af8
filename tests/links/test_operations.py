"""Clicks, customers and bindings in the database: in order, late, joined, shared, and learned in any order."""

from collections.abc import Callable
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from referrals.db import session
from referrals.links.customers import keys_of
from referrals.links.models import Binding, Customer
from referrals.links.operations import NobodyNamed
from referrals.links.queries import (
    binding_at,
    changes_of,
    clicks_seen,
    find_click,
    had_binding_before,
    read_ref,
    relations_known,
)
from referrals.shops.history import InTheFuture
from tests.links.journey import Journey
from tests.shops_making import ShopMaking


@pytest.fixture
def journey(shops: ShopMaking) -> Journey:
    return Journey(shops)


def rows(customer: Customer) -> list[Binding]:
    return list(
        session.scalars(select(Binding).where(Binding.customer_id == customer.id).order_by(Binding.from_at, Binding.id))
    )


# --- In order ---


def test_a_visitor_lends_its_clicks_to_the_customer_who_is_identified_on_it(journey: Journey) -> None:
    click = journey.click("anna", "v1", -10)
    customer = journey.named(-5, visitor="v1", id="c1")
    assert click.outcome == "bound"
    assert journey.told(customer) == [("anna", -10, None)]
    assert [seen.id for seen in clicks_seen(journey.shop.id, customer.id)] == [click.id]


def test_a_click_at_the_very_moment_of_the_identification_is_lent(journey: Journey) -> None:
    journey.click("anna", "v1", -5)
    assert journey.whose(journey.named(-5, visitor="v1", id="c1"), -5) == "anna"


def test_a_click_after_the_identification_waits_for_the_next_one(journey: Journey) -> None:
    customer = journey.named(-10, visitor="v1", id="c1")
    journey.click("anna", "v1", -5)
    assert journey.told(customer) == []
    journey.named(-1, visitor="v1", id="c1")
    assert journey.told(customer) == [("anna", -5, None)]


def test_a_customer_runs_away_and_comes_back(journey: Journey) -> None:
    for name, hour in (("anna", -9), ("ben", -6), ("anna", -3)):
        journey.click(name, "v1", hour)
    customer = journey.named(0, visitor="v1", id="c1")
    assert journey.told(customer) == [("anna", -9, -6), ("ben", -6, -3), ("anna", -3, None)]
    assert [journey.whose(customer, hour) for hour in (-9.001, -9, -6.001, -6, -3)] == [
        None, "anna", "anna", "ben", "anna",
    ]  # fmt: skip


def test_a_later_takeover_closes_the_row_and_adds_one(journey: Journey) -> None:
    journey.click("anna", "v1", -9)
    customer = journey.named(-8, visitor="v1", id="c1")
    journey.click("ben", "v1", -6)
    journey.named(-5, visitor="v1", id="c1")
    first, second = rows(customer)
    assert (first.until_at, first.closed_at, first.superseded_at) == (journey.hour(-6), journey.hour(-5), None)
    assert (second.from_at, second.until_at, second.recorded_at) == (journey.hour(-6), None, journey.hour(-5))


def test_what_was_known_before_the_row_was_closed_is_still_told(journey: Journey) -> None:
    journey.click("anna", "v1", -9)
    customer = journey.named(-8, visitor="v1", id="c1")
    journey.click("ben", "v1", -6)
    journey.named(-2, visitor="v1", id="c1")
    known = relations_known(customer.id, journey.hour(-4))
    assert [(journey.name(one.salesperson_id), one.until_at) for one in known] == [("anna", None)]
    assert len(relations_known(customer.id, journey.hour(-2))) == 2


def test_the_ref_joins_the_visitor_of_its_click(journey: Journey) -> None:
    click = journey.click("anna", "v1", -9)
    customer = journey.named(-5, ref=str(click.id), email="b@example.org")
    assert journey.whose(customer, -5) == "anna"


def test_a_ref_that_is_unknown_foreign_or_later_is_ignored(journey: Journey, shops: ShopMaking) -> None:
    foreign = Journey(shops).click("anna", "v1", -9)
    later = journey.click("anna", "v1", -1)
    moment = journey.hour(-5)
    for ref, problem in (
        ("17", "unknown"), ("x" * 300, "unknown"), ("-1", "unknown"), (str(foreign.id), "unknown"),
        (str(later.id), "later"), ("", None), (None, None),
    ):  # fmt: skip
        assert read_ref(journey.shop.id, ref, moment)[1] == problem
        customer = journey.named(-5, ref=ref, id="c1")
        assert journey.told(customer) == []
    assert find_click(journey.shop.id, str(foreign.id)) is None


def test_nobody_is_identified_by_nothing(journey: Journey) -> None:
    with pytest.raises(NobodyNamed):
        journey.named(0)
    with pytest.raises(NobodyNamed):
        journey.named(0, ref="17")


def test_the_future_is_refused_a_fast_clock_forgiven(journey: Journey) -> None:
    with pytest.raises(InTheFuture):
        journey.click("anna", "v1", 0.1, learned=0)
    with pytest.raises(InTheFuture):
        journey.named(0.1, id="c1", learned=0)
    journey.click("anna", "v1", 0.08, learned=0)


# --- Outcomes ---


def test_outcomes_are_what_was_known_when_the_click_was_recorded(shops: ShopMaking) -> None:
    journey = Journey(shops, binding="protected", protect_days=1)
    outcomes = [
        journey.click(name, "v1", hour).outcome
        for name, hour in (("anna", -50), ("ben", -40), ("anna", -30), ("ben", -7), ("ben", -6))
    ]
    assert outcomes == ["bound", "protected", "renewed", "protected", "bound"]


def test_a_known_visitor_is_judged_by_all_clicks_of_the_customer(shops: ShopMaking) -> None:
    journey = Journey(shops, binding="first_click")
    journey.click("anna", "phone", -9)
    journey.named(-8, visitor="phone", id="c1")
    journey.named(-7, visitor="laptop", id="c1")
    assert journey.click("ben", "laptop", -6).outcome == "already_bound"
    assert journey.click("ben", "stranger", -6).outcome == "bound"


def test_programme_salesperson_and_link_refuse_clicks(shops: ShopMaking) -> None:
    journey = Journey(shops, validity="short")
    shops.settings(journey.shop, programme=False, effective_at=journey.hour(-1))
    shops.status(journey.ben, "suspended", at=journey.hour(-2))
    assert journey.click("anna", "v1", -1000 + 15 * 24 - 0.001).outcome == "bound"
    assert journey.click("anna", "v1", -1000 + 15 * 24).outcome == "link_expired"
    fresh = Journey(shops, journey.shop)
    assert fresh.click("anna", "v2", -650).outcome == "bound"
    journey.links = {"qr": fresh.links["anna"]}
    customer = fresh.named(-649, visitor="v2", id="c1")
    assert fresh.told(customer) == [("anna", -650, -640)]
    assert had_binding_before(customer.id, journey.hour(-640))
    assert not had_binding_before(customer.id, journey.hour(-650.001))
    assert binding_at(customer.id, journey.hour(-640)) is None


def test_bindings_outlive_an_off_period(journey: Journey, shops: ShopMaking) -> None:
    journey.click("anna", "v1", -9)
    customer = journey.named(-8, visitor="v1", id="c1")
    shops.settings(journey.shop, programme=False, effective_at=journey.hour(0))
    assert journey.click("ben", "v1", 1).outcome == "programme_off"
    shops.settings(journey.shop, programme=True, effective_at=journey.hour(2))
    journey.named(3, visitor="v1", id="c1")
    assert journey.told(customer) == [("anna", -9, None)]


# --- Late clicks ---


def test_a_late_click_changes_the_picture_and_supersedes(journey: Journey) -> None:
    journey.click("anna", "v1", -9)
    journey.click("anna", "v1", -3)
    customer = journey.named(-2, visitor="v1", id="c1")
    late = journey.click("ben", "v1", -6, learned=0)
    assert late.outcome == "bound"
    assert journey.told(customer) == [("anna", -9, -6), ("ben", -6, -3), ("anna", -3, None)]
    gone = [row for row in rows(customer) if row.superseded_at]
    assert [(row.from_at, row.superseded_by, row.superseded_at) for row in gone] == [
        (journey.hour(-9), "late_click", journey.hour(0)),
    ]
    known = relations_known(customer.id, journey.hour(-1))
    assert [(journey.name(one.salesperson_id), journey.count(one.until_at)) for one in known] == [
        ("anna", -3), ("anna", None),
    ]  # fmt: skip
    assert len(changes_of(customer.id)) == 4


def test_a_late_click_that_is_nobodys_changes_nothing(journey: Journey) -> None:
    journey.click("anna", "v1", -9)
    customer = journey.named(-5, visitor="v1", id="c1")
    journey.click("ben", "v1", -4, learned=0)
    assert journey.told(customer) == [("anna", -9, None)]
    assert len(rows(customer)) == 1


# --- Shared visitors ---


def test_a_shared_visitor_lends_each_click_to_the_first_identified_after_it(journey: Journey) -> None:
    journey.click("anna", "cafe", -9)
    one = journey.named(-8, visitor="cafe", id="c1")
    journey.click("ben", "cafe", -7)
    two = journey.named(-6, visitor="cafe", id="c2")
    assert (journey.told(one), journey.told(two)) == ([("anna", -9, None)], [("ben", -7, None)])
    journey.named(-5, visitor="cafe", id="c1")
    assert journey.told(one) == [("anna", -9, None)]


def test_an_earlier_identification_learned_later_takes_the_clicks_back(journey: Journey) -> None:
    journey.click("anna", "cafe", -9)
    two = journey.named(-3, visitor="cafe", id="c2")
    one = journey.named(-6, visitor="cafe", id="c1", learned=-2)
    assert (journey.told(one), journey.told(two)) == ([("anna", -9, None)], [])
    assert [row.superseded_by for row in rows(two)] == ["lent_to_another"]


# --- Joins ---


def test_keys_join_customers_and_their_clicks(journey: Journey) -> None:
    journey.click("anna", "phone", -9)
    journey.click("ben", "laptop", -7)
    one = journey.named(-6, visitor="phone", phone="+48600700800")
    two = journey.named(-5, visitor="laptop", email="b@example.org")
    assert one.id != two.id
    joined = journey.named(-4, id="c1", email="b@example.org", phone="+48600700800")
    assert joined.id == two.id
    assert journey.told(joined) == [("anna", -9, -7), ("ben", -7, None)]
    assert one.merged_into_id == two.id
    assert journey.whose(one, 0) == "ben"
    assert [row.superseded_by for row in rows(one)] == ["join"]
    known = relations_known(one.id, journey.hour(-5))
    assert [journey.name(each.salesperson_id) for each in known] == ["anna"]
    assert relations_known(one.id, journey.hour(-4)) == []


def test_chains_of_joins_lead_to_the_last_one(journey: Journey) -> None:
    journey.click("anna", "v1", -9)
    first = journey.named(-8, visitor="v1", phone="+48600700800")
    second = journey.named(-7, email="b@example.org")
    journey.named(-6, email="b@example.org", phone="+48600700800")
    third = journey.named(-5, id="c1")
    last = journey.named(-4, id="c1", email="b@example.org")
    assert (first.merged_into_id, second.merged_into_id, last.id) == (third.id, third.id, third.id)
    assert journey.whose(first, 0) == "anna"


def test_two_shop_ids_are_never_one_customer(journey: Journey) -> None:
    one = journey.named(-9, id="c1", email="shared@example.org", phone="+48600700800")
    two = journey.named(-8, id="c2", email="shared@example.org", phone="+48600700800")
    assert one.id != two.id
    assert [(key.kind, key.value) for key in keys_of(two.id)] == [("id", "c2")]
    assert journey.named(-7, email="shared@example.org").id == one.id


def test_visitors_without_any_key_are_customers_too(journey: Journey) -> None:
    journey.click("anna", "v1", -9)
    guest = journey.named(-8, visitor="v1")
    assert journey.told(guest) == [("anna", -9, None)]
    assert journey.named(-7, visitor="v1").id == guest.id
    known = journey.named(-6, visitor="v1", email="b@example.org")
    assert journey.told(known) == [("anna", -9, None)]
    assert guest.merged_into_id == known.id


def test_repeating_an_identification_changes_nothing(journey: Journey) -> None:
    journey.click("anna", "v1", -9)
    customer = journey.named(-8, visitor="v1", id="c1")
    before = [row.id for row in rows(customer)]
    for _ in range(3):
        assert journey.named(-8, visitor="v1", id="c1", learned=0).id == customer.id
    assert [row.id for row in rows(customer)] == before


def test_customers_of_two_shops_never_meet(journey: Journey, shops: ShopMaking) -> None:
    other = Journey(shops)
    journey.click("anna", "v1", -9)
    mine = journey.named(-8, visitor="v1", email="b@example.org")
    theirs = other.named(-8, visitor="v1", email="b@example.org")
    assert mine.id != theirs.id
    assert other.told(theirs) == []


# --- Learned in any order ---

Step = Callable[[Journey], object]
HISTORY: tuple[Step, ...] = (
    lambda journey: journey.click("anna", "phone", -9, learned=0),
    lambda journey: journey.click("ben", "laptop", -7, learned=0),
    lambda journey: journey.click("anna", "laptop", -5, learned=0),
    lambda journey: journey.named(-6, visitor="phone", id="c1", learned=0),
    lambda journey: journey.named(-4, visitor="laptop", id="c1", email="b@example.org", learned=0),
)


def test_every_order_of_arrival_ends_in_the_same_bindings(shops: ShopMaking) -> None:
    shop = shops.shop()
    for number, order in enumerate(permutations(HISTORY)):
        if number % 6:
            continue
        journey = Journey(shops)
        for step in order:
            step(journey)
        customer = journey.named(0, id="c1")
        assert journey.told(customer) == [("anna", -9, -7), ("ben", -7, -5), ("anna", -5, None)]
    assert shop is not None


steps = st.lists(
    st.tuples(
        st.sampled_from(["anna", "ben", "c1", "c2"]), st.sampled_from(["v1", "v2"]), st.integers(-40, -1)
    ),
    min_size=2, max_size=9, unique_by=lambda step: step[2],
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, st.randoms(use_true_random=False), st.sampled_from(["last_click", "protected", "first_click"]))
def test_any_history_in_any_order_ends_in_the_same_bindings(
    shops: ShopMaking, history: list[tuple[str, str, int]], chance, rule: str
) -> None:
    shuffled = list(history)
    chance.shuffle(shuffled)
    pictures = []
    for order in (sorted(history, key=lambda step: step[2]), shuffled):
        journey = Journey(shops, binding=rule, protect_days=1)
        for who, visitor, hour in order:
            if who in journey.people:
                journey.click(who, visitor, hour, learned=0)
            else:
                journey.named(hour, visitor=visitor, id=who, learned=0)
        customers = [journey.named(0, id=name) for name in ("c1", "c2")]
        pictures.append([journey.told(customer) for customer in customers])
    assert pictures[0] == pictures[1]
