"""Making statements, paying them, and taking back what could not be paid (`SPEC §4`). Each verb flushes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from referrals.db import among, lock_names, session
from referrals.earnings.models import Earning
from referrals.errors import RuleBroken
from referrals.leads.catalogue import Programme
from referrals.leads.models import Lead
from referrals.leads.paid import hold_leads, mark_leads_paid
from referrals.ledger.operations import OUTSIDE, PARTNER, AccountName, Draft, Owner, hold_books, post_entry, reserved
from referrals.outbox.hooks import announce
from referrals.payouts.lifecycle import PAYOUT
from referrals.payouts.models import Payout, PayoutLine, PayoutPeriod
from referrals.payouts.notices import facts_for_programs, tell_partner
from referrals.payouts.queries import find_method, find_statement, leads_due_in, waiting
from referrals.payouts.rules import Period, Share, group_of, is_worth_telling, shares
from referrals.people.rules import Actor
from referrals.wording import N_

ON_ITS_WAY = reserved(0)
LONGEST_TEXT = 300


class FailureNeedsReason(RuleBroken):
    """The partner reads why a payout failed."""

    sentence = N_("Please say why; the partner reads it.")


@dataclass(frozen=True)
class PayoutTerms:
    """By which calendar periods are closed, and from which amount on a category group is paid."""

    zone: ZoneInfo
    minimum_minor: int
    currency: str

    def minimum_in(self, currency: str) -> int:
        """Minor units. What is left in a currency that the programme has given up is paid out whole."""
        return self.minimum_minor if currency == self.currency else 0


def payout_terms(settings: Programme) -> PayoutTerms:
    """What the programme's settings say of payouts."""
    return PayoutTerms(ZoneInfo(settings.time_zone), settings.minimum_payout_minor, settings.currency)


def make_statement(
    partner_id: int, currency: str, period: Period, terms: PayoutTerms, *, by: Actor, at: datetime
) -> Payout | None:
    """What a partner earned until the end of a period, group by group, and the payout of what reaches its minimum.

    None where there is a statement already, or nothing to tell. Earnings of groups that are not paid stay free.
    """
    by.require("finance")
    hold_books(Owner("partner", partner_id, currency))
    if find_statement(partner_id, currency, period.first) is not None:
        return None
    found = weigh(partner_id, currency, period, terms)
    if not is_worth_telling(found):
        return None
    payout = new_payout(partner_id, currency, period, sum(share.paid_minor for share in found), at=at)
    write_lines(payout, found)
    if payout.amount_minor:
        hold_earnings(payout, {share.group for share in found if share.paid_minor}, period.ends_at(terms.zone))
        move(payout, "payout", PARTNER, ON_ITS_WAY, by=by, at=at)
        tell_partner(payout, "payout_made", by=by, at=at)
    session.flush()
    return payout


def weigh(partner_id: int, currency: str, period: Period, terms: PayoutTerms) -> list[Share]:
    """The category groups of a statement as the books stand now."""
    starts, ends = period.starts_at(terms.zone), period.ends_at(terms.zone)
    amount = func.sum(Earning.amount_minor)
    rows = session.execute(
        select(
            Earning.category,
            amount.filter(Earning.earned_at < starts).label("carried"),
            amount.filter(Earning.earned_at >= starts).label("earned"),
        )
        .where(waiting(partner_id, currency, ends))
        .group_by(Earning.category)
    )
    sums: dict[str, tuple[int, int]] = {}
    for category, carried, earned in rows:
        before = sums.get(group_of(category), (0, 0))
        sums[group_of(category)] = (before[0] + int(carried or 0), before[1] + int(earned or 0))
    return shares(sums, terms.minimum_in(currency))


def new_payout(partner_id: int, currency: str, period: Period, amount_minor: int, *, at: datetime) -> Payout:
    method = find_method(partner_id)
    payout = Payout(
        partner_id=partner_id,
        currency=currency,
        period_from=period.first,
        period_until=period.last,
        due_on=period.due_on,
        amount_minor=amount_minor,
        status="pending" if amount_minor else "carried",
        recipient=method.locked if method and amount_minor else "",
        created_at=at,
    )
    session.add(payout)
    session.flush()
    return payout


