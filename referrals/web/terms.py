"""What partners earn: the terms in force, coming and earlier; administrators add new ones (`SPEC §4`)."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.earnings.models import EarningTerms
from referrals.earnings.promising import add_terms, draft_terms
from referrals.earnings.terms import Told, terms_in_force, told_versions
from referrals.errors import NotAllowed, RuleBroken
from referrals.leads.catalogue import programme
from referrals.partners.lifecycle import CATEGORIES
from referrals.web import earning_words, hx
from referrals.web.forms.terms import TermsForm
from referrals.web.visitor import actor, may, member
from referrals.wording import N_

blueprint = Blueprint("terms", __name__)


@blueprint.get("/terms")
@member
def index() -> Response:
    """All terms, category by category."""
    if not (actor().is_staff or actor().partner_id):
        raise NotAllowed
    at = now()
    categories = [(category, at_times(told_versions(category), at)) for category in CATEGORIES]
    return hx.render("terms/list.html", "terms/list.html", categories=categories, earning_words=earning_words)


def at_times(versions: list[Told], at: datetime) -> dict[str, list[Told]]:
    """Versions by when they hold, the latest first."""
    found: dict[str, list[Told]] = {"coming": [], "present": [], "earlier": []}
    for told in reversed(versions):
        started, ended = told.terms.starts_at <= at, told.until is not None and told.until <= at
        found["coming" if not started else "earlier" if ended else "present"].append(told)
    return found


@blueprint.get("/terms/new")
@may("configure")
def new() -> Response:
    """New terms of a category; the form begins with those in force."""
    category = request.args.get("category", "")
    category = category if category in CATEGORIES else CATEGORIES[0]
    form = TermsForm(formdata=None, currency=programme().currency).offer()
    present = terms_in_force(category, now())
    return terms_page(form.show(present) if present else form)


def terms_page(form: TermsForm, status: int = 200, **tried: Any) -> Response:
    return hx.render("terms/new.html", "terms/new.html", status, form=form, earning_words=earning_words, **tried)


@blueprint.post("/terms")
@may("configure")
def create() -> AnyResponse:
    """First show what would change (`step=try`), then keep it (`step=save`)."""
    form = TermsForm(currency=programme().currency).offer()
    if not form.validate():
        return terms_page(form, 422)
    try:
        if request.form.get("step") != "save":
            return terms_page(form, **preview(draft_terms(form.wanted(), at=now())))
        add_terms(form.wanted(), by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "kind")
        return terms_page(form, 422)
    return hx.go_to(url_for("terms.index"), N_("Saved."))


def preview(draft: EarningTerms) -> dict[str, Any]:
    """The new terms beside those that hold until they start."""
    before = terms_in_force(draft.category, draft.starts_at)
    rows = [
        (label, in_words(before) if before else [], in_words(draft))
        for label in [gettext(earning_words.CATEGORY[draft.category])]
    ]
    return {"draft": draft, "before": before, "rows": rows}


def in_words(terms: EarningTerms) -> list[str]:
    return [earning_words.promise(terms), *earning_words.conditions(terms)]
