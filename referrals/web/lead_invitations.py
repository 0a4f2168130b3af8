"""Upgrade invitations from the partner's and the staff's side: checked, sent, sent again, withdrawn (`SPEC §3`)."""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.errors import NotFound, RuleBroken
from referrals.invitations.activations import complete_activation
from referrals.invitations.models import Invitation
from referrals.invitations.operations import invite_for, resend, revoke
from referrals.invitations.queries import activation_of, latest_of
from referrals.invitations.rules import PRODUCT, InvitationOver
from referrals.leads.catalogue import get_product, programme
from referrals.leads.models import Lead
from referrals.leads.ownership import hold_prospects_of
from referrals.leads.queries import get_lead
from referrals.web import hx, limits
from referrals.web.forms import fitting
from referrals.web.forms.lead import LONGEST_MESSAGE, lead_form
from referrals.web.inviting import offer
from referrals.web.lead_work import act
from referrals.web.tokens import upgrade_links
from referrals.web.visitor import actor, may, member
from referrals.wording import N_

blueprint = Blueprint("lead_invitations", __name__)


@blueprint.get("/leads/new/<code>/eligibility")
@limits.store_checks
@may("submit_leads")
def eligibility(code: str) -> Response:
    """Whether the store with this domain can be upgraded at once: a part of the form, or the form with it."""
    product, settings = get_product(code, active_only=True), programme()
    if product.code != PRODUCT:
        raise NotFound
    form = lead_form(product, request.args, settings)
    eligible = offer(form, settings)
    return hx.render("leads/new.html", "leads/_eligibility.html", form=form, product=product, eligible=eligible)


@blueprint.post("/leads/<ref>/invitation")
@limits.invitations
@may("submit_leads")
def invitation(ref: str) -> Response:
    """The partner invites the owner of the store."""
    hold_prospects_of(get_lead(actor(), ref).id)
    return act(
        ref,
        lambda lead: invite_for(lead, typed_message(), box=upgrade_links(), by=actor(), at=now()),
        N_("The invitation is sent."),
    )


def typed_message() -> str:
    """The message of the form; raises TooLong, UnreadableCharacters."""
    try:
        return fitting(request.form.get("message", ""), LONGEST_MESSAGE, lines=True)
    except RuleBroken as broken:
        broken.field = "message"
        raise


@blueprint.post("/leads/<ref>/invitation/revocation")
@member
def revocation(ref: str) -> Response:
    """Partner or staff withdraw the open invitation."""
    hold_prospects_of(get_lead(actor(), ref).id)
    return act(ref, lambda lead: revoke(latest(lead), by=actor(), at=now()), N_("The invitation is withdrawn."))


@blueprint.post("/leads/<ref>/invitation/resending")
@limits.invitations
@member
def resending(ref: str) -> Response:
    """Partner or staff send the invitation again, with a new link."""
    hold_prospects_of(get_lead(actor(), ref).id)
    return act(
        ref,
        lambda lead: resend(latest(lead), box=upgrade_links(), by=actor(), at=now()),
        N_("The invitation is sent again. The earlier link has ended."),
    )


def latest(lead: Lead) -> Invitation:
    """The last invitation of a lead; raises InvitationOver where there is none."""
    found = latest_of(actor(), lead)
    if found is None:
        raise InvitationOver
    return found


@blueprint.post("/leads/<ref>/upgrade")
@may("work_leads")
def upgrade(ref: str) -> AnyResponse:
    """Staff record that the store is upgraded, where no program does it."""
    return act(ref, record_upgrade, N_("The upgrade is recorded."))


def record_upgrade(lead: Lead) -> None:
    found = latest_of(actor(), lead)
    activation = activation_of(found) if found is not None else None
    if activation is None:
        raise InvitationOver
    complete_activation(activation.id, by=actor(), at=now())
