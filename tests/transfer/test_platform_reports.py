"""Referrals and revenue from files: which rows are taken, known again, refused; whose revenue is whose."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.partners.links import make_link
from referrals.partners.merchants import NotReferred, SeveralMerchants, find_referral_of
from referrals.partners.models import Partner, Referral, RevenueMonth, RevenueRow
from referrals.partners.referrals import close_referral, record_referral
from referrals.partners.transfers import hand_over
from referrals.people.rules import SYSTEM
from referrals.stores.operations import register_store
from referrals.stores.rules import Facts
from referrals.transfer import row_import
from referrals.transfer.kinds import ImportJob
from referrals.transfer.operations import understand_as
from referrals.transfer.platform_reports import ToldRevenue, referral_for, take_revenue
from referrals.transfer.referral_rows import REFERRALS
from referrals.transfer.report import Outcome
from referrals.transfer.revenue_rows import REVENUE, NotAMonth, month_in
from referrals.transfer.row_import import RowKind
from tests.leads.at_once import at_once
from tests.making import Making
from tests.test_cli import Shell

OCTOBER = date(2026, 10, 1)


def job(kind: RowKind, make: Making, text: str, partner: Partner | None = None) -> ImportJob:
    found = understand_as(kind, text.encode(), "f.csv", {})
    return ImportJob(found.table, found.dialect, found.mapping, {}, partner.id if partner else None, make.later(days=1))


def take(kind: RowKind, make: Making, text: str, partner: Partner | None = None) -> Outcome:
    found = job(kind, make, text, partner)
    outcome = kind.importer(found).run(found.table.lines, by=SYSTEM)
    session.commit()
    return outcome


def try_out(kind: RowKind, make: Making, text: str) -> Outcome:
    session.rollback()
    found = job(kind, make, text)
    return kind.importer(found).dry_run(found.table)


def numbers(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.created, outcome.changed, outcome.unchanged, outcome.refused


def said(outcome: Outcome) -> list[str]:
    return [f"{one.line} {one.column}: {one.sentence % one.params}" for one in outcome.remarks]


def referrals() -> dict[str, Referral]:
    session.expire_all()
    return {one.merchant: one for one in session.scalars(select(Referral).order_by(Referral.id))}


def counts() -> Mapping[str, int]:
    session.expire_all()
    tables = (Referral, RevenueRow, RevenueMonth, Earning)
    return {table.__name__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def brought(make: Making, partner: Partner, merchant: str, **facts: Any) -> Referral:
    told: dict[str, Any] = {"referred_at": make.later(days=-200), "plan": "basic", "currency": "USD"} | facts
    category = told.pop("category", "store_transfer")
    made = record_referral(partner, category, merchant=merchant, by=SYSTEM, at=make.at, **told)
    session.commit()
    return made


REPORT = """\
partner,merchant,domain,referred_at,plan,category,status
Studio North,Łódzkie Meble,meble.example.org,2026-05-04,basic,affiliate_link,active
studio north,ร้านค้า,WWW.ร้านค้า.example.org,2026-05-05T10:00:00+07:00,Plus,store transfer,
Studio North,Without Domain,,2026-05-06,,,closed
"""


def test_rows_become_referrals(make_on_both: Making) -> None:
    make_on_both.partner("Studio North")
    assert numbers(take(REFERRALS, make_on_both, REPORT)) == (3, 0, 0, 0)
    found = referrals()
    meble, shop, closed = (found[name] for name in ("Łódzkie Meble", "ร้านค้า", "Without Domain"))
    assert (meble.domain, meble.plan, meble.category) == ("meble.example.org", "basic", "affiliate_link")
    assert (meble.referred_at, meble.status) == (datetime(2026, 5, 4, tzinfo=UTC), "active")
    assert (shop.plan, shop.category, shop.domain[:4]) == ("plus", "store_transfer", "xn--")
    assert (closed.category, closed.status) == ("affiliate_link", "closed")


def test_repeating_the_file_changes_nothing(make_on_both: Making) -> None:
    make_on_both.partner("Studio North")
    take(REFERRALS, make_on_both, REPORT)
    assert numbers(take(REFERRALS, make_on_both, REPORT)) == (0, 0, 3, 0)
    assert counts()["Referral"] == 3


def test_plan_and_status_of_known_ones_follow_the_file(make: Making) -> None:
    make.partner("Studio North")
    take(REFERRALS, make, REPORT)
    changed = REPORT.replace("2026-05-06,,,closed", "2026-05-06,,,active")
    changed = changed.replace("basic,affiliate_link,active", "plus,affiliate_link,closed")
    assert numbers(take(REFERRALS, make, changed)) == (0, 2, 1, 0)
    found = referrals()
    assert (found["Łódzkie Meble"].plan, found["Łódzkie Meble"].status) == ("plus", "closed")
    assert found["Without Domain"].status == "active"


def test_a_second_row_of_one_referral_that_contradicts_the_first_is_refused(make: Making) -> None:
    """However often the file is taken in, nothing turns over with it."""
    make.partner("Studio North")
    rows = [
        "Studio North,Meble,meble.example.org,2026-05-04,basic,,",
        "STUDIO NORTH,Meble,WWW.meble.example.org,2026-05-04,,affiliate_link,closed",
        "Studio North,Meble,meble.example.org,2026-05-04,Basic,,closed",
        "Studio North,Meble,meble.example.org,2026-05-04,plus,,",
        "Studio North,Meble,meble.example.org,2026-05-04,,,active",
        "Studio North,Meble,meble.example.org,2026-05-04,plus,store_transfer,active",
    ]
    text = "\n".join(["partner,merchant,domain,referred_at,plan,category,status", *rows]) + "\n"
    refused = [
        "5 plan: Line 2 says something else of the same merchant.",
        "6 status: Line 3 says something else of the same merchant.",
    ]
    tried = try_out(REFERRALS, make, text)
    done = take(REFERRALS, make, text)
    assert (numbers(tried), said(tried)) == (numbers(done), said(done)) == ((2, 1, 1, 2), refused)
    assert numbers(take(REFERRALS, make, text)) == (0, 0, 4, 2)
    found = {one.category: (one.plan, one.status) for one in session.scalars(select(Referral))}
    assert found == {"affiliate_link": ("basic", "closed"), "store_transfer": ("plus", "active")}


def test_what_is_left_empty_says_nothing(make: Making) -> None:
    make.partner("Studio North")
    take(REFERRALS, make, REPORT)
    bare = "partner,merchant,domain,referred_at\nStudio North,Łódzkie Meble,meble.example.org,2026-05-04\n"
    assert numbers(take(REFERRALS, make, bare)) == (0, 0, 1, 0)
    assert referrals()["Łódzkie Meble"].plan == "basic"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("No Such,Shop,s.example.org,2026-05-04,,,", "2 partner: There is no partner"),
        (",Shop,s.example.org,2026-05-04,,,", "2 partner: "),
        ("Studio North,,,2026-05-04,,,", "2 merchant: "),
        ("Studio North,Shop,no domain,2026-05-04,,,", "2 domain: This is not a domain"),
        ("Studio North,Shop,s.example.org,,,,", "2 referred_at: "),
        ("Studio North,Shop,s.example.org,04.05.2026,,,", "2 referred_at: Write a date"),
        ("Studio North,Shop,s.example.org,2027-05-04,,,", "2 referred_at: This date is in the future"),
        ("Studio North,Shop,s.example.org,2026-05-04,Plus plan!,,", "2 plan: A plan is a code"),
        ("Studio North,Shop,s.example.org,2026-05-04,,gift,", "2 category: The category is one of"),
        ("Studio North,Shop,s.example.org,2026-05-04,,,gone", "2 status: The status is active or closed"),
        (f"Studio North,{'x' * 201},s.example.org,2026-05-04,,,", "2 merchant: Please shorten"),
        ("Studio North,a\u0007b,s.example.org,2026-05-04,,,", "2 merchant: This text holds characters"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_alone(make: Making, row: str, why: str) -> None:
    make.partner("Studio North")
    head, *rest = REPORT.splitlines()
    outcome = take(REFERRALS, make, "\n".join([head, row, *rest]) + "\n")
    assert numbers(outcome) == (3, 0, 0, 1)
    assert said(outcome)[0].startswith(why)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("2026-05-04", "2026-05-03", "2 referred_at: This referral is already recorded"),
        (
            "Łódzkie Meble",
            "Another Name",
            "2 merchant: This referral is already recorded with other facts: Łódzkie Meble",
        ),
    ],
)
def test_what_contradicts_the_record_is_refused(make: Making, before: str, after: str, why: str) -> None:
    make.partner("Studio North")
    take(REFERRALS, make, REPORT)
    outcome = take(REFERRALS, make, REPORT.replace(before, after))
    assert numbers(outcome) == (0, 0, 2, 1)
    assert said(outcome)[0].startswith(why)


def test_one_merchant_is_brought_in_one_way_by_one_partner(make: Making) -> None:
    make.partner("Studio North")
    make.partner("Studio South")
    take(REFERRALS, make, REPORT)
    outcome = take(REFERRALS, make, REPORT.replace("Studio North,Łódzkie", "Studio South,Łódzkie"))
    assert numbers(outcome) == (0, 0, 2, 1)
    assert said(outcome) == ["2 partner: This referral is already recorded for another partner."]


def test_partners_are_named_by_their_link_code_or_by_the_import(make: Making) -> None:
    partner, other = make.partner("Studio North"), make.partner("Studio South")
    code = make_link(partner, by=SYSTEM, at=make.at)
    text = f"partner,merchant,referred_at\n{code.upper()},By code,2026-05-04\n,By import,2026-05-04\n"
    assert numbers(take(REFERRALS, make, text, other)) == (2, 0, 0, 0)
    assert {name: one.partner.name for name, one in referrals().items()} == {
        "By code": "Studio North", "By import": "Studio South",
    }  # fmt: skip


def test_a_referral_that_a_lead_made_is_told_again_without_doubling(make: Making) -> None:
    member = make.member()
    partner, lead = session.get_one(Partner, member.partner_id), make.lead(member)
    brought(make, partner, "Meble as typed", category="plus_lead", lead_id=lead.id, domain="meble.example.org")
    head = "partner,merchant,domain,referred_at,plan,category"
    text = f"{head}\n{partner.name},Meble,meble.example.org,2026-05-04,plus,plus_lead\n"
    assert numbers(take(REFERRALS, make, text)) == (0, 1, 0, 0)
    assert referrals()["Meble as typed"].plan == "plus"


def test_a_dry_run_writes_nothing_and_says_what_is_missing(make: Making) -> None:
    make.partner("Studio North")
    take(REFERRALS, make, REPORT)
    head, first, _, third = REPORT.splitlines()
    outcome = try_out(REFERRALS, make, "\n".join([head, first, third.replace("Without Domain", "New"), first]) + "\n")
    assert numbers(outcome) == (1, 0, 2, 0)
    assert said(outcome) == [
        "0 : Without Domain is known here and is not in the file.",
        "0 : ร้านค้า is known here and is not in the file.",
    ]
    assert counts()["Referral"] == 3


def test_the_same_report_by_many_at_once_is_one(app_on_both: Flask, make_on_both: Making) -> None:
    make_on_both.partner("Studio North")

    def run() -> None:
        found = job(REFERRALS, make_on_both, REPORT)
        REFERRALS.importer(found).run(found.table.lines, by=SYSTEM)

    assert at_once(app_on_both, [run] * 8) == ["stored"] * 8
    assert counts()["Referral"] == 3


REVENUE_FILE = """\
merchant,month,amount,currency,kind
meble.example.org,2026-09,100.00,USD,platform_fee
Łódzkie meble,2026-10,300,USD,
WWW.meble.example.org,2026-10-15,-20.50,usd,adjustment
"""


@pytest.fixture
def meble(make: Making) -> Referral:
    return brought(make, make.partner("Studio North"), "Łódzkie Meble", domain="meble.example.org")


def test_rows_become_revenue_and_earnings(make: Making, meble: Referral) -> None:
    assert numbers(take(REVENUE, make, REVENUE_FILE)) == (3, 0, 0, 0)
    assert referrals()["Łódzkie Meble"].revenue_minor == 37_950
    months = session.scalars(select(RevenueMonth).order_by(RevenueMonth.month)).all()
    assert [(one.month, one.revenue_minor, one.earned_minor) for one in months] == [
        (date(2026, 9, 1), 10_000, 2_000),
        (OCTOBER, 27_950, 5_590),
    ]


@pytest.mark.parametrize(
    "again",
    [
        REVENUE_FILE,
        REVENUE_FILE.replace("300,", "300.00,").replace("2026-10,", "2026-10-01,").replace("Łódzkie", "LODZKIE"),
        "\n".join([REVENUE_FILE.splitlines()[0], *reversed(REVENUE_FILE.splitlines()[1:])]) + "\n",
    ],
    ids=["the same", "written otherwise", "in another order"],
)
def test_repeating_revenue_changes_nothing(make: Making, meble: Referral, again: str) -> None:
    take(REVENUE, make, REVENUE_FILE)
    before = counts()
    assert numbers(take(REVENUE, make, again)) == (0, 0, 3, 0)
    assert counts() == before


def test_equal_corrections_in_one_file_are_all_meant_and_known_again(make_on_both: Making) -> None:
    brought(make_on_both, make_on_both.partner(), "Shop")
    text = "merchant,month,amount,kind\n" + "Shop,2026-10,-5,adjustment\n" * 3
    assert numbers(take(REVENUE, make_on_both, text)) == (3, 0, 0, 0)
    assert numbers(take(REVENUE, make_on_both, text + "Shop,2026-10,-5.00,adjustment\n")) == (1, 0, 3, 0)
    assert referrals()["Shop"].revenue_minor == -2_000


def test_rows_with_ids_are_known_by_them(make: Making, meble: Referral) -> None:
    rows = [f"{name},meble.example.org,2026-10,-5,adjustment\n" for name in ("r1", "r2")]
    text = "id,merchant,month,amount,kind\n" + "".join(rows)
    assert numbers(take(REVENUE, make, text)) == (2, 0, 0, 0)
    assert numbers(take(REVENUE, make, text)) == (0, 0, 2, 0)
    outcome = take(REVENUE, make, text.replace("r2,meble.example.org,2026-10,-5", "r2,meble.example.org,2026-10,-6"))
    assert numbers(outcome) == (0, 0, 1, 1)
    assert said(outcome)[0].startswith("3 id: A revenue row with this id is recorded with other content")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("nobody.example.org,2026-10,1,USD,", "merchant: No referral has this merchant"),
        (",2026-10,1,USD,", "merchant: "),
        ("meble.example.org,,1,USD,", "month: "),
        ("meble.example.org,10/2026,1,USD,", "month: Write a month"),
        ("meble.example.org,2026-13,1,USD,", "month: Write a month"),
        ("meble.example.org,2027-01,1,USD,", "month: This month has not begun"),
        ("meble.example.org,2026-10,,USD,", "amount: "),
        ("meble.example.org,2026-10,1.005,USD,", "amount: USD amounts have 2 decimals"),
        ("meble.example.org,2026-10,NaN,USD,", "amount: "),
        ("meble.example.org,2026-10,99999999999999999999,USD,", "amount: Write an amount"),
        ("meble.example.org,2026-10,-1,USD,platform_fee", "amount: A platform fee is not below zero"),
        ("meble.example.org,2026-10,1,EUR,", "currency: Amounts are in USD"),
        ("meble.example.org,2026-10,1,USD,gift", "kind: The kind of a row"),
        ("meble.example.org,2026-09,1,USD,platform_fee", "month: This month has its platform fee already"),
    ],
)
def test_revenue_that_cannot_be_is_refused_alone(make: Making, meble: Referral, row: str, why: str) -> None:
    outcome = take(REVENUE, make, REVENUE_FILE + row + "\n")
    assert numbers(outcome) == (3, 0, 0, 1)
    assert said(outcome)[0].startswith(f"5 {why}")
    assert counts()["RevenueRow"] == 3


def test_a_file_without_what_every_row_says_is_refused(make: Making) -> None:
    from referrals.transfer.row_import import ColumnMissing

    for kind in (REFERRALS, REVENUE):
        with pytest.raises(ColumnMissing):
            kind.require_columns({"merchant": "Merchant"})


def test_a_dry_run_of_revenue_leaves_the_books_alone(make: Making, meble: Referral) -> None:
    take(REVENUE, make, REVENUE_FILE)
    before = counts()
    head, *rows = REVENUE_FILE.splitlines()
    text = "\n".join([head, rows[0], rows[1], rows[1].replace("300", "-7").replace("USD,", "USD,adjustment")]) + "\n"
    outcome = try_out(REVENUE, make, text)
    assert numbers(outcome) == (1, 0, 2, 0)
    assert said(outcome) == ["0 : Revenue of Łódzkie Meble in 2026-10 is known here and is not in the file."]
    assert counts() == before


@pytest.mark.parametrize("portion", [1, 2, 100])
def test_a_dry_run_refuses_a_second_fee_wherever_it_stands(
    make: Making, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(row_import, "PORTION", portion)
    monkeypatch.setattr(row_import, "PAUSE_SECONDS", 0)
    brought(make, make.partner(), "Shop", domain=SHOP)
    rows = [
        f"{SHOP},2026-10,100,",
        f"{SHOP},2026-10,-5,adjustment",
        f"{SHOP},2026-09,100,",
        f"https://www.{SHOP}/,2026-10,90,",
        f"{SHOP},2026-10,80,platform_fee",
    ]
    text = "\n".join(["merchant,month,amount,kind", *rows]) + "\n"
    tried = try_out(REVENUE, make, text)
    done = take(REVENUE, make, text)
    assert (numbers(tried), said(tried)) == (numbers(done), said(done))
    assert numbers(done) == (3, 0, 0, 2)


def test_revenue_told_by_many_at_once_counts_once(app_on_both: Flask, make_on_both: Making) -> None:
    for number in range(3):
        brought(make_on_both, make_on_both.partner(), f"Shop {number}")
    rows = [f"Shop {number},2026-0{month},10\n" for number in range(3) for month in (7, 8, 9)]
    texts = ["merchant,month,amount\n" + "".join(order) for order in (rows, rows[::-1])]

    def run(text: str) -> None:
        found = job(REVENUE, make_on_both, text)
        REVENUE.importer(found).run(found.table.lines, by=SYSTEM)

    works = [lambda text=text: run(text) for text in texts * 4]
    assert at_once(app_on_both, works) == ["stored"] * 8
    assert counts()["RevenueRow"] == 9
    assert {one.revenue_minor for one in referrals().values()} == {3_000}


def test_a_merchant_that_was_brought_and_upgraded_pays_for_the_latest(make: Making) -> None:
    north, south = make.partner("Studio North"), make.partner("Studio South")
    first = brought(make, north, "Shop", domain="shop.example.org", referred_at=datetime(2026, 2, 10, tzinfo=UTC))
    second = brought(
        make, south, "Shop Ltd", domain="shop.example.org", category="plus_lead",
        referred_at=datetime(2026, 6, 30, 12, tzinfo=UTC),
    )  # fmt: skip

    def whose(month: date, **narrowed: Any) -> int:
        return find_referral_of("shop.example.org", month, **narrowed).id

    assert whose(date(2026, 1, 1)) == whose(date(2026, 5, 1)) == first.id
    assert whose(date(2026, 6, 1)) == whose(date(2026, 11, 1)) == second.id
    assert whose(date(2026, 11, 1), partner=north) == whose(date(2026, 11, 1), category="store_transfer") == first.id
    close_referral(second, by=SYSTEM, at=datetime(2026, 8, 15, tzinfo=UTC))
    assert whose(date(2026, 8, 1)) == second.id
    assert whose(date(2026, 9, 1)) == first.id


SHOP = "shop.example.org"


def row_of(month: date = OCTOBER, **changes: Any) -> ToldRevenue:
    facts: dict[str, Any] = {"external_id": "r1", "kind": "platform_fee", "amount_minor": 10_000, "currency": "USD"}
    return ToldRevenue(merchant=SHOP, month=month, **facts | changes)


def of_category(make: Making, category: str, days: int, *, plan: str = "plus") -> Referral:
    """A referral of the shop by a partner of its own, made so many days ago."""
    facts = {"category": category, "plan": plan, "referred_at": make.later(days=-days)}
    return brought(make, make.partner(), "Shop", domain=SHOP, **facts)


@pytest.mark.parametrize("none", [("pos_lead", "plus"), ("plus_lead", "starter")])
@pytest.mark.parametrize("days", [(100, 60), (60, 100)])
def test_who_is_promised_no_share_of_a_month_swallows_none(
    make: Making, none: tuple[str, str], days: tuple[int, int]
) -> None:
    """Whichever came later: a fixed amount, or a plan that does not count, leaves the share to who was promised it."""
    sharing = of_category(make, "plus_lead", days[0])
    of_category(make, none[0], days[1], plan=none[1])
    assert referral_for(row_of()).id == sharing.id
    row, _ = take_revenue(row_of(), by=SYSTEM, at=make.at)
    assert session.scalars(select(Earning.referral_id).where(Earning.revenue_row_id == row.id)).all() == [sharing.id]


def test_of_several_who_share_or_of_several_who_do_not_the_latest_has_it(make: Making) -> None:
    of_category(make, "pos_lead", 100)
    second = of_category(make, "pos_lead", 90)
    assert referral_for(row_of()).id == second.id
    of_category(make, "plus_lead", 80)
    latest = of_category(make, "plus_lead", 70)
    of_category(make, "pos_lead", 60)
    assert referral_for(row_of()).id == latest.id


@pytest.mark.parametrize("category", ["affiliate_link", "pos_lead", "plus_lead", "store_transfer"])
def test_a_store_handed_over_takes_no_revenue_from_who_brought_the_merchant(make: Making, category: str) -> None:
    """Whose store it is the partner says itself, so it comes after what another partner is promised of the month."""
    standing, other = of_category(make, category, 100), make.member()
    store = register_store(other.partner_id or 0, SHOP, Facts(plan="plus"), by=other, at=make.at)
    handed = hand_over(store, currency="USD", by=make.admin(), at=make.later(days=-60))
    session.commit()
    assert referral_for(row_of()).id == (handed if category == "pos_lead" else standing).id
    assert referral_for(row_of(category="store_transfer", partner=handed.partner)).id == handed.id
    close_referral(standing, by=SYSTEM, at=make.later(days=-58))
    assert referral_for(row_of()).id == handed.id
    later = of_category(make, "plus_lead", 50)
    assert referral_for(row_of()).id == later.id


@pytest.mark.parametrize("order", ["fee first", "adjustment first"])
@pytest.mark.parametrize("same_file", [True, False])
def test_an_adjustment_corrects_the_fee_of_its_month(make: Making, order: str, same_file: bool) -> None:
    """Whose the fee was said to be, the adjustment need not say again; before there is a fee it goes as all rows do."""
    older, latest = of_category(make, "store_transfer", 100), of_category(make, "plus_lead", 60)
    fee = f"r1,{SHOP},2026-10,100,platform_fee,store_transfer\n"
    adjustment = f"r2,{SHOP},2026-10,-40,adjustment,\n"
    rows = [fee, adjustment] if order == "fee first" else [adjustment, fee]
    for part in ["".join(rows)] if same_file else rows:
        assert take(REVENUE, make, "id,merchant,month,amount,kind,category\n" + part).refused == 0
    session.expire_all()
    after = (6_000, 0) if order == "fee first" else (10_000, -4_000)
    assert (older.revenue_minor, latest.revenue_minor) == after
    # Told again, both stay where they are.
    assert numbers(take(REVENUE, make, "id,merchant,month,amount,kind,category\n" + fee + adjustment)) == (0, 0, 2, 0)


def test_an_adjustment_of_another_month_or_partner_goes_as_usual(make: Making) -> None:
    older, latest = of_category(make, "store_transfer", 100), of_category(make, "plus_lead", 60)
    take_revenue(row_of(category="store_transfer"), by=SYSTEM, at=make.at)
    told = {"external_id": "r2", "kind": "adjustment", "amount_minor": -1}
    assert referral_for(row_of(**told)).id == older.id
    assert referral_for(row_of(date(2026, 11, 1), **told)).id == latest.id
    assert referral_for(row_of(partner=latest.partner, **told)).id == latest.id


def test_one_name_for_several_merchants_is_not_guessed(make: Making) -> None:
    north, south = make.partner("Studio North"), make.partner("Studio South")
    one = brought(make, north, "Shop", domain="a.example.org")
    brought(make, north, "Shop", domain="b.example.org")
    brought(make, south, "Shop")
    with pytest.raises(SeveralMerchants):
        find_referral_of("shop", OCTOBER)
    with pytest.raises(SeveralMerchants):
        find_referral_of("shop", OCTOBER, partner=north)
    assert find_referral_of("SHOP", OCTOBER, partner=south).domain == ""
    assert find_referral_of("https://www.a.example.org/", OCTOBER).id == one.id
    with pytest.raises(NotReferred):
        find_referral_of("a.example.org", OCTOBER, partner=south)


def test_a_row_stays_where_it_was_booked(make: Making) -> None:
    north, south = make.partner("Studio North"), make.partner("Studio South")
    brought(make, north, "Shop", domain="shop.example.org")
    text = "id,merchant,month,amount\nr1,shop.example.org,2026-10,100\n"
    take(REVENUE, make, text)
    brought(make, south, "Shop", domain="shop.example.org", category="plus_lead", referred_at=make.later(days=-100))
    assert numbers(take(REVENUE, make, text)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-10", OCTOBER),
        (" 2026-10-31 ", OCTOBER),
        ("2026-10-01 00:00:00", OCTOBER),
        ("2026-10-01T00:00:00", OCTOBER),
        ("2026-00", None),
        ("26-10", None),
        ("2026-1", None),
        ("October", None),
    ],
)
def test_months_are_read(text: str, month: date | None) -> None:
    if month is None:
        with pytest.raises(NotAMonth):
            month_in(text)
    else:
        assert month_in(text) == month


def test_the_commands_take_them_in(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.json("create-partner", "Studio North", "a@example.org", "--password-stdin", text="a long passphrase\n")
    files = {"referrals": REPORT, "revenue": REVENUE_FILE}
    for kind, text in files.items():
        file = tmp_path / f"{kind}.csv"
        file.write_text(text)
        tried = shell.json("import", kind, str(file), "--dry-run")
        assert {name: tried[name] for name in ("read", "created", "refused")} == {"read": 3, "created": 3, "refused": 0}
        assert shell.json("import", kind, str(file))["created"] == 3
        assert shell.json("import", kind, str(file))["unchanged"] == 3
    renamed = tmp_path / "renamed.csv"
    renamed.write_text(REVENUE_FILE.replace("merchant,", "sklep,"))
    assert shell.json("import", "revenue", str(renamed), "--map", "sklep=merchant")["unchanged"] == 3
    assert shell.run("import", "revenue", str(renamed)).returncode == 1
