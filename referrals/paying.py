"""Closing payout periods as it is done: by the scheduler and the command line; each partner with its own commit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from referrals.db import reading, session
from referrals.leads.catalogue import programme
from referrals.ledger.checking import books_are_good, check_new
from referrals.ledger.operations import Owner
from referrals.payouts.operations import PayoutTerms, make_statement, note_closed, payout_terms
from referrals.payouts.queries import books_with_work, closed_periods, first_earned_at
from referrals.payouts.rules import Period, period_at, period_of, periods_between
from referrals.people.rules import SYSTEM, Actor

log = structlog.get_logger()
Books = tuple[int, str]
Stop = Callable[[], bool]


def never() -> bool:
    """For closings that nobody asks to stop."""
    return False


@dataclass
class Closing:
    """What was done: periods closed, statements made; and the books (partner, currency) whose turn has to wait."""

    periods: list[Period] = field(default_factory=list)
    statements: int = 0
    waiting: set[Books] = field(default_factory=set)


def close_due(*, by: Actor = SYSTEM, at: datetime, stop: Stop = never) -> Closing:
    """Close every period that has ended and is still open, the earliest first.

    Interrupted anywhere it leaves whole statements behind, and the next one goes on. Books that are in doubt or fail
    wait (P17): their period stays open and is tried again each time, and none of their later ones is closed before.
    """
    done = Closing()
    with reading():
        terms = payout_terms(programme())
        periods = open_periods(terms, at=at)
        good = books_are_good()
    if not good:
        log.error("payouts_wait", reason="books in doubt")
        return done
    for period in periods:
        if stop() or not close_period(period, terms, done, by=by, at=at, stop=stop):
            continue
        done.periods.append(period)
    return done


def open_periods(terms: PayoutTerms, *, at: datetime) -> list[Period]:
    """The periods that have ended and were not closed, since the first one in which anything was earned."""
    closed, first_earned = closed_periods(), first_earned_at()
    begins = [period_of(min(closed))] if closed else []
    begins += [period_at(first_earned, terms.zone)] if first_earned else []
    if not begins:
        return []
    return [one for one in periods_between(min(begins), period_at(at, terms.zone)) if one.first not in closed]


def close_period(
    period: Period, terms: PayoutTerms, done: Closing, *, by: Actor, at: datetime, stop: Stop = never
) -> bool:
    """Make the statements of a period; answers whether it is closed with that. Closing it again changes nothing."""
    with reading():
        found = books_with_work(period.ends_at(terms.zone))
    for books in found:
        if stop():
            return False
        if books not in done.waiting and not attempt(books, period, terms, done, by=by, at=at):
            done.waiting.add(books)
    if done.waiting.intersection(found):
        return False
    note_closed(period, at=at)
    session.commit()
    return True


def attempt(books: Books, period: Period, terms: PayoutTerms, done: Closing, *, by: Actor, at: datetime) -> bool:
    """Make one statement; one that fails holds up no other partner."""
    partner_id, currency = books
    try:
        if not check_new(Owner("partner", partner_id, currency), at=at).ok:
            session.commit()
            log.error("payout_waits", partner=partner_id, error_type="BooksInDoubt")
            return False
        done.statements += make_statement(partner_id, currency, period, terms, by=by, at=at) is not None
        session.commit()
    except Exception as error:
        session.rollback()
        log.error("payout_waits", partner=partner_id, error_type=type(error).__name__)
        return False
    return True
