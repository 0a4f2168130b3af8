"""What a store is called, and whether its owner can be invited to upgrade (`SPEC §3`). Pure functions of values."""

import re
from collections.abc import Collection
from typing import Protocol

from referrals.errors import RuleBroken
from referrals.values import parse_domain
from referrals.wording import N_

PLUS = "plus"
PLAN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
# In this order a store is asked; the first that holds is the answer.
REASONS = ("unknown_store", "closed", "already_plus", "plan_not_upgradable", "open_invitation", "no_owner_email")


class NotAStorePlan(RuleBroken):
    """No code of a plan."""

    sentence = N_("A plan is a code of small Latin letters, digits, - and _, like basic or plus.")


class Upgradable(Protocol):
    """What of a store counts here."""

    @property
    def status(self) -> str: ...

    @property
    def plan(self) -> str: ...

    @property
    def owner_email(self) -> str: ...


def why_not(store: Upgradable | None, has_open_invitation: bool, upgradable_plans: Collection[str]) -> str | None:
    """Why the owner of a store cannot be invited to upgrade, one of REASONS; None when they can.

    `upgradable_plans` empty: every plan but Plus.
    """
    if store is None:
        return "unknown_store"
    if store.status == "closed":
        return "closed"
    if store.plan == PLUS:
        return "already_plus"
    if upgradable_plans and store.plan not in upgradable_plans:
        return "plan_not_upgradable"
    if has_open_invitation:
        return "open_invitation"
    return None if store.owner_email else "no_owner_email"


def parse_store_domain(text: str) -> str:
    """A store's domain in its normal form: lower case, punycode, without `www.`; raises NotADomain."""
    domain = parse_domain(text)
    shorter = domain.removeprefix("www.")
    return shorter if "." in shorter else domain


def parse_plan(text: str) -> str:
    """The code of a plan in small letters; raises NotAStorePlan."""
    plan = text.strip().lower()
    if not PLAN.fullmatch(plan):
        raise NotAStorePlan(field="plan")
    return plan
