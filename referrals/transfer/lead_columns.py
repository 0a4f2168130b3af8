"""Which column of a foreign table means what: our own headers, Salesforce's and HubSpot's are recognised."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

from referrals.leads.fields import COLUMNS
from referrals.wording import N_

# Beside the form's fields a table can say these of a lead.
EXTRAS = {
    "product": N_("Product"),
    "status": N_("Status"),
    "submitted_at": N_("Submitted"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "source_id": N_("Id in the source"),
    "deleted": N_("Deleted in the source"),
    "converted": N_("Converted in the source"),
}
SPELLINGS = {
    "salesforce": {
        "id": "source_id", "leadid": "source_id", "firstname": "first_name", "lastname": "last_name",
        "name": "contact_name", "company": "business_name", "companyaccount": "business_name",
        "email": "contact_email", "phone": "contact_phone", "mobilephone": "contact_phone", "mobile": "contact_phone",
        "website": "website_url", "countrycode": "country", "country": "country", "status": "status",
        "leadstatus": "status", "createddate": "submitted_at", "createdate": "submitted_at",
        "description": "notes", "annualrevenue": "annual_revenue", "isdeleted": "deleted",
        "isconverted": "converted", "converted": "converted",
    },
    "hubspot": {
        "id": "source_id", "recordid": "source_id", "contactid": "source_id", "firstname": "first_name",
        "lastname": "last_name", "company": "business_name", "companyname": "business_name",
        "associatedcompany": "business_name", "email": "contact_email", "workemail": "contact_email",
        "phone": "contact_phone", "phonenumber": "contact_phone", "mobilephone": "contact_phone",
        "website": "website_url", "websiteurl": "website_url", "country": "country", "countryregion": "country",
        "hsleadstatus": "status", "leadstatus": "status", "lifecyclestage": "converted",
        "createdate": "submitted_at", "createdat": "submitted_at", "annualrevenue": "annual_revenue",
        "fivetrandeleted": "deleted", "message": "notes",
    },
}  # fmt: skip


def plain_header(name: str) -> str:
    """A column name without case, spaces, signs, and without the prefix that HubSpot's connectors add."""
    return re.sub(r"[^a-z0-9]", "", name.lower().removeprefix("property_"))


def dialect_of(header: Sequence[str]) -> str:
    """`salesforce`, `hubspot`, or `own` for everything else."""
    plain = {plain_header(name) for name in header}
    if any(name.lower().startswith("property_") for name in header) or "lifecyclestage" in plain:
        return "hubspot"
    if {"lastname", "company"} <= plain and plain & {"isconverted", "leadsource", "leadstatus", "status"}:
        return "salesforce"
    if {"firstname", "lastname", "recordid"} <= plain:
        return "hubspot"
    return "own"


def guess_mapping(header: Sequence[str], dialect: str, own_fields: Sequence[str]) -> dict[str, str]:
    """For each field that the table seems to have, the name of its column. An earlier spelling wins over a later.

    `header` leaves out columns that are empty throughout, so that a filled `country` wins over an empty code.
    """
    known = [*COLUMNS, *own_fields, *EXTRAS]
    plain = {plain_header(field): field for field in known}
    mapping: dict[str, str] = {}
    if dialect == "own":
        for name in header:
            mapping.setdefault(plain.get(plain_header(name), ""), name)
    else:
        by_plain = {plain_header(name): name for name in reversed(header)}
        for spelling, field in SPELLINGS[dialect].items():
            if spelling in by_plain and field in known:
                mapping.setdefault(field, by_plain[spelling])
    if "first_name" in mapping or "last_name" in mapping:
        mapping.pop("contact_name", None)
    mapping.pop("", None)
    return mapping


def rename(mapping: Mapping[str, str], header: Sequence[str], pairs: Sequence[str]) -> dict[str, str]:
    """The mapping with `theirs=ours` pairs of the command line applied; raises ValueError for a wrong one."""
    changed = dict(mapping)
    for pair in pairs:
        theirs, _, ours = pair.rpartition("=")
        theirs = " ".join(theirs.split())
        if theirs not in header:
            raise ValueError(pair)
        changed[ours.strip()] = theirs
    return changed


def header_digest(header: Sequence[str]) -> str:
    """By which a mapping is remembered: the same columns in the same order."""
    return sha256("\x1f".join(header).encode()).hexdigest()
