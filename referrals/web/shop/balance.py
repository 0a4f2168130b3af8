"""The store balance: what it holds and what waits for it, top-ups, money taken back, every entry (`SPEC §9, §10`)."""

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.ledger.operations import STORE, Owner
from referrals.ledger.queries import AccountStatement
from referrals.settlement.balance import outlook, pay_back, top_up
from referrals.shops.models import Shop
from referrals.values import parse_id
from referrals.web import hx, shop_words
from referrals.web.amounts import written_amount
from referrals.web.forms.shop_money import TopUpForm
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import listing
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_balance", __name__)

MOVES_THE_BALANCE = ("top_up", "pay_back", "settlement", "by_hand", "clawback", "adjustment")
ENTRIES = ListPage(
    name="shop-entries",
    path="/balance",
    title=N_("Balance and top-ups"),
    columns=(
        Column("kind", N_("What"), lambda row: gettext(shop_words.ENTRIES[row.kind])),
        Column("by", N_("By"), lambda row: row.name or "", sortable=False),
        Column("at", N_("When"), lambda row: row.at, style="num"),
        Column("amount", N_("Amount"), lambda row: row.amount_minor, style="num"),
    ),
    rows="shop/_entry_rows.html",
    page="shop/balance.html",
    filters=(
        Filter(
            "kind",
            N_("What"),
            N_("Everything"),
            lambda: [(kind, gettext(shop_words.ENTRIES[kind])) for kind in MOVES_THE_BALANCE],
        ),
    ),
    empty="shop/_entries_empty.html",
)


@blueprint.get("/shops/<slug>/balance")
@blueprint.get("/shops/<slug>/balance.<any(csv, xlsx):kind>")
@of_shop()
def index(shop: Shop, kind: str | None = None) -> Response:
    """What the balance holds, and every entry that moved it; `top_up` in the address fills in an amount."""
    form = TopUpForm(formdata=None, currency=shop.currency)
    form.amount.data = written_amount(parse_id(request.args.get("top_up", "")), shop.currency)
    return balance_page(shop, form, TopUpForm(formdata=None, currency=shop.currency), kind=kind)


def balance_page(
    shop: Shop, form: TopUpForm, back_form: TopUpForm, status: int = 200, kind: str | None = None
) -> Response:
    owner = Owner("shop", shop.id, shop.currency)
    listed = AccountStatement(owner, STORE, ENTRIES.wish())
    context: dict[str, Any] = {"form": form, "back_form": renamed(back_form), "outlook": outlook(shop, at=now())}
    return listing(ENTRIES, listed, kind, shop, status, **context)


def renamed(form: TopUpForm) -> TopUpForm:
    # Two forms with the same fields stand on the page, and ids are unique.
    for field in form:
        field.id = f"back_{field.id}"
        field.label.field_id = field.id
    return form


@blueprint.post("/shops/<slug>/top-ups")
@of_shop("finance")
def add(shop: Shop) -> AnyResponse:
    """Put money into the balance."""
    form = TopUpForm(currency=shop.currency)
    if form.validate():
        try:
            top_up(shop, form.amount.value, note=form.note.data, by=actor(), at=now())
            session.commit()
            return hx.go_to(shop_url("shop_balance.index", shop), N_("The balance is topped up."))
        except RuleBroken as broken:
            session.rollback()
            form.put(broken, "amount")
    return balance_page(shop, form, TopUpForm(formdata=None, currency=shop.currency), 422)


@blueprint.post("/shops/<slug>/pay-backs")
@of_shop("finance")
def take_back(shop: Shop) -> AnyResponse:
    """Take money out of the balance."""
    form = TopUpForm(currency=shop.currency)
    if form.validate():
        try:
            pay_back(shop, form.amount.value, note=form.note.data, by=actor(), at=now())
            session.commit()
            return hx.go_to(shop_url("shop_balance.index", shop), N_("The money is taken out of the balance."))
        except RuleBroken as broken:
            session.rollback()
            form.put(broken, "amount")
    return balance_page(shop, TopUpForm(formdata=None, currency=shop.currency), form, 422)
