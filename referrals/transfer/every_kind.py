"""Every kind of table that can be imported by page and command. A new kind is a module of its own and a line here."""

from referrals.errors import NotFound
from referrals.transfer.kinds import ImportKind
from referrals.transfer.lead_kind import LeadKind
from referrals.transfer.referral_rows import REFERRALS
from referrals.transfer.revenue_rows import REVENUE
from referrals.transfer.store_rows import STORES

EVERY: tuple[ImportKind, ...] = (LeadKind(), STORES, REFERRALS, REVENUE)
KINDS: dict[str, ImportKind] = {kind.code: kind for kind in EVERY}


def get_kind(code: str) -> ImportKind:
    """The kind with this code; raises NotFound."""
    if code not in KINDS:
        raise NotFound
    return KINDS[code]
