"""What administrators set up: products, reasons, assignment rules, the programme's settings."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask_babel import force_locale
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.assignment import add_rule, assignment_rules, get_rep, remove_rule
from referrals.leads.catalogue import (
    change_programme,
    get_product,
    get_reason,
    products,
    programme,
    reasons,
    save_product,
    save_reason,
    save_texts,
)
from referrals.leads.models import Product, Reason
from referrals.leads.rules import Standing
from referrals.values import parse_id
from referrals.web import hx, words
from referrals.web.forms import fitting
from referrals.web.forms.definitions import ROWS, typed_definitions, written_options
from referrals.web.forms.programme import ProgrammeForm
from referrals.web.forms.staff import ProductForm, ReasonForm, RuleForm
from referrals.web.language import LANGUAGES
from referrals.web.visitor import actor, may
from referrals.wording import N_

LONGEST_TEXT = 1000

blueprint = Blueprint("setup", __name__)


@blueprint.get("/products")
@may("configure")
def product_list() -> Response:
    """All products."""
    return hx.render("setup/products.html", "setup/products.html", products=products(active_only=False))


@blueprint.get("/products/new")
@may("configure")
def new_product() -> Response:
    """The form of a new product."""
    return product_page(None, ProductForm().offer(), [], {})


@blueprint.get("/products/<code>")
@may("configure")
def show_product(code: str) -> Response:
    """The form of a product."""
    product = get_product(code)
    return product_page(product, ProductForm(obj=product).offer(), product.fields, {})


def product_page(
    product: Product | None, form: ProductForm, definitions: list[Any], wrong: dict[str, str], status: int = 200
) -> Response:
    rows = [{**one, "written": written_options(one)} for one in definitions]
    rows += [{}] * max(1, min(3, ROWS - len(rows)))
    context: dict[str, Any] = {"product": product, "form": form, "rows": rows[:ROWS], "kinds": words.FIELD_KINDS}
    return hx.render("setup/product.html", "setup/product.html", status, languages=LANGUAGES, wrong=wrong, **context)


@blueprint.post("/products/new")
@may("configure")
def create_product() -> AnyResponse:
    """Make a product."""
    return store_product(None)


@blueprint.post("/products/<code>")
@may("configure")
def change_product(code: str) -> AnyResponse:
    """Change a product."""
    return store_product(get_product(code))


def store_product(product: Product | None) -> AnyResponse:
    form, (definitions, wrong) = ProductForm().offer(), typed_definitions()
    if not form.validate() or wrong:
        return product_page(product, form, definitions, wrong, 422)
    code = product.code if product else form.code.data
    try:
        save_product(
            product,
            code,
            name=form.name.data,
            flow=form.flow.data,
            active=form.active.data,
            fields=definitions,
            by=actor(),
            at=now(),
        )
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return product_page(get_product(code) if product else None, form, definitions, wrong, 422)
    return hx.go_to(url_for("setup.product_list"), N_("Saved."))


@blueprint.get("/products/<code>/texts/<language>")
@may("configure")
def texts(code: str, language: str) -> Response:
    """What the statuses of a product mean, in one language; ours stand beneath the operator's own."""
    product = get_product(code)
    if language not in LANGUAGES:
        abort(404)
    return texts_page(product, language, product.texts.get(language, {}), {})


def texts_page(
    product: Product, language: str, own: dict[str, str], wrong: dict[str, str], status_code: int = 200
) -> Response:
    rows = []
    with force_locale(language):
        for status in words.STATUS:
            for supported in (True, False):
                standing = Standing(product.flow, supported, status, "none")
                key = words.text_key(status, supported)
                rows.append((key, status, supported, own.get(key, ""), " ".join(words.default_meaning(standing))))
    context: dict[str, Any] = {"product": product, "rows": rows, "texts_language": language, "languages": LANGUAGES}
    return hx.render("setup/texts.html", "setup/texts.html", status_code, wrong=wrong, **context)


