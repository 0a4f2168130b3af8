"""The search finds exactly what reading all texts finds; pages cut the list without gap or repetition."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from referrals.db import session
from referrals.leads import lead_list, search
from referrals.leads.lead_list import LeadList, LeadWish
from referrals.leads.models import Lead
from referrals.leads.operations import change_status
from referrals.leads.search import search_term
from referrals.people.rules import Actor
from tests.making import Making

NAMES = [
    "Łódzkie Meble Sp. z o.o.", "Nguyễn Văn Cửa Hàng", "ร้านกาแฟสมชาย", "上海有赞贸易有限公司", "Iğdır Isı Işık",
    "Maple & Rye \"Bakery\"", "100% Wool_Shop", "O'Neil* (Ltd) AND OR NOT", "Straße 5", "a", "ab", "เก้าอี้ไม้",
]  # fmt: skip
TERMS = [
    "a", "ł", "lodz", "ŁÓDZ", "nguyen", "cua hang", "ร", "กาแฟ", "สมชาย", "上", "有赞", "贸易有限公司", "ısı", "isi",
    "&", '"', "%", "_", "100% w", "*", "(ltd)", "and or", "ß", "strasse 5", "example.org", "@", ".", "shop1",
    "้", "ไม้", "zz", "meble sp. z o.o.", "https://", "-", "'", "a b", "x" * 150,
]  # fmt: skip


@pytest.fixture
def make(make_on_both: Making) -> Making:
    return make_on_both


@pytest.fixture
def member(make: Making) -> Actor:
    rng = random.Random(7)
    make.rep()
    member, other = make.member(), make.member()
    for number in range(60):
        name = rng.choice(NAMES) + (f" {number}" if number % 3 else "")
        make.lead(
            member if number % 4 else other,
            business_name=name,
            contact_name=rng.choice(NAMES),
            at=make.later(minutes=rng.randint(0, 40)),
        )
    return member


def scan(member: Actor, term: str) -> set[str]:
    """What reading every text finds."""
    rows = session.execute(select(Lead.ref, Lead.search_text).where(Lead.partner_id == member.partner_id))
    return {ref for ref, found_in in rows if search_term(term) in found_in}


@pytest.mark.parametrize(("few", "in_a_set"), [(0, 100), (0, 0), (100, 100)], ids=["by set", "by text", "sorting"])
def test_the_search_finds_exactly_what_a_scan_finds(
    member: Actor, few: int, in_a_set: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_list, "FEW_HITS", few)
    monkeypatch.setattr(search, "MOST_IN_A_SET", in_a_set)
    for term in TERMS:
        for sort in ("-submitted_at", "business_name", "-status"):
            found = pages(member, q=term, sort=sort)
            assert set(found) == scan(member, term), (term, sort)
            assert len(found) == len(set(found)), (term, sort)


FILTERS: list[dict[str, str]] = [
    {"product": "pos"}, {"status": "ineligible"}, {"status": "submitted", "payout": "none"}, {"payout": "not_eligible"},
    {"rep": "1"}, {"rep": "none"}, {"rep": "2", "product": "plus"}, {"partner": "1"}, {"partner": "2", "rep": "none"},
    {"partner": "1", "status": "submitted", "q": "a"}, {"product": "plus", "q": "example.org"},
    {"status": "awarded"}, {"status": "x"}, {"product": "x"}, {"rep": "x"}, {"partner": "x"}, {"payout": "x"},
]  # fmt: skip


@pytest.mark.parametrize("few", [0, 100], ids=["walking", "sorting"])
def test_every_filter_leaves_the_same_leads_under_every_sort(
    make: Making, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_list, "FEW_KEPT", few)
    monkeypatch.setattr(lead_list, "FEW_HITS", few)
    fill_with_all_kinds(make)
    staff = make.admin()
    leads = session.scalars(select(Lead)).all()
    for filters in FILTERS:
        expected = sorted(lead.ref for lead in leads if is_wanted(lead, **filters))
        for key in (*lead_list.KEYS, "partner"):
            forwards = pages(staff, sort=key, **filters)
            assert sorted(forwards) == expected, (filters, key)
            assert pages(staff, sort=f"-{key}", **filters) == forwards[::-1], (filters, key)
            assert forwards == [row.ref for row in LeadList(staff, LeadWish(sort=key, **filters)).everything()]


def fill_with_all_kinds(make: Making) -> None:
    members = [make.member(), make.member()]
    reps = [make.rep(name="Zoe"), make.rep(name="Adam")]
    for number in range(40):
        lead = make.lead(members[number % 3 == 0], "pos" if number % 5 < 2 else "plus", at=make.later(minutes=number))
        if number % 7 == 0:
            lead.rep, lead.rep_key = None, ""
        if number % 4 == 0:
            change_status(lead, "ineligible", reason="not_interested", by=reps[0], at=make.later(hours=1))
        session.commit()


@pytest.mark.parametrize("few", [0, 100], ids=["walking", "sorting"])
@pytest.mark.parametrize("sort", ["submitted_at", "-business_name", "rep"])
def test_filters_and_days_hold_together(make: Making, few: int, sort: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_list, "FEW_HITS", few)
    fill_with_all_kinds(make)
    staff, since = make.admin(), make.later(minutes=20)
    wish = LeadWish(product="plus", since=since, sort=sort)
    rows = LeadList(staff, wish).slice().rows
    leads = session.scalars(select(Lead).where(Lead.submitted_at >= since)).all()
    assert sorted(row.ref for row in rows) == sorted(lead.ref for lead in leads if lead.product.code == "plus")
    assert LeadList(staff, wish).count() == len(rows)


def is_wanted(
    lead: Lead, product: str = "", status: str = "", payout: str = "", rep: str = "", partner: str = "", q: str = ""
) -> bool:
    return (
        product in ("", lead.product.code)
        and status in ("", lead.status)
        and payout in ("", lead.payout)
        and rep in ("", str(lead.rep_id or "none"))
        and partner in ("", str(lead.partner_id))
        and q in lead.search_text
    )


def test_a_term_does_not_reach_across_two_fields(make: Making) -> None:
    member = make.member()
    make.lead(member, business_name="North", contact_name="Star")
    assert pages(member, q="northstar") == []
    assert len(pages(member, q="orth")) == 1


def test_another_partners_leads_are_never_found(make: Making) -> None:
    member, stranger = make.member(), make.member()
    make.lead(member, business_name="Secret Garden")
    for term in ("secret garden", "se", "s", "x"):
        assert LeadList(stranger, LeadWish(q=term)).slice().total == 0


def pages(member: Actor, **wish: str) -> list[str]:
    """All rows of a list, page after page by its cursors."""
    refs: list[str] = []
    page = ""
    while True:
        found = LeadList(member, LeadWish(page=page, **wish)).slice()
        refs += [row.ref for row in found.rows]
        if not found.next:
            assert found.total == len(refs)
            return refs
        page = found.next


@pytest.mark.parametrize("sort", [*lead_list.KEYS, *(f"-{key}" for key in lead_list.KEYS)])
def test_pages_cut_the_list_without_gap_or_repetition(member: Actor, sort: str) -> None:
    refs = pages(member, sort=sort)
    assert len(refs) == len(set(refs)) == 45
    ordered = LeadList(member, LeadWish(sort=sort))
    assert refs == [row.ref for row in ordered.everything()]


@pytest.mark.parametrize("sort", ["business_name", "-status", "-submitted_at"])
def test_every_way_to_a_page_shows_the_same_rows(member: Actor, sort: str) -> None:
    everything = [row.ref for row in LeadList(member, LeadWish(sort=sort)).everything()]

    def shown(page: str) -> list[str]:
        return [row.ref for row in LeadList(member, LeadWish(sort=sort, page=page)).slice().rows]

    first = LeadList(member, LeadWish(sort=sort)).slice()
    assert first.next
    second = LeadList(member, LeadWish(sort=sort, page=first.next)).slice()
    assert second.previous
    assert shown("") == shown("1") == shown(second.previous) == everything[:25]
    assert shown("2") == shown("last") == shown(first.next) == everything[25:]
    assert shown("99") == everything[25:]
    assert (first.first, first.last, second.first, second.last) == (1, 25, 26, 45)


@pytest.mark.parametrize("page", ["x", "🙂", "-1", "0", "a" * 3000, "W10", "WzAsICJ4IiwgMSwgMV0", "\0", "last ", "１"])
def test_a_page_that_is_none_is_the_first(member: Actor, page: str) -> None:
    found = LeadList(member, LeadWish(page=page)).slice()
    assert found.first == 1
    assert len(found.rows) == 25


def test_a_cursor_of_another_column_is_the_first_page(member: Actor) -> None:
    by_name = LeadList(member, LeadWish(sort="business_name")).slice()
    assert LeadList(member, LeadWish(sort="-submitted_at", page=by_name.next or "")).slice().first == 1


def test_the_kept_counts_equal_counting(member: Actor, make: Making) -> None:
    staff = make.admin()
    for viewer in (member, staff):
        for wish in (
            LeadWish(),
            LeadWish(product="plus"),
            LeadWish(status="submitted"),
            LeadWish(payout="none", product="plus"),
            LeadWish(rep="none"),
            LeadWish(rep="1"),
        ):
            listed = LeadList(viewer, wish)
            assert listed.count() == len(list(listed.everything())), wish


def test_dates_bound_the_submission(member: Actor, make: Making) -> None:
    since, until = make.later(minutes=10), make.later(minutes=20)
    listed = LeadList(member, LeadWish(since=since, until=until))
    rows = list(listed.everything())
    assert rows
    assert all(since <= row.submitted_at < until for row in rows)
    assert listed.count() == len(rows)
    assert len(list(LeadList(member, LeadWish(since=until + timedelta(days=1))).everything())) == 0


def test_a_member_without_the_permission_sees_their_own_leads_only(make: Making) -> None:
    partner = make.partner()
    boss, junior = make.member(partner), make.member(partner, permissions=frozenset())
    make.lead(boss, business_name="Of the boss")
    make.lead(junior, business_name="Of the junior")
    assert [row.business_name for row in LeadList(junior, LeadWish()).slice().rows] == ["Of the junior"]
    assert LeadList(junior, LeadWish(q="boss")).slice().total == 0
    assert LeadList(boss, LeadWish()).slice().total == 2


def test_grams_say_every_run_of_up_to_three_characters() -> None:
    assert search.grams("abc\x1fd") == {"a", "b", "c", "d", "ab", "bc", "abc"}
