"""Upgrades and open invitations as the scheduler sees to them: each one with its own commit (`SPEC §3`)."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from referrals.calling import Hooks, deliver_now
from referrals.db import reading, session
from referrals.invitations.activations import (
    complete_activation,
    due_activations,
    endangered,
    hook_key,
    postpone_activation,
    raise_alarm,
)
from referrals.invitations.answers import close_overdue, overdue
from referrals.invitations.unrewarded import reward_late, unrewarded
from referrals.outbox.hooks import deliveries_of
from referrals.people.rules import SYSTEM

log = structlog.get_logger()
PORTION = 50
Stop = Callable[[], bool]


def activate_due(hooks: Hooks, *, at: datetime, stop: Stop) -> tuple[int, int]:
    """Upgrade the stores whose time has come; answers how many were and were not.

    Where a program of the operator listens for `store.upgrade_requested`, it must have taken that first; nobody's
    lock is held while it is asked.
    """
    with reading():
        due = due_activations(at=at)
    tried = [activate(one, hooks, at=at) for one in due if not stop()]
    return sum(tried), len(tried) - sum(tried)


def activate(activation_id: int, hooks: Hooks, *, at: datetime) -> bool:
    """Try one upgrade; answers whether it is done. Commits."""
    try:
        key = hook_key(activation_id)
        if deliver_now(hooks, key, at=at):
            complete_activation(activation_id, by=SYSTEM, at=at)
            session.commit()
            return True
        with reading():
            error = next((one.error for one in deliveries_of(key) if one.error), "")
    except Exception as broken:
        session.rollback()
        log.error("activation_waits", activation=activation_id, error_type=type(broken).__name__)
        error = type(broken).__name__
    postpone_activation(activation_id, error, at=at)
    session.commit()
    return False


def raise_alarms(*, at: datetime, stop: Stop) -> tuple[int, int]:
    """Tell staff of upgrades that may come too late; answers how many there were, and how many failed."""
    with reading():
        found = endangered(at=at)
    return each(found, lambda one: raise_alarm(one, at=at), stop)


def close_invitations(*, at: datetime, stop: Stop) -> tuple[int, int]:
    """Let invitations expire whose month is over, and withdraw those that are moot; answers how many, and failures."""
    with reading():
        found = overdue(at=at)
    return each(found, lambda one: close_overdue(one, at=at), stop)


def reward_won(*, at: datetime, stop: Stop) -> tuple[int, int]:
    """Write the referrals of leads that were won without one; answers how many, and how many failed."""
    done = failed = last = 0
    while not stop():
        with reading():
            found = unrewarded(after=last, limit=PORTION)
        if not found:
            break
        written, broken = each(found, lambda one: reward_late(one, by=SYSTEM, at=at), stop)
        done, failed, last = done + written, failed + broken, found[-1]
    return done, failed


def each(ids: Sequence[int], do: Callable[[int], bool], stop: Stop) -> tuple[int, int]:
    done = failed = 0
    for one in ids:
        if stop():
            break
        try:
            done += do(one)
            session.commit()
        except Exception as error:
            session.rollback()
            log.error("invitation_waits", about=one, error_type=type(error).__name__)
            failed += 1
    return done, failed
