"""Referrals: recorded once, closed, taken up again; who sees them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import NotFound
from referrals.lifecycle import IllegalMove
from referrals.listing import Wish
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.partners.links import find_partner_by_code, make_link
from referrals.partners.models import Partner, Referral
from referrals.partners.referral_list import (
    ReferralList,
    count_active,
    get_referral,
    month_before,
    plans_seen_by,
)
from referrals.partners.referrals import (
    OtherPartner,
    OtherReferral,
    change_plan,
    close_referral,
    record_referral,
    reopen_referral,
)
from referrals.people.models import AuditEntry
from referrals.people.rules import SYSTEM, Actor
from referrals.stores.models import Store
from referrals.values import NotADomain
from tests.leads.at_once import at_once
from tests.making import Making


def told(make: Making, partner: Partner, category: str = "affiliate_link", **changes: Any) -> Referral:
    facts: dict[str, Any] = {"merchant": "Łódzkie Meble", "domain": "meble.example.org", "referred_at": make.at}
    return record_referral(partner, category, **facts | {"currency": "USD", "by": SYSTEM, "at": make.at} | changes)


def counted() -> int:
    return session.scalar(select(func.count()).select_from(Referral)) or 0


def listed(make: Making, viewer: Actor, wish: Wish | None = None, **bounds: Any) -> list[str]:
    found = ReferralList(viewer, wish or Wish(), last_month=month_before(make.at.date()), **bounds)
    return [row.merchant for row in found.slice().rows]


def store(make: Making, domain: str = "meble.example.org") -> Store:
    made = Store(domain=domain, plan="basic", listed_at=make.at, created_at=make.at, changed_at=make.at, search_text="")
    session.add(made)
    session.flush()
    return made


def test_the_same_lead_is_one_referral(make_on_both: Making) -> None:
    member = make_on_both.member()
    partner, lead = session.get_one(Partner, member.partner_id), make_on_both.lead(member)
    first = told(make_on_both, partner, "plus_lead", lead_id=lead.id, plan="plus")
    again = told(make_on_both, partner, "plus_lead", lead_id=lead.id, merchant="Renamed since", plan="plus")
    assert (first.id, first.merchant, counted()) == (again.id, "Łódzkie Meble", 1)


def test_a_store_is_one_referral_in_each_category(make: Making) -> None:
    partner, shop = make.partner(), store(make)
    moved = told(make, partner, "store_transfer", store_id=shop.id)
    assert told(make, partner, "store_transfer", store_id=shop.id).id == moved.id
    assert told(make, partner, "affiliate_link", store_id=shop.id).id != moved.id


def test_a_store_can_be_upgraded_again_by_another_lead(make: Making) -> None:
    member = make.member()
    partner, shop = session.get_one(Partner, member.partner_id), store(make)
    leads = [make.lead(member), make.lead(member)]
    made = {told(make, partner, "plus_lead", store_id=shop.id, lead_id=lead.id).id for lead in leads}
    assert len(made) == 2


def test_a_report_that_is_told_again_changes_nothing(make: Making) -> None:
    partner = make.partner()
    told(make, partner, import_key="report-1")
    told(make, partner, import_key="report-1")
    assert counted() == 1


def test_sixteen_reports_at_once_are_one_referral(app_on_both: Flask, make_on_both: Making) -> None:
    member = make_on_both.member()
    lead, shop = make_on_both.lead(member), store(make_on_both)
    session.commit()
    identities: list[dict[str, Any]] = [{"lead_id": lead.id}, {"store_id": shop.id}, {"import_key": "report-1"}]
    for identity in identities:

        def record(identity: dict[str, Any] = identity) -> None:
            told(make_on_both, session.get_one(Partner, member.partner_id), **identity)

        assert at_once(app_on_both, [record] * 16) == ["stored"] * 16
    assert counted() == 3


@pytest.mark.parametrize(
    ("changes", "category", "recorded"),
    [
        ({}, "store_transfer", "affiliate_link"),
        ({"domain": "other.example.org"}, "affiliate_link", "meble.example.org"),
    ],
)
def test_a_contradiction_is_refused_and_named(
    make: Making, changes: dict[str, str], category: str, recorded: str
) -> None:
    partner = make.partner()
    told(make, partner, import_key="report-1")
    with pytest.raises(OtherReferral) as refused:
        told(make, partner, category, import_key="report-1", **changes)
    assert refused.value.values == {"recorded": recorded}
    assert counted() == 1


def test_another_partners_referral_is_refused_without_telling_whose_it_is(make: Making) -> None:
    told(make, make.partner("Zyzzyva Agency"), import_key="report-1")
    with pytest.raises(OtherPartner) as refused:
        told(make, make.partner(), import_key="report-1")
    assert "Zyzzyva" not in str(refused.value)


def test_a_domain_is_kept_in_its_normal_form(make: Making) -> None:
    assert told(make, make.partner(), domain="WWW.Bücher.example.org").domain == "xn--bcher-kva.example.org"
    with pytest.raises(NotADomain):
        told(make, make.partner(), domain="no domain")


def test_a_referral_is_closed_and_taken_up_again(make: Making) -> None:
    referral = told(make, make.partner())
    close_referral(referral, by=SYSTEM, at=make.later(days=1))
    assert (referral.status, referral.closed_at) == ("closed", make.later(days=1))
    with pytest.raises(IllegalMove):
        close_referral(referral, by=SYSTEM, at=make.later(days=2))
    reopen_referral(referral, by=SYSTEM, at=make.later(days=3))
    assert (referral.status, referral.closed_at) == ("active", None)
    with pytest.raises(IllegalMove):
        reopen_referral(referral, by=SYSTEM, at=make.later(days=3))


def test_what_staff_change_is_on_record(make: Making) -> None:
    admin = make.admin()
    referral = told(make, make.partner(), plan="basic")
    change_plan(referral, "plus", by=admin, at=make.at)
    change_plan(referral, "plus", by=admin, at=make.at)
    lines = session.scalars(select(AuditEntry).where(AuditEntry.action == "referral_plan_changed")).all()
    assert [(line.person_id, line.details["before"]) for line in lines] == [(admin.person_id, "basic")]


def test_programs_that_listen_hear_of_it_once(make: Making) -> None:
    partner = make.partner()
    session.add(
        HookEndpoint(
            owner_kind="partner", owner_id=partner.id, url="https://p.example.org", secret_locked="x",
            events=["referral.created", "referral.closed"], created_at=make.at,
        )
    )  # fmt: skip
    session.flush()
    referral = told(make, partner, import_key="report-1")
    told(make, partner, import_key="report-1")
    told(make, make.partner(), import_key="of another partner", domain="")
    close_referral(referral, by=SYSTEM, at=make.at)
    heard = session.scalars(select(HookDelivery.event).order_by(HookDelivery.id)).all()
    assert heard == ["referral.created", "referral.closed"]


def test_who_sees_referrals(make: Making) -> None:
    partner = make.partner()
    told(make, partner)
    sees = {
        "admin": make.admin(),
        "rep": make.rep(),
        "reader": make.member(partner, frozenset({"view_referrals"})),
        "colleague without": make.member(partner, frozenset({"view_financials"})),
        "stranger": make.member(),
        "operator": Actor(role="operator"),
        "merchant": Actor(role="merchant", shop_id=1),
    }
    assert {who: len(listed(make, viewer)) for who, viewer in sees.items()} == {
        "admin": 1, "rep": 1, "reader": 1, "colleague without": 0, "stranger": 0, "operator": 0, "merchant": 0,
    }  # fmt: skip


def test_a_strangers_referral_is_like_none(make: Making) -> None:
    referral = told(make, make.partner())
    for wanted in (referral.id, 987654):
        with pytest.raises(NotFound):
            get_referral(make.member(), wanted)


@pytest.mark.parametrize("typed", ["ł", "LODZKIE", "lodz", "meb", "ble.exa", "łódzkie meble"])
def test_search_finds_merchant_and_domain(make: Making, typed: str) -> None:
    told(make, make.partner())
    assert listed(make, make.admin(), Wish(q=typed)) == ["Łódzkie Meble"]


def test_search_finds_a_domain_as_it_is_read(make: Making) -> None:
    told(make, make.partner(), domain="ร้านค้า.example.org", merchant="Shop")
    assert listed(make, make.admin(), Wish(q="ร้านค้า")) == ["Shop"]
    assert listed(make, make.admin(), Wish(q="ร้านข")) == []


@pytest.fixture
def several(make_on_both: Making) -> Actor:
    make, partner = make_on_both, make_on_both.partner()
    brought = [
        ("Beta", "affiliate_link", "basic", 1, 500, 10),
        ("alpha", "store_transfer", "plus", 3, 100, 0),
        ("Gamma", "affiliate_link", "plus", 2, 300, 30),
    ]
    for merchant, category, plan, days, revenue, _last in brought:
        referral = told(
            make, partner, category, merchant=merchant, plan=plan, domain="", referred_at=make.later(days=-days)
        )
        referral.revenue_minor = revenue
    session.flush()
    return make.member(partner)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["Beta", "Gamma", "alpha"]),
        ("merchant", ["alpha", "Beta", "Gamma"]),
        ("-merchant", ["Gamma", "Beta", "alpha"]),
        ("referred_at", ["alpha", "Gamma", "Beta"]),
        ("revenue", ["alpha", "Gamma", "Beta"]),
        ("-revenue", ["Beta", "Gamma", "alpha"]),
        ("unknown", ["Beta", "Gamma", "alpha"]),
    ],
)
def test_the_list_sorts(make_on_both: Making, several: Actor, sort: str, order: list[str]) -> None:
    assert listed(make_on_both, several, Wish(sort=sort)) == order


@pytest.mark.parametrize("sort", ["plan", "category", "status", "last_month", "partner"])
def test_every_other_column_sorts_both_ways(make_on_both: Making, several: Actor, sort: str) -> None:
    up, down = (listed(make_on_both, make_on_both.admin(), Wish(sort=wished)) for wished in (sort, f"-{sort}"))
    assert up == down[::-1]
    assert sorted(up) == ["Beta", "Gamma", "alpha"]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"category": "affiliate_link"}, {"Beta", "Gamma"}),
        ({"plan": "plus"}, {"alpha", "Gamma"}),
        ({"category": "affiliate_link", "plan": "plus"}, {"Gamma"}),
        ({"status": "closed"}, set()),
        ({"category": "no such"}, {"alpha", "Beta", "Gamma"}),
        ({"partner": "1"}, {"alpha", "Beta", "Gamma"}),
    ],
)
def test_the_list_filters(make_on_both: Making, several: Actor, filters: dict[str, str], left: set[str]) -> None:
    assert set(listed(make_on_both, several, Wish(filters=filters))) == left


def test_dates_bound_the_list(make: Making) -> None:
    partner = make.partner()
    for days in (0, 1, 2):
        told(make, partner, merchant=f"Day {days}", domain="", referred_at=make.later(days=days))
    bounds = {"since": make.later(days=1), "until": make.later(days=2)}
    assert listed(make, make.admin(), **bounds) == ["Day 1"]


@pytest.mark.parametrize("sort", ["revenue", "-revenue", "last_month"])
def test_whoever_may_not_see_money_learns_nothing_by_sorting(make: Making, sort: str) -> None:
    partner = make.partner()
    for merchant, revenue, days in (("A", 1, 0), ("B", 3, 1), ("C", 2, 2)):
        told(make, partner, merchant=merchant, domain="", referred_at=make.later(days=days)).revenue_minor = revenue
    session.flush()
    viewer = make.member(partner, frozenset({"view_referrals"}))
    assert listed(make, viewer, Wish(sort=sort)) == listed(make, viewer) == ["C", "B", "A"]


def test_totals_are_of_the_whole_filtered_list(make_on_both: Making, several: Actor) -> None:
    found = ReferralList(
        several, Wish(filters={"category": "affiliate_link"}), last_month=month_before(make_on_both.at.date())
    )
    assert [(one.currency, one.revenue_minor, one.last_month_minor) for one in found.totals()] == [("USD", 800, 0)]


def test_the_cards_count_active_ones(make: Making) -> None:
    partner = make.partner()
    told(make, partner, merchant="Old", domain="", referred_at=datetime(2025, 5, 1, tzinfo=UTC))
    told(make, partner, merchant="New", domain="")
    close_referral(told(make, partner, merchant="Closed", domain=""), by=SYSTEM, at=make.at)
    told(make, make.partner(), merchant="Foreign", domain="")
    assert count_active(make.member(partner), since=datetime(2026, 1, 1, tzinfo=UTC)) == (2, 1)


def test_plans_to_choose_from_are_ones_own(make: Making) -> None:
    partner = make.partner()
    told(make, partner, plan="basic")
    told(make, make.partner(), plan="secret", domain="")
    assert plans_seen_by(make.member(partner)) == ["basic"]


@pytest.mark.parametrize(
    ("day", "month"),
    [
        (date(2026, 1, 1), date(2025, 12, 1)),
        (date(2026, 3, 31), date(2026, 2, 1)),
        (date(2028, 2, 29), date(2028, 1, 1)),
    ],
)
def test_the_month_before(day: date, month: date) -> None:
    assert month_before(day) == month


def test_a_link_that_many_ask_for_at_once_is_one(app_on_both: Flask, make_on_both: Making) -> None:
    partner_id = make_on_both.partner().id
    codes: list[str] = []

    def make_it() -> None:
        codes.append(make_link(session.get_one(Partner, partner_id), by=SYSTEM, at=make_on_both.at))

    assert at_once(app_on_both, [make_it] * 8) == ["stored"] * 8
    assert len(set(codes)) == 1


def test_a_link_is_made_once_and_found_whatever_the_case(make_on_both: Making) -> None:
    partner = make_on_both.partner()
    code = make_link(partner, by=SYSTEM, at=make_on_both.at)
    assert make_link(partner, by=SYSTEM, at=make_on_both.at) == code
    assert make_link(make_on_both.partner(), by=SYSTEM, at=make_on_both.at) != code
    found = find_partner_by_code(code.upper())
    assert found is not None
    assert found.id == partner.id
    assert [find_partner_by_code(wrong) for wrong in ("", "zzzz", "é" * 10, "x" * 500)] == [None] * 4
