"""The first page of each role: how things stand, and what to do next (`SPEC §4, §13`)."""

from datetime import datetime, time
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.errors import NotFound
from referrals.leads.catalogue import products, programme
from referrals.leads.ownership import open_conflict_count
from referrals.leads.queries import (
    count_leads,
    count_leads_since,
    count_open_appeals,
    count_unassigned,
    latest_activity,
    rep_names,
)
from referrals.partners.queries import name_of_partner
from referrals.partners.referral_list import count_active
from referrals.payouts.cards import PayoutCard, payout_card
from referrals.people.models import Membership
from referrals.people.queries import active_memberships
from referrals.people.sign_in import choose_membership
from referrals.shops.queries import get_own_shop, name_of_shop
from referrals.values import parse_id
from referrals.web import hx
from referrals.web.filters import zone
from referrals.web.visitor import actor, member, signed_in, visitor

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@member
def index() -> AnyResponse:
    """Cards and the latest activity; salespeople and merchants have a home of their own."""
    if actor().role == "salesperson":
        return redirect(url_for("sell_home.index"), 303)
    if actor().role == "merchant":
        return redirect(url_for("shop_overview.index", slug=get_own_shop(actor()).slug), 303)
    activity = latest_activity(actor())
    reps = [event.details["rep_id"] for event in activity if event.kind == "assigned"]
    context: dict[str, Any] = {"activity": activity, "rep_names": rep_names(reps)}
    if actor().is_staff:
        return hx.render("home/staff.html", "home/staff.html", cards=staff_cards(), **context)
    context |= {"payouts": payouts_card(), "referrals": active_referrals()}
    return hx.render("home/partner.html", "home/partner.html", cards=partner_cards(), products=products(), **context)


def start_of_year() -> datetime:
    return datetime.combine(now().astimezone(zone()).date().replace(month=1, day=1), time(), zone())


def partner_cards() -> dict[str, int]:
    viewer = actor()
    return {
        "open": count_leads(viewer, status="submitted") + count_leads(viewer, status="in_progress"),
        "in_progress": count_leads(viewer, status="in_progress"),
        "all": count_leads(viewer),
        "this_year": count_leads_since(viewer, start_of_year()),
        "awarded": count_leads(viewer, status="awarded"),
        "decided": count_leads(viewer, status="awarded") + count_leads(viewer, status="ineligible"),
    }


def active_referrals() -> tuple[int, int] | None:
    """How many active referrals there are, and how many of this year, if the visitor may see that."""
    return count_active(actor(), since=start_of_year()) if actor().may("view_referrals") else None


def payouts_card() -> PayoutCard | None:
    """How the visitor's payouts stand, if they may see that."""
    return payout_card(actor(), programme(), at=now()) if actor().may("view_financials") else None


def staff_cards() -> dict[str, int]:
    viewer = actor()
    return {
        "unassigned": count_unassigned(),
        "conflicts": open_conflict_count(),
        "appeals": count_open_appeals(),
        "submitted": count_leads(viewer, status="submitted"),
        "in_progress": count_leads(viewer, status="in_progress"),
        "due": count_leads(viewer, payout="due"),
        "mine": count_mine(),
    }


def count_mine() -> int:
    rep_id = actor().rep_id
    if rep_id is None:
        return 0
    return sum(count_leads(actor(), rep_id=rep_id, status=status) for status in ("submitted", "in_progress"))


@blueprint.get("/menu")
@member
def menu() -> Response:
    """All pages, for phones."""
    return hx.render("home/menu.html", "home/menu.html")


@blueprint.get("/memberships")
@signed_in
def choose() -> Response:
    """In which of one's memberships to act."""
    found = [(membership, organisation_of(membership)) for membership in active_memberships(visitor().person.id)]
    return hx.render("home/memberships.html", "home/memberships.html", memberships=found)


def organisation_of(membership: Membership) -> str:
    """The partner or shop of a membership; nothing for staff."""
    if membership.partner_id:
        return name_of_partner(membership.partner_id)
    return name_of_shop(membership.shop_id) if membership.shop_id else ""


@blueprint.post("/memberships")
@signed_in
def act_in() -> AnyResponse:
    """Act in another membership from now on."""
    mine = {membership.id: membership for membership in active_memberships(visitor().person.id)}
    membership = mine.get(parse_id(request.form.get("membership", "")) or 0)
    if membership is None:
        raise NotFound
    choose_membership(visitor().sign_in.id, membership)
    session.commit()
    return redirect(url_for("home.index"), 303)