def write_lines(payout: Payout, found: list[Share]) -> None:
    session.add_all(
        PayoutLine(
            payout_id=payout.id,
            group=share.group,
            carried_minor=share.carried_minor,
            earned_minor=share.earned_minor,
            paid_minor=share.paid_minor,
        )
        for share in found
    )


def hold_earnings(payout: Payout, groups: set[str], until: datetime) -> None:
    """The earnings of these groups are of this payout from now on, so that no other one pays them."""
    theirs = waiting(payout.partner_id, payout.currency, until)
    categories = session.scalars(select(Earning.category).where(theirs).distinct()).all()
    held = [category for category in categories if group_of(category) in groups]
    session.execute(
        update(Earning)
        .where(theirs, Earning.category.in_(held))
        .values(payout_id=payout.id)
        .execution_options(synchronize_session=False)
    )


def note_closed(period: Period, *, at: datetime) -> None:
    """All statements of a period are made; when two say so, once."""
    lock_names(["payout periods"])
    if session.get(PayoutPeriod, period.first) is None:
        session.add(PayoutPeriod(period_from=period.first, closed_at=at))
        session.flush()


def pay_payout(payout: Payout, *, reference: str = "", by: Actor, at: datetime) -> None:
    """The transfer was made; leads that were due are paid with it. Raises IllegalMove when that is known already."""
    by.require("finance")
    leads = lock(payout)
    PAYOUT.move(payout, "paid")
    payout.paid_at, payout.reference = at, reference[:LONGEST_TEXT]
    move(payout, "payout_paid", ON_ITS_WAY, OUTSIDE, by=by, at=at)
    mark_leads_paid(leads, by=by, at=at)
    tell_partner(payout, "payout_paid", by=by, at=at)
    announce("payout.paid", facts_for_programs(payout), owner=("partner", payout.partner_id), at=at)


def fail_payout(payout: Payout, reason: str, *, by: Actor, at: datetime) -> None:
    """The transfer failed, or came back later: the money is the partner's again, and the next statement holds it.

    Raises FailureNeedsReason, and IllegalMove when it had failed before.
    """
    by.require("finance")
    if not reason.strip():
        raise FailureNeedsReason(field="reason")
    lock(payout)
    before = PAYOUT.move(payout, "failed")
    payout.failed_at, payout.error = at, reason.strip()[:LONGEST_TEXT]
    move(payout, "payout_failed", OUTSIDE if before == "paid" else ON_ITS_WAY, PARTNER, by=by, at=at)
    session.execute(
        update(Earning)
        .where(Earning.payout_id == payout.id)
        .values(payout_id=None)
        .execution_options(synchronize_session=False)
    )
    tell_partner(payout, "payout_failed", by=by, at=at)
    announce("payout.failed", facts_for_programs(payout), owner=("partner", payout.partner_id), at=at)


def lock(payout: Payout) -> list[Lead]:
    """Hold what a payout touches, always in this order: leads, books, the payout itself."""
    leads = hold_leads(leads_due_in([payout.id]))
    hold_books(owner_of(payout))
    session.refresh(payout, with_for_update={"of": Payout})
    return leads


def hold_payouts(payouts: Sequence[Payout]) -> None:
    """Hold what many payouts touch, kind by kind as `lock` does, so that nobody deadlocks; they are read anew."""
    ids = [payout.id for payout in payouts]
    hold_leads(leads_due_in(ids))
    for payout in sorted(payouts, key=lambda one: one.partner_id):
        hold_books(owner_of(payout))
    held = select(Payout).where(among(Payout.id, ids)).order_by(Payout.id).with_for_update(of=Payout)
    session.scalars(held.execution_options(populate_existing=True)).unique().all()


def owner_of(payout: Payout) -> Owner:
    """Whose books, and in which currency."""
    return Owner("partner", payout.partner_id, payout.currency)


def move(payout: Payout, kind: str, source: AccountName, target: AccountName, *, by: Actor, at: datetime) -> None:
    amount = payout.amount_minor
    draft = Draft(
        kind,
        f"{kind}:{payout.id}",
        ((source, -amount), (target, amount)),
        at,
        about=f"payout:{payout.id}",
        by_person_id=by.person_id,
    )
    post_entry(owner_of(payout), draft)
    session.flush()
