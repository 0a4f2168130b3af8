"""Tables of leads. Prepared columns (`*_key`, `*_rank`, `search_text`) are what lists sort and search by."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from referrals.db import Base, Id, KeyText
from referrals.leads.lifecycle import CLAIM, PAYOUT, STATUS
from referrals.partners.models import Partner
from referrals.people.models import Person, Representative, one_of

FLOWS = ("commission", "bounty")
SORTED_BY = (
    "business_key",
    "contact_key",
    "product_id",
    "status_rank",
    "payout_rank",
    "rep_key",
    "submitted_at",
    "changed_at",
)
# What lists filter by. Every index that lists sort by holds these too, so that rows a filter rejects are not read.
FACETS = ("product_id", "status_rank", "payout_rank", "rep_id")


def sort_index(*columns: str) -> Index:
    """The index for lists that are sorted by the last of these columns, where the others have one value."""
    facets = [facet for facet in FACETS if facet not in columns]
    return Index(f"ix_leads_{'_'.join(columns)}_id", *columns, "id", *facets)


def rank(column: str, values: tuple[str, ...]) -> str:
    """SQL that numbers the states of a column in the order of its table of moves."""
    return f"CASE {column} {' '.join(f'WHEN {value!r} THEN {number}' for number, value in enumerate(values))} END"


class Product(Base):
    """Something leads are submitted for. `flow` says what its statuses mean: Plus is `commission`, POS is `bounty`.

    `fields` are the typed definitions of its own form fields; `texts` are status meanings in the operator's own
    words, by language and status, where these are to replace ours.
    """

    __tablename__ = "products"
    __table_args__ = (CheckConstraint(one_of("flow", FLOWS), name="flow"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(KeyText, unique=True)
    name: Mapped[str]
    flow: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    fields: Mapped[list[Any]]
    texts: Mapped[dict[str, Any]]


class Reason(Base):
    """Why a lead is refused; `sentence` is what the partner reads when staff write none of their own."""

    __tablename__ = "reasons"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(KeyText, unique=True)
    label: Mapped[str]
    sentence: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)


class Lead(Base):
    """A merchant whom a partner recommends. `details` holds the values of the product's own fields."""

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint(one_of("status", STATUS.states), name="status"),
        CheckConstraint(one_of("payout", PAYOUT.states), name="payout"),
        CheckConstraint(one_of("claim", CLAIM.states), name="claim"),
        UniqueConstraint("partner_id", "import_source", "import_key"),
        *(sort_index(column) for column in (*SORTED_BY, "partner_key")),
        *(sort_index("partner_id", column) for column in SORTED_BY),
        Index("ix_leads_facets", *FACETS),
        Index("ix_leads_partner_id_facets", "partner_id", *FACETS),
        Index("ix_leads_submitted_by_id", "submitted_by_id", "submitted_at"),
        Index("ix_leads_rep_id", "rep_id", "submitted_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    ref: Mapped[str] = mapped_column(KeyText, unique=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    source: Mapped[str]

    status: Mapped[str] = mapped_column(default="submitted")
    payout: Mapped[str] = mapped_column(default="none")
    claim: Mapped[str] = mapped_column(default="owner")
    sales_support: Mapped[bool]

    contact_name: Mapped[str]
    contact_email: Mapped[str]
    contact_phone: Mapped[str] = mapped_column(default="")
    business_name: Mapped[str]
    website_url: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    current_platform: Mapped[str] = mapped_column(default="")
    store_domain: Mapped[str] = mapped_column(default="")
    notes: Mapped[str] = mapped_column(default="")
    expected_minor: Mapped[int | None]
    expected_currency: Mapped[str | None]
    details: Mapped[dict[str, Any]]

    rep_id: Mapped[int | None] = mapped_column(ForeignKey("representatives.id"))
    reason_code: Mapped[str | None]
    reason_sentence: Mapped[str] = mapped_column(default="")

    submitted_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    imported_at: Mapped[datetime | None]
    import_source: Mapped[str | None] = mapped_column(KeyText)
    import_key: Mapped[str | None] = mapped_column(KeyText)

    business_key: Mapped[str] = mapped_column(KeyText)
    contact_key: Mapped[str] = mapped_column(KeyText)
    rep_key: Mapped[str] = mapped_column(KeyText, default="")
    partner_key: Mapped[str] = mapped_column(KeyText)
    status_rank: Mapped[int] = mapped_column(SmallInteger, Computed(rank("status", STATUS.states), persisted=True))
    payout_rank: Mapped[int] = mapped_column(SmallInteger, Computed(rank("payout", PAYOUT.states), persisted=True))
    search_text: Mapped[str] = mapped_column(KeyText)

    product: Mapped[Product] = relationship(lazy="joined")
    partner: Mapped[Partner] = relationship(lazy="joined")
    rep: Mapped[Representative | None] = relationship(lazy="joined")
    submitted_by: Mapped[Person | None] = relationship(lazy="joined")

    @property
    def stays_submitted(self) -> bool:
        """Whether this lead keeps the status `submitted` for ever: POS without sales support (`SPEC §2`)."""
        return self.product.flow == "bounty" and not self.sales_support


class LeadCount(Base):
    """How many leads there are of each kind; triggers keep it in the transaction of the lead."""

    __tablename__ = "lead_counts"

    partner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(primary_key=True)
    payout: Mapped[str] = mapped_column(primary_key=True)
    rep_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leads: Mapped[int]


class LeadEvent(Base):
    """One entry of a lead's timeline. `staff_only` ones tell of other partners' leads."""

    __tablename__ = "lead_events"
    __table_args__ = (Index("ix_lead_events_lead_id", "lead_id", "id"), Index("ix_lead_events_at", "at", "id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    side: Mapped[str]
    kind: Mapped[str]
    details: Mapped[dict[str, Any]]
    staff_only: Mapped[bool] = mapped_column(default=False)


class LeadMessage(Base):
    """A message between partner and representative about a lead."""

    __tablename__ = "lead_messages"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), index=True)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    side: Mapped[str]
    text: Mapped[str]


class Appeal(Base):
    """A partner's one objection to a refusal, and what it was answered."""

    __tablename__ = "appeals"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    text: Mapped[str]
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    granted: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(default="")


class ProspectKey(Base):
    """One sign by which a prospect is recognised: its website's host, an e-mail, or a phone, in their normal form."""

    __tablename__ = "prospect_keys"
    __table_args__ = (Index("ix_prospect_keys_value", "product_id", "kind", "value"),)

    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    value: Mapped[str] = mapped_column(KeyText)


class LeadConflict(Base):
    """Two partners claim one prospect: `lead` is in conflict with `against`, which holds the claim."""

    __tablename__ = "lead_conflicts"
    __table_args__ = (UniqueConstraint("lead_id", "against_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id"))
    against_id: Mapped[int] = mapped_column(ForeignKey("leads.id"), index=True)
    matched: Mapped[list[Any]]
    at: Mapped[datetime] = mapped_column(index=True)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    decision: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")


class AssignmentRule(Base):
    """Leads of this product and country (either may be any) go to this representative."""

    __tablename__ = "assignment_rules"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"))
    country: Mapped[str | None]
    rep_id: Mapped[int] = mapped_column(ForeignKey("representatives.id"))


class ProgrammeSetting(Base):
    """A setting of the partner programme that administrators change in the browser."""

    __tablename__ = "programme_settings"

    name: Mapped[str] = mapped_column(KeyText, primary_key=True)
    value: Mapped[dict[str, Any]]
