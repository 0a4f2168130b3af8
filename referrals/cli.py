"""The command line (`API`, `SPEC §16`). Results are JSON on standard output; what is told to people goes beside it."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import structlog
from flask import Flask

from referrals import create_app
from referrals.clock import now
from referrals.config import from_environment
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.leads.catalogue import get_product
from referrals.partners.models import Partner
from referrals.partners.operations import create_partner
from referrals.partners.queries import all_partners, find_partner_by_name
from referrals.people.models import Person
from referrals.people.operations import add_partner_member, add_staff, create_person, make_representative
from referrals.people.queries import find_person_by_email
from referrals.people.rules import PERMISSIONS, SYSTEM
from referrals.people.sign_in import make_key
from referrals.transfer.backup import restore_backup, write_backup
from referrals.transfer.lead_columns import rename
from referrals.transfer.lead_import import PORTION, LeadImport, Outcome
from referrals.transfer.operations import understand
from referrals.transfer.portable import export_everything, load_everything
from referrals.values import login_email

password_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


class Commands(click.Group):
    """Commands in which a broken rule is told as a sentence, not as a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except RuleBroken as broken:
            raise refuse(broken) from None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Referrals: partner and salesperson programmes, self-hosted."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def application() -> Flask:
    """The application on a database with the newest schema."""
    from referrals.serving import bring_up_to_date

    app = create_app(from_environment())
    bring_up_to_date(app)
    return app


def show(answer: Any) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))


def refuse(error: RuleBroken) -> click.ClickException:
    return click.ClickException(error.sentence % error.values if error.values else error.sentence)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--demo", is_flag=True, help="Fill an empty database with the demo first.")
def serve(host: str, port: int, demo: bool) -> None:
    """Bring the schema up to date, then serve; the scheduler runs in the same process."""
    from referrals.serving import serve as serve_forever

    app = application()
    if demo:
        with app.app_context():
            tell_logins(app, only_when_empty=True)
    serve_forever(app, host, port)


@main.command()
def demo() -> None:
    """Fill an empty database with a believable demo, and print the logins."""
    app = application()
    with app.app_context():
        tell_logins(app, only_when_empty=False)


def tell_logins(app: Flask, *, only_when_empty: bool) -> None:
    from referrals.demo import DatabaseNotEmpty, fill_demo, logins

    try:
        fill_demo(app.extensions["referrals"].passwords, at=now())
        session.commit()
    except DatabaseNotEmpty as broken:
        session.rollback()
        if not only_when_empty:
            raise refuse(broken) from None
    for role, email, password in logins():
        click.echo(f"  {role:<24} {email:<28} {password}")


@main.command()
def migrate() -> None:
    """Create or upgrade the schema."""
    application()


@main.command("create-admin")
@click.argument("email")
@password_option
def create_admin(email: str, password_stdin: bool) -> None:
    """Make an administrator."""
    app = application()
    with app.app_context():
        person = new_person(app, email, "", password_stdin)
        add_staff(person, "admin", by=SYSTEM, at=now())
        session.commit()
        show({"person": str(person.id), "email": person.email, "role": "admin"})


@main.command("create-rep")
@click.argument("email")
@click.argument("name")
@click.option("--phone", default="", help="How partners reach them.")
@click.option("--booking-url", default="", help="Where partners book a call.")
@password_option
def create_rep(email: str, name: str, phone: str, booking_url: str, password_stdin: bool) -> None:
    """Make a sales representative, to whom leads are assigned from now on."""
    app = application()
    with app.app_context():
        person = new_person(app, email, name, password_stdin)
        add_staff(person, "rep", by=SYSTEM, at=now())
        rep = make_representative(person, phone=phone, booking_url=booking_url)
        session.commit()
        show({"person": str(person.id), "rep": str(rep.id), "email": person.email, "name": name, "role": "rep"})


@main.command("create-partner")
@click.argument("name")
@click.argument("email")
@password_option
def create_partner_command(name: str, email: str, password_stdin: bool) -> None:
    """Make a partner, its first member with every permission, and an API key."""
    app = application()
    with app.app_context():
        person = new_person(app, email, "", password_stdin)
        partner = create_partner(name.strip(), by=SYSTEM, at=now())
        add_partner_member(person, partner.id, frozenset(PERMISSIONS), by=SYSTEM, at=now())
        key = make_key("partner", partner_id=partner.id, name="create-partner", scopes=["leads"], by=SYSTEM, at=now())
        session.commit()
        show({"partner": str(partner.id), "name": partner.name, "email": person.email, "api_key": key})


