"""Stores: the registry for staff, for partners the stores that they build and hand over (`SPEC §3`, §4)."""

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.earnings.transfers import transfer_store
from referrals.errors import NotAllowed, RuleBroken
from referrals.leads.catalogue import programme
from referrals.partners.queries import all_partners, get_partner
from referrals.partners.store_list import StoreList
from referrals.people.rules import Actor
from referrals.stores.models import Store
from referrals.stores.operations import (
    add_store,
    change_draft,
    change_store,
    close_store,
    hold_stores,
    register_store,
    reopen_store,
    set_builder,
)
from referrals.stores.queries import get_store, plans_seen_by, sees_owner
from referrals.values import parse_id
from referrals.web import hx, lists, store_words, words
from referrals.web.forms.store import BuilderForm, NewStoreForm, StoreForm
from referrals.web.language import LANGUAGES
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, may, member
from referrals.wording import N_

blueprint = Blueprint("stores", __name__)

STORE = (
    Column("domain", N_("Domain"), lambda row: row.domain),
    Column("name", N_("Store name"), lambda row: row.name, shown=False),
)
OWNER = (
    Column("owner_name", N_("Owner name"), lambda row: row.owner_name, sortable=False),
    Column("owner_email", N_("Owner e-mail"), lambda row: row.owner_email, shown=False),
    Column("owner_language", N_("Owner language"), lambda row: row.owner_language, shown=False),
)
PARTNER = Column("partner", N_("Partner"), lambda row: row.partner)
FACTS = (
    Column("plan", N_("Plan"), lambda row: row.plan),
    Column("status", N_("Status"), lambda row: gettext(store_words.STATUS[row.status])),
    Column("stage", N_("Stage"), lambda row: gettext(store_words.STAGE[store_words.stage_of(row)]), shown=False),
    Column("handed_over", N_("Handed over on"), lambda row: row.handed_over_at, shown=False),
    Column("changed", N_("Last change"), lambda row: row.changed_at, style="num"),
)
FILTERS = (
    Filter("plan", N_("Plan"), N_("All plans"), lambda: [(plan, plan) for plan in plans_seen_by(actor())]),
    Filter("stage", N_("Stage"), N_("Any stage"), lambda: list(words.in_words(stages()).items())),
    Filter("status", N_("Status"), N_("Any status"), lambda: list(words.in_words(store_words.STATUS).items())),
)
PARTNERS = Filter(
    "partner", N_("Partner"), N_("All partners"), lambda: [(str(one.id), one.name) for one in all_partners(actor())]
)


def stages() -> dict[str, str]:
    """How far a store can be that the visitor sees."""
    staff = actor().is_staff
    return {stage: label for stage, label in store_words.STAGE.items() if staff or stage != "registry"}


def list_page(viewer: Actor) -> ListPage:
    """The list as this viewer may see it: staff see whose stores they are."""
    staff = viewer.is_staff
    return ListPage(
        name="stores",
        path="/stores",
        title=N_("Store registry") if staff else N_("Stores you build"),
        columns=(*STORE, *OWNER, *((PARTNER,) if staff else ()), *FACTS),
        rows="stores/_rows.html",
        page="stores/list.html",
        filters=(*FILTERS, PARTNERS) if staff else FILTERS,
        searched=N_("Domain, name or owner") if staff else N_("Domain or name"),
        empty="stores/_empty.html",
        more={"store_words": store_words},
    )


def reader() -> Actor:
    """The visitor, if they may see stores; raises NotAllowed."""
    viewer = actor()
    viewer.require("work_leads" if viewer.is_staff else "view_referrals")
    return viewer


def writer() -> Actor:
    """The visitor, if they may change stores: administrators, and members of partners; raises NotAllowed."""
    viewer = reader()
    if viewer.is_staff:
        viewer.require("configure")
    return viewer


@blueprint.get("/stores")
@blueprint.get("/stores.<any(csv, xlsx):kind>")
@member
def index(kind: str | None = None) -> Response:
    """The stores that the visitor may see."""
    viewer = reader()
    page = list_page(viewer)
    return lists.answer(page, StoreList(viewer, page.wish()), kind)


@blueprint.get("/stores/new")
@member
def new() -> Response:
    """The form for a store that is not known yet."""
    writer()
    return new_page(NewStoreForm())


