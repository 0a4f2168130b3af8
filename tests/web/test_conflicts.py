"""The pages of conflicts, where the lead that came anew is the earlier of the two."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from referrals.db import session
from referrals.leads import conversation
from referrals.leads.models import Lead, LeadConflict
from referrals.leads.ownership import decide
from referrals.people.rules import Actor
from tests.making import Making
from tests.web.browsing import Browser, Page

Browse = Callable[..., Browser]
WEBSITE = "https://one.example.org"


@pytest.fixture
def reopened(make: Making) -> tuple[Actor, Lead, Lead]:
    """The earlier lead lost its prospect to the later one, and its partner's appeal was granted."""
    rep, first, second = make.rep(), make.member(make.partner("North")), make.member(make.partner("South"))
    earlier = make.lead(first, website_url=WEBSITE)
    later = make.lead(second, website_url=WEBSITE, at=make.later(days=1))
    decide(session.scalars(select(LeadConflict)).one(), "give", text="Signed.", by=rep, at=make.later(days=2))
    conversation.appeal(earlier, "We were first.", by=first, at=make.later(days=3))
    conversation.reopen(earlier, "You may be right.", by=rep, at=make.later(days=4))
    session.commit()
    return rep, earlier, later


def choice(page: Page, value: str) -> str:
    """What a radio button is called."""
    label = page.one(f'input[name="decision"][value="{value}"]').find_parent("label")
    assert label is not None
    return " ".join(label.get_text().split())


def test_the_choices_say_which_of_the_two_leads_gets_it(reopened: tuple[Actor, Lead, Lead], browse: Browse) -> None:
    rep, earlier, later = reopened
    browser = browse(rep)
    row = browser.get("/conflicts").one("#conflicts-table tbody tr")
    assert [cell.get_text()[:5] for cell in row.select("td")[1:3]] == ["South", "North"]
    path = str(row.select_one("a")["href"])
    page = browser.get(path)
    assert [choice(page, value) for value in ("give", "keep")] == [
        "It stays with the earlier lead",
        "It goes to the later lead",
    ]
    assert browser.post(f"{path}/decision", decision="give", text="The letter is dated.").status == 303
    session.expire_all()
    assert (earlier.claim, later.claim) == ("owner", "lost")
    assert "It stays with the earlier lead" in browser.get(path).words


def test_a_granted_appeal_shows_the_conflict_to_decide(reopened: tuple[Actor, Lead, Lead], browse: Browse) -> None:
    rep, earlier, _ = reopened
    assert "Two partners claim this business." in browse(rep).get(f"/leads/{earlier.ref}").words


def test_a_conflict_that_another_decision_settled_says_so(make: Making, browse: Browse) -> None:
    rep = make.rep()
    first, second, third = (make.lead(make.member(), website_url=WEBSITE) for _ in range(3))
    pairs = {(one.lead_id, one.against_id): one for one in session.scalars(select(LeadConflict))}
    decide(pairs[third.id, first.id], "keep", text="The first.", by=rep, at=make.at)
    session.commit()
    moot = pairs[third.id, second.id]
    browser = browse(rep)
    assert "Settled by another decision" in browser.get(f"/conflicts/{moot.id}").words
    assert "Settled by another decision" in browser.get("/conflicts?state=decided").words
