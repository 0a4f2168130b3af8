"""The books of a shop: its entries, and the proof of them."""

from collections.abc import Sequence
from typing import Any

from flask import Response, g, jsonify

from referrals.api.book_schemas import BooksProof, EntriesOut, EntryQuery
from referrals.api.keys import require_key, shop_key
from referrals.api.parsing import Blueprint
from referrals.api.plain import moment_json, money_json
from referrals.ledger.checking import check_owner
from referrals.ledger.queries import EntryList, postings_of
from referrals.listing import AnyRow, Wish
from referrals.settlement.runs import owner_of

blueprint = Blueprint("api_books", __name__, url_prefix="/api/v1", description="A shop's books")
blueprint.before_request(require_key)


@blueprint.get("/ledger/entries")
@blueprint.arguments(EntryQuery, location="query")
@blueprint.doc(operationId="listEntries", security=[{"key": []}])
@blueprint.response(200, EntriesOut)
@shop_key
def entries(query: dict[str, str]) -> Response:
    """List the entries of the books, the newest first"""
    wish = Wish(filters={"kind": query.get("kind", "")}, sort="-number", page=query.get("cursor", ""))
    found = EntryList(owner_of(g.shop), wish).slice()
    postings = postings_of([row.id for row in found.rows])
    return jsonify({"items": [entry_json(row, postings[row.id]) for row in found.rows], "next": found.next})


@blueprint.get("/ledger/check")
@blueprint.doc(operationId="proveBooks", security=[{"key": []}])
@blueprint.response(200, BooksProof)
@shop_key
def check() -> Response:
    """Prove the books: every entry balances, none was changed"""
    finding = check_owner(owner_of(g.shop))
    return jsonify(
        {
            "ok": finding.ok,
            "entries": finding.entries,
            "postings": finding.postings,
            "hash": finding.hash,
            "first_problem": str(finding.first_problem) if finding.first_problem else None,
        }
    )


def entry_json(entry: AnyRow, postings: Sequence[AnyRow]) -> dict[str, Any]:
    """An entry as the API shows it; it is known by its number in the shop's books."""
    return {
        "number": entry.seq,
        "kind": entry.kind,
        "reference": entry.reference,
        "about": entry.about,
        "at": moment_json(entry.at),
        "hash": entry.hash,
        "postings": [
            {
                "account": one.kind,
                "salesperson": str(one.holder_id) if one.holder_id else None,
                "amount": money_json(one.amount_minor, entry.currency),
            }
            for one in postings
        ],
    }
