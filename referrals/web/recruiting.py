"""The recruitment page of a shop: who wants to promote it proves a phone number, and is in (`SPEC §5`)."""

from typing import Any

from flask import Blueprint, Response, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.links.sharing import welcome
from referrals.people.models import Person
from referrals.people.queries import get_person
from referrals.people.rules import SYSTEM, Actor
from referrals.people.shop_members import find_membership
from referrals.people.sign_in import choose_membership
from referrals.shops.models import Shop
from referrals.shops.queries import get_shop, settings_of
from referrals.shops.salespeople import apply, find_by_person
from referrals.web import hx, limits
from referrals.web.forms.sell import NicknameForm
from referrals.web.phone_codes import Step, first_step, next_step
from referrals.web.sign_in import admit
from referrals.web.visitor import visitor_or_none

blueprint = Blueprint("recruiting", __name__)


@blueprint.get("/recruit/<slug>")
def show(slug: str) -> Response:
    """What the shop offers its salespeople, and the way in."""
    return page(get_shop(SYSTEM, slug), first_step())


@blueprint.post("/recruit/<slug>")
@limits.codes_sent_by_address
@limits.codes_sent
@limits.codes_by_address
@limits.phone_codes
def join(slug: str) -> AnyResponse:
    """Send a code, then apply with it; whoever is signed in and has a phone applies at once."""
    shop = get_shop(SYSTEM, slug)
    try:
        person = known_person()
        if person is not None:
            return take_in(shop, person)
        answer = next_step(url_for("recruiting.show", slug=slug), lambda proven: take_in(shop, proven))
    except RuleBroken as broken:
        session.rollback()
        return page(shop, first_step(), 422, broken)
    return page(shop, answer, answer.status) if isinstance(answer, Step) else answer


def take_in(shop: Shop, person: Person) -> Any:
    """Apply, and land at home in this shop."""
    at = now()
    by = Actor(role="nobody", person_id=person.id)
    form = NicknameForm()
    nickname = form.nickname.data if form.validate() else ""
    fresh = find_by_person(shop.id, person.id) is None
    salesperson = apply(shop, person, nickname=nickname or "", by=by, at=at)
    if fresh:
        welcome(salesperson, at=at)
    session.commit()
    here = visitor_or_none()
    answer = admit(person, url_for("sell_home.index")) if here is None else hx.go_to(url_for("sell_home.index"))
    act_here(shop, person)
    return answer


def act_here(shop: Shop, person: Person) -> None:
    """From now on this browser acts as a salesperson of this shop."""
    here, membership = visitor_or_none(), find_membership(person.id, shop.id, "salesperson")
    if here is not None and membership is not None:
        choose_membership(here.sign_in.id, membership)
        session.commit()


def known_person() -> Person | None:
    """Whoever is signed in and has proved to hold a phone."""
    here = visitor_or_none()
    return get_person(here.person.id) if here is not None and here.person.phone else None


def page(shop: Shop, step: Step, status: int = 200, broken: RuleBroken | None = None) -> Response:
    person = known_person()
    mine = find_by_person(shop.id, person.id) if person is not None else None
    template = "recruiting/show.html"
    return hx.render(
        template,
        template,
        status,
        shop=shop,
        settings=settings_of(shop.id).at(now()),
        step=step,
        person=person,
        mine=mine,
        nickname=NicknameForm(formdata=None),
        broken=broken,
    )
