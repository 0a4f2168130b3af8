"""What is done to a lead: by staff status, assignment, payout; by the partner messages, support, appeal."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request, url_for

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads import conversation
from referrals.leads.assignment import assign, get_rep
from referrals.leads.conversation import LONGEST_TEXT
from referrals.leads.fields import TooLong
from referrals.leads.models import Lead
from referrals.leads.operations import change_status, record_payout
from referrals.leads.ownership import hold_prospects_of
from referrals.leads.queries import get_lead
from referrals.outbox.operations import mark_read
from referrals.values import clean_text, parse_id
from referrals.web import drafts, hx, limits
from referrals.web.leads import facts
from referrals.web.visitor import actor, may, member
from referrals.wording import N_

blueprint = Blueprint("lead_work", __name__)


def act(ref: str, verb: Callable[[Lead], Any], told: str) -> Response:
    """Do something to a lead: back to it, or, where a rule forbids it, its sentence in place and what was typed."""
    if actor().is_staff:
        # Whoever submits the same prospect holds it before any lead: waiting in the same order, nobody deadlocks.
        hold_prospects_of(get_lead(actor(), ref).id)
    lead = get_lead(actor(), ref, for_update=True)
    try:
        verb(lead)
        mark_read(actor().person_id or 0, at=now(), subject=lead.ref)
        drafts.spent()
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        lead = get_lead(actor(), ref)
        return hx.render("leads/show.html", "leads/_drawer.html", 422, **facts(lead, broken))
    if hx.wants_fragment():
        fragment = hx.render("leads/show.html", "leads/_drawer.html", **facts(lead) | {"message_text": ""})
        return hx.announce(fragment, "leads-changed", told=told)
    return hx.go_to(url_for("leads.show", ref=ref), told)


def written(name: str) -> str:
    """A text of the form; raises UnreadableCharacters, TooLong."""
    text = request.form.get(name, "")
    if len(text) > LONGEST_TEXT:
        raise TooLong(field=name, most=LONGEST_TEXT, length=len(text))
    try:
        return clean_text(text, lines=True)
    except RuleBroken as broken:
        broken.field = name
        raise


@blueprint.post("/leads/<ref>/status")
@may("work_leads")
def status(ref: str) -> Response:
    """Staff move a lead."""
    form = request.form
    return act(
        ref,
        lambda lead: change_status(
            lead, form.get("status", ""), reason=form.get("reason", ""), text=written("note"), by=actor(), at=now()
        ),
        N_("The status is changed."),
    )


@blueprint.post("/leads/<ref>/payout")
@may("work_leads")
def payout(ref: str) -> Response:
    """Staff record the payout outcome."""
    form = request.form
    return act(
        ref,
        lambda lead: record_payout(
            lead, form.get("outcome", ""), reason=form.get("reason", ""), text=written("note"), by=actor(), at=now()
        ),
        N_("The payout is recorded."),
    )


@blueprint.post("/leads/<ref>/assignment")
@may("work_leads")
def assignment(ref: str) -> Response:
    """Staff give a lead to a representative; an empty `rep` takes it from the present one."""
    chosen = request.form.get("rep", "")
    rep_id = parse_id(chosen)

    def give(lead: Lead) -> None:
        assign(lead, get_rep(rep_id or 0) if chosen else None, by=actor(), at=now())

    return act(ref, give, N_("The assignment is changed."))


@blueprint.post("/leads/<ref>/messages")
@limits.submissions
@member
def message(ref: str) -> Response:
    """Write to the other side."""
    return act(
        ref,
        lambda lead: conversation.send_message(lead, request.form.get("text", ""), by=actor(), at=now()),
        N_("Your message is sent."),
    )


@blueprint.post("/leads/<ref>/support")
@may("submit_leads")
def support(ref: str) -> Response:
    """The partner asks for sales support after all."""
    return act(
        ref,
        lambda lead: conversation.request_support(lead, by=actor(), at=now()),
        N_("We have passed on your request."),
    )


@blueprint.post("/leads/<ref>/appeal")
@may("submit_leads")
def appeal(ref: str) -> Response:
    """The partner objects to a refusal."""
    return act(
        ref,
        lambda lead: conversation.appeal(lead, request.form.get("text", ""), by=actor(), at=now()),
        N_("Your appeal is sent."),
    )


@blueprint.post("/leads/<ref>/appeal/rejection")
@may("work_leads")
def appeal_rejection(ref: str) -> Response:
    """Staff stay with the refusal."""
    return act(
        ref,
        lambda lead: conversation.reject_appeal(lead, written("text"), by=actor(), at=now()),
        N_("The partner is told."),
    )


@blueprint.post("/leads/<ref>/appeal/grant")
@may("work_leads")
def appeal_grant(ref: str) -> Response:
    """Staff reopen the lead."""
    return act(
        ref, lambda lead: conversation.reopen(lead, written("text"), by=actor(), at=now()), N_("The partner is told.")
    )
