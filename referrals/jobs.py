"""What the scheduler runs. It only ticks: what is due is asked of our own tables, so a missed tick loses nothing."""

import smtplib
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from threading import Event
from typing import TypeVar

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy.exc import OperationalError

from referrals.activating import activate_due, close_invitations, raise_alarms, reward_won
from referrals.calling import Hooks, call_due
from referrals.clock import now
from referrals.db import reading, session
from referrals.leadership import Leadership
from referrals.ledger.checking import check_books, find_doubt, is_proof_due
from referrals.outbox.deliveries import forget_old
from referrals.outbox.models import OutboxMessage
from referrals.outbox.operations import note_failed, note_sent, notify
from referrals.outbox.queries import due_mails, due_texts, find_unsent, was_told
from referrals.outbox.texts import ShortMessage
from referrals.outbox.transport import NeverTaken, Transport, Unreachable
from referrals.paying import close_due
from referrals.people.answers import drop_old_answers
from referrals.people.drafts import drop_old_drafts
from referrals.people.queries import administrators
from referrals.people.rules import SYSTEM, Actor
from referrals.people.sign_in import note_seen
from referrals.settlement.balance import RUN_MINUTES
from referrals.settling import settle_asked, settle_due
from referrals.settling import settle_shop as settle_shop
from referrals.transfer.lead_import import PAUSE_SECONDS
from referrals.transfer.operations import advance_import, fail_import, running_imports
from referrals.transfer.queries import hold_import

log = structlog.get_logger()
PORTIONS_A_TICK = 25
# A late tick is as good as a punctual one.
ANY_DELAY_SECONDS = 365 * 24 * 3600

M = TypeVar("M")
Context = Callable[[], AbstractContextManager[object]]
Render = Callable[[OutboxMessage], EmailMessage]
Stop = Callable[[], bool]
TakeSeen = Callable[[], dict[int, datetime]]


@dataclass(frozen=True)
class Tally:
    """What a job did: how many mails left, or portions were taken in, and how many did not.

    `stuck`: what is left had better be tried later.
    """

    done: int = 0
    failed: int = 0
    stuck: bool = False

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.done + other.done, self.failed + other.failed, self.stuck or other.stuck)


SENT, NOT_SENT, NO_WAY_OUT, NOT_DUE = Tally(done=1), Tally(failed=1), Tally(stuck=True), Tally()


def never() -> bool:
    """For jobs that nobody asks to stop."""
    return False


@dataclass(frozen=True)
class Texts:
    """How short messages leave."""

    render: Callable[[OutboxMessage], ShortMessage]
    transport: Transport[ShortMessage]


def send_mails(render: Render, transport: Transport[EmailMessage], *, at: datetime, stop: Stop = never) -> Tally:
    """Send the mails that are due. Each is committed by itself, and no lock is held while sending.

    A mail that fails is tried again later and holds up no other; with the mail server gone all wait.
    """
    with reading():
        due = [message.id for message in due_mails(at=at)]
    return send_all(due, render, transport, at=at, stop=stop)


def send_texts(texts: Texts, *, at: datetime, stop: Stop = never) -> Tally:
    """Send the short messages that are due, in the same way; a mail server that is gone does not hold them up."""
    with reading():
        due = [message.id for message in due_texts(at=at)]
    return send_all(due, texts.render, texts.transport, at=at, stop=stop)


def send_all(
    due: list[int], render: Callable[[OutboxMessage], M], transport: Transport[M], *, at: datetime, stop: Stop
) -> Tally:
    total = Tally()
    for message_id in due:
        if total.stuck or stop():
            break
        total += send_mail(message_id, render, transport, at=at)
    return total


def send_mail(message_id: int, render: Callable[[OutboxMessage], M], transport: Transport[M], *, at: datetime) -> Tally:
    try:
        with reading():
            message = find_unsent(message_id)
            if message is None:
                return NOT_DUE
            mail, key = render(message), message.message_key
        transport.send(mail, key)
    except Unreachable as error:
        return not_sent(message_id, str(error), at=at) + NO_WAY_OUT
    except smtplib.SMTPRecipientsRefused as error:
        return not_sent(message_id, str(error), at=at, final=all(c >= 500 for c, _ in error.recipients.values()))
    except OSError as error:
        told = f"{type(error).__name__}: {error}"
        return not_sent(message_id, told, at=at, final=isinstance(error, NeverTaken))
    except Exception as error:
        # Its text may name people: what the log gets is where to look.
        log.error("mail_failed", message=message_id, **whereabouts(error))
        return not_sent(message_id, type(error).__name__, at=at)
    note_sent(message_id, at=at)
    session.commit()
    return SENT


