"""Tables of partner organisations, their referrals, and the revenue that these bring (`SPEC §4`)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.normal_form import normal_form
from referrals.partners.lifecycle import CATEGORIES, REFERRAL, REVENUE_KINDS
from referrals.people.models import one_of


class Partner(Base):
    """An organisation that submits leads; `name` is unique whatever its letter case and accents.

    `link_code` makes its referral link; it is given when the link is first asked for.
    """

    __tablename__ = "partners"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(KeyText, unique=True)
    link_code: Mapped[str | None] = mapped_column(KeyText, unique=True)
    created_at: Mapped[datetime]

    @validates("name")
    def keep_name_key(self, _attribute: str, value: str) -> str:
        """Whatever sets the name sets what lists sort and search by."""
        self.name_key = normal_form(value)
        return value


class Referral(Base):
    """A merchant whom a partner brought. `revenue_minor` is the sum of its revenue rows, kept with each.

    `import_key`: what a report or import knows it by, so that telling it again changes nothing.
    """

    __tablename__ = "referrals"
    __table_args__ = (
        CheckConstraint(one_of("category", CATEGORIES), name="category"),
        CheckConstraint(one_of("status", REFERRAL.states), name="status"),
        *(Index(f"ix_referrals_{column}", column, "id") for column in ("referred_at", "merchant_key", "revenue_minor")),
        *(
            Index(f"ix_referrals_partner_id_{column}", "partner_id", column, "id")
            for column in ("referred_at", "merchant_key", "revenue_minor")
        ),
        Index("ix_referrals_domain", "domain"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partners.id"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id"), unique=True)
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id"), index=True)
    category: Mapped[str] = mapped_column(KeyText)
    merchant: Mapped[str]
    merchant_key: Mapped[str] = mapped_column(KeyText)
    domain: Mapped[str] = mapped_column(KeyText, default="")
    plan: Mapped[str] = mapped_column(KeyText, default="")
    locations: Mapped[int | None]
    referred_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(KeyText, default="active")
    closed_at: Mapped[datetime | None]
    currency: Mapped[str]
    revenue_minor: Mapped[int] = mapped_column(default=0)
    import_key: Mapped[str | None] = mapped_column(KeyText, unique=True)
    created_at: Mapped[datetime]
    search_text: Mapped[str] = mapped_column(KeyText)

    partner: Mapped[Partner] = relationship(lazy="joined")

    @validates("merchant")
    def keep_merchant_key(self, _attribute: str, value: str) -> str:
        """Whatever sets the name sets what lists sort by."""
        self.merchant_key = normal_form(value)
        return value


class RevenueRow(Base):
    """What the platform earned from a referral in a month, or a signed correction of that. Never edited (P2).

    `external_id` is the platform's name of the row; telling it again changes nothing.
    """

    __tablename__ = "revenue_rows"
    __table_args__ = (
        CheckConstraint(one_of("kind", REVENUE_KINDS), name="kind"),
        Index("ix_revenue_rows_referral_id", "referral_id", "month", "id"),
        Index(
            "ix_revenue_rows_one_fee",
            "referral_id",
            "month",
            unique=True,
            sqlite_where=text("kind = 'platform_fee'"),
            postgresql_where=text("kind = 'platform_fee'"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    external_id: Mapped[str] = mapped_column(KeyText, unique=True)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referrals.id"))
    month: Mapped[date]
    kind: Mapped[str]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    received_at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))


class RevenueMonth(Base):
    """The sum of a referral's revenue rows of one month, and of what these earned; kept with each row.

    `reason`: why the month earns nothing; empty where it earns. It is found with the month's first row, and looked up
    anew until it earns; a month that earns goes on earning, unless its lead turns out not to be eligible.
    """

    __tablename__ = "revenue_months"

    referral_id: Mapped[int] = mapped_column(ForeignKey("referrals.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    revenue_minor: Mapped[int] = mapped_column(default=0)
    earned_minor: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(KeyText, default="")
