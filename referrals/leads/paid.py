"""Leads whose payout has been paid: by the first payout that holds an earning of theirs (`SPEC §2`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from referrals.db import among, session
from referrals.leads import notices
from referrals.leads.lifecycle import PAYOUT
from referrals.leads.models import Lead
from referrals.leads.timeline import note
from referrals.people.rules import Actor


def hold_leads(lead_ids: Sequence[int]) -> list[Lead]:
    """Lock these leads until the transaction ends, always in the same order, and read them anew."""
    statement = select(Lead).where(among(Lead.id, lead_ids)).order_by(Lead.id)
    if not lead_ids:
        return []
    session.execute(select(Lead.id).where(among(Lead.id, lead_ids)).order_by(Lead.id).with_for_update())
    return list(session.scalars(statement.execution_options(populate_existing=True)).unique())


def mark_leads_paid(leads: Sequence[Lead], *, by: Actor, at: datetime) -> None:
    """The payout outcome of those that are due is paid from now on; each partner reads it on the timeline."""
    for lead in leads:
        if lead.payout != "due":
            continue
        before = PAYOUT.move(lead, "paid")
        note(lead, "payout", by=by, at=at, before=before, after="paid", reason="", sentence="")
        notices.tell_partner(lead, "lead_payout", "payout", by=by, at=at, after="paid", reason="", sentence="")
    session.flush()
