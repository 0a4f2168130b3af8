"""The books against what they tell of: a settled commission, a clawback, a top-up, a withdrawal (P9, P11)."""

import pytest
from sqlalchemy import text

from referrals.db import session
from referrals.ledger.checking import check_books, check_owner
from referrals.ledger.operations import STORE, Draft, post_entry, salesperson
from referrals.people.rules import SYSTEM
from referrals.settlement.by_hand import settle_by_hand
from tests.making import Making
from tests.settlement.selling import Selling


@pytest.fixture
def sales(make_on_both: Making) -> Selling:
    """A settled commission, partly clawed back; one settled by hand."""
    sales = Selling(make_on_both, refunds_after_settlement="claw_back")
    sales.done("1", 10_000)
    sales.done("2", 10_000, collected_by="merchant")
    sales.refund("2", 1000)
    sales.top_up(5000)
    sales.run()
    sales.refund("1", 4000)
    settle_by_hand(sales.commission("2"), 900, paid_from="outside", by=SYSTEM, at=sales.at)
    session.commit()
    return sales


def test_what_was_lived_agrees_with_the_books(sales: Selling) -> None:
    finding = check_books(at=sales.at)
    assert (finding.ok, finding.entries, finding.first_problem) == (True, 4, None)


WRONGS = {
    "settlement": "UPDATE commissions SET amount_minor = 999 WHERE run_id IS NOT NULL",
    "unsettled": "UPDATE commissions SET run_id = NULL",
    "clawback": "UPDATE commissions SET clawed_back_minor = 399 WHERE clawed_back_minor = 400",
    "by_hand": "UPDATE by_hand_settlements SET amount_minor = 901",
    "top_up": "UPDATE top_ups SET amount_minor = 5001",
}


@pytest.mark.parametrize("kind", WRONGS)
def test_what_does_not_agree_is_named(sales: Selling, kind: str) -> None:
    session.execute(text(WRONGS[kind]))
    session.commit()
    for finding in (check_owner(sales.owner), check_books(at=sales.at)):
        assert finding.first_problem is not None
        assert finding.first_problem.kind == kind


def test_a_clawback_that_no_commission_knows_is_found(sales: Selling) -> None:
    session.execute(text("UPDATE commissions SET clawed_back_minor = 0"))
    session.commit()
    problem = check_books(at=sales.at).first_problem
    assert problem is not None
    assert (problem.kind, str(problem.values["row"])) == ("clawback", str(sales.commission("1").id))


def test_an_entry_for_a_commission_that_is_not_settled_is_found(sales: Selling) -> None:
    postings = ((STORE, -5), (salesperson(sales.anna.id), 5))
    post_entry(sales.owner, Draft("settlement", "settlement:12345", postings, sales.at, "commission:12345"))
    session.commit()
    problem = check_books(at=sales.at).first_problem
    assert problem is not None
    assert (problem.kind, problem.values["reference"]) == ("unsettled", "settlement:12345")
