"""Addresses that programs of a partner, a shop or the operator listen at, and the log of what went there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import RuleBroken
from referrals.listing import AnyRow
from referrals.outbox.deliveries import (
    STATES,
    TEST_EVENT,
    HookDeliveryList,
    get_delivery,
    send_test,
    waiting_counts,
)
from referrals.outbox.deliveries import replay as replay_delivery
from referrals.outbox.endpoints import (
    add_endpoint,
    change_endpoint,
    endpoints_of,
    get_endpoint,
    hears_unseen,
    remove_endpoint,
    renew_secret,
    switch_off,
    switch_on,
)
from referrals.outbox.hook_events import heard_by
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.values import parse_id
from referrals.web import hx, lists
from referrals.web.forms.hooks import HookForm
from referrals.web.hook_places import Place, View, of_a_shop, of_house
from referrals.web.house import config, outgoing_hooks
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor
from referrals.wording import N_

STATE_WORDS = {"waiting": N_("Waiting"), "delivered": N_("Delivered"), "parked": N_("Given up")}
assert STATE_WORDS.keys() == STATES.keys()
BADGES = {"waiting": "submitted", "delivered": "awarded", "parked": "ineligible"}


def heard_at(place: Place) -> list[str]:
    """What the owner can listen to, as far as the visitor may hear of it."""
    return heard_by(actor(), place.owner[0])


def log_of(place: Place) -> ListPage:
    """The log of an endpoint, filtered by what can be heard there."""
    heard = [*heard_at(place), TEST_EVENT]
    by_event = Filter("event", N_("Event"), N_("Any event"), lambda: [(name, name) for name in heard])
    return replace(DELIVERIES, filters=(*DELIVERIES.filters, by_event))


DELIVERIES = ListPage(
    name="hook-deliveries",
    path="/hooks",
    title=N_("Messages sent"),
    columns=(
        Column("event", N_("Event"), lambda row: row.event, sortable=False),
        Column("state", N_("State"), lambda row: gettext(STATE_WORDS[state_of(row)]), sortable=False),
        Column("answer", N_("Answer"), lambda row: row.answer_status or row.error, sortable=False),
        Column("attempts", N_("Tried"), lambda row: row.attempts, sortable=False, style="num"),
        Column("id", N_("Id of the message"), lambda row: row.message_key, sortable=False, shown=False),
        Column("created", N_("Written"), lambda row: row.created_at, style="num"),
    ),
    rows="hooks/_delivery_rows.html",
    page="hooks/deliveries.html",
    filters=(
        Filter(
            "state",
            N_("State"),
            N_("Any state"),
            lambda: [(state, gettext(label)) for state, label in STATE_WORDS.items()],
        ),
    ),
    searched=N_("Id of the message"),
)


def state_of(row: AnyRow | HookDelivery) -> str:
    """Where a delivery is: waiting, delivered, or parked."""
    if row.delivered_at:
        return "delivered"
    return "parked" if row.parked_at else "waiting"


def index(place: Place) -> Response:
    """The endpoints, and a form to add one; at first with everything ticked."""
    form = HookForm(events=heard_at(place)).offer(heard_at(place))
    return index_page(place, form)


def index_page(place: Place, form: HookForm, status: int = 200) -> Response:
    found = endpoints_of(actor(), place.owner)
    counts = waiting_counts(actor(), [one.id for one in found])
    return show_page("hooks/list.html", place, status, form=form, endpoints=found, counts=counts)


def create(place: Place) -> AnyResponse:
    """Let a program listen; its secret is shown on this answer and never again."""
    form = HookForm().offer(heard_at(place))
    if form.validate():
        try:
            hooks = outgoing_hooks()
            made, secret = add_endpoint(
                place.owner, **form.chosen(), box=hooks.box, private=config().private_hooks, by=actor(), at=now()
            )
            session.commit()
            return endpoint_page(place, made, secret=secret)
        except RuleBroken as broken:
            session.rollback()
            form.put(broken, "url")
    return index_page(place, form, 422)


def show(place: Place, hook_id: str) -> Response:
    """One endpoint: what it hears of, and how it is doing."""
    return endpoint_page(place, found_endpoint(place, hook_id))


def endpoint_page(
    place: Place, endpoint: HookEndpoint, form: HookForm | None = None, status: int = 200, secret: str = ""
) -> Response:
    kept = {"url": endpoint.url, "events": endpoint.events}
    form = form or HookForm(formdata=None, data=kept).offer(heard_at(place))
    counts = waiting_counts(actor(), [endpoint.id])[endpoint.id]
    sealed = hears_unseen(endpoint, actor())
    facts = {"secret": secret, "counts": counts, "sealed": sealed, "at": now()}
    return show_page("hooks/show.html", place, status, endpoint=endpoint, form=form, **facts)


def change(place: Place, hook_id: str) -> AnyResponse:
    """Let it listen at another address, or to other events."""
    endpoint = found_endpoint(place, hook_id)
    form = HookForm().offer(heard_at(place))
    if form.validate():
        try:
            change_endpoint(endpoint, **form.chosen(), private=config().private_hooks, by=actor(), at=now())
            session.commit()
            return hx.go_to(f"{place.base}/{endpoint.id}", N_("Saved."))
        except RuleBroken as broken:
            session.rollback()
            form.put(broken, "url")
    return endpoint_page(place, found_endpoint(place, hook_id), form, 422)


def renew(place: Place, hook_id: str) -> AnyResponse:
    """Make a new secret; it is shown on this answer and never again."""
    endpoint = found_endpoint(place, hook_id)
    secret = renew_secret(endpoint, outgoing_hooks().box, by=actor(), at=now())
    session.commit()
    return endpoint_page(place, endpoint, secret=secret)


def pause(place: Place, hook_id: str) -> AnyResponse:
    """Send nothing more to it for now."""
    switch_off(found_endpoint(place, hook_id), by=actor(), at=now())
    session.commit()
    return hx.go_to(f"{place.base}/{hook_id}", N_("Switched off."))


def resume(place: Place, hook_id: str) -> AnyResponse:
    """Send to it again."""
    switch_on(found_endpoint(place, hook_id), by=actor(), at=now())
    session.commit()
    return hx.go_to(f"{place.base}/{hook_id}", N_("Switched on."))


def remove(place: Place, hook_id: str) -> AnyResponse:
    """End it for good."""
    remove_endpoint(found_endpoint(place, hook_id), by=actor(), at=now())
    session.commit()
    return hx.go_to(place.base, N_("Removed."))


def test(place: Place, hook_id: str) -> AnyResponse:
    """Send a test event to it."""
    endpoint = found_endpoint(place, hook_id)
    delivery_id = send_test(endpoint, at=now())
    session.commit()
    return hx.go_to(f"{place.base}/{endpoint.id}/deliveries/{delivery_id}", N_("A test is on its way."))


def deliveries(place: Place, hook_id: str, kind: str | None = None) -> Response:
    """The log: what went to it, and what became of it."""
    endpoint = found_endpoint(place, hook_id)
    page = log_of(place)
    found = HookDeliveryList(actor(), endpoint, page.wish())
    path = f"{place.base}/{endpoint.id}/deliveries"
    more = {**place.context, "hooks_base": place.base, "endpoint": endpoint}
    return lists.answer(page, found, kind, path=path, state_of=state_of, **words_of_states(), **more)


def delivery(place: Place, hook_id: str, call_id: str) -> Response:
    """One delivery: what was sent, and what was answered."""
    endpoint, found = found_delivery(place, hook_id, call_id)
    return show_page("hooks/delivery.html", place, endpoint=endpoint, delivery=found, state=state_of(found))


def replay(place: Place, hook_id: str, call_id: str) -> AnyResponse:
    """Send it once more, now."""
    endpoint, found = found_delivery(place, hook_id, call_id)
    replay_delivery(found, at=now())
    session.commit()
    return hx.go_to(f"{place.base}/{endpoint.id}/deliveries/{found.id}", N_("It is sent again."))


def found_endpoint(place: Place, hook_id: str) -> HookEndpoint:
    return get_endpoint(actor(), place.owner, parse_id(hook_id) or 0)


def found_delivery(place: Place, hook_id: str, call_id: str) -> tuple[HookEndpoint, HookDelivery]:
    endpoint = found_endpoint(place, hook_id)
    return endpoint, get_delivery(actor(), endpoint, parse_id(call_id) or 0)


def show_page(template: str, place: Place, status: int = 200, **more: Any) -> Response:
    context = {**place.context, "hooks_base": place.base, **words_of_states(), **more}
    return hx.render(template, template, status, **context)


def words_of_states() -> dict[str, Any]:
    return {"state_words": STATE_WORDS, "state_badges": BADGES}


ROUTES: tuple[tuple[str, str, View], ...] = (
    ("GET", "", index),
    ("POST", "", create),
    ("GET", "/<hook_id>", show),
    ("POST", "/<hook_id>", change),
    ("POST", "/<hook_id>/secret", renew),
    ("POST", "/<hook_id>/pause", pause),
    ("POST", "/<hook_id>/resumption", resume),
    ("POST", "/<hook_id>/removal", remove),
    ("POST", "/<hook_id>/test", test),
    ("GET", "/<hook_id>/deliveries", deliveries),
    ("GET", "/<hook_id>/deliveries.<any(csv, xlsx):kind>", deliveries),
    ("GET", "/<hook_id>/deliveries/<call_id>", delivery),
    ("POST", "/<hook_id>/deliveries/<call_id>/replay", replay),
)


def pages(name: str, prefix: str, guard: Callable[[View], View], ids: str = "") -> Blueprint:
    """These pages at a place of their own; `ids` stands before the names of ids in addresses."""
    blueprint = Blueprint(name, __name__)
    guarded = {view: guard(view) for _, _, view in ROUTES}
    for method, rule, view in ROUTES:
        spelled = rule.replace("<hook_id>", f"<{ids}hook_id>").replace("<call_id>", f"<{ids}call_id>")
        blueprint.add_url_rule(prefix + spelled, view.__name__, guarded[view], methods=[method])
    return blueprint


blueprint = pages("hooks", "/hooks", of_house)
of_shops = pages("shop_hooks", "/shops/<slug>/hooks", of_a_shop, ids="shop_")
