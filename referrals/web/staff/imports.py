"""Imports: upload, choose columns, try, run, report (`SPEC §15`)."""

import time

from flask import Blueprint, Response, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from referrals.clock import now
from referrals.db import reading, session
from referrals.errors import RuleBroken
from referrals.jobs import take_portion
from referrals.leads.catalogue import products
from referrals.partners.queries import all_partners, get_partner
from referrals.transfer.every_kind import KINDS, get_kind
from referrals.transfer.models import ImportRun
from referrals.transfer.operations import (
    choose_columns,
    start_import,
    table_of,
    try_import,
    upload_as,
    withdraw_import,
)
from referrals.transfer.queries import ImportList, RemarkList, get_import, hold_import
from referrals.values import parse_id
from referrals.web import hx, lists, words
from referrals.web.forms import options
from referrals.web.forms.staff import UploadForm
from referrals.web.lists import Column, Filter, ListPage
from referrals.web.visitor import actor, may
from referrals.wording import N_

blueprint = Blueprint("imports", __name__)

# How long a request may work on an import itself; the scheduler, or the next click, does the rest.
PATIENCE_SECONDS = 2
SAMPLES = 3
SHOWN_REMARKS = 200

IMPORTS = ListPage(
    name="imports",
    path="/imports",
    title=N_("Imports"),
    columns=(
        Column("file", N_("File"), lambda row: row.file_name, sortable=False),
        Column("kind", N_("Kind"), lambda row: gettext(KINDS[row.kind].label)),
        Column("partner", N_("Partner"), lambda row: row.partner),
        Column("status", N_("State"), lambda row: gettext(words.IMPORT[row.status])),
        Column("new", N_("New"), lambda row: row.created, sortable=False, style="num"),
        Column("changed", N_("Changed"), lambda row: row.changed, sortable=False, style="num"),
        Column("unchanged", N_("Known already"), lambda row: row.unchanged, sortable=False, style="num"),
        Column("refused", N_("Refused rows"), lambda row: row.refused, sortable=False, style="num"),
        Column("created", N_("Uploaded"), lambda row: row.created_at, style="num"),
    ),
    rows="imports/_rows.html",
    page="imports/list.html",
    searched=N_("Partner"),
    more={"kinds": KINDS},
)
REPORT = ListPage(
    name="report",
    path="/imports",
    title=N_("Report"),
    columns=(
        Column("line", N_("Line"), lambda row: row.line or None, style="num"),
        Column("outcome", N_("What became of it"), lambda row: gettext(words.REMARKS[row.outcome]), sortable=False),
        Column("column", N_("Column"), lambda row: row.column, sortable=False),
        Column("why", N_("Why"), lambda row: words.tell(row.sentence, row.params), sortable=False),
    ),
    rows="imports/_report_rows.html",
    page="imports/show.html",
    filters=(
        Filter(
            "outcome",
            N_("What became of it"),
            N_("Everything"),
            lambda: [(outcome, gettext(label)) for outcome, label in words.REMARKS.items()],
        ),
    ),
    changed_by="import-advanced",
)


@blueprint.get("/imports")
@blueprint.get("/imports.<any(csv, xlsx):kind>")
@may("import")
def index(kind: str | None = None) -> Response:
    """All imports."""
    return lists.answer(IMPORTS, ImportList(actor(), IMPORTS.wish()), kind)


@blueprint.get("/imports/new")
@may("import")
def new() -> Response:
    """The form that takes a file; `kind` in the URL chooses what is in it."""
    form = offered(UploadForm())
    form.kind.data = request.args.get("kind", "") if request.args.get("kind", "") in KINDS else form.kind.data
    return upload_page(form)


def offered(form: UploadForm) -> UploadForm:
    """The form with its choices filled in."""
    form.kind.choices = options([(kind.code, gettext(kind.label)) for kind in KINDS.values()])
    form.partner.choices = options(
        [("", gettext("Choose")), *((str(one.id), one.name) for one in all_partners(actor()))]
    )
    form.product.choices = options([(one.code, words.own_words(one.name)) for one in products()])
    return form


def upload_page(form: UploadForm, status: int = 200) -> Response:
    return hx.render("imports/new.html", "imports/new.html", status, form=form)


