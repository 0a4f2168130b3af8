"""What leads that are won bring their partner, and what becomes of it (`SPEC §2`, §4)."""

from datetime import date, timedelta
from typing import Any

import pytest

from referrals.db import session
from referrals.earnings.models import Earning, EarningTerms
from referrals.earnings.operations import report_revenue
from referrals.earnings.rules import REASONS
from referrals.explanations.earning import explain_earning
from referrals.leads.models import Lead, LeadEvent
from referrals.leads.operations import award_invited, change_status, record_payout
from referrals.leads.rewards import NothingPromised
from referrals.ledger.checking import check_books
from referrals.ledger.operations import OUTSIDE, PARTNER, Owner
from referrals.ledger.queries import balance
from referrals.money import share_of_rate
from referrals.partners.models import Referral, RevenueMonth
from referrals.people.rules import SYSTEM
from tests.making import Making


class Winning:
    """A partner whose leads staff decide on."""

    def __init__(self, make: Making) -> None:
        self.make = make
        self.member, self.rep = make.member(), make.rep()

    def lead(self, product: str = "pos", **values: Any) -> Lead:
        return self.make.lead(self.member, product, **values)

    def award(self, lead: Lead) -> None:
        change_status(lead, "in_progress", by=self.rep, at=self.make.at)
        change_status(lead, "awarded", by=self.rep, at=self.make.at)
        session.commit()

    def record(self, lead: Lead, outcome: str) -> None:
        reason = "terms_not_met" if outcome == "not_eligible" else ""
        record_payout(lead, outcome, reason=reason, by=self.rep, at=self.make.at)
        session.commit()

    @property
    def balance(self) -> int:
        return balance(Owner("partner", self.member.partner_id or 0, "USD"), PARTNER)


@pytest.fixture
def winning(make: Making) -> Winning:
    return Winning(make)


def amounts() -> list[tuple[str, int]]:
    return [(one.kind, one.amount_minor) for one in session.query(Earning).order_by(Earning.id)]


def referral_of(lead: Lead) -> Referral:
    return session.query(Referral).filter_by(lead_id=lead.id).one()


def test_a_pos_lead_that_is_awarded_earns_the_bounty(make_on_both: Making) -> None:
    winning = Winning(make_on_both)
    lead = winning.lead()
    winning.award(lead)
    assert amounts() == [("bounty", 50000)]
    assert winning.balance == 50000
    assert (referral_of(lead).category, referral_of(lead).merchant) == ("pos_lead", lead.business_name)
    assert check_books(at=make_on_both.at).ok


def test_a_pos_lead_without_support_earns_it_when_it_qualifies(winning: Winning) -> None:
    lead = winning.lead(sales_support=False, locations=3)
    winning.record(lead, "due")
    assert amounts() == [("bounty", 50000)]
    assert (referral_of(lead).locations, lead.status) == (3, "submitted")


def test_a_plus_lead_that_is_awarded_is_a_referral_that_earns_with_its_revenue(winning: Winning) -> None:
    lead = winning.lead("plus", website_url="https://www.acme.example.org/x")
    winning.award(lead)
    referral = referral_of(lead)
    assert (referral.category, referral.plan, referral.domain) == ("plus_lead", "plus", "acme.example.org")
    assert amounts() == []


def test_the_page_of_a_host_that_many_share_is_no_domain(winning: Winning) -> None:
    lead = winning.lead("plus", website_url="https://facebook.com/acme")
    winning.award(lead)
    assert referral_of(lead).domain == ""


def test_an_accepted_invitation_leaves_the_referral_to_the_upgrade(winning: Winning) -> None:
    lead = winning.lead("plus")
    award_invited(lead, by=SYSTEM, at=winning.make.at)
    session.commit()
    assert session.query(Referral).count() == 0


def test_a_bounty_that_is_refused_after_all_is_taken_back(make_on_both: Making) -> None:
    winning = Winning(make_on_both)
    lead = winning.lead()
    winning.award(lead)
    winning.record(lead, "not_eligible")
    assert amounts() == [("bounty", 50000), ("reversal", -50000)]
    assert (winning.balance, referral_of(lead).status) == (0, "closed")
    assert check_books(at=make_on_both.at).ok


def test_a_lead_without_support_that_does_not_qualify_after_all_gives_it_back(winning: Winning) -> None:
    lead = winning.lead(sales_support=False)
    winning.record(lead, "due")
    winning.record(lead, "not_eligible")
    assert (winning.balance, referral_of(lead).status) == (0, "closed")


def test_a_bounty_that_is_due_again_is_earned_again(winning: Winning) -> None:
    lead = winning.lead()
    winning.award(lead)
    for outcome in ("not_eligible", "due", "not_eligible", "due"):
        winning.record(lead, outcome)
    assert [kind for kind, _ in amounts()] == ["bounty", "reversal", "bounty", "reversal", "bounty"]
    assert (winning.balance, referral_of(lead).status) == (50000, "active")


def test_what_never_was_due_is_not_taken_back(winning: Winning) -> None:
    winning.record(winning.lead(sales_support=False), "not_eligible")
    assert (amounts(), session.query(Referral).count()) == ([], 0)


