"""Which moves are permitted, and by what a prospect is recognised: as tables."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from referrals.errors import RuleBroken
from referrals.leads import rules
from referrals.leads.lifecycle import PAYOUT, STATUS
from referrals.leads.rules import Standing, prospect_keys

# (flow, with support) -> every change of status that staff can make (`SPEC §2` Transitions).
STATUS_MOVES = {
    ("commission", True): {
        ("submitted", "in_progress"),
        ("submitted", "ineligible"),
        ("in_progress", "awarded"),
        ("in_progress", "ineligible"),
    },
    ("commission", False): {
        ("submitted", "in_progress"),
        ("submitted", "awarded"),
        ("submitted", "ineligible"),
        ("in_progress", "awarded"),
        ("in_progress", "ineligible"),
    },
    ("bounty", True): {
        ("submitted", "in_progress"),
        ("submitted", "ineligible"),
        ("in_progress", "awarded"),
        ("in_progress", "ineligible"),
    },
    ("bounty", False): set(),
}


def permitted(check, standing: Standing, target: str) -> bool:
    try:
        check(standing, target)
    except RuleBroken:
        return False
    return True


@pytest.mark.parametrize(("flow", "support"), STATUS_MOVES)
def test_the_table_of_status_moves(flow: str, support: bool) -> None:
    found = {
        (status, target)
        for status, target in product(STATUS.states, STATUS.states)
        if permitted(rules.check_status_move, Standing(flow, support, status, "none"), target)
    }
    assert found == STATUS_MOVES[flow, support]


@pytest.mark.parametrize(("flow", "support"), STATUS_MOVES)
def test_an_open_appeal_adds_the_reopening_alone(flow: str, support: bool) -> None:
    found = {
        (status, target)
        for status, target in product(STATUS.states, STATUS.states)
        if permitted(rules.check_status_move, Standing(flow, support, status, "not_eligible", appeal_open=True), target)
    }
    added = set() if (flow, support) == ("bounty", False) else {("ineligible", "in_progress")}
    assert found == STATUS_MOVES[flow, support] | added


@pytest.mark.parametrize(("flow", "support"), STATUS_MOVES)
def test_a_conflict_takes_the_award_away_alone(flow: str, support: bool) -> None:
    found = {
        (status, target)
        for status, target in product(STATUS.states, STATUS.states)
        if permitted(rules.check_status_move, Standing(flow, support, status, "none", in_conflict=True), target)
    }
    assert found == {move for move in STATUS_MOVES[flow, support] if move[1] != "awarded"}


# (flow, with support, status) -> every payout outcome that staff can record.
PAYOUT_MOVES = {
    ("bounty", False, "submitted"): {
        ("none", "due"),
        ("none", "not_eligible"),
        ("due", "paid"),
        ("due", "not_eligible"),
    },
    ("bounty", True, "submitted"): set(),
    ("commission", True, "in_progress"): set(),
    ("commission", True, "ineligible"): set(),
    ("commission", True, "awarded"): {
        ("none", "due"),
        ("none", "not_eligible"),
        ("due", "paid"),
        ("due", "not_eligible"),
        ("not_eligible", "due"),
    },
}


@pytest.mark.parametrize(("flow", "support", "status"), PAYOUT_MOVES)
def test_the_table_of_payout_outcomes(flow: str, support: bool, status: str) -> None:
    found = {
        (payout, target)
        for payout, target in product(PAYOUT.states, PAYOUT.states)
        if permitted(rules.check_payout_move, Standing(flow, support, status, payout), target)
    }
    assert found == PAYOUT_MOVES[flow, support, status]


def test_a_refused_pos_lead_without_support_can_qualify_after_an_appeal() -> None:
    standing = Standing("bounty", False, "submitted", "not_eligible", appeal_open=True)
    assert rules.possible_payouts(standing) == ["due"]


def test_nothing_is_paid_while_partners_dispute() -> None:
    standing = Standing("bounty", False, "submitted", "none", in_conflict=True)
    assert rules.possible_payouts(standing) == ["not_eligible"]


SHARED = ["facebook.com", "linktr.ee"]
# A website -> by what of it the prospect is recognised; nothing where the address is everybody's.
HOSTS = {
    "https://linkedin.com/company/Acme/about": "linkedin.com/company/acme",
    "https://linkedin.com/company/zeta": "linkedin.com/company/zeta",
    "https://www.linkedin.com/in/ana-b": "linkedin.com/in/ana-b",
    "https://linkedin.com/company/": "",
    "https://sites.google.com/view/acme/home": "sites.google.com/view/acme",
    "https://www.etsy.com/shop/acme": "etsy.com/shop/acme",
    "https://youtube.com/channel/UC1": "youtube.com/channel/uc1",
    "https://m.youtube.com/c/acme": "youtube.com/c/acme",
    "https://youtube.com/@acme/videos": "youtube.com/@acme",
    "https://shopee.co.th/shop/1": "shopee.co.th/shop/1",
    "https://mobile.twitter.com/acme": "twitter.com/acme",
    "https://facebook.com/profile.php?id=42&sk=about": "facebook.com/profile.php/42",
    "https://facebook.com/profile.php": "",
    "https://facebook.com/groups/acme": "facebook.com/groups/acme",
    "https://m.facebook.com/acme": "facebook.com/acme",
    "https://www.m.facebook.com/acme": "facebook.com/acme",
    "https://web.facebook.com/acme?x=1": "facebook.com/acme",
    "https://m.facebook.com/": "",
    "https://acme.facebook.com/x": "acme.facebook.com",
    "https://notfacebook.com/acme": "notfacebook.com",
    "https://m.acme.example.org/shop/x": "m.acme.example.org",
    "https://wa.me/48600": "wa.me/48600",
}
# Two websites, e-mails or phones each -> whether they are one prospect.
SAME = [
    ("website_url", "https://www.meble.example.org/shop?x", "http://MEBLE.example.org", True),
    ("website_url", "https://a.example.org", "https://b.example.org", False),
    ("website_url", "https://example.org", "https://shop.example.org", False),
    ("website_url", "https://xn--mller-kva.de", "https://xn--mller-kva.de/x", True),
    ("website_url", "https://facebook.com/Meble/about", "https://www.facebook.com/meble", True),
    ("website_url", "https://facebook.com/meble", "https://facebook.com/other", False),
    ("website_url", "https://facebook.com/", "https://facebook.com", False),
    ("contact_email", "Ana.B+shop@gmail.com", "anab@googlemail.com", True),
    ("contact_email", "ana.b@example.org", "anab@example.org", False),
    ("contact_email", "ana+x@example.org", "ANA@example.org", True),
    ("contact_email", "ana@example.org", "ana@example.net", False),
    ("contact_phone", "+48600700800", "+48 600 700 800", True),
    ("contact_phone", "h", "h", False),
]


@pytest.mark.parametrize(("field", "first", "second", "same"), SAME)
def test_by_what_a_prospect_is_recognised(field: str, first: str, second: str, same: bool) -> None:
    empty = {"website_url": "", "contact_email": "", "contact_phone": ""}
    keys = [prospect_keys(**(empty | {field: value}), shared_hosts=SHARED) for value in (first, second)]
    assert bool(set(keys[0].items()) & set(keys[1].items())) is same


@pytest.mark.parametrize("website", HOSTS)
def test_by_what_of_a_website_a_prospect_is_recognised(website: str) -> None:
    assert rules.host_key(website, rules.SHARED_HOSTS) == HOSTS[website]


def test_a_listed_host_for_telephones_stands_for_itself() -> None:
    assert rules.host_key("https://m.example.org/acme", ["m.example.org"]) == "m.example.org/acme"


def test_a_claim_is_over_exactly_at_its_end() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    end = first + timedelta(days=90)
    assert rules.claims_overlap(first, end - timedelta(microseconds=1), 90)
    assert not rules.claims_overlap(first, end, 90)
    assert rules.claims_overlap(end - timedelta(days=1), first, 90)
