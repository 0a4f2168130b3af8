"""What the pages of leads know of upgrade invitations (`SPEC §3`)."""

from typing import Any

from flask_babel import gettext

from referrals.clock import now
from referrals.invitations.operations import submit_with_invitation
from referrals.invitations.queries import Eligibility, activation_of, eligibility_or_none, has_open_lead, latest_of
from referrals.invitations.rules import can_invite
from referrals.leads.catalogue import Programme, programme
from referrals.leads.models import Lead
from referrals.leads.operations import Submission, disputed_standing, submit_lead
from referrals.people.rules import Actor
from referrals.web.forms.lead import LeadForm
from referrals.web.tokens import upgrade_links
from referrals.web.visitor import actor
from referrals.wording import N_

TOLD = N_("Your lead is submitted. A confirmation is on its way by e-mail.")
TOLD_INVITED = N_("Your lead is submitted, and the owner of the store gets your invitation by e-mail.")
TOLD_DISPUTED = N_("Your lead is submitted. No invitation was sent, since another partner registered this business.")
# What an open invitation means for a lead, whatever its status says else.
WAITING = (
    N_("The owner of the store has your invitation to upgrade."),
    N_(
        "Once they accept, your lead is won and the store is on Plus within 24 hours. If they decline or do not "
        "answer, your sales representative evaluates it."
    ),
)


def offer(form: LeadForm, settings: Programme) -> Eligibility | None:
    """Whether the owner of the store that a form names can be invited; None where it names none."""
    if "send_invitation" not in form:
        return None
    typed = str(form["store_domain"].data or "")[:1000]
    return eligibility_or_none(typed, actor().partner_id or 0, settings, at=now())


def take_in(submission: Submission, form: LeadForm) -> tuple[Lead, str]:
    """Submit a lead, with an invitation if the form asks for one; answers it and what the person is told."""
    if not form.invites:
        return submit_lead(submission, by=actor(), at=now()), TOLD
    lead = submit_with_invitation(submission, form.message, box=upgrade_links(), by=actor(), at=now())
    return lead, TOLD_INVITED if lead.claim == "owner" else TOLD_DISPUTED


def facts_of(viewer: Actor, lead: Lead) -> dict[str, Any]:
    """What drawer and page show of the invitations of a lead."""
    invitation = latest_of(viewer, lead)
    waits = invitation is not None and invitation.status == "sent" and has_open_lead(invitation)
    found: dict[str, Any] = {"meaning": tuple(map(gettext, WAITING))} if waits else {}
    return found | {
        "invitation": invitation,
        "activation": activation_of(invitation) if invitation and invitation.status == "accepted" else None,
        "can_resend": invitation and invitation.status in {"sent", "expired"} and has_open_lead(invitation),
        "may_invite": not waits and viewer.may("submit_leads") and is_ready(lead),
    }


def is_ready(lead: Lead) -> bool:
    """Whether the owner of the store that a lead names can be invited now."""
    if not lead.store_domain or not can_invite(lead.product.code, disputed_standing(lead)):
        return False
    found = eligibility_or_none(lead.store_domain, lead.partner_id, programme(), at=now())
    return found is not None and found.is_ready
