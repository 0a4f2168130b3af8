"""How the pages of earnings and terms look: axe finds nothing, nothing sticks out, light and dark, wide and narrow."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.earnings.promising import Wanted, add_terms
from referrals.leads.operations import record_payout
from referrals.people.models import Person
from tests.browser.conftest import Site
from tests.browser.test_looks import PHONE, WIDE, problems_of
from tests.browser.test_shop_looks import faults_of
from tests.web.test_earnings import Earned

Visit = Callable[..., Page]
VIEWS = [("light", WIDE, "pl-PL"), ("dark", PHONE, "th-TH")]


@pytest.fixture(scope="module")
def money(site: Site) -> dict[str, Any]:
    """A partner that earned in every way, and terms that come."""
    site.make.at = datetime.now(UTC)
    make, earned = site.make, Earned(site.make)
    admin, rep = make.admin(), make.rep()
    for outcome in ("not_eligible", "paid"):
        lead = make.lead(earned.member, "pos", sales_support=False)
        for step in ("due", outcome):
            record_payout(lead, step, reason="terms_not_met", by=rep, at=make.at)
    texts = {"en": "For shops that open a second place."}
    coming = Wanted("pos_lead", "bounty", make.at + timedelta(days=9), amount_minor=60000, currency="USD", texts=texts)
    add_terms(coming, by=admin, at=make.at)
    session.commit()
    emails = [str(session.get_one(Person, one.person_id).email) for one in (earned.member, admin)]
    found = {"emails": emails, "earnings": [str(one.id) for one in session.query(Earning)]}
    session.rollback()
    return found


@pytest.mark.parametrize(("scheme", "size", "locale"), VIEWS, ids=lambda value: str(value)[:24])
def test_pages_of_earnings_are_whole(
    visit: Visit, money: dict[str, Any], scheme: str, size: dict[str, int], locale: str
) -> None:
    context = {"color_scheme": scheme, "viewport": size, "locale": locale}
    member, admin = (visit(email, **context) for email in money["emails"])
    pages = [(member, "/"), (member, "/earnings"), (member, "/terms"), (admin, "/earnings"), (admin, "/terms")]
    pages += [(admin, "/terms/new?category=pos_lead"), (admin, "/ledger")]
    pages += [(member, f"/earnings/{one}") for one in money["earnings"]]
    found = []
    for page, path in pages:
        page.goto(path)
        found += [f"{path}: {fault}" for fault in faults_of(page, locale)]
    assert found == []


def test_new_terms_are_tried_before_they_are_kept(visit: Visit, money: dict[str, Any]) -> None:
    page = visit(money["emails"][1], "/terms/new?category=plus_lead")
    page.fill("#rate_bp", "17.5")
    page.click("text=See what would change")
    page.wait_for_selector("#preview")
    assert "17.5% of the monthly platform fee" in page.inner_text("#preview")
    assert problems_of(page) == []
    page.click("text=Keep these terms")
    page.wait_for_url("**/terms")
    assert "17.5% of the monthly platform fee" in page.inner_text("#plus_lead")
