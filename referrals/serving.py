"""Serving: schema first, then one process with web server and scheduler (`STACK`, server)."""

import gc
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event
from typing import Any

from filelock import FileLock
from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from referrals import create_app
from referrals.config import ROOT, Config
from referrals.db import db, is_reachable, reading, session
from referrals.jobs import Jobs, Texts
from referrals.leadership import Leadership
from referrals.outbox.texts import text_transport_for
from referrals.outbox.transport import transport_for
from referrals.transfer.archive import known_schemas
from referrals.web.emails import render_mail
from referrals.web.short_texts import render_text
from referrals.web.visitor import seen

THREADS = 4
# Longer than a request waits for the database's write lock.
GRACE_SECONDS = 25
LEAST_FREE_BYTES = 200 * 1024 * 1024


def bring_up_to_date(app: Flask) -> None:
    """Create or upgrade the schema; one process at a time."""
    config: Config = app.extensions["referrals"].config
    with FileLock(config.data_dir / "migrate.lock"), app.app_context():
        if not is_newest():
            run_migrations(app)
        session.remove()


def run_migrations(app: Flask) -> None:
    # Imported here alone: it takes a second, and hardly any start needs it.
    from flask_migrate import Migrate, upgrade

    Migrate(app, db, directory=str(ROOT / "migrations"))
    upgrade()


def is_newest() -> bool:
    """Whether the schema is that of the newest migration; quick, since it is asked at every start."""
    from sqlalchemy import inspect, text

    newest = max(known_schemas())
    with reading():
        connection = session.connection()
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == newest


def jobs_of(app: Flask) -> Jobs:
    """The jobs, bound to an application."""
    config: Config = app.extensions["referrals"].config

    @contextmanager
    def context() -> Iterator[None]:
        with app.test_request_context(base_url=config.base_url):
            yield
            session.remove()

    with app.app_context():
        leadership = Leadership(config, db.engine)
    mails = transport_for(config.mail_url, config.data_dir)
    texts = Texts(render_text, text_transport_for(config.sms_url, config.data_dir))
    return Jobs(context, render_mail, mails, texts, seen.take, leadership)


def serve(app: Flask, host: str, port: int) -> None:
    """Serve until the process is told to stop; requests that are under way are finished."""
    config: Config = app.extensions["referrals"].config
    sockets: dict[int, Any] = {}
    try:
        server = create_server(
            app,
            map=sockets,
            host=host,
            port=port,
            threads=THREADS,
            ident="referrals",
            max_request_body_size=48 * 1024 * 1024,
        )
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror or error}. Choose another one with --port.")
    told_to_stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
    jobs = jobs_of(app)
    scheduler = jobs.scheduler() if config.scheduler else None
    try:
        if scheduler:
            scheduler.start()
        port = getattr(server, "effective_port", port)
        # What is loaded stays: the collector need not go through it time and again.
        gc.freeze()
        print(f"Referrals is at http://{host}:{port}", flush=True)
        with suppress(KeyboardInterrupt):
            answer_requests(sockets, told_to_stop)
        finish_requests(sockets)
    finally:
        jobs.stop()
        if scheduler:
            scheduler.shutdown(wait=True)
        jobs.minutely()
        jobs.leadership.give_up()
        server.close()


def answer_requests(sockets: dict[int, Any], told_to_stop: Event) -> None:
    # In place of the server's own loop, which at a signal gives its threads five seconds and drops what waits.
    while not told_to_stop.is_set():
        wasyncore.loop(timeout=1, map=sockets, count=1)


def finish_requests(sockets: dict[int, Any]) -> None:
    """Take no more connections, and answer every request that has come in."""
    for one in list(sockets.values()):
        if isinstance(one, BaseWSGIServer):
            wasyncore.dispatcher.close(one)
    until = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < until and any(map(is_busy, sockets.values())):
        wasyncore.loop(timeout=1, map=sockets, count=1)


def is_busy(connection: Any) -> bool:
    """Whether a request waits for its answer, or an answer for the network."""
    return isinstance(connection, HTTPChannel) and bool(connection.requests or connection.total_outbufs_len)


def findings(config: Config) -> list[tuple[bool, str]]:
    """What is in order and what is not, each as a sentence."""
    app = create_app(config)
    found = []
    with app.app_context():
        reachable = is_reachable()
        found.append((reachable, "The database answers." if reachable else "The database does not answer."))
        if reachable:
            newest = is_newest()
            found.append((newest, "The schema is the newest." if newest else "Run `referrals migrate`."))
    free = shutil.disk_usage(config.data_dir).free
    found.append((free > LEAST_FREE_BYTES, f"{free // 1024**2} MiB are free for data."))
    secret = config.data_dir / "secret.key"
    private = not secret.exists() or not secret.stat().st_mode & 0o077
    found.append((private, "The secret key is readable for its owner alone." if private else "chmod 600 secret.key."))
    mail = "Mail goes to a server." if config.mail_url else "Mail goes to files; set REFERRALS_MAIL_URL to send it."
    found.append((True, mail))
    return found
