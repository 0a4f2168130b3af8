"""Every kind of table that can be imported by page and command. A new kind is a module of its own and a line here."""

from referrals.errors import NotFound
from referrals.transfer.kinds import ImportKind
from referrals.transfer.lead_kind import LeadKind

KINDS: dict[str, ImportKind] = {kind.code: kind for kind in (LeadKind(),)}


def get_kind(code: str) -> ImportKind:
    """The kind with this code; raises NotFound."""
    if code not in KINDS:
        raise NotFound
    return KINDS[code]
