"""What a shop gives its salespeople: material to promote with, questions and answers (`SPEC §5`)."""

from flask import Blueprint, Response
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.links.sharing import find_page
from referrals.shops.material import (
    drop_material,
    drop_question,
    get_material,
    get_question,
    material_of,
    put_material,
    put_question,
    questions_of,
)
from referrals.shops.models import Material, Question, Shop
from referrals.web import hx
from referrals.web.forms.shop import MaterialForm, QuestionForm
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_material", __name__)


@blueprint.get("/shops/<slug>/material")
@of_shop()
def index(shop: Shop) -> Response:
    """All material, in its order."""
    return show("shop/material.html", shop, material=material_of(shop.id), form=MaterialForm())


@blueprint.post("/shops/<slug>/material")
@of_shop("manage")
def add(shop: Shop) -> AnyResponse:
    """Add material."""
    return store_material(shop, None)


@blueprint.get("/shops/<slug>/material/<material_id>")
@of_shop("manage")
def edit(shop: Shop, material_id: str) -> Response:
    """One piece of material."""
    known = get_material(shop.id, number_in(material_id))
    return show("shop/material_one.html", shop, known=known, form=MaterialForm(formdata=None, obj=known))


@blueprint.post("/shops/<slug>/material/<material_id>")
@of_shop("manage")
def save(shop: Shop, material_id: str) -> AnyResponse:
    """Change material."""
    return store_material(shop, get_material(shop.id, number_in(material_id)))


def store_material(shop: Shop, known: Material | None) -> AnyResponse:
    form = MaterialForm()
    if form.validate():
        try:
            if form.target.data:
                find_page(shop.id, form.target.data)
            put_material(
                shop,
                known,
                title=form.title.data,
                text=form.text.data,
                picture_url=form.picture_url.data,
                target=form.target.data,
                by=actor(),
                at=now(),
            )
            session.commit()
            return hx.go_to(shop_url("shop_material.index", shop), N_("Saved."))
        except RuleBroken as broken:
            session.rollback()
            form.put(broken, "target")
    if known is None:
        return show("shop/material.html", shop, 422, material=material_of(shop.id), form=form)
    return show("shop/material_one.html", shop, 422, known=known, form=form)


@blueprint.post("/shops/<slug>/material/<material_id>/removal")
@of_shop("manage")
def remove(shop: Shop, material_id: str) -> AnyResponse:
    """Take material away."""
    drop_material(get_material(shop.id, number_in(material_id)), by=actor())
    session.commit()
    return hx.go_to(shop_url("shop_material.index", shop), N_("Removed."))


@blueprint.get("/shops/<slug>/questions")
@of_shop()
def questions(shop: Shop) -> Response:
    """All questions with their answers, in their order."""
    return show("shop/questions.html", shop, questions=questions_of(shop.id), form=QuestionForm())


@blueprint.post("/shops/<slug>/questions")
@of_shop("manage")
def ask(shop: Shop) -> AnyResponse:
    """Add a question."""
    return store_question(shop, None)


@blueprint.get("/shops/<slug>/questions/<question_id>")
@of_shop("manage")
def edit_question(shop: Shop, question_id: str) -> Response:
    """One question."""
    known = get_question(shop.id, number_in(question_id))
    return show("shop/question.html", shop, known=known, form=QuestionForm(formdata=None, obj=known))


@blueprint.post("/shops/<slug>/questions/<question_id>")
@of_shop("manage")
def save_question(shop: Shop, question_id: str) -> AnyResponse:
    """Change a question."""
    return store_question(shop, get_question(shop.id, number_in(question_id)))


def store_question(shop: Shop, known: Question | None) -> AnyResponse:
    form = QuestionForm()
    if form.validate():
        try:
            put_question(shop, known, question=form.question.data, answer=form.answer.data, by=actor())
            session.commit()
            return hx.go_to(shop_url("shop_material.questions", shop), N_("Saved."))
        except RuleBroken as broken:
            session.rollback()
            form.put(broken, "question")
    if known is None:
        return show("shop/questions.html", shop, 422, questions=questions_of(shop.id), form=form)
    return show("shop/question.html", shop, 422, known=known, form=form)


@blueprint.post("/shops/<slug>/questions/<question_id>/removal")
@of_shop("manage")
def remove_question(shop: Shop, question_id: str) -> AnyResponse:
    """Take a question away."""
    drop_question(get_question(shop.id, number_in(question_id)), by=actor())
    session.commit()
    return hx.go_to(shop_url("shop_material.questions", shop), N_("Removed."))
