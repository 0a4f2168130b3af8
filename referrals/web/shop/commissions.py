"""The commissions of a shop in their lists, each with its whole story; held back, settled by hand (`SPEC §8, §9`)."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.commissions.commission_list import CommissionList
from referrals.commissions.models import Commission
from referrals.commissions.operations import hold_back, release
from referrals.commissions.queries import get_commission
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.explanations.commission import explain
from referrals.listing import Wish
from referrals.people.rules import masked_phone
from referrals.settlement.balance import outlook
from referrals.settlement.by_hand import settle_by_hand
from referrals.shops.models import Shop
from referrals.shops.queries import names_of_salespeople
from referrals.web import hx, shop_words
from referrals.web.forms import Form
from referrals.web.forms.shop_money import ByHandForm, HoldForm
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.shop.access import of_shop, shop_url
from referrals.web.shop.showing import listing, number_in, show
from referrals.web.shop.why import why
from referrals.web.visitor import actor
from referrals.wording import N_

blueprint = Blueprint("shop_commissions", __name__)

ORDER = Column("order", N_("Order"), lambda row: row.order_key)
PERSON = Column("salesperson", N_("Salesperson"), lambda row: row.nickname or masked_phone(row.phone or ""))
WHY = Column("why", N_("Why this amount"), why, sortable=False)
AMOUNT = Column("amount", N_("Commission"), lambda row: row.amount_minor, style="num")
REASON = Column("reason", N_("Reason"), lambda row: gettext(shop_words.COMMISSION_REASONS[row.reason or "waiting"]))
PENDING_REASONS = ("waiting", "insufficient_balance", "failed", "held")
VOID_REASONS = ("cancelled", "refunded", "zero")


def reasons(codes: tuple[str, ...]) -> Callable[[], list[tuple[str, str]]]:
    return lambda: [(code, gettext(shop_words.COMMISSION_REASONS[code])) for code in codes]


def page_of(name: str, path: str, title: str, columns: tuple[Column, ...], **more: Any) -> ListPage:
    return ListPage(
        name=name,
        path=path,
        title=title,
        columns=columns,
        rows="shop/_commission_rows.html",
        page="shop/commissions.html",
        searched=N_("Order number or salesperson"),
        **more,
    )


PAGES = {
    "pending": page_of(
        "shop-pending",
        "/pending",
        N_("Pending"),
        (
            ORDER,
            PERSON,
            WHY,
            Column("reason", N_("Waits for"), REASON.value),
            Column("due", N_("Due on"), lambda row: row.due_at, style="num"),
            AMOUNT,
        ),
        filters=(Filter("reason", N_("Waits for"), N_("Anything"), reasons(PENDING_REASONS)),),
        empty="shop/_commissions_empty.html",
    ),
    "settled": page_of(
        "shop-settled",
        "/settled",
        N_("Settled"),
        (
            ORDER,
            PERSON,
            WHY,
            Column("clawed_back", N_("Clawed back"), lambda row: row.clawed_back_minor, sortable=False, style="num"),
            Column("settled", N_("Settled on"), lambda row: row.settled_at, style="num"),
            AMOUNT,
        ),
    ),
    "by_hand": page_of(
        "shop-by-hand",
        "/by-hand",
        N_("By hand"),
        (
            ORDER,
            PERSON,
            WHY,
            Column("suggested", N_("To settle"), lambda row: row.by_hand_due_minor, sortable=False, style="num"),
            AMOUNT,
        ),
    ),
    "void": page_of(
        "shop-void",
        "/void",
        N_("Void"),
        (ORDER, PERSON, REASON, Column("created", N_("Created"), lambda row: row.created_at, style="num")),
        filters=(Filter("reason", N_("Reason"), N_("Any reason"), reasons(VOID_REASONS)),),
    ),
}
DEFAULTS = {"pending": "due", "settled": "-settled", "by_hand": "-created", "void": "-created"}
LEADS = {
    "pending": N_("Commissions that settle when their order is completed and the balance covers them."),
    "settled": N_("What your salespeople have earned."),
    "by_hand": N_("These do not settle by themselves: the buyer's money or the refund went past us."),
    "void": N_("Orders that were cancelled or refunded, or earned nothing."),
}


@blueprint.get("/shops/<slug>/pending")
@blueprint.get("/shops/<slug>/pending.<any(csv, xlsx):kind>")
@of_shop()
def pending(shop: Shop, kind: str | None = None) -> Response:
    """Commissions that wait."""
    return of_status(shop, "pending", kind)


@blueprint.get("/shops/<slug>/settled")
@blueprint.get("/shops/<slug>/settled.<any(csv, xlsx):kind>")
@of_shop()
def settled(shop: Shop, kind: str | None = None) -> Response:
    """Commissions that were settled."""
    return of_status(shop, "settled", kind)


@blueprint.get("/shops/<slug>/by-hand")
@blueprint.get("/shops/<slug>/by-hand.<any(csv, xlsx):kind>")
@of_shop()
def by_hand(shop: Shop, kind: str | None = None) -> Response:
    """Commissions that people settle between themselves."""
    return of_status(shop, "by_hand", kind)


@blueprint.get("/shops/<slug>/void")
@blueprint.get("/shops/<slug>/void.<any(csv, xlsx):kind>")
@of_shop()
def void(shop: Shop, kind: str | None = None) -> Response:
    """Commissions that came to nothing."""
    return of_status(shop, "void", kind)


def of_status(shop: Shop, status: str, kind: str | None) -> Response:
    page = PAGES[status]
    asked = page.wish()
    wish = Wish(asked.q, {**asked.filters, "status": status}, asked.sort or DEFAULTS[status], asked.page)
    more: dict[str, Any] = {"outlook": outlook(shop, at=now())} if status == "pending" and kind is None else {}
    listed = CommissionList(actor(), shop, wish)
    return listing(page, listed, kind, shop, which=status, why=why, lead=LEADS[status], **more)


@blueprint.get("/shops/<slug>/commissions/<commission_id>")
@of_shop()
def detail(shop: Shop, commission_id: str) -> Response:
    """One commission, retold to the smallest unit."""
    return commission_page(shop, commission_of(shop, commission_id))


def commission_of(shop: Shop, commission_id: str) -> Commission:
    found = get_commission(actor(), number_in(commission_id))
    if found.shop_id != shop.id:
        raise NotFound
    return found


def commission_page(shop: Shop, commission: Commission, status: int = 200, **forms: Form) -> Response:
    """The page of a commission; `forms` are those that were just sent and could not be taken."""
    by_hand_form = ByHandForm(formdata=None, currency=shop.currency).offer()
    by_hand_form.amount.write(commission.by_hand_due_minor, shop.currency)
    names = names_of_salespeople([commission.salesperson_id])
    context: dict[str, Any] = {
        "commission": commission,
        "explanation": explain(commission),
        "salesperson": names.get(commission.salesperson_id, ""),
        "hold_form": HoldForm(formdata=None),
        "by_hand_form": by_hand_form,
    }
    return show("shop/commission.html", shop, status, **context | forms)


def act(shop: Shop, commission_id: str, name: str, form: Form, verb: Callable[[Commission], Any]) -> AnyResponse:
    """Do something to a commission: back to its page, or its sentence beside the field and what was typed."""
    commission = commission_of(shop, commission_id)
    if not form.validate():
        return commission_page(shop, commission, 422, **{name: form})
    try:
        verb(commission)
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken)
        return commission_page(shop, commission_of(shop, commission_id), 422, **{name: form})
    return hx.go_to(shop_url("shop_commissions.detail", shop, commission_id=commission_id), N_("Saved."))


@blueprint.post("/shops/<slug>/commissions/<commission_id>/by-hand")
@of_shop("finance")
def agree(shop: Shop, commission_id: str) -> AnyResponse:
    """Record what merchant and salesperson agreed on."""
    form = ByHandForm(currency=shop.currency).offer()

    def settle(one: Commission) -> None:
        settle_by_hand(one, form.amount.value, paid_from=form.paid_from.data, note=form.note.data, by=actor(), at=now())

    return act(shop, commission_id, "by_hand_form", form, settle)


@blueprint.post("/shops/<slug>/commissions/<commission_id>/hold")
@of_shop("manage")
def hold(shop: Shop, commission_id: str) -> AnyResponse:
    """Hold a commission back from settlement."""
    form = HoldForm()
    return act(
        shop, commission_id, "hold_form", form, lambda one: hold_back(one, form.reason.data, by=actor(), at=now())
    )


@blueprint.post("/shops/<slug>/commissions/<commission_id>/release")
@of_shop("manage")
def let_go(shop: Shop, commission_id: str) -> AnyResponse:
    """Let a commission settle again."""
    return act(shop, commission_id, "hold_form", Form(), lambda one: release(one, by=actor(), at=now()))
