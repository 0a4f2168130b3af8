"""What is true of leads by rule alone: prospects recognised, moves permitted (`SPEC §2`). Pure values."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from referrals.errors import RuleBroken
from referrals.leads.lifecycle import OPEN, PAYOUT, STATUS
from referrals.lifecycle import IllegalMove
from referrals.values import NotAPhone, parse_phone
from referrals.wording import N_

DOTS_DO_NOT_COUNT = frozenset({"gmail.com", "googlemail.com"})
SAME_PROVIDER = {"googlemail.com": "gmail.com"}
SHARED_HOSTS = (
    "facebook.com instagram.com linktr.ee tiktok.com youtube.com x.com twitter.com linkedin.com pinterest.com "
    "t.me wa.me line.me shopee.co.th shopee.vn lazada.co.th allegro.pl etsy.com ebay.com amazon.com "
    "taobao.com tmall.com weibo.com sites.google.com beacons.ai"
).split()
SAME_SITE = frozenset({"www", "m", "web", "mobile"})
# First parts of a path under which shared hosts keep everybody: the next part counts too.
EVERYBODYS = frozenset(
    "c channel company groups in item p page pages people pg profile s school sellers shop shops showcase site "
    "store stores str u user users usr uzytkownik view".split()
)
# Pages that tell whose they are by a parameter.
NAMED_BY = {"profile.php": "id"}


class StaysSubmitted(IllegalMove):
    """A POS lead without sales support never changes its status."""

    sentence = N_("A POS lead without sales support stays submitted. Record whether it qualifies for a payout.")


class ReasonMissing(RuleBroken):
    """A refusal, and a reopening, say why."""

    sentence = N_("Say why: choose a reason. The partner will read it.")


class SentenceMissing(RuleBroken):
    """The chosen reason has no sentence of its own."""

    sentence = N_("Write a sentence that the partner will read.")


class ConflictOpen(RuleBroken):
    """Another partner claims the same prospect, and nobody has decided yet."""

    sentence = N_("Decide first which partner this lead belongs to.")


class NoAppeal(RuleBroken):
    """A refused lead is reopened on an appeal only."""

    sentence = N_("A refused lead is reopened when the partner appeals. There is no open appeal.")


class NotAwarded(RuleBroken):
    """A payout of this lead comes with its award."""

    sentence = N_("This lead is paid out once it is awarded.")


@dataclass(frozen=True)
class Standing:
    """What the rules need to know of a lead."""

    flow: str
    sales_support: bool
    status: str
    payout: str
    in_conflict: bool = False
    appeal_open: bool = False

    @property
    def stays_submitted(self) -> bool:
        return self.flow == "bounty" and not self.sales_support

    @property
    def refused(self) -> bool:
        """Whether the partner was told no: the case in which an appeal makes sense."""
        return is_refused(self.status, self.payout)


def check_status_move(standing: Standing, target: str) -> None:
    """Raises the rule that forbids this change of status, if one does (`SPEC §2` Transitions)."""
    if standing.stays_submitted:
        raise StaysSubmitted(field="status")
    if target not in STATUS.moves or not STATUS.allows(standing.status, target):
        raise IllegalMove(field="status")
    closes_directly = standing.flow == "commission" and not standing.sales_support
    if (standing.status, target) == ("submitted", "awarded") and not closes_directly:
        raise IllegalMove(field="status")
    if target == "awarded" and standing.in_conflict:
        raise ConflictOpen(field="status")
    if standing.status == "ineligible" and not standing.appeal_open:
        raise NoAppeal(field="status")


def check_payout_move(standing: Standing, target: str) -> None:
    """Raises the rule that forbids this payout outcome, if one does (`SPEC §2`)."""
    if target == "none" or target not in PAYOUT.moves or not PAYOUT.allows(standing.payout, target):
        raise IllegalMove(field="outcome")
    if not standing.stays_submitted and standing.status != "awarded":
        raise NotAwarded(field="outcome")
    if target in {"due", "paid"} and standing.in_conflict:
        raise ConflictOpen(field="outcome")
    if standing.stays_submitted and standing.payout == "not_eligible" and not standing.appeal_open:
        raise NoAppeal(field="outcome")


def possible_statuses(standing: Standing) -> list[str]:
    """The statuses that staff can choose now."""
    return [target for target in STATUS.states if permits(check_status_move, standing, target)]


def possible_payouts(standing: Standing) -> list[str]:
    """The payout outcomes that staff can choose now."""
    return [target for target in PAYOUT.states if permits(check_payout_move, standing, target)]


def permits(check: object, standing: Standing, target: str) -> bool:
    try:
        check(standing, target)  # type: ignore[operator]
    except RuleBroken:
        return False
    return True


def is_open(status: str, payout: str) -> bool:
    """Whether something can still become of a lead: the same partner cannot submit its prospect again."""
    return status in OPEN and payout in {"none", "due"}


def is_refused(status: str, payout: str) -> bool:
    """Whether the partner was told no."""
    return status == "ineligible" or payout == "not_eligible"


def host_key(website_url: str, shared_hosts: Collection[str]) -> str:
    """The host without `www.`; of hosts that many share with the first part of the path, or nothing without one."""
    parts = urlsplit(website_url)
    host = (parts.hostname or "").removeprefix("www.")
    shared = shared_host(host, shared_hosts)
    if not shared:
        return host
    place = own_place(parts.path, parts.query)
    return f"{shared}/{place}" if place else ""


def shared_host(host: str, shared_hosts: Collection[str]) -> str:
    """The host of the list that this is, also as the one for telephones (`m.facebook.com`); nothing if it is none."""
    label, _, rest = host.partition(".")
    if label in SAME_SITE and rest:
        return shared_host(rest, shared_hosts) or (host if host in shared_hosts else "")
    return host if host in shared_hosts else ""


def own_place(path: str, query: str) -> str:
    """The part of a shared host that is one business's own: `acme`, `company/acme`, `profile.php/42`; or nothing."""
    place: list[str] = []
    for part in (part.casefold() for part in path.split("/") if part):
        place.append(part)
        if part in NAMED_BY:
            ident = parse_qs(query).get(NAMED_BY[part], [""])[0].casefold()
            return f"{part}/{ident}" if ident else ""
        if part not in EVERYBODYS:
            return "/".join(place)
    return ""


