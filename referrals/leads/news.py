"""What programs outside hear of leads (`SPEC §14`): the business and where it stands, nothing about the contact."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from referrals.leads.models import Lead
from referrals.outbox.hooks import announce_all, rfc3339

# What the timeline calls a change, and what programs outside call it.
CHANGES = {"status": "lead.status_changed", "payout": "lead.payout_changed"}


def tell_submitted(lead: Lead, *, at: datetime) -> None:
    """A lead was submitted."""
    tell("lead.submitted", lead, lambda: as_json(lead), at=at)


def tell_change(lead: Lead, kind: str, before: str, after: str, *, at: datetime) -> None:
    """The status or the payout (`kind`) of a lead changed."""
    tell(CHANGES[kind], lead, lambda: as_json(lead) | {"before": before, "after": after}, at=at)


def tell(event: str, lead: Lead, payload: Callable[[], dict[str, Any]], *, at: datetime) -> None:
    announce_all(event, lambda: [payload()], owner=("partner", lead.partner_id), at=at)


def as_json(lead: Lead) -> dict[str, Any]:
    """A lead as programs outside read of it; the rest is read through the API."""
    return {
        "ref": lead.ref,
        "partner": lead.partner.name,
        "product": lead.product.code,
        "business_name": lead.business_name,
        "website_url": lead.website_url,
        "country": lead.country,
        "sales_support": lead.sales_support,
        "status": lead.status,
        "payout": lead.payout,
        "conflict": lead.claim == "in_conflict",
        "reason": lead.reason_code,
        "submitted_at": rfc3339(lead.submitted_at),
    }
