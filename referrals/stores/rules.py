"""What a store is called, and whether its owner can be invited to upgrade (`SPEC §3`). Pure functions of values."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from referrals.errors import RuleBroken
from referrals.stores.lifecycle import STORE
from referrals.values import parse_domain
from referrals.wording import N_

PLUS = "plus"
LANGUAGES = ("en", "th", "pl", "vi", "tr", "zh")
PLAN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)
# In this order a store is asked; the first that holds is the answer.
REASONS = (
    "unknown_store",
    "closed",
    "already_plus",
    "plan_not_upgradable",
    "open_invitation",
    "declined_lately",
    "mailed_enough",
    "no_owner_email",
)


class NotAStorePlan(RuleBroken):
    """No code of a plan."""

    sentence = N_("A plan is a code of small Latin letters, digits, - and _, like basic or plus.")


class NotALanguage(RuleBroken):
    """None of the languages that we write in."""

    sentence = N_("Write the code of a language, one of %(known)s.")


class NotAStoreStatus(RuleBroken):
    """Neither active nor closed."""

    sentence = N_("The status is active or closed.")


@dataclass(frozen=True)
class Facts:
    """What is said of a store; None of what is not said. `plan` is a code, `owner_language` one of LANGUAGES."""

    name: str | None = None
    owner_name: str | None = None
    owner_email: str | None = None
    owner_language: str | None = None
    plan: str | None = None
    status: str | None = None


class Upgradable(Protocol):
    """What of a store counts here."""

    @property
    def status(self) -> str: ...

    @property
    def plan(self) -> str: ...

    @property
    def owner_email(self) -> str: ...


@dataclass(frozen=True)
class Invited:
    """What the owner of a store has of invitations already.

    `is_open`: one waits for an answer; `declined_lately`: they said no, and not long ago; `mailed_enough`: they were
    written to as often as they may be within a day.
    """

    is_open: bool = False
    declined_lately: bool = False
    mailed_enough: bool = False


NOT_INVITED = Invited()


def why_not(store: Upgradable | None, invited: Invited, upgradable_plans: Collection[str]) -> str | None:
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
    return why_not_owner(store.owner_email, invited)


def why_not_owner(owner_email: str, invited: Invited) -> str | None:
    if invited.is_open:
        return "open_invitation"
    if invited.declined_lately:
        return "declined_lately"
    if invited.mailed_enough:
        return "mailed_enough"
    return None if owner_email else "no_owner_email"


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


def parse_language(text: str) -> str:
    """The code of a language that mails to owners are written in; raises NotALanguage."""
    code = text.strip().lower().replace("_", "-")
    code = "zh" if code in {"zh-cn", "zh-hans", "zh-sg", "zh-hans-cn", "zh-hans-sg"} else code.split("-")[0]
    if code not in LANGUAGES:
        raise NotALanguage(field="owner_language", known=", ".join(LANGUAGES))
    return code


def parse_status(text: str) -> str:
    """`active` or `closed`; raises NotAStoreStatus."""
    status = text.strip().lower()
    if status not in STORE.states:
        raise NotAStoreStatus(field="status")
    return status
