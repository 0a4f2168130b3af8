"""Importing the registry of stores: a row is a store by its domain, new or brought up to date (`SPEC §3`, §15)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from referrals.db import session
from referrals.people.rules import Actor
from referrals.stores.models import Store
from referrals.stores.operations import Put, hold_stores, put_store
from referrals.stores.rules import Facts, parse_language, parse_plan, parse_status, parse_store_domain
from referrals.transfer.report import Remark
from referrals.transfer.row_import import Cells, RowImport, RowKind, Taken, fitting
from referrals.values import parse_email, readable_host
from referrals.wording import N_

MOST_MISSING = 1000
MISSING = N_("The store %(domain)s is in the registry and not in the file.")
CHANGED = N_("It was %(before)s in the registry.")
OWNER_CHANGED = N_("In the registry it was different.")
LONGEST_NAME = 200


class StoreImport(RowImport[tuple[str, Facts]]):
    """Takes rows in as stores of the registry. An empty cell says nothing, and what is there stays."""

    def read(self, cells: Cells) -> tuple[str, Facts]:
        """The domain, and what else is said."""
        domain = cells.read("domain", parse_store_domain, "", required=True)
        return domain, Facts(
            name=cells.read("name", short, None),
            owner_name=cells.read("owner_name", short, None),
            owner_email=cells.read("owner_email", parse_email, None),
            owner_language=cells.read("owner_language", parse_language, None),
            plan=cells.read("plan", parse_plan, None),
            status=cells.read("status", parse_status, None),
        )

    def key(self, values: tuple[str, Facts]) -> str:
        """Its domain."""
        return values[0]

    def hold(self, rows: Sequence[tuple[str, Facts]]) -> None:
        """All domains in one order."""
        hold_stores(domain for domain, _ in rows)

    def take(self, values: tuple[str, Facts], *, by: Actor) -> Taken:
        """Add the store, or bring it up to date."""
        put = put_store(*values, by=by, at=self.at)
        return Taken(put.becomes, list(remarks(put)) if put.becomes == "changed" else ())

    def missing(self, keys: Iterable[str]) -> Iterable[Remark]:
        """The stores of the registry that the file leaves out; the first thousand by domain."""
        known = set(keys)
        listed = session.scalars(select(Store.domain).where(Store.listed_at.is_not(None)).order_by(Store.domain))
        left_out = [domain for domain in listed if domain not in known][:MOST_MISSING]
        return [Remark(0, "missing", "", MISSING, {"domain": readable_host(f"//{domain}")}) for domain in left_out]


def short(text: str) -> str:
    return fitting(text, LONGEST_NAME)


def remarks(put: Put) -> Iterable[tuple[str, str, str, Mapping[str, Any]]]:
    """What a row changed: plan and status as they were; of an owner only that it was another."""
    for name, before in put.before.items():
        if name in {"owner_name", "owner_email"} or not before:
            yield name, "different", OWNER_CHANGED, {}
        else:
            yield name, "different", CHANGED, {"before": before}


STORES = RowKind(
    code="stores",
    label=N_("Stores"),
    fields={
        "domain": N_("Domain"),
        "name": N_("Store name"),
        "owner_name": N_("Owner name"),
        "owner_email": N_("Owner e-mail"),
        "owner_language": N_("Owner language"),
        "plan": N_("Plan"),
        "status": N_("Status"),
    },
    required=("domain",),
    make=StoreImport,
    shown_at="/stores",
    changes=True,
)
