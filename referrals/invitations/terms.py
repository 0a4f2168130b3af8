"""The terms and conditions of an upgrade: versions that are only ever added; the highest is in force (`SPEC §3`)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from referrals.db import lock_names, session
from referrals.errors import NotFound
from referrals.invitations.models import Invitation, UpgradeTerms, UpgradeTermsText
from referrals.invitations.rules import TermsMissing, TermsOvertaken
from referrals.listing import AnyRow
from referrals.people import audit
from referrals.people.models import Person
from referrals.people.rules import Actor

FALLBACK = "en"
LARGEST_NUMBER = 2**31


def number_in_force() -> int:
    """The number of the version that is in force."""
    return int(session.scalar(select(func.max(UpgradeTerms.number))) or 0)


def texts_of(number: int) -> dict[str, str]:
    """What a version says, by language; raises NotFound where there is no such version."""
    if number > LARGEST_NUMBER:
        raise NotFound
    rows = session.execute(
        select(UpgradeTermsText.language, UpgradeTermsText.body).where(UpgradeTermsText.number == number)
    )
    found = {row.language: row.body for row in rows}
    if not found:
        raise NotFound
    return found


def text_in(texts: Mapping[str, str], language: str) -> tuple[str, str]:
    """The text in a language and that language, else in English."""
    return (texts[language], language) if language in texts else (texts[FALLBACK], FALLBACK)


def versions() -> Sequence[AnyRow]:
    """All versions, the newest first, with who made them and how many owners accepted under them."""
    accepted = (
        select(func.count())
        .select_from(Invitation)
        .where(Invitation.terms_number == UpgradeTerms.number)
        .scalar_subquery()
    )
    return session.execute(
        select(UpgradeTerms.number, UpgradeTerms.created_at, Person.name, accepted.label("accepted"))
        .outerjoin(Person, Person.id == UpgradeTerms.by_person_id)
        .order_by(UpgradeTerms.number.desc())
    ).all()


def add_version(texts: Mapping[str, str], *, after: int, by: Actor, at: datetime) -> int:
    """Put a new version into force, written over the one with the number `after`; answers its number.

    Languages without a text fall back to English. Raises TermsMissing, TermsOvertaken.
    """
    by.require("configure")
    lock_names(["upgrade terms"])
    if not texts.get(FALLBACK):
        raise TermsMissing(field=FALLBACK)
    number = number_in_force()
    if number != after:
        raise TermsOvertaken
    session.add(UpgradeTerms(number=number + 1, created_at=at, by_person_id=by.person_id))
    session.flush()
    session.add_all(
        UpgradeTermsText(number=number + 1, language=language, body=body) for language, body in texts.items() if body
    )
    session.flush()
    audit.record("upgrade_terms_added", by=by, at=at, subject=str(number + 1))
    return number + 1
