"""The pages of earnings and terms: what partners read, and who reads it (`SPEC §4`, P13)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from referrals.db import db, session
from referrals.earnings.models import Earning, EarningTerms
from referrals.earnings.operations import pay_outside, report_revenue
from referrals.leads.operations import change_status, record_payout
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import record_referral
from referrals.people.rules import SYSTEM, Actor
from tests.making import Making
from tests.web.browsing import Browser

Browse = Callable[..., Browser]
JUNE = date(2026, 6, 1)


class Earned:
    """A partner with a referral that paid in June, and was corrected."""

    def __init__(self, make: Making) -> None:
        self.make = make
        self.member = make.member(make.partner("North"))
        self.referral = self.refer(self.member, "Cà phê Sài Gòn")
        self.tell(self.referral, "fee-1", 1003, "platform_fee")
        self.tell(self.referral, "fix-1", -500, "adjustment")

    def refer(self, member: Actor, merchant: str) -> Referral:
        referral = record_referral(
            session.get_one(Partner, member.partner_id),
            "affiliate_link",
            merchant=merchant,
            referred_at=datetime(2026, 5, 1, tzinfo=UTC),
            currency="USD",
            plan="basic",
            by=SYSTEM,
            at=self.make.at,
        )
        session.commit()
        return referral

    def tell(self, referral: Referral, name: str, amount: int, kind: str) -> None:
        report_revenue(
            referral,
            external_id=name,
            month=JUNE,
            kind=kind,
            amount_minor=amount,
            currency="USD",
            by=SYSTEM,
            at=self.make.at,
        )
        session.commit()

    @property
    def rows(self) -> list[Earning]:
        return list(session.query(Earning).order_by(Earning.id))


@pytest.fixture
def earned(make: Making) -> Earned:
    return Earned(make)


def test_a_partner_sees_what_it_earned_and_the_sums(earned: Earned, browse: Browse) -> None:
    page = browse(earned.member).get("/earnings")
    assert [row["data-earning"] for row in page.soup.select("tr[data-earning]")] == [
        str(one.id) for one in reversed(earned.rows)
    ]
    assert "Earned $1.01, of which $1.01 waits for a payout" in page.words


def test_somebody_elses_earnings_are_nowhere(earned: Earned, make: Making, browse: Browse) -> None:
    browser = browse(make.member(make.partner("South")))
    assert browser.get("/earnings").one("#earnings-table")["data-total"] == "0"
    stranger, unknown = browser.get(f"/earnings/{earned.rows[0].id}"), browser.get("/earnings/1")
    assert (stranger.status, unknown.status) == (404, 404)
    assert "Sài Gòn" not in stranger.text + browser.get("/earnings.csv").text


def test_without_the_permission_nobody_reads_of_money(earned: Earned, make: Making, browse: Browse) -> None:
    partner = session.get_one(Partner, earned.member.partner_id)
    browser = browse(make.member(partner, frozenset({"view_referrals"})))
    for path in ("/earnings", "/earnings.csv", f"/earnings/{earned.rows[0].id}"):
        assert browser.get(path).status == 403
    assert not browser.get("/").soup.select('a[href="/earnings"]')
    assert browser.get("/terms").status == 200


def test_of_staff_administrators_alone_read_of_money(earned: Earned, make: Making, browse: Browse) -> None:
    paths = ("/earnings", "/earnings.csv", f"/earnings/{earned.rows[0].id}")
    for actor, status, links in ((make.rep(), 403, False), (make.admin(), 200, True)):
        browser = browse(actor)
        assert {browser.get(path).status for path in paths} == {status}
        assert bool(browser.get("/").soup.select('a[href="/earnings"]')) is links
        months = browser.get(f"/referrals/{earned.referral.id}").soup.select('a[href^="/earnings/"]')
        assert bool(months) is links


def test_staff_see_whose_earnings_they_are_and_filter_by_that(earned: Earned, make: Making, browse: Browse) -> None:
    browser = browse(make.admin())
    assert "North" in browser.get("/earnings").words
    assert browser.get(f"/earnings?partner={earned.member.partner_id}").one("#earnings-table")["data-total"] == "2"
    assert browser.get("/earnings?partner=99999").one("#earnings-table")["data-total"] == "0"


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("", 4),
        ("category=affiliate_link", 2),
        ("category=pos_lead", 2),
        ("kind=bounty", 1),
        ("kind=paid_outside", 1),
        ("state=waiting", 4),
        ("state=paid", 0),
        ("q=ca phe", 2),
        ("from=2026-11-24", 0),
        ("to=2026-11-23", 4),
        ("category=x&kind=y&state=z&from=w&sort=v&page=u", 4),
    ],
)
def test_filters_leave_what_they_name(earned: Earned, make: Making, browse: Browse, query: str, total: int) -> None:
    lead, rep = make.lead(earned.member, "pos", sales_support=False), make.rep()
    record_payout(lead, "due", by=rep, at=make.at)
    record_payout(lead, "paid", by=rep, at=make.at)
    session.commit()
    assert browse(earned.member).get(f"/earnings?{query}").one("#earnings-table")["data-total"] == str(total)


@pytest.mark.parametrize("key", ["earned_at", "merchant", "category", "kind", "amount", "state", "partner"])
def test_every_column_sorts_both_ways(earned: Earned, make: Making, browse: Browse, key: str) -> None:
    earned.tell(earned.refer(earned.member, "Alpha"), "fee-2", 5000, "platform_fee")
    browser = browse(make.admin())
    found = [
        [row["data-earning"] for row in browser.get(f"/earnings?sort={sort}").soup.select("tr[data-earning]")]
        for sort in (key, f"-{key}")
    ]
    assert found[0] == found[1][::-1]
    assert len(found[0]) == 3


def test_the_list_asks_the_same_number_of_questions_however_long(earned: Earned, browse: Browse) -> None:
    browser = browse(earned.member)
    browser.get("/earnings")
    few = questions(lambda: browser.get("/earnings"))
    for number in range(20):
        earned.tell(earned.referral, f"fix-{number}x", 100, "adjustment")
    assert questions(lambda: browser.get("/earnings")) == few


def questions(ask: Callable[[], Any]) -> int:
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    ask()
    return len([statement for statement in asked if statement.startswith("SELECT")])


def test_an_export_holds_what_the_list_shows(earned: Earned, browse: Browse) -> None:
    rows = browse(earned.member).get("/earnings.csv").text.splitlines()
    assert rows[0].lstrip("\ufeff").startswith("Merchant,Category,For,Month,Earned on,Payout,Amount,Currency")
    assert [row.split(",")[-2] for row in rows[1:]] == ["-1.00", "2.01"]
    assert browse(earned.member).call("GET", "/earnings.xlsx").get_data()[:2] == b"PK"


def test_an_earning_is_explained_to_the_cent(earned: Earned, browse: Browse) -> None:
    browser = browse(earned.member)
    first, second = (browser.get(f"/earnings/{one.id}").words for one in earned.rows)
    assert "The platform reported for June 2026: $10.03" in first
    assert "Exactly 2,006,000 ÷ 10,000 of the smallest unit." in first
    assert "Rounded up, once and only here." in first
    assert "20% of the monthly platform fee, as long as the merchant pays it." in first
    assert "With it the month comes to $5.03" in second
    assert "The month had earned $2.01 before" in second
    for words in (first, second):
        assert "Computed from the stored facts alone, and equal to what is booked." in words


def test_bounties_what_is_taken_back_and_paid_by_hand_are_explained(make: Making, browse: Browse) -> None:
    member, rep = make.member(), make.rep()
    lead = make.lead(member, "pos")
    change_status(lead, "in_progress", by=rep, at=make.at)
    change_status(lead, "awarded", by=rep, at=make.at)
    pay_outside(session.query(Referral).one(), by=rep, at=make.at)
    record_payout(lead, "not_eligible", reason="terms_not_met", by=rep, at=make.at)
    session.commit()
    pages = [browse(member).get(f"/earnings/{one.id}") for one in session.query(Earning).order_by(Earning.id)]
    assert "The bounty was earned: $500.00" in pages[0].words
    assert "It was taken back later" in pages[0].words
    assert "Staff paid this by hand, so that no payout pays it again: $500.00" in pages[1].words
    assert "What was earned before is taken back: -$500.00" in pages[2].words
    assert pages[0].soup.select(f'a[href="/leads/{lead.ref}"]')


def test_a_wrong_booking_is_not_hidden(earned: Earned, browse: Browse) -> None:
    session.execute(text("DROP TRIGGER earnings_refuse_update"))
    session.execute(text("UPDATE earnings SET amount_minor = 777 WHERE amount_minor = 201"))
    session.commit()
    words = browse(earned.member).get(f"/earnings/{earned.rows[0].id}").words
    assert "The stored facts come to another amount than what is booked" in words


def test_partners_read_the_terms_and_strangers_to_the_programme_do_not(make: Making, browse: Browse) -> None:
    page = browse(make.member()).get("/terms")
    assert "20% of the monthly platform fee, as long as the merchant pays it." in page.one("#plus_lead").get_text()
    assert "$500.00 once for each merchant." in page.one("#pos_lead").get_text()
    assert "These plans earn nothing: starter." in page.one("#store_transfer").get_text()
    assert not page.soup.select('a[href^="/terms/new"]')
    assert browse(make.member()).get("/terms/new").status == 403


def test_leads_lead_to_their_terms(make: Making, browse: Browse) -> None:
    member = make.member()
    lead = make.lead(member, "pos")
    browser = browse(member)
    assert browser.get(f"/leads/{lead.ref}").soup.select('a[href="/terms#pos_lead"]')
    assert browser.get("/leads").soup.select('.legend a[href="/terms"]')


NEW: dict[str, str] = {"category": "plus_lead", "kind": "recurring", "rate_bp": "12.5", "months": "24"}


def test_new_terms_are_shown_before_they_are_kept(make: Making, browse: Browse) -> None:
    browser = browse(make.admin())
    page = browser.post("/terms", step="try", **NEW)
    assert (page.status, session.query(EarningTerms).count()) == (200, 4)
    shown = page.one("#preview").get_text()
    assert "20% of the monthly platform fee, as long as the merchant pays it." in shown
    assert "12.5% of the monthly platform fee, for 24 months from the month of the referral on." in shown
    assert page.one("#rate_bp")["value"] == "12.5"
    assert browser.post("/terms", step="save", **NEW).status == 303
    made = session.query(EarningTerms).order_by(EarningTerms.id.desc()).first()
    assert made is not None
    assert (made.rate_bp, made.months, made.amount_minor, made.kind) == (1250, 24, None, "recurring")
    words = browser.get("/terms").one("#plus_lead").get_text()
    assert "Version 2" in words
    assert "Earlier terms" in words


def test_terms_that_come_are_shown_as_coming_in_the_operators_words(make: Making, browse: Browse) -> None:
    browser = browse(make.admin())
    day = f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%dT%H:%M}"
    told = {"kind": "bounty", "amount_minor": "75.50", "starts_at": day, "text_pl": "Tylko dla <nowych>."}
    assert browser.post("/terms", step="save", **(NEW | told)).status == 303
    page = browse(make.member(), language="pl").get("/terms")
    section = page.one("#plus_lead").get_text()
    assert "Tylko dla <nowych>." in section
    assert "20%" in section.replace("\xa0", "")


@pytest.mark.parametrize(
    ("told", "beside"),
    [
        ({"rate_bp": ""}, "rate_bp"),
        ({"rate_bp": "101"}, "rate_bp"),
        ({"rate_bp": "-1"}, "rate_bp"),
        ({"rate_bp": "12.345"}, "rate_bp"),
        ({"rate_bp": "NaN"}, "rate_bp"),
        ({"months": "0"}, "months"),
        ({"months": "1.5"}, "months"),
        ({"months": "9" * 9}, "months"),
        ({"months": "١٢"}, "months"),
        ({"kind": "bounty"}, "amount_minor"),
        ({"kind": "bounty", "amount_minor": "0"}, "amount_minor"),
        ({"kind": "bounty", "amount_minor": "1.005"}, "amount_minor"),
        ({"kind": "bounty", "amount_minor": "9" * 30}, "amount_minor"),
        ({"kind": "gift"}, "kind"),
        ({"category": "friends"}, "category"),
        ({"plans": "a b/c"}, "plans"),
        ({"plans": "plus, basic", "excluded_plans": "plus"}, "excluded_plans"),
        ({"min_locations": "-1"}, "min_locations"),
        ({"starts_at": "2020-01-01T00:00"}, "starts_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"text_en": "a\0b"}, "text_en"),
        ({"text_th": "x" * 5001}, "text_th"),
    ],
)
@pytest.mark.parametrize("step", ["try", "save"])
def test_terms_that_cannot_be_are_refused_beside_their_field(
    make: Making, browse: Browse, told: dict[str, str], beside: str, step: str
) -> None:
    page = browse(make.admin()).post("/terms", step=step, **(NEW | told))
    assert page.status == 422
    assert page.one(f"#{beside}-error").get_text().strip()
    assert session.query(EarningTerms).count() == 4


def test_only_administrators_change_terms(make: Making, browse: Browse) -> None:
    for actor in (make.member(), make.rep()):
        assert browse(actor).post("/terms", step="save", **NEW).status == 403


def test_the_home_page_counts_active_referrals_for_those_who_may_see_them(
    earned: Earned, make: Making, browse: Browse
) -> None:
    assert "Active referrals 1" in browse(earned.member).get("/").words
    partner = session.get_one(Partner, earned.member.partner_id)
    blind = make.member(partner, frozenset({"view_financials"}))
    assert "Active referrals" not in browse(blind).get("/").words