@blueprint.post("/products/<code>/texts/<language>")
@may("configure")
def store_texts(code: str, language: str) -> AnyResponse:
    """Store the operator's own words in one language."""
    product = get_product(code)
    if language not in LANGUAGES:
        abort(404)
    keys = [words.text_key(status, supported) for status in words.STATUS for supported in (True, False)]
    written, wrong = {key: request.form.get(key, "") for key in keys}, {}
    for key in keys:
        try:
            written[key] = fitting(written[key], LONGEST_TEXT, lines=True)
        except RuleBroken as broken:
            wrong[key] = words.say(broken)
    if wrong:
        return texts_page(product, language, written, wrong, 422)
    save_texts(product, language, written, by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("setup.show_product", code=code), N_("Saved."))


@blueprint.get("/reasons")
@may("configure")
def reason_list() -> Response:
    """All reasons of refusal."""
    return hx.render("setup/reasons.html", "setup/reasons.html", reasons=reasons(active_only=False))


@blueprint.get("/reasons/new")
@may("configure")
def new_reason() -> Response:
    """The form of a new reason."""
    return reason_page(None, ReasonForm())


@blueprint.get("/reasons/<code>")
@may("configure")
def show_reason(code: str) -> Response:
    """The form of a reason."""
    reason = get_reason(code)
    return reason_page(reason, ReasonForm(obj=reason))


def reason_page(reason: Reason | None, form: ReasonForm, status: int = 200) -> Response:
    return hx.render("setup/reason.html", "setup/reason.html", status, reason=reason, form=form)


@blueprint.post("/reasons/new")
@may("configure")
def create_reason() -> AnyResponse:
    """Make a reason."""
    return store_reason(None)


@blueprint.post("/reasons/<code>")
@may("configure")
def change_reason(code: str) -> AnyResponse:
    """Change a reason."""
    return store_reason(get_reason(code))


def store_reason(reason: Reason | None) -> AnyResponse:
    form = ReasonForm()
    if not form.validate():
        return reason_page(reason, form, 422)
    code = reason.code if reason else form.code.data
    try:
        save_reason(
            reason,
            code,
            label=form.label.data,
            sentence=form.sentence.data,
            active=form.active.data,
            by=actor(),
            at=now(),
        )
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return reason_page(get_reason(code) if reason else None, form, 422)
    return hx.go_to(url_for("setup.reason_list"), N_("Saved."))


@blueprint.get("/assignment")
@may("configure")
def rules() -> Response:
    """Which leads go to whom."""
    return rules_page(RuleForm().offer())


def rules_page(form: RuleForm, status: int = 200) -> Response:
    return hx.render("setup/assignment.html", "setup/assignment.html", status, form=form, rules=assignment_rules())


@blueprint.post("/assignment")
@may("configure")
def create_rule() -> AnyResponse:
    """Add a rule."""
    form = RuleForm().offer()
    if not form.validate():
        return rules_page(form, 422)
    rep = get_rep(parse_id(form.rep.data) or 0)
    add_rule(parse_id(form.product.data), form.country.data or None, rep, by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("setup.rules"), N_("Saved."))


@blueprint.post("/assignment/<rule_id>/removal")
@may("configure")
def drop_rule(rule_id: str) -> AnyResponse:
    """End a rule."""
    remove_rule(parse_id(rule_id) or 0, by=actor(), at=now())
    session.commit()
    return hx.go_to(url_for("setup.rules"), N_("Saved."))


@blueprint.get("/programme")
@may("configure")
def settings() -> Response:
    """The programme's settings."""
    form = ProgrammeForm.about(programme())
    return hx.render("setup/programme.html", "setup/programme.html", form=form)


@blueprint.post("/programme")
@may("configure")
def store_settings() -> AnyResponse:
    """Store the programme's settings."""
    present = programme()
    form = ProgrammeForm.about(present)
    try:
        if form.validate():
            change_programme(replace(present, **form.wanted()), by=actor(), at=now())
            session.commit()
            return hx.go_to(url_for("setup.settings"), N_("Saved."))
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "minimum_payout")
    return hx.render("setup/programme.html", "setup/programme.html", 422, form=form)
