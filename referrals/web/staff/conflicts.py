"""Prospects that two partners claim, side by side, and the decision (`SPEC §2`); appeals."""

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.models import LeadConflict
from referrals.leads.ownership import ConflictList, decide, get_conflict, lead_of
from referrals.leads.queries import AppealList
from referrals.listing import AnyRow
from referrals.values import parse_id
from referrals.web import hx, lists, words
from referrals.web.forms.staff import DecisionForm
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("conflicts", __name__)

CONFLICTS = ListPage(
    name="conflicts",
    path="/conflicts",
    title=N_("Conflicts"),
    columns=(
        Column("business_name", N_("Business"), lambda row: row.business_name),
        Column("lead_partner", N_("Submitted later"), lambda row: later_of(row), sortable=False),
        Column("against_partner", N_("Submitted first"), lambda row: earlier_of(row), sortable=False),
        Column("matched", N_("Same"), lambda row: matched_words(row.matched), sortable=False),
        Column("decision", N_("Decision"), lambda row: decision_words(row), sortable=False),
        Column("at", N_("Found"), lambda row: row.at, style="num"),
    ),
    rows="conflicts/_rows.html",
    page="conflicts/list.html",
    filters=(
        Filter(
            "state",
            N_("State"),
            N_("To decide"),
            lambda: [("decided", gettext("Decided")), ("all", gettext("All"))],
        ),
    ),
    searched=N_("Contact, e-mail, business or website"),
)
APPEALS = ListPage(
    name="appeals",
    path="/appeals",
    title=N_("Appeals"),
    columns=(
        Column("business_name", N_("Business"), lambda row: row.business_name),
        Column("partner", N_("Partner"), lambda row: row.partner, sortable=False),
        Column("refusal", N_("Refused because"), lambda row: words.own_words(row.reason_sentence), sortable=False),
        Column("text", N_("What the partner says"), lambda row: row.text, sortable=False),
        Column("answer", N_("Answer"), lambda row: row.answer, sortable=False),
        Column("at", N_("Appealed on"), lambda row: row.at, style="num"),
    ),
    rows="conflicts/_appeal_rows.html",
    page="conflicts/appeals.html",
    filters=(
        Filter(
            "state",
            N_("State"),
            N_("To answer"),
            lambda: [("answered", gettext("Answered")), ("all", gettext("All"))],
        ),
    ),
    searched=N_("Contact, e-mail, business or website"),
)


def matched_words(matched: list[str]) -> str:
    return words.signs(matched)


def later_of(row: AnyRow) -> str:
    return str(row.against_partner if row.lead_at < row.against_at else row.lead_partner)


def earlier_of(row: AnyRow) -> str:
    return str(row.lead_partner if row.lead_at < row.against_at else row.against_partner)


def decision_words(row: AnyRow) -> str:
    return words.own_words(words.decisions(row.lead_at, row.against_at)[row.decision]) if row.decision else ""


@blueprint.get("/conflicts")
@blueprint.get("/conflicts.<any(csv, xlsx):kind>")
@may("work_leads")
def index(kind: str | None = None) -> Response:
    """Conflicts, those to decide first."""
    return lists.answer(CONFLICTS, ConflictList(actor(), CONFLICTS.wish()), kind)


@blueprint.get("/appeals")
@blueprint.get("/appeals.<any(csv, xlsx):kind>")
@may("work_leads")
def appeals(kind: str | None = None) -> Response:
    """Appeals, those to answer first."""
    return lists.answer(APPEALS, AppealList(actor(), APPEALS.wish()), kind)


@blueprint.get("/conflicts/<conflict_id>")
@may("work_leads")
def show(conflict_id: str) -> Response:
    """Both leads side by side, with what they share."""
    conflict = get_conflict(actor(), parse_id(conflict_id) or 0)
    return conflict_page(conflict, decision_form(conflict))


def decision_form(conflict: LeadConflict) -> DecisionForm:
    return DecisionForm().offer(called_here(conflict))


def called_here(conflict: LeadConflict) -> dict[str, str]:
    return words.decisions(lead_of(conflict.lead_id).submitted_at, lead_of(conflict.against_id).submitted_at)


def conflict_page(conflict: LeadConflict, form: DecisionForm, status: int = 200) -> Response:
    pair = sorted((lead_of(conflict.lead_id), lead_of(conflict.against_id)), key=lambda lead: lead.submitted_at)
    context = {"conflict": conflict, "pair": pair, "form": form, "called": called_here(conflict)}
    return hx.render("conflicts/show.html", "conflicts/show.html", status, **context)


@blueprint.post("/conflicts/<conflict_id>/decision")
@may("work_leads")
def decision(conflict_id: str) -> AnyResponse:
    """Decide whose prospect it is."""
    conflict = get_conflict(actor(), parse_id(conflict_id) or 0)
    form = decision_form(conflict)
    if not form.validate():
        return conflict_page(conflict, form, 422)
    try:
        decide(conflict, request.form["decision"], text=form.text.data, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "decision")
        return conflict_page(get_conflict(actor(), conflict.id), form, 422)
    return hx.go_to(url_for("conflicts.index"), N_("Decided. Both partners are told."))
