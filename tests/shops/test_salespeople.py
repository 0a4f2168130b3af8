"""Salespeople join, change their state, belong to groups; on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.lifecycle import IllegalMove
from referrals.people.models import Membership, Person
from referrals.people.rules import SYSTEM, Actor
from referrals.people.shop_members import find_membership, person_with_phone
from referrals.shops.history import HistoryExists, InTheFuture
from referrals.shops.lifecycle import SALESPERSON
from referrals.shops.models import Salesperson, SalespersonChange
from referrals.shops.queries import (
    find_by_coupon,
    find_by_phone,
    get_salesperson,
    history_of,
    names_of_salespeople,
    status_at,
    statuses_of,
)
from referrals.shops.salespeople import (
    AlreadySalesperson,
    CouponTaken,
    NotAFirstState,
    ProgrammeOff,
    add_salesperson,
    apply,
    change_status,
    put_in_group,
    set_coupon,
    set_email,
)
from tests.leads.test_ownership import at_once
from tests.making import Making
from tests.shops_making import ShopMaking

PHONE = "+8613900002210"


@pytest.fixture
def shops(shops_on_both: ShopMaking) -> ShopMaking:
    """Everything here runs on SQLite and on PostgreSQL."""
    return shops_on_both


@pytest.fixture
def make(make_on_both: Making) -> Making:
    return make_on_both


def test_a_salesperson_has_account_membership_code_and_history(shops: ShopMaking, make: Making) -> None:
    shop = shops.shop()
    joined = make.later(days=-30)
    ann = add_salesperson(
        shop,
        PHONE,
        nickname=" Ann ",
        email="Ann@Example.org",
        coupon_code=" ANN10 ",
        joined_at=joined,
        by=SYSTEM,
        at=make.at,
    )
    session.commit()
    assert (ann.status, ann.joined_at, ann.coupon_code, ann.email) == ("active", joined, "ANN10", "Ann@example.org")
    assert len(ann.code) == 10
    assert (ann.person.phone, ann.person.called) == (PHONE, "Ann")
    membership = find_membership(ann.person_id, shop.id, "salesperson")
    assert membership is not None
    assert (membership.salesperson_id, membership.status) == (ann.id, "active")
    moments = (joined - timedelta(microseconds=1), joined, make.at)
    assert [status_at(ann.id, moment) for moment in moments] == [None, "active", "active"]
    assert [statuses_of(shop.id).at(ann.id, moment) for moment in moments] == [None, "active", "active"]
    assert find_by_phone(shop.id, PHONE) == find_by_coupon(shop.id, "ann10") == ann
    assert names_of_salespeople([ann.id]) == {ann.id: "Ann"}


def test_one_account_serves_in_all_shops_and_keeps_its_nickname(shops: ShopMaking) -> None:
    north, south = shops.shop(), shops.shop()
    here = shops.salesperson(north, PHONE, nickname="Ann")
    there = shops.salesperson(south, PHONE, nickname="Somebody else")
    assert here.person_id == there.person_id
    assert here.code != there.code
    assert there.person.called == "Ann"
    assert session.scalar(select(func.count()).select_from(Person).where(Person.phone == PHONE)) == 1
    with pytest.raises(AlreadySalesperson):
        add_salesperson(north, PHONE, by=SYSTEM, at=shops.at)


def test_a_shop_names_nobody_who_belongs_to_another_shop(shops: ShopMaking) -> None:
    here = shops.salesperson(shops.shop(), PHONE)
    there = shops.salesperson(shops.shop(), PHONE, nickname="Thief")
    assert here.person_id == there.person_id
    assert here.person.nickname == ""


def test_whoever_applies_gives_themselves_a_nickname(shops: ShopMaking) -> None:
    person = shops.salesperson(shops.shop(), PHONE).person
    apply(shops.shop(), person, nickname="Ann", by=Actor(role="nobody", person_id=person.id), at=shops.at)
    assert person.nickname == "Ann"


def test_without_a_nickname_a_masked_phone_is_shown(shops: ShopMaking) -> None:
    ann = shops.salesperson(shops.shop(), PHONE)
    assert ann.person.called == "139****2210"
    assert names_of_salespeople([ann.id]) == {ann.id: "139****2210"}
    assert names_of_salespeople([]) == {}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": "nothing"}, "email"),
        ({"coupon_code": "x" * 61}, "coupon_code"),
        ({"coupon_code": "ann10"}, "coupon_code"),
        ({"coupon_code": "ANN10"}, "coupon_code"),
        ({"status": "left"}, "status"),
        ({"joined_at": timedelta(minutes=6)}, "joined_at"),
    ],
)
def test_a_salesperson_who_cannot_be_leaves_nothing(shops: ShopMaking, values: dict[str, Any], field: str) -> None:
    shop = shops.shop()
    shops.salesperson(shop, coupon_code="Ann10")
    if "joined_at" in values:
        values = {"joined_at": shops.at + values["joined_at"]}
    with pytest.raises(RuleBroken) as broken:
        add_salesperson(shop, PHONE, by=SYSTEM, at=shops.at, **values)
    session.rollback()
    assert broken.value.field == field
    assert session.scalar(select(func.count()).select_from(Salesperson)) == 1
    assert session.scalar(select(Person).where(Person.phone == PHONE)) is None


def test_a_clock_that_is_a_little_fast_is_forgiven(shops: ShopMaking) -> None:
    shops.salesperson(shops.shop(), joined_at=shops.at + timedelta(minutes=5))


def test_fifty_at_once_with_one_phone_make_one_salesperson(app_on_both: Flask, shops: ShopMaking) -> None:
    north, south = shops.shop("north"), shops.shop("south")
    session.expunge_all()

    def join(number: int) -> None:
        add_salesperson((north, south)[number % 2], PHONE, by=SYSTEM, at=shops.at)

    results = at_once(app_on_both, [lambda number=number: join(number) for number in range(50)])
    assert sorted(results) == ["AlreadySalesperson"] * 48 + ["stored"] * 2
    assert session.scalar(select(func.count()).select_from(Person).where(Person.phone == PHONE)) == 1
    assert session.scalar(select(func.count()).select_from(Membership)) == 2


def test_of_many_who_want_one_coupon_code_one_gets_it(app_on_both: Flask, shops: ShopMaking) -> None:
    shop = shops.shop()
    session.expunge_all()

    def join(number: int) -> None:
        add_salesperson(
            shop, f"+48600700{number:03}", coupon_code=("SPRING", "spring")[number % 2], by=SYSTEM, at=shops.at
        )

    results = at_once(app_on_both, [lambda number=number: join(number) for number in range(12)])
    assert sorted(results) == ["CouponTaken"] * 11 + ["stored"]


def test_coupon_codes_are_unique_in_a_shop_letter_case_aside(shops: ShopMaking) -> None:
    north, south = shops.shop(), shops.shop()
    ann, ben = shops.salesperson(north, coupon_code="Ann10"), shops.salesperson(north)
    with pytest.raises(CouponTaken):
        set_coupon(ben, "ANN10")
    set_coupon(ann, "ann10")
    set_coupon(shops.salesperson(south), "ANN10")
    set_coupon(ann, "")
    set_coupon(ben, "ANN10")
    assert find_by_coupon(north.id, "Ann10") == ben
    for nothing in ("", " ", "\x00", "x" * 300):
        assert find_by_coupon(north.id, nothing) is None


@pytest.mark.parametrize("start", SALESPERSON.states)
@pytest.mark.parametrize("target", SALESPERSON.states)
def test_states_move_by_the_table(shops: ShopMaking, start: str, target: str) -> None:
    shop = shops.shop()
    ann = shops.salesperson(shop, status="applied" if start == "applied" else "active")
    if start in {"suspended", "left"}:
        shops.status(ann, start, at=shops.at - timedelta(days=1))
    changes = len(history_of(ann.id))
    if start == target:
        change_status(ann, target, by=SYSTEM, at=shops.at)
        assert len(history_of(ann.id)) == changes
    elif target in SALESPERSON.moves[start]:
        change_status(ann, target, reason="because", by=SYSTEM, at=shops.at)
        assert (ann.status, status_at(ann.id, shops.at)) == (target, target)
        assert history_of(ann.id)[0].reason == "because"
    else:
        with pytest.raises(IllegalMove):
            change_status(ann, target, by=SYSTEM, at=shops.at)
        assert len(history_of(ann.id)) == changes


def test_a_change_of_state_counts_from_its_moment_on(shops: ShopMaking, make: Making) -> None:
    shop = shops.shop()
    ann = shops.salesperson(shop)
    shops.status(ann, "suspended", at=make.later(days=-5))
    shops.status(ann, "active", at=make.later(days=-2))
    moments = (-6, -5, -3, -2, 0)
    states = ["active", "suspended", "suspended", "active", "active"]
    assert [status_at(ann.id, make.later(days=day)) for day in moments] == states
    with pytest.raises(HistoryExists):
        change_status(ann, "left", effective_at=make.later(days=-4), by=SYSTEM, at=make.at)
    with pytest.raises(HistoryExists):
        change_status(ann, "left", effective_at=make.later(days=-9999), by=SYSTEM, at=make.at)
    with pytest.raises(InTheFuture):
        change_status(ann, "left", effective_at=make.later(hours=1), by=SYSTEM, at=make.at)


@pytest.mark.parametrize(
    ("programme", "applications", "status"),
    [
        (True, "automatic", "active"),
        (True, "reviewed", "applied"),
        (False, "automatic", None),
        (False, "reviewed", None),
    ],
)
def test_an_application_is_judged_by_the_settings_of_its_moment(
    shops: ShopMaking, make: Making, programme: bool, applications: str, status: str | None
) -> None:
    shop = shops.shop()
    shops.settings(shop, programme=programme, applications=applications)
    person = person_with_phone(PHONE, at=make.at)
    by = Actor(role="nobody", person_id=person.id)
    if status is None:
        with pytest.raises(ProgrammeOff):
            apply(shop, person, by=by, at=make.at)
    else:
        assert apply(shop, person, nickname="Ann", by=by, at=make.at).status == status
        assert apply(shop, person, by=by, at=make.at).status == status, "once is enough"
    before = make.later(microseconds=-1)
    assert apply(shop, person, by=by, at=before).status == (status or "active")


def test_whoever_left_may_come_back_and_whoever_is_suspended_may_not(shops: ShopMaking, make: Making) -> None:
    shop = shops.shop(applications="reviewed")
    ann, ben = shops.salesperson(shop), shops.salesperson(shop)
    shops.status(ann, "left", at=make.later(days=-1))
    shops.status(ben, "suspended", at=make.later(days=-1))
    assert apply(shop, ann.person, by=SYSTEM, at=make.at).status == "applied"
    assert apply(shop, ben.person, by=SYSTEM, at=make.at).status == "suspended"


def test_somebody_joins_as_applied_or_active_alone(shops: ShopMaking) -> None:
    with pytest.raises(NotAFirstState):
        add_salesperson(shops.shop(), PHONE, status="suspended", by=SYSTEM, at=shops.at)


def test_who_sees_which_salesperson(shops: ShopMaking, make: Making) -> None:
    north, south = shops.shop(), shops.shop()
    ann, ben, eve = shops.salesperson(north), shops.salesperson(north), shops.salesperson(south)
    for viewer in (shops.merchant(north), shops.actor(north), make.admin(), SYSTEM):
        assert get_salesperson(viewer, north.id, ann.id) == ann
        assert get_salesperson(viewer, north.id, ben.id) == ben
    assert get_salesperson(shops.seller(ann), north.id, ann.id) == ann
    for viewer, shop, stranger in (
        (shops.merchant(north), north, eve),
        (shops.merchant(north), south, eve),
        (shops.actor(north), south, eve),
        (shops.seller(ann), north, ben),
        (shops.seller(ann), south, eve),
        (make.admin(), north, eve),
        (make.member(), north, ann),
        (make.rep(), north, ann),
    ):
        with pytest.raises(NotFound):
            get_salesperson(viewer, shop.id, stranger.id)


def test_groups_are_left_and_joined_from_a_moment_on(shops: ShopMaking, make: Making) -> None:
    shop = shops.shop()
    ann = shops.salesperson(shop)
    shops.group(shop, ann)
    put_in_group(ann, None, by=SYSTEM, at=make.at)
    session.commit()
    found = session.scalars(select(SalespersonChange).where(SalespersonChange.changes_group)).all()
    assert [change.group_id is None for change in sorted(found, key=lambda one: one.at)] == [False, True]
    assert status_at(ann.id, make.at) == "active", "a change of group is none of state"


def test_a_shop_notes_its_own_email_of_a_salesperson(shops: ShopMaking) -> None:
    ann = shops.salesperson(shops.shop())
    set_email(ann, " Ann@Example.org ")
    assert (ann.email, ann.person.email) == ("Ann@example.org", None)
    set_email(ann, "")
    assert ann.email == ""
