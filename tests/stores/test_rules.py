"""What a store is called, and whether its owner can be invited."""

from dataclasses import dataclass

import pytest

from referrals.errors import RuleBroken
from referrals.stores.rules import (
    NOT_INVITED,
    Invited,
    NotALanguage,
    NotAStorePlan,
    NotAStoreStatus,
    parse_language,
    parse_plan,
    parse_status,
    parse_store_domain,
    why_not,
)
from referrals.values import NotADomain


@dataclass(frozen=True)
class Known:
    status: str = "active"
    plan: str = "basic"
    owner_email: str = "ana@shop.example.org"


OPEN, DECLINED, ENOUGH = Invited(is_open=True), Invited(declined_lately=True), Invited(mailed_enough=True)


@pytest.mark.parametrize(("store", "invited", "plans", "reason"), [
    (None, NOT_INVITED, (), "unknown_store"),
    (None, OPEN, ("basic",), "unknown_store"),
    (Known(), NOT_INVITED, (), None),
    (Known(), NOT_INVITED, ("basic",), None),
    (Known(), NOT_INVITED, ("starter", "basic"), None),
    (Known(), NOT_INVITED, ("starter",), "plan_not_upgradable"),
    (Known(plan="starter"), NOT_INVITED, (), None),
    (Known(plan="plus"), NOT_INVITED, (), "already_plus"),
    (Known(plan="plus"), NOT_INVITED, ("plus",), "already_plus"),
    (Known(status="closed"), NOT_INVITED, (), "closed"),
    (Known(status="closed", plan="plus"), OPEN, (), "closed"),
    (Known(), OPEN, (), "open_invitation"),
    (Known(), OPEN, ("starter",), "plan_not_upgradable"),
    (Known(), DECLINED, (), "declined_lately"),
    (Known(), DECLINED, ("starter",), "plan_not_upgradable"),
    (Known(), ENOUGH, (), "mailed_enough"),
    (Known(), Invited(is_open=True, declined_lately=True, mailed_enough=True), (), "open_invitation"),
    (Known(), Invited(declined_lately=True, mailed_enough=True), (), "declined_lately"),
    (Known(owner_email=""), NOT_INVITED, (), "no_owner_email"),
    (Known(owner_email=""), OPEN, (), "open_invitation"),
    (Known(owner_email=""), DECLINED, (), "declined_lately"),
])  # fmt: skip
def test_why_an_owner_cannot_be_invited(
    store: Known | None, invited: Invited, plans: tuple[str, ...], reason: str | None
) -> None:
    assert why_not(store, invited, plans) == reason


@pytest.mark.parametrize(("typed", "domain"), [
    ("Shop.Example.ORG", "shop.example.org"),
    (" https://www.shop.example.org/ ", "shop.example.org"),
    ("www.shop.example.org.", "shop.example.org"),
    ("łódź.example.org", "xn--d-uga0v4h.example.org"),
    ("XN--D-UGA0V4H.example.org", "xn--d-uga0v4h.example.org"),
    ("ร้าน.example.org", "xn--q3ct9b5e.example.org"),
    ("www.pl", "www.pl"),
    ("a.example.org", "a.example.org"),
])  # fmt: skip
def test_a_domain_has_one_normal_form(typed: str, domain: str) -> None:
    found = parse_store_domain(typed)
    assert found == domain
    assert parse_store_domain(found) == found


@pytest.mark.parametrize("typed", ["", "shop", "a b.example.org", "shop_1.example.org", "127.0.0.1", "x\0.example.org"])
def test_what_is_no_domain_is_refused(typed: str) -> None:
    with pytest.raises(NotADomain):
        parse_store_domain(typed)


@pytest.mark.parametrize(("parse", "typed", "value"), [
    (parse_plan, " Basic ", "basic"),
    (parse_plan, "plus-2026", "plus-2026"),
    (parse_language, "zh-CN", "zh"),
    (parse_language, "pl_PL", "pl"),
    (parse_language, "TH", "th"),
    (parse_status, "Closed", "closed"),
])  # fmt: skip
def test_codes_are_read_whatever_their_case(parse: object, typed: str, value: str) -> None:
    assert parse(typed) == value  # type: ignore[operator]


@pytest.mark.parametrize(("parse", "typed", "broken"), [
    (parse_plan, "Basic plan", NotAStorePlan),
    (parse_plan, "=1+1", NotAStorePlan),
    (parse_plan, "a" * 41, NotAStorePlan),
    (parse_language, "de", NotALanguage),
    (parse_status, "open", NotAStoreStatus),
])  # fmt: skip
def test_other_codes_are_refused(parse: object, typed: str, broken: type[RuleBroken]) -> None:
    with pytest.raises(broken):
        parse(typed)  # type: ignore[operator]
