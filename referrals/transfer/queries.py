"""What is read of imports: by those who may import."""

from collections.abc import Sequence

from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import NotFound
from referrals.listing import Listing, Shape, Wish
from referrals.partners.models import Partner
from referrals.people.models import Person
from referrals.people.rules import Actor
from referrals.transfer.models import ImportRemark, ImportRun


def get_import(viewer: Actor, import_id: int) -> ImportRun:
    """The import with this id; raises NotFound."""
    viewer.require("import")
    run = session.get(ImportRun, import_id)
    if run is None:
        raise NotFound
    return run


def hold_import(viewer: Actor, import_id: int) -> ImportRun:
    """The import as it stands now, while whoever else works on it waits for our transaction; raises NotFound."""
    viewer.require("import")
    run = session.get(ImportRun, import_id, populate_existing=True, with_for_update=True)
    if run is None:
        raise NotFound
    return run


PARTNER_KEY = func.coalesce(Partner.name_key, "")


class ImportList(Listing):
    """All imports, newest first."""

    shape = Shape(
        keys={
            "created": ImportRun.created_at,
            "kind": ImportRun.kind,
            "partner": PARTNER_KEY,
            "status": ImportRun.status,
        },
        default="-created",
        ident=ImportRun.id,
        searched=PARTNER_KEY,
    )

    def __init__(self, viewer: Actor, wish: Wish) -> None:
        viewer.require("import")
        statement = (
            select(
                ImportRun.id,
                ImportRun.kind,
                ImportRun.file_name,
                ImportRun.status,
                ImportRun.created_at,
                ImportRun.total,
                ImportRun.created,
                ImportRun.changed,
                ImportRun.unchanged,
                ImportRun.refused,
                func.coalesce(Partner.name, "").label("partner"),
                Person.name.label("person"),
            )
            .outerjoin(Partner, Partner.id == ImportRun.partner_id)
            .outerjoin(Person, Person.id == ImportRun.person_id)
        )
        super().__init__(wish, statement)


class RemarkList(Listing):
    """The report of one import, by line."""

    shape = Shape(
        keys={"line": ImportRemark.line},
        default="line",
        ident=ImportRemark.id,
    )

    def __init__(self, viewer: Actor, import_id: int, wish: Wish) -> None:
        viewer.require("import")
        columns = (
            ImportRemark.id,
            ImportRemark.line,
            ImportRemark.outcome,
            ImportRemark.column,
            ImportRemark.sentence,
            ImportRemark.params,
        )
        statement = select(*columns).where(ImportRemark.import_id == import_id)
        if wish.get("outcome"):
            statement = statement.where(ImportRemark.outcome == wish.get("outcome"))
        super().__init__(wish, statement)


def refused_remarks(import_id: int) -> Sequence[ImportRemark]:
    """What was refused by an import, by line."""
    return session.scalars(
        select(ImportRemark)
        .where(ImportRemark.import_id == import_id, ImportRemark.outcome == "refused")
        .order_by(ImportRemark.line, ImportRemark.id)
    ).all()
