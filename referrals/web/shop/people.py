"""The salespeople of a shop: added, accepted, suspended, and how each of them does (`SPEC §5`)."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.links.sharing import welcome
from referrals.orders.performance import SalespersonList, figures_of, group_of
from referrals.people.queries import names_of_people
from referrals.people.rules import masked_phone
from referrals.shops.catalogue import get_group
from referrals.shops.lifecycle import SALESPERSON
from referrals.shops.models import Salesperson, Shop
from referrals.shops.queries import get_salesperson, groups_of, history_of, rate_book
from referrals.shops.rates import set_rate
from referrals.shops.salespeople import add_salesperson, change_status, put_in_group, set_coupon
from referrals.web import hx, shop_words
from referrals.web.forms import Form
from referrals.web.forms.shop import CouponForm, MembershipForm, NewSalespersonForm, RateForm, ReasonForm
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import labels, listing, number_in, show
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_people", __name__)

PEOPLE = ListPage(
    name="shop-salespeople",
    path="/salespeople",
    title=N_("Salespeople"),
    columns=(
        Column("name", N_("Salesperson"), lambda row: row.nickname or masked_phone(row.phone or "")),
        Column("status", N_("State"), lambda row: gettext(shop_words.SALESPERSON[row.status])),
        Column("group", N_("Group"), lambda row: row.group_name or "", sortable=False),
        Column("coupon", N_("Coupon code"), lambda row: row.coupon_code or ""),
        Column("orders", N_("Orders"), lambda row: row.orders, style="num"),
        Column("sales", N_("Promoted sales"), lambda row: row.sales_minor, style="num"),
        Column("balance", N_("Balance"), lambda row: row.balance_minor, style="num"),
        Column("joined", N_("Joined"), lambda row: row.joined_at, style="num"),
    ),
    rows="shop/_people_rows.html",
    page="shop/people.html",
    filters=(Filter("status", N_("State"), N_("Any state"), lambda: labels(shop_words.SALESPERSON)),),
    searched=N_("Nickname, phone or coupon code"),
    empty="shop/_people_empty.html",
)
STEPS = {"acceptance": "active", "return": "active", "suspension": "suspended", "departure": "left"}


@blueprint.get("/shops/<slug>/salespeople")
@blueprint.get("/shops/<slug>/salespeople.<any(csv, xlsx):kind>")
@of_shop()
def index(shop: Shop, kind: str | None = None) -> Response:
    """Everybody who promotes the shop, or wants to."""
    return people_page(shop, NewSalespersonForm(), kind=kind)


def people_page(shop: Shop, form: NewSalespersonForm, status: int = 200, kind: str | None = None) -> Response:
    listed = SalespersonList(actor(), shop, PEOPLE.wish())
    return listing(PEOPLE, listed, kind, shop, status, form=form)


@blueprint.post("/shops/<slug>/salespeople")
@of_shop("manage")
def add(shop: Shop) -> AnyResponse:
    """Let somebody promote the shop at once."""
    form = NewSalespersonForm()
    if not form.validate():
        return people_page(shop, form, 422)
    try:
        salesperson = add_salesperson(
            shop,
            form.phone.data,
            nickname=form.nickname.data,
            email=form.email.data,
            coupon_code=form.coupon_code.data,
            by=actor(),
            at=now(),
        )
        welcome(salesperson, at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return people_page(shop, form, 422)
    return hx.go_to(
        shop_url("shop_people.detail", shop, salesperson_id=salesperson.id), N_("They can log in with their phone now.")
    )


@blueprint.get("/shops/<slug>/salespeople/<salesperson_id>")
@of_shop()
def detail(shop: Shop, salesperson_id: str) -> Response:
    """One salesperson: figures, state, group, rate, coupon, history."""
    return person_page(shop, get_salesperson(actor(), shop.id, number_in(salesperson_id)))


def person_page(shop: Shop, person: Salesperson, status: int = 200, **forms: Form) -> Response:
    """The page of a salesperson; `forms` are those that were just sent and could not be taken."""
    at, groups, here = now(), groups_of(shop.id), group_of(person)
    book = rate_book(shop.id)
    own_rate = book.override("salesperson", person.id, at)
    rate_form, coupon_form = RateForm(formdata=None), CouponForm(formdata=None, coupon_code=person.coupon_code or "")
    rate_form.rate.write(own_rate.rate_bp if own_rate else None)
    history = history_of(person.id)
    context: dict[str, Any] = {
        "person": person,
        "figures": figures_of(person),
        "history": history,
        "names": names_of_people([change.by_person_id for change in history if change.by_person_id]),
        "group_names": {group.id: group.name for group in groups},
        "moves": SALESPERSON.moves[person.status],
        "rate": book.rate("", person.id, at),
        "state_form": ReasonForm(formdata=None),
        "group_form": MembershipForm(formdata=None, group=str(here or "")).offer(groups),
        "rate_form": rate_form,
        "coupon_form": coupon_form,
    }
    return show("shop/person.html", shop, status, **context | forms)


def act(shop: Shop, salesperson_id: str, name: str, form: Form, verb: Callable[[Salesperson], Any]) -> AnyResponse:
    """Do something to a salesperson: back to their page, or its sentence beside the field and what was typed."""
    person = get_salesperson(actor(), shop.id, number_in(salesperson_id))
    if not form.validate():
        return person_page(shop, person, 422, **{name: form})
    try:
        verb(person)
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return person_page(shop, get_salesperson(actor(), shop.id, person.id), 422, **{name: form})
    return hx.go_to(shop_url("shop_people.detail", shop, salesperson_id=person.id), N_("Saved."))


@blueprint.post("/shops/<slug>/salespeople/<salesperson_id>/<any(acceptance, return, suspension, departure):step>")
@of_shop("manage")
def change_state(shop: Shop, salesperson_id: str, step: str) -> AnyResponse:
    """Accept somebody, suspend them, let them go, take them up again."""
    form = ReasonForm()

    def change(person: Salesperson) -> None:
        change_status(person, STEPS[step], reason=form.reason.data, by=actor(), at=now())
        if STEPS[step] == "active":
            welcome(person, at=now())

    return act(shop, salesperson_id, "state_form", form, change)


@blueprint.post("/shops/<slug>/salespeople/<salesperson_id>/coupon")
@of_shop("manage")
def coupon(shop: Shop, salesperson_id: str) -> AnyResponse:
    """Set or take away the coupon code."""
    form = CouponForm()
    return act(shop, salesperson_id, "coupon_form", form, lambda person: set_coupon(person, form.coupon_code.data))


@blueprint.post("/shops/<slug>/salespeople/<salesperson_id>/rate")
@of_shop("manage")
def rate(shop: Shop, salesperson_id: str) -> AnyResponse:
    """Give a rate of their own, or end it."""
    form = RateForm()

    def give(person: Salesperson) -> None:
        set_rate(
            shop,
            "salesperson",
            person.id,
            form.rate.value,
            effective_at=form.effective_at.value,
            by=actor(),
            at=now(),
        )

    return act(shop, salesperson_id, "rate_form", form, give)


@blueprint.post("/shops/<slug>/salespeople/<salesperson_id>/group")
@of_shop("manage")
def group(shop: Shop, salesperson_id: str) -> AnyResponse:
    """Put them into a group, or into none."""
    form = MembershipForm().offer(groups_of(shop.id))

    def place(person: Salesperson) -> None:
        chosen = get_group(shop.id, number_in(form.group.data)) if form.group.data else None
        put_in_group(person, chosen, by=actor(), at=now())

    return act(shop, salesperson_id, "group_form", form, place)