def not_sent(message_id: int, error: str, *, at: datetime, final: bool = False) -> Tally:
    session.rollback()
    note_failed(message_id, error, at=at, final=final)
    session.commit()
    return NOT_SENT


def whereabouts(error: BaseException) -> dict[str, str]:
    """What kind of error it was and where it came up; nothing of what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return {"error_type": type(error).__name__, "place": place}


def advance_imports(*, at: datetime, stop: Stop = never) -> Tally:
    """Work on running imports for a while. One that fails ends in that state, and those after it go on."""
    with reading():
        waiting = running_imports()
    total = Tally()
    for import_id in waiting:
        more = True
        while more and total.done < PORTIONS_A_TICK and not stop():
            began = time.monotonic()
            more, tally = take_portion(import_id, by=SYSTEM, at=at)
            total += tally
            if more:
                time.sleep(min(PAUSE_SECONDS, time.monotonic() - began))
    return total


def take_portion(import_id: int, *, by: Actor, at: datetime) -> tuple[bool, Tally]:
    """Take in the next portion of an import and commit it; answers whether it goes on."""
    try:
        run = hold_import(by, import_id)
        if run.status != "running":
            session.rollback()
            return False, Tally()
        more = advance_import(run, by=by, at=at)
        session.commit()
    except OperationalError as error:
        # A deadlock, a full disk, a server that restarts: the import is all right, and its next portion waits.
        session.rollback()
        log.error("import_waits", import_id=import_id, **whereabouts(error))
        return False, Tally(failed=1, stuck=True)
    except Exception as error:
        session.rollback()
        log.error("import_failed", import_id=import_id, **whereabouts(error))
        give_up_import(import_id, by=by, at=at)
        return False, Tally(failed=1)
    return more, Tally(done=1)


def give_up_import(import_id: int, *, by: Actor, at: datetime) -> None:
    run = hold_import(by, import_id)
    if run.status == "running":
        fail_import(run, at=at)
    session.commit()


def store_seen(seen: dict[int, datetime]) -> Tally:
    """Store when sign-ins were last used."""
    if seen:
        note_seen(seen)
        session.commit()
    return Tally(done=len(seen))


def tidy(*, at: datetime) -> Tally:
    """Forget what nobody will ask for again."""
    drop_old_drafts(at=at)
    drop_old_answers(at=at)
    forget_old(at=at)
    session.commit()
    return Tally(done=1)


def prove_books(*, at: datetime) -> Tally:
    """Prove all books, once a night; what is found wrong keeps settlement from running (P17)."""
    with reading():
        due = is_proof_due(at=at)
    if not due:
        return Tally()
    finding = check_books(at=at)
    session.commit()
    if not finding.ok:
        log.error("books_in_doubt", problem=str(finding.first_problem))
    return Tally(done=1) if finding.ok else Tally(failed=1)


def tell_of_doubt(*, at: datetime) -> Tally:
    """Tell the administrators, once for each proof that found something wrong; nobody can switch this off."""
    with reading():
        doubt = find_doubt()
        known = doubt is None or was_told(f"books:{doubt.id}")
    if doubt is None or known:
        return Tally()
    for person in administrators():
        notify(person, "alarm", "books_in_doubt", {}, by=SYSTEM, at=at, subject=f"books:{doubt.id}")
    session.commit()
    return Tally(done=1)


class Jobs:
    """All jobs, bound to one application."""

    def __init__(
        self,
        context: Context,
        render: Render,
        transport: Transport[EmailMessage],
        texts: Texts,
        take_seen: TakeSeen,
        leadership: Leadership,
        hooks: Hooks,
    ) -> None:
        self.context = context
        self.render = render
        self.transport = transport
        self.texts = texts
        self.take_seen = take_seen
        self.leadership = leadership
        self.calls = hooks
        self.stopping = Event()

    def mails(self) -> Tally:
        """Every other second: what is due to be sent."""
        return self.run(lambda: send_mails(self.render, self.transport, at=now(), stop=self.stopping.is_set))

    def short_messages(self) -> Tally:
        """Every other second: what is due to be sent to phones."""
        return self.run(lambda: send_texts(self.texts, at=now(), stop=self.stopping.is_set))

    def hooks(self) -> Tally:
        """Every other second: what is due to be told to programs outside."""
        return self.run(lambda: Tally(*call_due(self.calls, at=now(), stop=self.stopping.is_set)))

    def upgrades(self) -> Tally:
        """Every other second: stores that are to be upgraded."""
        return self.run(lambda: Tally(*activate_due(self.calls, at=now(), stop=self.stopping.is_set)))

    def invitations(self) -> Tally:
        """Every minute: invitations that are over, and upgrades that may come too late."""
        return self.run(self.see_to_invitations)

    def see_to_invitations(self) -> Tally:
        at, stop = now(), self.stopping.is_set
        return Tally(*close_invitations(at=at, stop=stop)) + Tally(*raise_alarms(at=at, stop=stop))

    def imports(self) -> Tally:
        """Every other second: what is due to be taken in."""
        return self.run(lambda: advance_imports(at=now(), stop=self.stopping.is_set))

    def settlement(self) -> Tally:
        """Every few minutes: what is due to be settled."""
        return self.run(lambda: Tally(*settle_due(at=now(), stop=self.stopping.is_set)))

    def asked_settlement(self) -> Tally:
        """Every other second: what is to be settled after a top-up."""
        return self.run(lambda: Tally(*settle_asked(at=now(), stop=self.stopping.is_set)))

    def minutely(self) -> None:
        """Every minute: when sign-ins were last used. Every process stores what it saw itself."""
        self.attempt(lambda: store_seen(self.take_seen()))

    def hourly(self) -> Tally:
        """Every hour: forgetting, and referrals of leads that were won without one."""
        return self.run(self.see_to_the_rest)

    def see_to_the_rest(self) -> Tally:
        at = now()
        return tidy(at=at) + Tally(*reward_won(at=at, stop=self.stopping.is_set))

    def payouts(self) -> Tally:
        """Every few minutes: payout periods that have ended."""
        return self.run(self.close_periods)

    def close_periods(self) -> Tally:
        closing = close_due(at=now(), stop=self.stopping.is_set)
        return Tally(len(closing.periods), len(closing.waiting))

    def proof(self) -> Tally:
        """Every few minutes: whether the books were proved since last night, and whether somebody must look."""
        return self.run(lambda: prove_books(at=now()) + tell_of_doubt(at=now()))

    def run(self, job: Callable[[], Tally]) -> Tally:
        """Do a job if this process leads."""
        return self.attempt(lambda: job() if self.leadership.held() else Tally())

    def attempt(self, job: Callable[[], Tally]) -> Tally:
        """Do a job in a session of its own; what goes wrong is noted, and the next tick tries again."""
        try:
            with self.context():
                return job()
        except Exception:
            log.exception("job_failed")
            return Tally(failed=1, stuck=True)

    def leads(self) -> bool:
        """Whether this process does the jobs, rather than another one."""
        with self.context():
            return self.leadership.held()

    def work_off(self) -> dict[str, Tally]:
        """Do all jobs until nothing is due; answers what each did."""
        return {
            "upgrades": repeat(self.upgrades),
            "invitations": self.invitations(),
            "mails": repeat(self.mails),
            "texts": repeat(self.short_messages),
            "hooks": repeat(self.hooks),
            "imports": repeat(self.imports),
            "settlement": self.settlement(),
            "payouts": self.payouts(),
            "proof": self.proof(),
            "tidying": self.hourly(),
        }

    def stop(self) -> None:
        """Let jobs that are under way end after the mail or portion they are at."""
        self.stopping.set()

    def scheduler(self) -> BackgroundScheduler:
        """A scheduler with all jobs, not yet started."""
        made = BackgroundScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": ANY_DELAY_SECONDS},
        )
        made.add_job(self.mails, "interval", seconds=2)
        made.add_job(self.short_messages, "interval", seconds=2)
        made.add_job(self.hooks, "interval", seconds=2)
        made.add_job(self.upgrades, "interval", seconds=2)
        made.add_job(self.invitations, "interval", minutes=1)
        made.add_job(self.imports, "interval", seconds=2)
        made.add_job(self.asked_settlement, "interval", seconds=2)
        # On full minutes, as pages foretell it; at once at the start, since we may have been down for long.
        made.add_job(self.settlement, "cron", minute=f"*/{RUN_MINUTES}", next_run_time=now())
        made.add_job(self.minutely, "interval", minutes=1)
        made.add_job(self.hourly, "interval", hours=1)
        made.add_job(self.payouts, "interval", minutes=5, next_run_time=now())
        made.add_job(self.proof, "interval", minutes=5)
        return made


def repeat(job: Callable[[], Tally]) -> Tally:
    """Do a job again and again, until it finds nothing to do or is stuck."""
    total, last = Tally(), Tally(done=1)
    while not last.stuck and (last.done or last.failed):
        last = job()
        total += last
    return total