def new_page(form: NewStoreForm, status: int = 200) -> Response:
    return hx.render("stores/new.html", "stores/new.html", status, form=form)


@blueprint.post("/stores/new")
@member
def create() -> AnyResponse:
    """Take the store in: into the registry, or as one that a partner builds."""
    viewer, form = writer(), NewStoreForm()
    if not form.validate():
        return new_page(form, 422)
    try:
        if viewer.is_staff:
            store = add_store(form.domain.data, form.facts(), by=viewer, at=now())
        else:
            store = register_store(viewer.partner_id or 0, form.domain.data, form.facts(), by=viewer, at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return new_page(form, 422)
    return hx.go_to(url_for("stores.show", store_id=store.id), N_("The store is registered."))


@blueprint.get("/stores/<store_id>")
@member
def show(store_id: str) -> Response:
    """One store, and what can be done with it."""
    return store_page(get_store(reader(), parse_id(store_id) or 0))


def store_page(store: Store, form: StoreForm | None = None, broken: RuleBroken | None = None) -> Response:
    viewer = actor()
    builder = BuilderForm(formdata=None, partner=str(store.partner_id or "")).offer() if viewer.is_staff else None
    context = {
        "store": store,
        "store_words": store_words,
        "languages": LANGUAGES,
        "partner": get_partner(viewer, store.partner_id) if store.partner_id else None,
        "with_owner": sees_owner(viewer, store),
        "may_change": viewer.may("configure") or (not viewer.is_staff and store.listed_at is None),
        "may_hand_over": may_hand_over(viewer, store),
        "form": form or StoreForm(formdata=None, obj=store),
        "builder": builder,
        "broken": broken,
    }
    status = 422 if broken or (form and form.has_errors) else 200
    return hx.render("stores/show.html", "stores/show.html", status, **context)


def may_hand_over(viewer: Actor, store: Store) -> bool:
    building = store_words.stage_of(store) == "building" and store.status == "active"
    return building and (viewer.may("configure") or not viewer.is_staff)


@blueprint.post("/stores/<store_id>")
@member
def change(store_id: str) -> AnyResponse:
    """Correct what is known of a store."""
    store, form = held(store_id), StoreForm()
    if not form.validate():
        return store_page(store, form)
    verb = change_store if actor().is_staff else change_draft
    try:
        verb(store, form.facts(), by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        return refused(store_id, broken)
    return hx.go_to(url_for("stores.show", store_id=store_id), N_("Saved."))


@blueprint.post("/stores/<store_id>/<any(closure, reopening):step>")
@member
def move(store_id: str, step: str) -> AnyResponse:
    """Close a store, or take it up again."""
    store = held(store_id)
    verb = close_store if step == "closure" else reopen_store
    try:
        verb(store, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        return refused(store_id, broken)
    return hx.go_to(url_for("stores.show", store_id=store_id), N_("Saved."))


@blueprint.post("/stores/<store_id>/hand-over")
@member
def hand_over_store(store_id: str) -> AnyResponse:
    """Hand the store over to its merchant, which makes the referral."""
    store = held(store_id)
    if store.partner_id is None:
        raise NotAllowed("hand over")
    try:
        transfer_store(store, currency=programme().currency, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        return refused(store_id, broken)
    return hx.go_to(url_for("stores.show", store_id=store_id), N_("The store is handed over: it is a referral now."))


@blueprint.post("/stores/<store_id>/builder")
@may("configure")
def builder(store_id: str) -> AnyResponse:
    """Say which partner builds a store."""
    store, form = held(store_id), BuilderForm().offer()
    if not form.validate():
        return refused(store_id, RuleBroken(sentence=form.partner.errors[0]))
    partner = get_partner(actor(), parse_id(form.partner.data) or 0) if form.partner.data else None
    try:
        set_builder(store, partner.id if partner else None, by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        return refused(store_id, broken)
    return hx.go_to(url_for("stores.show", store_id=store_id), N_("Saved."))


def refused(store_id: str, broken: RuleBroken) -> Response:
    session.rollback()
    return store_page(get_store(actor(), parse_id(store_id) or 0), broken=broken)


def held(store_id: str) -> Store:
    """The store, locked behind its domain, as all who write about it lock these: nobody deadlocks."""
    viewer, ident = writer(), parse_id(store_id) or 0
    hold_stores([get_store(viewer, ident).domain])
    return get_store(viewer, ident, for_update=True)
