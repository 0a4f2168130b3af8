"""Who is one customer: ids decide, then e-mails, then phones (`SPEC §6`). Pure functions of values.

Two different shop customer ids are never one customer, whatever else they share.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from referrals.errors import RuleBroken
from referrals.values import clean_text, parse_email, parse_phone
from referrals.wording import N_

LONGEST_ID = 255


class TooLong(RuleBroken):
    """An id of the shop's that is longer than any shop's."""

    sentence = N_("An id has at most 255 characters.")


@dataclass(frozen=True)
class CustomerKeys:
    """By what a customer is named, in normal form; see `read_keys`."""

    id: str | None = None
    email: str | None = None
    phone: str | None = None

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Kind and value of each key that is given, the deciding ones first."""
        for kind in ("id", "email", "phone"):
            value = getattr(self, kind)
            if value:
                yield kind, value

    def __bool__(self) -> bool:
        return any(self.pairs())


@dataclass(frozen=True)
class Known:
    """A customer as the rules see it; `customer_id` is None for the one just named."""

    customer_id: int | None
    id: str | None = None
    emails: frozenset[str] = frozenset()

    def joined_with(self, other: "Known") -> "Known":
        """What both together are known by."""
        return Known(self.customer_id, self.id or other.id, self.emails | other.emails)


def read_keys(
    customer_id: str | None = None, email: str | None = None, phone: str | None = None, country: str = ""
) -> CustomerKeys:
    """The keys in normal form; what is empty is not given. Raises the rule that one breaks, with its field."""
    return CustomerKeys(read_id(customer_id), read_email(email), read_phone(phone, country))


def readable_keys(
    customer_id: str | None = None, email: str | None = None, phone: str | None = None, country: str = ""
) -> CustomerKeys:
    """The keys that can be read; those of platforms that cannot are no keys, and refuse no order."""
    found: list[str | None] = []
    for read, text in ((read_id, customer_id), (read_email, email)):
        try:
            found.append(read(text))
        except RuleBroken:
            found.append(None)
    try:
        found.append(read_phone(phone, country))
    except RuleBroken:
        found.append(None)
    return CustomerKeys(*found)


def read_id(text: str | None) -> str | None:
    try:
        value = clean_text(text or "")
    except RuleBroken as broken:
        raise RuleBroken(field="id", sentence=broken.sentence) from None
    if len(value) > LONGEST_ID:
        raise TooLong(field="id")
    return value or None


def read_email(text: str | None) -> str | None:
    if not (text or "").strip():
        return None
    try:
        return parse_email(text or "").casefold()
    except RuleBroken as broken:
        raise type(broken)(field="email") from None


def read_phone(text: str | None, country: str = "") -> str | None:
    if not (text or "").strip():
        return None
    try:
        return parse_phone(text or "", country)
    except RuleBroken as broken:
        raise type(broken)(field="phone") from None


def named(keys: CustomerKeys) -> Known:
    """The customer whom these keys name, as far as they tell."""
    return Known(None, keys.id, frozenset({keys.email} if keys.email else ()))


def agree(one: Known, other: Known) -> bool:
    """Whether two may be one customer: no two ids, and where both have e-mails, one in common."""
    if one.id and other.id and one.id != other.id:
        return False
    return not (one.emails and other.emails and one.emails.isdisjoint(other.emails))


def choose(keys: CustomerKeys, owners: Mapping[str, Known]) -> Known | None:
    """Whom these keys mean among those who have one of them (by kind of key), or None: somebody new."""
    if "id" in owners:
        return owners["id"]
    by_email, by_phone = owners.get("email"), owners.get("phone")
    if by_email is not None and not (keys.id and by_email.id):
        return by_email
    if by_phone is not None and agree(named(keys), by_phone):
        return by_phone
    return None


def to_join(keys: CustomerKeys, chosen: Known, owners: Mapping[str, Known]) -> list[Known]:
    """Who else is the chosen customer, as these keys show; whoever cannot be keeps the key as its first owner."""
    joined = chosen.joined_with(named(keys))
    found: list[Known] = []
    for kind in ("email", "phone"):
        other = owners.get(kind)
        if other is None or other.customer_id in {chosen.customer_id, *(one.customer_id for one in found)}:
            continue
        if agree(joined, other):
            joined = joined.joined_with(other)
            found.append(other)
    return found
