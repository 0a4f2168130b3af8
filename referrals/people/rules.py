"""Who acts, and what each role may do (`SPEC §1`). Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import phonenumbers

from referrals.errors import NotAllowed

PERMISSIONS = ("view_referrals", "view_financials", "manage_members")
SHOP_PERMISSIONS = ("manage", "finance")
ROLES = ("member", "rep", "admin", "merchant", "salesperson")

# What a role may do whatever the permissions of the membership; members of partners and shops get more from theirs.
RIGHTS: dict[str, frozenset[str]] = {
    "member": frozenset({"submit_leads"}),
    "key": frozenset({"submit_leads", "view_referrals"}),
    "rep": frozenset({"work_leads", "view_people"}),
    "admin": frozenset(
        {"work_leads", "view_people", "configure", "manage_people", "import", "view_shop", "manage", "finance"}
    ),
    "merchant": frozenset({"view_shop"}),
    "salesperson": frozenset({"sell"}),
    "shop_key": frozenset({"view_shop", "manage", "finance"}),
    "operator": frozenset({"import"}),
    "system": frozenset({"work_leads", "import", "view_shop", "manage", "finance"}),
}


@dataclass(frozen=True)
class Actor:
    """Who acts: a person in one membership, an API key, or the system itself (which has no person)."""

    role: str
    person_id: int | None = None
    membership_id: int | None = None
    partner_id: int | None = None
    shop_id: int | None = None
    salesperson_id: int | None = None
    rep_id: int | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)
    name: str = ""

    @property
    def is_staff(self) -> bool:
        return self.role in {"rep", "admin", "system"}

    def may(self, right: str) -> bool:
        """Whether role or permissions include the right."""
        return right in RIGHTS.get(self.role, ()) or right in self.permissions

    def require(self, right: str) -> None:
        """Raises NotAllowed without the right."""
        if not self.may(right):
            raise NotAllowed(right)


SYSTEM = Actor(role="system")


def organisation_of(details: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Into which partner or shop an invitation leads, by what is stored of it; into neither: the staff."""
    return details.get("partner_id"), details.get("shop_id")


def masked_phone(phone: str) -> str:
    """A phone number that is recognised by its owner only: `139****2210`."""
    digits = national_digits(phone)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) > 7 else "****"


def national_digits(phone: str) -> str:
    """The digits of a number in E.164 without its country code; of anything else all that stands there."""
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(phone))
    except phonenumbers.NumberParseException:
        return phone.removeprefix("+")


def initials(name: str) -> str:
    """One or two letters that stand for a name in a round badge."""
    words = name.split()
    if not words:
        return "?"
    if len(words) == 1 or not words[0][0].isascii():
        return words[0][:2] if not words[0].isascii() else words[0][:1].upper()
    return (words[0][0] + words[-1][0]).upper()