def new_person(app: Flask, email: str, name: str, password_stdin: bool) -> Person:
    """The account with this e-mail; made with a password that is read or asked for when there is none."""
    normal = login_email(email)
    known = find_person_by_email(normal)
    if known is not None:
        return known
    password = sys.stdin.readline().rstrip("\n") if password_stdin else ask_password()
    digest = app.extensions["referrals"].passwords.hash(password)
    return create_person(normal, name or normal.partition("@")[0], password_hash=digest, at=now())


def ask_password() -> str:
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


@main.group("import")
def import_group() -> None:
    """Take tables in; repeating an import changes nothing."""


@import_group.command("leads")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--partner", "partner_name", default="", help="Whose leads these are.")
@click.option("--product", "product_code", default="plus", show_default=True, help="For rows that name none.")
@click.option("--map", "pairs", multiple=True, metavar="THEIRS=OURS", help="Read a column as one of our fields.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing.")
def import_leads(file: Path, partner_name: str, product_code: str, pairs: tuple[str, ...], dry_run: bool) -> None:
    """Import leads from CSV or XLSX; tables from Salesforce and HubSpot are recognised."""
    app = application()
    with app.app_context():
        partner = named_partner(partner_name)
        try:
            product = get_product(product_code)
            reading = understand(file.read_bytes(), file.name, product)
            mapping = rename(reading.mapping, reading.table.header, pairs)
        except NotFound:
            raise click.ClickException(f"There is no product {product_code}.") from None
        except ValueError as error:
            raise click.ClickException(f"--map {error}: the file has no such column.") from None
        importer = LeadImport(partner, mapping, reading.dialect, product, at=now())
        outcome = importer.dry_run(reading.table) if dry_run else run_import(importer, reading.table.lines)
        show(summary(outcome))


def named_partner(name: str) -> Partner:
    if name:
        partner = find_partner_by_name(name)
        if partner is None:
            raise click.ClickException(f"There is no partner {name}.")
        return partner
    partners = all_partners(SYSTEM)
    if len(partners) != 1:
        raise click.ClickException("Say whose leads these are: --partner NAME.")
    return partners[0]


def run_import(importer: LeadImport, lines: Any) -> Outcome:
    total = Outcome()
    portions = range(0, len(lines), PORTION)
    with click.progressbar(portions, label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()) as progress:
        for start in progress:
            done = importer.run(lines[start : start + PORTION], by=SYSTEM)
            session.commit()
            total.read += done.read
            total.created += done.created
            total.unchanged += done.unchanged
            total.refused += done.refused
            total.remarks.extend(done.remarks)
    return total


def summary(outcome: Outcome) -> dict[str, Any]:
    report = [
        {
            "line": remark.line,
            "outcome": remark.outcome,
            "column": remark.column,
            "why": remark.sentence % remark.params if remark.params else remark.sentence,
        }
        for remark in outcome.remarks
    ]
    counts = {name: getattr(outcome, name) for name in ("read", "created", "unchanged", "refused")}
    return {**counts, "report": report}


@main.command()
def work() -> None:
    """Run all jobs once: for those who serve with REFERRALS_SCHEDULER=off."""
    from referrals.serving import jobs_of

    jobs = jobs_of(application())
    jobs.often()
    jobs.hourly()


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the whole database and the secret key to FILE, while the server works."""
    app = application()
    with app.app_context(), telling_of(file):
        show(write_backup(app.extensions["referrals"].config, file.absolute(), at=now()))


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Fill an empty database from FILE, and bring it up to date; start the server afterwards."""
    app = application()
    with app.app_context():
        manifest = restore_backup(app.extensions["referrals"].config, file)
    application()
    show(manifest)


@main.command()
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
def export(archive: Path) -> None:
    """Write everything to ARCHIVE, for another instance, also one on another kind of database."""
    app = application()
    with app.app_context(), telling_of(archive):
        show(export_everything(app.extensions["referrals"].config, archive.absolute(), at=now()))


@main.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(archive: Path) -> None:
    """Fill an empty database from ARCHIVE; start the server afterwards."""
    app = application()
    with app.app_context():
        manifest = load_everything(app.extensions["referrals"].config, archive)
        session.commit()
    show(manifest)


@contextmanager
def telling_of(file: Path) -> Iterator[None]:
    """A file that cannot be written is told in a sentence."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror or error}") from None


@main.command()
def doctor() -> None:
    """Look whether everything is in order; exit 1 if not."""
    from referrals.serving import findings

    found = findings(from_environment())
    for good, sentence in found:
        click.echo(f"{'ok  ' if good else 'BAD '} {sentence}")
    sys.exit(0 if all(good for good, _ in found) else 1)


if __name__ == "__main__":
    main()
