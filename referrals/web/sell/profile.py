"""How a salesperson is shown and reached; questions and answers; the way into the shop with the badge (`SPEC §5`)."""

from flask import Blueprint, Response, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.links.sharing import find_page
from referrals.people.queries import active_memberships
from referrals.people.shop_members import set_nickname
from referrals.shops.badges import end_badges
from referrals.shops.material import questions_of
from referrals.shops.salespeople import set_email
from referrals.web import drafts, hx
from referrals.web.badge import token_of
from referrals.web.forms.sell import SellerForm
from referrals.web.sell.ground import seller, show
from referrals.web.visitor import may, visitor
from referrals.wording import N_

blueprint = Blueprint("sell_profile", __name__)


@blueprint.get("/sell/profile")
@may("sell")
def index() -> Response:
    """Nickname, e-mail, language, and where they are signed in."""
    here, person = seller(), visitor().person
    typed = drafts.typed_before(url_for("sell_profile.save"))
    form = SellerForm(formdata=typed, obj=person).offer()
    if typed is None:
        form.email.data = here.salesperson.email
    return profile_page(form)


def profile_page(form: SellerForm, status: int = 200) -> Response:
    return show("sell/profile.html", status, form=form, shops=len(active_memberships(visitor().person.id)))


@blueprint.post("/sell/profile")
@may("sell")
def save() -> AnyResponse:
    """Store what they set."""
    form, person = SellerForm().offer(), visitor().person
    if not form.validate():
        return profile_page(form, 422)
    try:
        set_nickname(person, form.nickname.data)
        set_email(seller().salesperson, form.email.data or "")
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return profile_page(form, 422)
    person.language, person.time_zone = form.language.data or None, form.time_zone.data or None
    person.appearance = form.appearance.data or None
    drafts.spent()
    session.commit()
    return hx.go_to(url_for("sell_profile.index"), N_("Saved."))


@blueprint.get("/sell/questions")
@may("sell")
def questions() -> Response:
    """What salespeople ask, and what the shop answers."""
    return show("sell/questions.html", questions=questions_of(seller().shop.id))


@blueprint.get("/sell/visit")
@may("sell")
def visit() -> AnyResponse:
    """Into the shop, whose storage then knows the salesperson, so that every page of it shows them the badge."""
    page = find_page(seller().shop.id, "shop")
    return redirect(f"{page.url}#seller={token_of(seller().salesperson)}", 302)


@blueprint.post("/sell/badge/revocation")
@may("sell")
def revoke_badge() -> AnyResponse:
    """Hide the badge in all browsers where it is shown."""
    end_badges(seller().salesperson)
    session.commit()
    return hx.go_to(url_for("sell_profile.index"), N_("The badge is hidden everywhere."))
