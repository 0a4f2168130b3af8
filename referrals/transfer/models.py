"""Tables of imports."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, deferred, mapped_column

from referrals.db import Base, Id, KeyText
from referrals.people.models import one_of
from referrals.transfer.lifecycle import IMPORT


class ImportRun(Base):
    """One file on its way in: its content until it is done, how its columns are read, how far it got.

    `partner_id`: whose rows these are, for kinds that ask.
    """

    __tablename__ = "import_runs"
    __table_args__ = (CheckConstraint(one_of("status", IMPORT.states), name="status"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default="new")
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"))
    file_name: Mapped[str]
    content: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    options: Mapped[dict[str, Any]]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    created_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]
    total: Mapped[int] = mapped_column(default=0)
    read: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0, server_default="0")
    unchanged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)


class ImportRemark(Base):
    """What an import has to say of one line: why it was refused, or what was found while taking it."""

    __tablename__ = "import_remarks"
    __table_args__ = (Index("ix_import_remarks_import_id", "import_id", "line", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("import_runs.id"))
    line: Mapped[int]
    outcome: Mapped[str]
    column: Mapped[str] = mapped_column(default="")
    sentence: Mapped[str]
    params: Mapped[dict[str, Any]]


class RememberedMapping(Base):
    """How the columns of a file with this header were read last time."""

    __tablename__ = "remembered_mappings"

    header_digest: Mapped[str] = mapped_column(KeyText, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    mapping: Mapped[dict[str, Any]]
