"""The table *Submitted leads*, a lead as drawer and page, and the forms that submit one (`SPEC §2`)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.invitations.rules import NotReady
from referrals.leads.assignment import representatives
from referrals.leads.catalogue import Programme, find_reason, get_product, products, programme, reasons
from referrals.leads.conversation import find_appeal
from referrals.leads.fields import all_fields
from referrals.leads.lead_list import LeadList, LeadWish
from referrals.leads.models import Lead, Product
from referrals.leads.operations import Submission
from referrals.leads.ownership import AlreadySubmitted, conflicts_about
from referrals.leads.queries import get_lead, messages_of, rep_names, reps_seen_by, standing_of, timeline_of
from referrals.leads.rules import possible_payouts, possible_statuses
from referrals.listing import Wish
from referrals.outbox.queries import mails_about
from referrals.partners.queries import all_partners, get_partner
from referrals.people.rules import Actor
from referrals.web import drafts, hx, inviting, limits, lists, words
from referrals.web.filters import zone
from referrals.web.forms.lead import LeadForm, lead_form
from referrals.web.language import language
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, may, member
from referrals.wording import N_

blueprint = Blueprint("leads", __name__)

BUSINESS = Column("business_name", N_("Business"), lambda row: row.business_name)
COLUMNS = (
    BUSINESS,
    Column("ref", N_("Lead"), lambda row: row.ref, shown=False),
    Column("website_url", N_("Website URL"), lambda row: row.website_url, shown=False),
    Column("contact_name", N_("Contact"), lambda row: row.contact_name),
    Column("contact_email", N_("Contact e-mail"), lambda row: row.contact_email, shown=False),
    Column("product", N_("Product"), lambda row: words.own_words(row.product)),
    Column("status", N_("Status"), lambda row: gettext(words.STATUS[row.status])),
    Column("payout", N_("Payout"), lambda row: gettext(words.PAYOUT[row.payout])),
    Column("rep", N_("Sales rep"), lambda row: row.rep or ""),
    Column("submitted_at", N_("Submitted on"), lambda row: row.submitted_at, style="num"),
    Column("changed_at", N_("Last change"), lambda row: row.changed_at, style="num"),
)
PARTNER = Column("partner", N_("Partner"), lambda row: row.partner)


def product_choices() -> list[tuple[str, str]]:
    return [(product.code, words.own_words(product.name)) for product in products(active_only=False)]


def rep_choices() -> list[tuple[str, str]]:
    nobody = [("none", gettext("Nobody yet"))] if actor().is_staff else []
    return [*nobody, *((str(rep_id), name) for rep_id, name in reps_seen_by(actor()))]


FILTERS = (
    Filter("product", N_("Product"), N_("All products"), product_choices),
    Filter("status", N_("Status"), N_("Any status"), lambda: labels(words.STATUS)),
    Filter("payout", N_("Payout"), N_("Any payout"), lambda: labels(words.PAYOUT)),
    Filter("rep", N_("Sales rep"), N_("Any rep"), rep_choices),
)
PARTNERS = Filter(
    "partner", N_("Partner"), N_("All partners"), lambda: [(str(one.id), one.name) for one in all_partners(actor())]
)


def labels(texts: dict[str, str]) -> list[tuple[str, str]]:
    return [(value, gettext(label)) for value, label in texts.items()]


def list_page(viewer: Actor) -> ListPage:
    """The table as this viewer sees it: staff with the partners."""
    staff = viewer.is_staff
    return ListPage(
        name="leads",
        path="/leads",
        title=N_("Leads"),
        columns=(BUSINESS, PARTNER, *COLUMNS[1:]) if staff else COLUMNS,
        rows="leads/_rows.html",
        page="leads/list.html",
        filters=(*FILTERS, PARTNERS) if staff else FILTERS,
        searched=N_("Contact, e-mail, business or website"),
        empty="leads/_empty.html",
        changed_by="leads-changed",
        dates=True,
    )


def lead_wish(wish: Wish) -> LeadWish:
    """The wish with its days as moments of the reader's time zone; a last day counts whole."""
    return LeadWish(
        q=wish.q,
        product=wish.get("product"),
        status=wish.get("status"),
        payout=wish.get("payout"),
        rep=wish.get("rep"),
        partner=wish.get("partner"),
        since=start_of(wish.get("from")),
        until=start_of(wish.get("to"), timedelta(days=1)),
        sort=wish.sort,
        page=wish.page,
    )


def start_of(written: str, later: timedelta = timedelta(0)) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(written) + later, time(), zone()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@blueprint.get("/leads")
@blueprint.get("/leads.<any(csv, xlsx):kind>")
@member
def index(kind: str | None = None) -> Response:
    """The table, its fragment, or all its rows as a file."""
    page = list_page(actor())
    listed = LeadList(actor(), lead_wish(page.wish()))
    return lists.answer(page, listed, kind, products=products, legend=legend)


