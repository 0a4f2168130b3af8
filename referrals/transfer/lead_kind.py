"""Leads as a kind of import: their columns depend on the product, and other systems' tables are recognised."""

from collections.abc import Mapping
from typing import Any

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.leads.catalogue import get_product
from referrals.leads.fields import all_fields, own_fields
from referrals.partners.models import Partner
from referrals.transfer.kinds import Importer, ImportJob
from referrals.transfer.lead_columns import EXTRAS, dialect_of, guess_mapping
from referrals.transfer.lead_import import LeadImport
from referrals.transfer.tables import Table
from referrals.wording import N_


class NothingMapped(RuleBroken):
    """No column says who the lead is."""

    sentence = N_("Say which column holds the business name or the contact.")


class LeadKind:
    """The table of leads; the option `product` is for rows that name none."""

    code = "leads"
    label = N_("Leads")
    changes = False
    partner = "required"
    shown_at = "/leads"

    def targets(self, options: Mapping[str, Any]) -> Mapping[str, str]:
        """The form's fields, and what a table can say beside them."""
        product = get_product(options["product"])
        return {one.name: one.label for one in all_fields(product.fields)} | EXTRAS

    def recognise(self, table: Table, options: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
        """Ours, Salesforce's or HubSpot's; columns that are empty throughout are left out."""
        dialect = dialect_of(table.header)
        filled = [name for name in table.header if any(line.cells.get(name, "").strip() for line in table.lines)]
        own = [one.name for one in own_fields(get_product(options["product"]).fields)]
        return dialect, guess_mapping(filled, dialect, own)

    def require_columns(self, mapping: Mapping[str, str]) -> None:
        """Raises NothingMapped."""
        if not mapping.keys() & {"business_name", "contact_name", "first_name", "last_name"}:
            raise NothingMapped(field="business_name")

    def importer(self, job: ImportJob) -> Importer:
        """What takes leads of one partner in."""
        partner = session.get_one(Partner, job.partner_id)
        product = get_product(job.options["product"])
        return LeadImport(partner, job.mapping, job.dialect, product, at=job.at)
