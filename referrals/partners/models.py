"""Tables of partner organisations."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column, validates

from referrals.db import Base, Id, KeyText
from referrals.normal_form import normal_form


class Partner(Base):
    """An organisation that submits leads; `name` is unique whatever its letter case and accents."""

    __tablename__ = "partners"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str] = mapped_column(KeyText, unique=True)
    created_at: Mapped[datetime]

    @validates("name")
    def keep_name_key(self, _attribute: str, value: str) -> str:
        """Whatever sets the name sets what lists sort and search by."""
        self.name_key = normal_form(value)
        return value
