"""Telling programs outside, as the scheduler does it: many endpoints at once, and each in its own time."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from queue import SimpleQueue

import structlog

from referrals.db import reading, session
from referrals.outbox.deliveries import due_deliveries, due_endpoints, note_outcome
from referrals.outbox.endpoints import secrets_of
from referrals.outbox.hook_calls import Letter, Outcome, call, may_be_private
from referrals.outbox.hooks import deliveries_of, is_heard
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.secrets_box import SecretsBox

log = structlog.get_logger()
AT_ONCE = 16
LETTERS_A_TURN = 20
LONGEST_TURN_SECONDS = 5
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Hooks:
    """What sending needs: the box that opens secrets, and whether endpoints may be in our own network."""

    box: SecretsBox
    private: bool = False


def call_due(hooks: Hooks, *, at: datetime, stop: Stop) -> tuple[int, int]:
    """Send what is due; answers how many were taken and how many were not. No lock is held while sending.

    Each endpoint has its turn in a thread of its own: a slow one holds up others for a few seconds at most.
    """
    with reading():
        turns = [turn_of(hooks, endpoint, at=at) for endpoint in due_endpoints(at=at)]
    return take_turns(turns, at=at, stop=stop)


def deliver_now(hooks: Hooks, key: str, *, at: datetime) -> bool:
    """Send at once what `announce_once` wrote under a key and is due; answers whether everybody has taken it now.

    Commits what became of each. Where it fails, the usual back-off holds, and who waits asks again later. What an
    endpoint that is switched off has not taken stays untaken: switching it off is no answer.
    """
    with reading():
        waiting = [one for one in deliveries_of(key) if one.delivered_at is None and one.parked_at is None]
        due = [one for one in waiting if one.endpoint.active]
        turns = [[letter_of(hooks, one.endpoint, one, at=at)] for one in due if one.next_try_at <= at]
    take_turns(turns, at=at, stop=lambda: False)
    with reading():
        return is_heard(key)


def turn_of(hooks: Hooks, endpoint: HookEndpoint, *, at: datetime) -> list[Letter]:
    deliveries = due_deliveries(endpoint.id, at=at, limit=LETTERS_A_TURN)
    return [letter_of(hooks, endpoint, delivery, at=at) for delivery in deliveries]


def letter_of(hooks: Hooks, endpoint: HookEndpoint, delivery: HookDelivery, *, at: datetime) -> Letter:
    return Letter(
        delivery.id,
        endpoint.id,
        endpoint.url,
        delivery.message_key,
        delivery.body.encode(),
        secrets_of(endpoint, hooks.box, at=at),
        may_be_private(endpoint.url, endpoint.owner_kind, everybody=hooks.private),
    )


def take_turns(turns: Sequence[Sequence[Letter]], *, at: datetime, stop: Stop) -> tuple[int, int]:
    if not turns:
        return 0, 0
    taken = failed = 0
    outcomes: SimpleQueue[Outcome | None] = SimpleQueue()
    with ThreadPoolExecutor(min(AT_ONCE, len(turns))) as pool:
        for turn in turns:
            pool.submit(take_turn, turn, outcomes, at, stop)
        under_way = len(turns)
        while under_way:
            outcome = outcomes.get()
            if outcome is None:
                under_way -= 1
                continue
            note_outcome(outcome, at=at)
            session.commit()
            taken, failed = taken + outcome.taken, failed + (not outcome.taken)
    return taken, failed


def take_turn(letters: Sequence[Letter], outcomes: SimpleQueue[Outcome | None], at: datetime, stop: Stop) -> None:
    """Send to one endpoint, one after the other, until it cannot be reached or its time is over."""
    began = time.monotonic()
    try:
        for letter in letters:
            if stop() or time.monotonic() - began > LONGEST_TURN_SECONDS:
                break
            outcome = call(letter, at=at)
            outcomes.put(outcome)
            if outcome.status is None:
                break
    except Exception as error:
        log.error("hook_failed", endpoint=letters[0].endpoint_id, error_type=type(error).__name__)
    finally:
        outcomes.put(None)
