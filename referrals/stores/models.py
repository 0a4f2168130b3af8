"""Tables of the store registry."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.people.models import one_of
from referrals.stores.lifecycle import STORE


class Store(Base):
    """A merchant's store on the platform, by its domain. `partner_id`: the partner who builds it, until and after it
    is handed over; the owner's name and e-mail are the merchant's and can be erased.
    """

    __tablename__ = "stores"
    __table_args__ = (
        CheckConstraint(one_of("status", STORE.states), name="status"),
        Index("ix_stores_partner_id", "partner_id", "id"),
        Index("ix_stores_changed_at", "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    domain: Mapped[str] = mapped_column(KeyText, unique=True)
    name: Mapped[str] = mapped_column(default="")
    owner_name: Mapped[str] = mapped_column(default="")
    owner_email: Mapped[str] = mapped_column(default="")
    owner_language: Mapped[str] = mapped_column(default="en")
    plan: Mapped[str] = mapped_column(KeyText)
    status: Mapped[str] = mapped_column(default="active")
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    handed_over_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    search_text: Mapped[str] = mapped_column(KeyText)
