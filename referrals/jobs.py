"""What the scheduler runs. It only ticks: what is due is asked of our own tables, so a missed tick loses nothing."""

import smtplib
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.message import EmailMessage

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, text

from referrals.clock import now
from referrals.config import Config
from referrals.db import reading, session
from referrals.outbox.models import OutboxMessage
from referrals.outbox.operations import note_failed, note_sent
from referrals.outbox.queries import due_mails
from referrals.outbox.transport import Transport
from referrals.people.answers import drop_old_answers
from referrals.people.drafts import drop_old_drafts
from referrals.people.rules import SYSTEM
from referrals.people.sign_in import note_seen
from referrals.transfer.models import ImportRun
from referrals.transfer.operations import advance_import, running_imports

log = structlog.get_logger()
PORTIONS_A_TICK = 25
LEADER_LOCK = 7_231_906
# A late tick is as good as a punctual one.
ANY_DELAY_SECONDS = 365 * 24 * 3600

Context = Callable[[], AbstractContextManager[object]]
Render = Callable[[OutboxMessage], EmailMessage]
TakeSeen = Callable[[], dict[int, datetime]]


def send_mails(render: Render, transport: Transport, *, at: datetime) -> int:
    """Send what is due; answers how many left. Each mail is committed by itself, and no lock is held while sending."""
    with reading():
        due = [message.id for message in due_mails(at=at)]
    return sum(send_mail(message_id, render, transport, at=at) for message_id in due)


def send_mail(message_id: int, render: Render, transport: Transport, *, at: datetime) -> bool:
    with reading():
        message = session.get_one(OutboxMessage, message_id)
        mail, key = render(message), message.message_key
    try:
        transport.send(mail, key)
    except smtplib.SMTPRecipientsRefused as error:
        note_failed(message_id, str(error), at=at, final=all(code >= 500 for code, _ in error.recipients.values()))
    except (OSError, smtplib.SMTPException) as error:
        note_failed(message_id, f"{type(error).__name__}: {error}", at=at)
    else:
        note_sent(message_id, at=at)
        session.commit()
        return True
    session.commit()
    return False


def advance_imports(*, at: datetime) -> int:
    """Work on running imports for a while; answers how many portions were taken in."""
    with reading():
        waiting = running_imports()
    taken = 0
    for import_id in waiting:
        more = True
        while more and taken < PORTIONS_A_TICK:
            run = session.get_one(ImportRun, import_id)
            more = run.status == "running" and advance_import(run, by=SYSTEM, at=at)
            session.commit()
            taken += 1
    return taken


def store_seen(seen: dict[int, datetime]) -> None:
    """Store when sign-ins were last used."""
    if seen:
        note_seen(seen)
        session.commit()


def tidy(*, at: datetime) -> None:
    """Forget what nobody will ask for again."""
    drop_old_drafts(at=at)
    drop_old_answers(at=at)
    session.commit()


class Leadership:
    """Of several processes on one database, one runs the jobs; another takes over when it ends."""

    def __init__(self, config: Config, engine: Engine) -> None:
        self.engine = engine
        self.file = FileLock(config.data_dir / "scheduler.lock", blocking=False)
        self.connection: Connection | None = None

    def held(self) -> bool:
        """Whether this process leads; tries to when nobody does."""
        if self.engine.dialect.name == "postgresql":
            return self.held_on_postgresql()
        try:
            if not self.file.is_locked:
                self.file.acquire()
        except Timeout:
            return False
        return True

    def held_on_postgresql(self) -> bool:
        if self.connection is None:
            self.connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            asked = self.connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": LEADER_LOCK})
            if not asked.scalar():
                self.connection.close()
                self.connection = None
        return self.connection is not None

    def give_up(self) -> None:
        """Let another process lead."""
        if self.file.is_locked:
            self.file.release()
        if self.connection is not None:
            self.connection.close()


class Jobs:
    """All jobs, bound to one application."""

    def __init__(
        self, context: Context, render: Render, transport: Transport, take_seen: TakeSeen, leadership: Leadership
    ) -> None:
        self.context = context
        self.render = render
        self.transport = transport
        self.take_seen = take_seen
        self.leadership = leadership

    def often(self) -> None:
        """Every other second: mails and imports."""
        self.run(lambda: send_mails(self.render, self.transport, at=now()))
        self.run(lambda: advance_imports(at=now()))

    def minutely(self) -> None:
        """Every minute: when sign-ins were last used. Every process stores what it saw itself."""
        self.attempt(lambda: store_seen(self.take_seen()))

    def hourly(self) -> None:
        """Every hour: forgetting."""
        self.run(lambda: tidy(at=now()))

    def run(self, job: Callable[[], object]) -> None:
        """Do a job if this process leads."""
        self.attempt(lambda: job() if self.leadership.held() else None)

    def attempt(self, job: Callable[[], object]) -> None:
        """Do a job in a session of its own; what goes wrong is noted, and the next tick tries again."""
        try:
            with self.context():
                job()
        except Exception:
            log.exception("job_failed")

    def scheduler(self) -> BackgroundScheduler:
        """A scheduler with all jobs, not yet started."""
        made = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": ANY_DELAY_SECONDS},
        )
        made.add_job(self.often, "interval", seconds=2)
        made.add_job(self.minutely, "interval", minutes=1)
        made.add_job(self.hourly, "interval", hours=1)
        return made