def email_key(email: str) -> str:
    """The address without letter case and plus-tag; without dots where the provider ignores them."""
    name, _, domain = email.casefold().rpartition("@")
    if not name:
        return ""
    name = name.partition("+")[0] or name
    if domain in DOTS_DO_NOT_COUNT:
        name = name.replace(".", "")
    return f"{name}@{SAME_PROVIDER.get(domain, domain)}"


def phone_key(phone: str) -> str:
    """The number in E.164, or nothing where it is none."""
    try:
        return parse_phone(phone)
    except NotAPhone:
        return ""


def prospect_keys(
    *, website_url: str, contact_email: str, contact_phone: str, shared_hosts: Collection[str]
) -> dict[str, str]:
    """The signs by which the prospect is recognised, by kind: `host`, `email`, `phone`."""
    found = {
        "host": host_key(website_url, shared_hosts) if website_url else "",
        "email": email_key(contact_email),
        "phone": phone_key(contact_phone) if contact_phone else "",
    }
    return {kind: value for kind, value in found.items() if value}


def owned_until(submitted_at: datetime, ownership_days: int) -> datetime:
    """When a claim to a prospect ends: exactly then it is over."""
    return submitted_at + timedelta(days=ownership_days)


def claims_overlap(first: datetime, second: datetime, ownership_days: int) -> bool:
    """Whether the later of two submissions came while the earlier one owned the prospect."""
    return max(first, second) < owned_until(min(first, second), ownership_days)