def test_a_bounty_paid_by_hand_is_booked_as_paid_outside(make_on_both: Making) -> None:
    winning = Winning(make_on_both)
    lead = winning.lead()
    winning.award(lead)
    winning.record(lead, "paid")
    assert amounts() == [("bounty", 50000), ("paid_outside", -50000)]
    assert winning.balance == 0
    assert balance(Owner("partner", lead.partner_id, "USD"), OUTSIDE) == 0
    assert check_books(at=make_on_both.at).ok


def test_terms_that_are_not_met_are_named_to_staff_alone(winning: Winning) -> None:
    winning.make.lead(winning.member, "pos")
    session.add(
        EarningTerms(
            category="pos_lead",
            kind="bounty",
            starts_at=winning.make.at - timedelta(days=1),
            amount_minor=70000,
            currency="USD",
            plans=[],
            excluded_plans=[],
            min_locations=5,
            texts={},
            created_at=winning.make.at,
        )
    )
    small, large = winning.lead(locations=4), winning.lead(locations=5)
    winning.award(small)
    winning.award(large)
    assert amounts() == [("bounty", 70000)]
    (noted,) = session.query(LeadEvent).filter_by(kind="no_bounty").all()
    assert (noted.lead_id, noted.details["reason"], noted.staff_only) == (small.id, "locations", True)


def test_a_lead_has_the_terms_of_the_day_it_was_submitted(winning: Winning) -> None:
    lead = winning.lead()
    session.add(
        EarningTerms(
            category="pos_lead",
            kind="nothing",
            starts_at=winning.make.at + timedelta(seconds=1),
            plans=[],
            excluded_plans=[],
            texts={},
            created_at=winning.make.at,
        )
    )
    session.commit()
    winning.award(lead)
    assert amounts() == [("bounty", 50000)]


def report(lead: Lead, key: str, month: date, minor: int, make: Making, kind: str = "platform_fee") -> None:
    report_revenue(
        referral_of(lead),
        external_id=key,
        month=month,
        kind=kind,
        amount_minor=minor,
        currency="USD",
        by=SYSTEM,
        at=make.at,
    )
    session.commit()


def all_explained(make: Making) -> bool:
    return all(explain_earning(one).agrees for one in session.query(Earning)) and check_books(at=make.at).ok


def test_a_plus_lead_that_is_refused_after_all_gives_back_its_shares_and_earns_no_more(make_on_both: Making) -> None:
    winning, make = Winning(make_on_both), make_on_both
    month = make.at.date().replace(day=1)
    lead = winning.lead("plus")
    winning.award(lead)
    report(lead, "fee", month, 200000, make)
    winning.record(lead, "not_eligible")
    assert (amounts(), winning.balance) == ([("recurring", 40000), ("reversal", -40000)], 0)
    assert all_explained(make)
    report(lead, "more", month, 100000, make, "adjustment")
    assert winning.balance == 0
    assert session.get_one(RevenueMonth, (referral_of(lead).id, month)).reason == "forfeited"
    assert all_explained(make)


def test_a_plus_lead_that_is_due_again_earns_what_came_between_and_after(make_on_both: Making) -> None:
    winning, make = Winning(make_on_both), make_on_both
    month = make.at.date().replace(day=1)
    lead = winning.lead("plus")
    winning.award(lead)
    report(lead, "fee", month, 200000, make)
    for number in range(2):
        winning.record(lead, "not_eligible")
        report(lead, f"between {number}", month, 100002, make, "adjustment")
        assert winning.balance == 0
        winning.record(lead, "due")
        assert winning.balance == share_of_rate(200000 + (number + 1) * 100002, 2000)
        assert all_explained(make)
    report(lead, "after", month, -400004, make, "adjustment")
    assert winning.balance == 0
    assert all_explained(make)


def promise(winning: Winning, **terms: Any) -> None:
    """New terms of POS leads, which those who are submitted from now on have."""
    texts: dict[str, Any] = {"plans": [], "excluded_plans": [], "texts": {}}
    start = winning.make.at - timedelta(days=1)
    session.add(EarningTerms(category="pos_lead", starts_at=start, created_at=start, **texts | terms))
    session.commit()


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"kind": "nothing"}, "nothing"),
        ({"kind": "recurring", "rate_bp": 2000}, "share"),
        ({"kind": "bounty", "amount_minor": 70000, "currency": "USD", "min_locations": 5}, "locations"),
        ({"kind": "bounty", "amount_minor": 70000, "currency": "USD", "plans": ["pro"]}, "plan"),
    ],
)
def test_a_payout_that_the_terms_do_not_give_is_refused_and_says_why(
    winning: Winning, terms: dict[str, Any], why: str
) -> None:
    promise(winning, **terms)
    lead = winning.lead(sales_support=False, locations=4)
    for _ in range(2):
        with pytest.raises(NothingPromised) as refused:
            winning.record(lead, "due")
        assert (refused.value.field, str(refused.value)) == ("outcome", REASONS[why])
        session.rollback()
        assert (lead.payout, amounts(), session.query(Referral).count()) == ("none", [], 0)


def test_a_payout_that_the_terms_give_is_due(winning: Winning) -> None:
    promise(winning, kind="bounty", amount_minor=70000, currency="USD", min_locations=5)
    lead = winning.lead(sales_support=False, locations=5)
    winning.record(lead, "due")
    assert (lead.payout, amounts()) == ("due", [("bounty", 70000)])
