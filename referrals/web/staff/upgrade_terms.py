"""The terms and conditions of upgrades: every version, and a new one made of the last (`SPEC §3`)."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.invitations.terms import add_version, number_in_force, texts_of, versions
from referrals.values import parse_id
from referrals.web import hx, words
from referrals.web.forms import fitting
from referrals.web.language import LANGUAGES
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("upgrade_terms", __name__)
LONGEST_TERMS = 50_000


@blueprint.get("/upgrade-terms")
@may("work_leads")
def index() -> Response:
    """All versions, and what the one in force says."""
    number = number_in_force()
    return terms_page(number)


@blueprint.get("/upgrade-terms/<number>")
@may("work_leads")
def show(number: str) -> Response:
    """What one version says, in every language."""
    return terms_page(parse_id(number) or 0)


def terms_page(number: int) -> Response:
    texts = {code: text for code, text in texts_of(number).items() if code in LANGUAGES}
    context: dict[str, Any] = {"number": number, "texts": texts, "languages": LANGUAGES, "in_force": number_in_force()}
    return hx.render("setup/upgrade_terms.html", "setup/upgrade_terms.html", versions=versions(), **context)


@blueprint.get("/upgrade-terms/new")
@may("configure")
def new() -> Response:
    """The last version, to be written over."""
    number = number_in_force()
    return form_page(texts_of(number), number)


@blueprint.post("/upgrade-terms/new")
@may("configure")
def create() -> AnyResponse:
    """Put a new version into force."""
    typed, texts, wrong = typed_texts()
    after = parse_id(request.form.get("after", "")) or 0
    try:
        if not wrong:
            add_version(texts, after=after, by=actor(), at=now())
            session.commit()
            return hx.go_to(url_for("upgrade_terms.index"), N_("The new version is in force."))
    except RuleBroken as broken:
        session.rollback()
        wrong[broken.field] = words.say(broken)
    return form_page(typed, number_in_force(), wrong, 422)


def typed_texts() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """What was typed, what it means, and what is wrong with it, by language."""
    typed = {code: request.form.get(code, "") for code in LANGUAGES}
    texts, wrong = {}, {}
    for code, text in typed.items():
        try:
            texts[code] = fitting(text, LONGEST_TERMS, lines=True)
        except RuleBroken as broken:
            wrong[code] = words.say(broken)
    return typed, texts, wrong


def form_page(texts: dict[str, str], after: int, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    if not after:
        raise NotFound
    context: dict[str, Any] = {"texts": texts, "after": after, "wrong": wrong or {}, "longest": LONGEST_TERMS}
    template = "setup/upgrade_terms_new.html"
    return hx.render(template, template, status, languages=LANGUAGES, **context)
