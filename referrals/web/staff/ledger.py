"""The proof of the books, for administrators: how they stand, every proof that was made, every entry (`SPEC §11`)."""

from typing import Any

from flask import Blueprint, Response, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import session
from referrals.ledger.checking import books_are_good, check_books, latest_checks
from referrals.ledger.models import LedgerCheck
from referrals.ledger.problems import read_problem
from referrals.ledger.queries import EntryList
from referrals.shops.queries import all_shops
from referrals.web import hx, lists, shop_words
from referrals.web.filters import amount
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("ledger", __name__)
PROOFS_SHOWN = 10

ENTRIES = ListPage(
    name="ledger",
    path="/ledger",
    title=N_("Entries of all books"),
    columns=(
        Column("kind", N_("What"), lambda row: gettext(shop_words.ENTRIES[row.kind])),
        Column("books", N_("Books"), lambda row: f"{row.owner_kind} {row.owner_id}", sortable=False),
        Column("reference", N_("Reference"), lambda row: row.reference, sortable=False, shown=False),
        Column("number", N_("Number"), lambda row: row.seq, style="num"),
        Column("at", N_("When"), lambda row: row.at, style="num"),
        Column("amount", N_("Amount"), lambda row: amount(row.moved_minor, row.currency), sortable=False, style="num"),
    ),
    rows="ledger/_rows.html",
    page="ledger/show.html",
    filters=(
        Filter(
            "kind",
            N_("What"),
            N_("Everything"),
            lambda: [(kind, gettext(label)) for kind, label in shop_words.ENTRIES.items()],
        ),
    ),
)


@blueprint.get("/ledger")
@blueprint.get("/ledger.<any(csv, xlsx):kind>")
@may("configure")
def show(kind: str | None = None) -> Response:
    """How the books stand, the proofs that were made, and every entry."""
    checks = latest_checks(PROOFS_SHOWN)
    context: dict[str, Any] = {
        "checks": [(check, found_wrong(check)) for check in checks],
        "good": books_are_good(),
        "shop_words": shop_words,
        "shops": {shop.id: shop for shop in all_shops(actor())},
    }
    return lists.answer(ENTRIES, EntryList(None, ENTRIES.wish()), kind, **context)


@blueprint.post("/ledger/proof")
@may("configure")
def prove() -> AnyResponse:
    """Prove all books now."""
    finding = check_books(at=now())
    session.commit()
    said = N_("The books are good.") if finding.ok else N_("The books are not good. Look at what was found.")
    return hx.go_to(url_for("ledger.show"), said)


def found_wrong(check: LedgerCheck) -> str:
    """What a proof found first, in the reader's language; nothing where the books were good."""
    problem = read_problem(check.first_problem)
    return gettext(problem.sentence) % problem.values if problem else ""
