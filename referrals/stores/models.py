"""Tables of the store registry."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from referrals.db import Base, Id, KeyText
from referrals.ids import new_id
from referrals.people.models import one_of
from referrals.stores.lifecycle import STORE

LISTED = text("listed_at IS NOT NULL")
DRAFT = text("listed_at IS NULL")


class Store(Base):
    """A merchant's store on the platform, by its domain; or a draft, which a partner registered and is building.

    `listed_at`: since when it stands in the registry, because the operator told of it or it was handed over. Drafts
    are known to their partner and staff alone, so that registering a domain tells nobody of another partner's (P13).
    `partner_id`: who builds it, also after it is handed over. The owner's name and e-mail are the merchant's and can
    be erased.
    """

    __tablename__ = "stores"
    __table_args__ = (
        CheckConstraint(one_of("status", STORE.states), name="status"),
        CheckConstraint("listed_at IS NOT NULL OR partner_id IS NOT NULL", name="listed_or_built"),
        Index("ix_stores_listed", "domain", unique=True, sqlite_where=LISTED, postgresql_where=LISTED),
        Index("ix_stores_drafts", "domain", "partner_id", unique=True, sqlite_where=DRAFT, postgresql_where=DRAFT),
        Index("ix_stores_domain", "domain", "id"),
        Index("ix_stores_partner_id", "partner_id", "id"),
        Index("ix_stores_changed_at", "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, default=new_id)
    domain: Mapped[str] = mapped_column(KeyText)
    name: Mapped[str] = mapped_column(default="")
    name_key: Mapped[str] = mapped_column(KeyText, default="")
    owner_name: Mapped[str] = mapped_column(default="")
    owner_email: Mapped[str] = mapped_column(default="")
    owner_language: Mapped[str] = mapped_column(default="en")
    plan: Mapped[str] = mapped_column(KeyText)
    status: Mapped[str] = mapped_column(KeyText, default="active")
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    listed_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    search_text: Mapped[str] = mapped_column(KeyText)
