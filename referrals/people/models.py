"""Tables of people. What names a natural person stands in `persons` and can be erased there (`SPEC §1`)."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from referrals.db import Base, Id, KeyText
from referrals.normal_form import normal_form
from referrals.people.lifecycle import MEMBERSHIP
from referrals.people.rules import ROLES, masked_phone


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The text of a CHECK that a column holds one of these values."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Person(Base):
    """A natural person's one account; e-mail and phone are each unique, in their normal form."""

    __tablename__ = "persons"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str | None] = mapped_column(KeyText, unique=True)
    phone: Mapped[str | None] = mapped_column(KeyText, unique=True)
    nickname: Mapped[str] = mapped_column(default="")
    called_key: Mapped[str] = mapped_column(KeyText, default="")
    name: Mapped[str] = mapped_column(default="")
    name_key: Mapped[str] = mapped_column(KeyText, default="")
    search_text: Mapped[str] = mapped_column(KeyText, default="")
    password_hash: Mapped[str | None]
    language: Mapped[str | None]
    seen_language: Mapped[str | None]
    time_zone: Mapped[str | None]
    appearance: Mapped[str | None]
    second_factor: Mapped[str | None]
    second_factor_since: Mapped[datetime | None]
    second_factor_step: Mapped[int] = mapped_column(default=0)
    demo: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    @property
    def called(self) -> str:
        """How a salesperson is shown: the nickname when one is set, the masked phone otherwise (`SPEC §1`)."""
        return self.nickname or masked_phone(self.phone or "")

    @validates("nickname", "phone")
    def keep_called_key(self, attribute: str, value: str | None) -> str | None:
        """Whatever sets nickname or phone sets what lists of salespeople sort and search by."""
        nickname, phone = (value, self.phone) if attribute == "nickname" else (self.nickname, value)
        self.called_key = normal_form(nickname or masked_phone(phone or ""))
        return value

    @property
    def reads(self) -> str:
        """The language to write to this person in: the chosen one, else that of their last visit."""
        return self.language or self.seen_language or "en"

    @validates("name", "email")
    def keep_search_text(self, attribute: str, value: str | None) -> str | None:
        """Whatever sets name or e-mail sets what lists sort and search by."""
        name, email = (value, self.email) if attribute == "name" else (self.name, value)
        self.name_key = normal_form(name or "")
        self.search_text = normal_form(f"{name or ''}\n{email or ''}")
        return value


STAFF = text("partner_id IS NULL AND shop_id IS NULL")


class Membership(Base):
    """What a person is here: a member of one partner organisation or of one shop, a salesperson of one, or staff."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint(one_of("role", ROLES), name="role"),
        CheckConstraint(one_of("status", MEMBERSHIP.states), name="status"),
        CheckConstraint("(role = 'member') = (partner_id IS NOT NULL)", name="partner_of_member"),
        CheckConstraint("(role IN ('merchant', 'salesperson')) = (shop_id IS NOT NULL)", name="shop_of_merchant"),
        CheckConstraint("(role = 'salesperson') = (salesperson_id IS NOT NULL)", name="salesperson"),
        UniqueConstraint("person_id", "partner_id"),
        UniqueConstraint("person_id", "shop_id", "role"),
        Index("ix_memberships_shop_id", "shop_id"),
        Index("ix_memberships_partner_id", "partner_id"),
        Index(
            "uq_memberships_staff",
            "person_id",
            unique=True,
            sqlite_where=STAFF,
            postgresql_where=STAFF,
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    role: Mapped[str]
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shops.id"))
    salesperson_id: Mapped[int | None] = mapped_column(ForeignKey("salespeople.id"))
    view_referrals: Mapped[bool] = mapped_column(default=False)
    view_financials: Mapped[bool] = mapped_column(default=False)
    manage_members: Mapped[bool] = mapped_column(default=False)
    manage: Mapped[bool] = mapped_column(default=False)
    finance: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined")


class MembershipChange(Base):
    """The history of a membership: each change of its status or permissions."""

    __tablename__ = "membership_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id"), index=True)
    at: Mapped[datetime]
    by_person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    details: Mapped[dict[str, Any]]


class Representative(Base):
    """A sales representative: a staff person to whom leads are assigned."""

    __tablename__ = "representatives"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), unique=True)
    phone: Mapped[str] = mapped_column(default="")
    booking_url: Mapped[str] = mapped_column(default="")
    available: Mapped[bool] = mapped_column(default=True)
    turn: Mapped[int] = mapped_column(default=0)

    person: Mapped[Person] = relationship(lazy="joined")


class SignIn(Base):
    """A signed-in browser. The token is in its cookie alone; here is the token's digest."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    token_digest: Mapped[str] = mapped_column(KeyText, unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    ip: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")


class OneTimeLink(Base):
    """Something that may be done once by whoever holds the link (P14): its token is this id, signed for the purpose."""

    __tablename__ = "one_time_links"

    id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    purpose: Mapped[str]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"), index=True)
    email: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Draft(Base):
    """What somebody typed into a form whose sign-in had ended; it comes back after they signed in again."""

    __tablename__ = "drafts"

    token_digest: Mapped[str] = mapped_column(KeyText, primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    path: Mapped[str]
    fields: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class RecoveryCode(Base):
    """A code that stands in for a lost second factor, once."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    code_digest: Mapped[str] = mapped_column(KeyText)
    used_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """A code that went to a phone, by which its owner proves to hold it; a few wrong tries end it."""

    __tablename__ = "one_time_codes"
    __table_args__ = (Index("ix_one_time_codes_phone", "phone", "created_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    phone: Mapped[str] = mapped_column(KeyText)
    code_digest: Mapped[str] = mapped_column(KeyText)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class ApiKey(Base):
    """A bearer key of the JSON API; shown once, stored as its digest (`SPEC §14`)."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint(one_of("kind", ("partner", "shop", "operator")), name="kind"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"), index=True)
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shops.id"), index=True)
    name: Mapped[str] = mapped_column(default="")
    beginning: Mapped[str]
    secret_digest: Mapped[str] = mapped_column(KeyText, unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    revoked_at: Mapped[datetime | None]


class ApiAnswer(Base):
    """What a POST with an Idempotency-Key was answered, so that its repetition is answered alike (`SPEC §14`)."""

    __tablename__ = "api_answers"

    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    request_digest: Mapped[str]
    status: Mapped[int]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """Who did what to the set-up and to accounts; append only."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    action: Mapped[str]
    about_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    subject: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
