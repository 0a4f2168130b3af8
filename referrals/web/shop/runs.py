"""Settlement runs: started by hand, followed while they last, kept (`SPEC §9`)."""

from datetime import datetime

from flask import Blueprint, Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.people.queries import names_of_people
from referrals.settlement.balance import outlook
from referrals.settlement.models import SettlementRun
from referrals.settlement.run_list import RunList
from referrals.settlement.runs import get_run
from referrals.settling import after, settle_shop
from referrals.shops.models import Shop
from referrals.web import hx, shop_words
from referrals.web.forms.shop_money import RunForm
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import labels, listing, number_in, surroundings
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_runs", __name__)

# How long a browser waits for a run; the next run, or the next click, does the rest.
PATIENCE_SECONDS = 15

RUNS = ListPage(
    name="shop-runs",
    path="/runs",
    title=N_("Runs"),
    columns=(
        Column("started", N_("Started"), lambda row: row.started_at),
        Column("by", N_("Why"), lambda row: gettext(shop_words.STARTED_BY[row.started_by]), sortable=False),
        Column("status", N_("State"), lambda row: gettext(shop_words.RUN[row.status]), sortable=False),
        Column("settled", N_("Settled"), lambda row: row.settled, style="num"),
        Column("left", N_("Still waiting"), lambda row: row.left, sortable=False, style="num"),
        Column("amount", N_("Amount"), lambda row: row.settled_minor, style="num"),
    ),
    rows="shop/_run_rows.html",
    page="shop/runs.html",
    filters=(Filter("status", N_("State"), N_("Any state"), lambda: labels(shop_words.RUN)),),
    empty="shop/_runs_empty.html",
)


@blueprint.get("/shops/<slug>/runs")
@blueprint.get("/shops/<slug>/runs.<any(csv, xlsx):kind>")
@of_shop()
def index(shop: Shop, kind: str | None = None) -> Response:
    """All runs, the newest first."""
    return runs_page(shop, RunForm(), kind=kind)


def runs_page(shop: Shop, form: RunForm, status: int = 200, kind: str | None = None) -> Response:
    listed = RunList(actor(), shop, RUNS.wish())
    return listing(RUNS, listed, kind, shop, status, form=form, outlook=outlook(shop, at=now()))


@blueprint.post("/shops/<slug>/runs")
@of_shop("finance")
def start(shop: Shop) -> AnyResponse:
    """Settle what is due, as far as the balance reaches and a browser waits."""
    form = RunForm()
    if not form.validate():
        return runs_page(shop, form, 422)
    try:
        run = settle_for_a_while(shop, form.as_of.value)
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "as_of")
        return runs_page(shop, form, 422)
    return hx.go_to(shop_url("shop_runs.detail", shop, run_id=run.id))


def settle_for_a_while(shop: Shop, as_of: datetime | None) -> SettlementRun:
    return settle_shop(shop.id, as_of=as_of, started_by="hand", by=actor(), stop=after(PATIENCE_SECONDS))


@blueprint.post("/shops/<slug>/runs/<run_id>/continuation")
@of_shop("finance")
def go_on(shop: Shop, run_id: str) -> AnyResponse:
    """Another run over what one left behind, as of the same moment where that was a past one."""
    left = get_run(actor(), shop, number_in(run_id))
    try:
        run = settle_for_a_while(shop, left.as_of if left.as_of < left.started_at else None)
    except RuleBroken as broken:
        session.rollback()
        form = RunForm(formdata=None)
        form.put(broken)
        return runs_page(shop, form, 422)
    return hx.go_to(shop_url("shop_runs.detail", shop, run_id=run.id))


@blueprint.get("/shops/<slug>/runs/<run_id>")
@of_shop()
def detail(shop: Shop, run_id: str) -> Response:
    """One run, and how far it has come."""
    run = get_run(actor(), shop, number_in(run_id))
    names = names_of_people([run.by_person_id]) if run.by_person_id else {}
    return hx.render("shop/run.html", "shop/_run.html", **surroundings(shop), run=run, names=names)