@blueprint.post("/imports/new")
@may("import")
def create() -> AnyResponse:
    """Take the file, read it once, and go on to its columns."""
    form = offered(UploadForm())
    file = request.files.get("file")
    if not form.validate() or file is None or not file.filename:
        if file is None or not file.filename:
            form.file.errors = [gettext("Choose a file.")]
        return upload_page(form, 422)
    kind = get_kind(form.kind.data)
    partner = get_partner(actor(), parse_id(form.partner.data) or 0) if form.partner.data and kind.partner else None
    try:
        run = upload_as(kind, partner, file.filename, file.read(), form.chosen(), by=actor(), at=now())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        form.put(broken, "file")
        return upload_page(form, 422)
    return hx.go_to(url_for("imports.show", import_id=run.id))


@blueprint.get("/imports/<import_id>")
@blueprint.get("/imports/<int:import_id>.<any(csv, xlsx):kind>")
@may("import")
def show(import_id: str | int, kind: str | None = None) -> Response:
    """Where an import stands: its columns before it ran, its progress, or its report."""
    run = get_import(actor(), parse_id(str(import_id)) or 0)
    if run.status == "new":
        return columns_page(run)
    listed = RemarkList(actor(), run.id, REPORT.wish())
    path = url_for("imports.show", import_id=run.id)
    return lists.answer(REPORT, listed, kind, path=path, run=run, run_kind=get_kind(run.kind))


@blueprint.get("/imports/<import_id>/progress")
@may("import")
def progress(import_id: str) -> Response:
    """How far a running import got; the page asks every other second."""
    run = get_import(actor(), parse_id(import_id) or 0)
    if not hx.wants_fragment():
        return hx.go_to(url_for("imports.show", import_id=run.id))
    response = hx.render("imports/_progress.html", "imports/_progress.html", run=run, run_kind=get_kind(run.kind))
    return hx.announce(response, "import-advanced")


def columns_page(run: ImportRun, broken: RuleBroken | None = None, *, tried: bool = False) -> Response:
    kind, table = get_kind(run.kind), table_of(run)
    samples = {
        name: [line.cells.get(name, "") for line in table.lines if line.cells.get(name, "").strip()][:SAMPLES]
        for name in table.header
    }
    outcome = try_import(run, at=now()) if tried else None
    context = {
        "run": run,
        "dialect": run.options["dialect"],
        "mapping": run.options["mapping"],
        "run_kind": kind,
        "targets": kind.targets(run.options),
        "header": table.header,
        "samples": samples,
        "outcome": outcome,
        "remarks": outcome.remarks[:SHOWN_REMARKS] if outcome else [],
        "broken": broken,
    }
    return hx.render("imports/columns.html", "imports/columns.html", 422 if broken else 200, **context)


@blueprint.post("/imports/<import_id>/columns")
@may("import")
def columns(import_id: str) -> AnyResponse:
    """Store the columns, then try the import or start it; one that has begun shows how far it got."""
    run = hold_import(actor(), parse_id(import_id) or 0)
    number, form = run.id, request.form
    if run.status != "new":
        return hx.go_to(url_for("imports.show", import_id=number))
    mapping = {name: form.get(f"column_{name}", "") for name in get_kind(run.kind).targets(run.options)}
    try:
        choose_columns(run, mapping, by=actor())
        if form.get("step") == "run":
            start_import(run, by=actor())
        session.commit()
    except RuleBroken as broken:
        session.rollback()
        return columns_page(get_import(actor(), number), broken)
    if form.get("step") != "run":
        # A large file takes a while, and others write meanwhile.
        with reading():
            return columns_page(get_import(actor(), number), tried=True)
    work_on(number)
    return hx.go_to(url_for("imports.show", import_id=number))


@blueprint.post("/imports/<import_id>/continuation")
@may("import")
def go_on(import_id: str) -> AnyResponse:
    """Work on a running import for a moment, for those who run without a scheduler."""
    work_on(get_import(actor(), parse_id(import_id) or 0).id)
    return hx.go_to(url_for("imports.show", import_id=import_id))


def work_on(import_id: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    more = True
    while more and time.monotonic() < until:
        more, _ = take_portion(import_id, by=actor(), at=now())


@blueprint.post("/imports/<import_id>/withdrawal")
@may("import")
def withdraw(import_id: str) -> AnyResponse:
    """Give up an import that has not begun."""
    withdraw_import(hold_import(actor(), parse_id(import_id) or 0), by=actor())
    session.commit()
    return hx.go_to(url_for("imports.index"))