def legend(offered: Iterable[Product]) -> list[tuple[str, Any]]:
    """For each product what its statuses mean."""
    return [(words.own_words(one.name), words.legend(one, language())) for one in offered]


@blueprint.get("/leads/new")
@may("submit_leads")
def choose() -> Response:
    """For which product the lead is."""
    return hx.render("leads/choose.html", "leads/choose.html", products=products())


@blueprint.get("/leads/new/<code>")
@may("submit_leads")
def new(code: str) -> Response:
    """The form of a product; what was typed before a login ended is in it."""
    product, settings = get_product(code, active_only=True), programme()
    return form_page(lead_form(product, drafts.typed_before(request.path), settings), settings)


def form_page(form: LeadForm, settings: Programme, status: int = 200, **context: Any) -> Response:
    eligible = inviting.offer(form, settings)
    return hx.render(
        "leads/new.html", "leads/_form.html", status, form=form, product=form.product, eligible=eligible, **context
    )


@blueprint.post("/leads/new/<code>")
@limits.submissions
@may("submit_leads")
def create(code: str) -> Response:
    """Submit a lead; or, where no script does it, look up the store that the form names."""
    product, settings = get_product(code, active_only=True), programme()
    form = lead_form(product, request.form, settings)
    if "check" in request.form:
        return form_page(form, settings)
    if not form.read(settings):
        return form_page(form, settings, 422)
    partner = get_partner(actor(), actor().partner_id or 0)
    try:
        lead, told = inviting.take_in(Submission(partner, product, form.values, settings=settings), form)
    except (AlreadySubmitted, NotReady) as broken:
        session.rollback()
        form.put(broken)
        return form_page(form, settings, 422, known=broken.values.get("ref"))
    drafts.spent()
    session.commit()
    return hx.go_to(url_for("leads.show", ref=lead.ref), told)


@blueprint.get("/leads/<ref>")
@member
def show(ref: str) -> Response:
    """A lead: its page, or the drawer over the table."""
    return hx.render("leads/show.html", "leads/_drawer.html", **facts(get_lead(actor(), ref)))


def facts(lead: Lead, broken: RuleBroken | None = None) -> dict[str, Any]:
    """Everything that drawer and page show of a lead."""
    viewer, standing = actor(), standing_of(lead)
    timeline = timeline_of(viewer, lead)
    reps = [event.details["rep_id"] for event in timeline if event.kind == "assigned"]
    more: dict[str, Any] = {}
    if viewer.is_staff:
        more = {
            "reps": representatives(available_only=True),
            "reasons": reasons(),
            "statuses": possible_statuses(standing),
            "payouts": possible_payouts(standing),
            "conflicts": conflicts_about(lead),
        }
    return {
        "lead": lead,
        "standing": standing,
        "meaning": words.meaning(lead.product, standing, language()),
        "timeline": timeline,
        "earlier_claim": next((one.details.get("registered_at") for one in timeline if one.kind == "conflict"), None),
        "reason": reason_label(lead),
        "rep_names": rep_names(reps),
        "messages": messages_of(lead),
        "appeal": find_appeal(lead),
        "confirmation": next((mail for mail in mails_about(lead.ref) if mail.template == "lead_submitted"), None),
        "details": submitted_details(lead),
        "broken": broken,
        "failed": request.path.removeprefix(f"/leads/{lead.ref}/") if broken else "",
        "message_text": unsent_message(lead),
        **inviting.facts_of(viewer, lead),
        **more,
    }


def reason_label(lead: Lead) -> str:
    """What the reason of a refusal is called, where that says more than its sentence."""
    reason = find_reason(lead.reason_code) if lead.reason_code and lead.reason_code != "other" else None
    return words.own_words(reason.label) if reason else ""


def unsent_message(lead: Lead) -> str:
    """A message that was typed and could not be sent yet."""
    path = f"/leads/{lead.ref}/messages"
    typed = request.form if request.path == path else drafts.typed_before(path)
    return typed.get("text", "") if typed else ""


def submitted_details(lead: Lead) -> list[tuple[str, str, Any]]:
    """What was submitted, in the order of the form: (kind, label, value), empty ones left out."""
    known = {
        one.name: getattr(lead, one.name, None) for one in all_fields([])
    } | {"expected_value": lead.expected_minor, **lead.details}  # fmt: skip
    shown = []
    for one in all_fields(lead.product.fields):
        value = known.get(one.name)
        if value in (None, ""):
            continue
        if one.kind == "choice":
            value = words.own_words(dict(one.choices).get(value, value))
        shown.append((one.kind, words.own_words(one.label), value))
    return shown
