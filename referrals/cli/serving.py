"""Commands around the server."""

import sys

import click
from flask import Flask

from referrals.cli.ground import application, refuse, show
from referrals.clock import now
from referrals.config import from_environment
from referrals.db import session


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--demo", is_flag=True, help="Fill an empty database with the demo first.")
def serve(host: str, port: int, demo: bool) -> None:
    """Bring the schema up to date, then serve; the scheduler runs in the same process."""
    from referrals.serving import serve as serve_forever

    app = application(**own_address(host, port))
    if demo:
        with app.app_context():
            tell_logins(app, only_when_empty=True)
    serve_forever(app, host, port)


def own_address(host: str, port: int) -> dict[str, str]:
    """Where links in mails lead when no setting says it; a port that the system chooses (0) is not known yet."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104
    name = everywhere.get(host, f"[{host}]" if ":" in host else host)
    return {"base_url": f"http://{name}:{port}"} if port else {}


@click.command()
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


@click.command()
def migrate() -> None:
    """Create or upgrade the schema."""
    application()


@click.command()
def work() -> None:
    """Do all jobs until nothing is due: for those who serve with REFERRALS_SCHEDULER=off; exit 1 if one failed."""
    from referrals.serving import jobs_of

    jobs = jobs_of(application())
    try:
        leads = jobs.leads()
        done = jobs.work_off()
    finally:
        jobs.leadership.give_up()
    if not leads:
        click.echo("A server is running and does the jobs; nothing is left to do here.", err=True)
    show(
        {
            "leads": leads,
            "mails": {"sent": done["mails"].done, "failed": done["mails"].failed},
            "texts": {"sent": done["texts"].done, "failed": done["texts"].failed},
            "hooks": {"taken": done["hooks"].done, "failed": done["hooks"].failed},
            "settlement": {"runs": done["settlement"].done, "failed": done["settlement"].failed},
            "imports": {"portions": done["imports"].done, "failed": done["imports"].failed},
        }
    )
    sys.exit(1 if any(tally.failed for tally in done.values()) else 0)


@click.command()
def doctor() -> None:
    """Look whether everything is in order; exit 1 if not."""
    from referrals.serving import findings

    found = findings(from_environment())
    for good, sentence in found:
        click.echo(f"{'ok  ' if good else 'BAD '} {sentence}")
    sys.exit(0 if all(good for good, _ in found) else 1)
