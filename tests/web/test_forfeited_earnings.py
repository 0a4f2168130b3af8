"""The pages of what was taken back with a lead's right to it, and given again with it."""

from collections.abc import Callable

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.leads.operations import change_status, record_payout
from tests.leads.test_rewards import report
from tests.making import Making
from tests.web.browsing import Browser


def test_what_is_taken_back_and_given_again_is_told(make: Making, browse: Callable[..., Browser]) -> None:
    member, rep = make.member(), make.rep()
    lead = make.lead(member)
    for status in ("in_progress", "awarded"):
        change_status(lead, status, by=rep, at=make.at)
    report(lead, "fee", make.at.date().replace(day=1), 200000, make)
    record_payout(lead, "not_eligible", reason="terms_not_met", by=rep, at=make.at)
    record_payout(lead, "due", by=rep, at=make.at)
    session.commit()
    ids = {one.kind: one.id for one in session.query(Earning)}
    browser = browse(member)
    taken = browser.get(f"/earnings/{ids['reversal']}")
    assert "All of this merchant that was in no payout yet." in taken.words
    assert taken.one(f'a[href="/earnings/{ids["restored"]}"]').get_text() == "It was given again later"
    given = browser.get(f"/earnings/{ids['restored']}")
    assert "What was taken back is given again: $400.00" in given.words
    assert given.one(f'a[href="/earnings/{ids["reversal"]}"]')
    for page in (taken, given):
        assert "equal to what is booked" in page.words
