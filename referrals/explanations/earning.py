"""An earning retold to the cent from stored facts: what came in, the terms, the rounding, the entry (`SPEC §12`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from referrals.db import session
from referrals.earnings.models import Earning, EarningTerms
from referrals.earnings.terms import promised_at, told_versions
from referrals.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting
from referrals.money import exact_share, share_of_rate
from referrals.partners.models import Referral, RevenueRow
from referrals.payouts.models import Payout


@dataclass(frozen=True)
class EarningTold:
    """Why an earning is what it is; amounts in minor units of its currency.

    Recurring: `row` brought it; with it the rows of its month, which `rows` are, sum to `basis`, of which the share is
    `share`; `before` is what the month had earned before. `computed` is what the stored facts come to.
    """

    earning: Earning
    referral: Referral
    terms: EarningTerms
    terms_number: int
    promised_at: datetime
    by_lead: bool
    row: RevenueRow | None
    rows: Sequence[RevenueRow]
    basis: int
    share: int
    before: int
    computed: int
    booked: int
    entry: LedgerEntry | None
    reverses: Earning | None
    reversed_by: Earning | None
    payout: Payout | None

    @property
    def exact(self) -> tuple[int, int]:
        """The share before it is rounded, as numerator and denominator."""
        return exact_share(self.basis, self.earning.rate_bp or 0)

    @property
    def rounding(self) -> str:
        """`exact`, `up` or `down`: where the share lies to the exact one."""
        numerator, denominator = self.exact
        found = self.share * denominator
        return "exact" if found == numerator else "up" if found > numerator else "down"

    @property
    def agrees(self) -> bool:
        """Whether earning, stored facts and books say the same amount."""
        return self.computed == self.earning.amount_minor == self.booked


def explain_earning(earning: Earning) -> EarningTold:
    """Retell an earning."""
    referral = session.get_one(Referral, earning.referral_id)
    row = session.get(RevenueRow, earning.revenue_row_id) if earning.revenue_row_id else None
    reverses = session.get(Earning, earning.reverses_id) if earning.reverses_id else None
    rows = rows_until(row) if row else []
    basis, rate = earning.basis_minor or 0, earning.rate_bp or 0
    share = share_of_rate(basis, rate)
    before = (earning.before_minor or 0) if row else 0
    entry = session.scalar(select(LedgerEntry).where(LedgerEntry.reference == f"earning:{earning.id}"))
    return EarningTold(
        earning=earning,
        referral=referral,
        terms=earning.terms,
        terms_number=number_of(earning.terms),
        promised_at=promised_at(referral),
        by_lead=referral.lead_id is not None,
        row=row,
        # What programs at several places told at one moment may be kept in another order than it was counted in.
        rows=rows if sum(one.amount_minor for one in rows) == basis else [],
        basis=basis,
        share=share,
        before=before,
        computed=computed_amount(earning, share - before, reverses),
        booked=gained_by(entry) if entry else 0,
        entry=entry,
        reverses=reverses,
        reversed_by=session.scalar(select(Earning).where(Earning.reverses_id == earning.id)),
        payout=session.get(Payout, earning.payout_id) if earning.payout_id else None,
    )


def computed_amount(earning: Earning, added: int, reverses: Earning | None) -> int:
    """What the facts come to; what was paid by hand, or taken back as far as it was unpaid, is a fact itself."""
    match earning.kind:
        case "recurring":
            return added
        case "bounty":
            return earning.terms.amount_minor or 0
        case "reversal" | "restored":
            return -reverses.amount_minor if reverses else earning.amount_minor
    return earning.amount_minor


def rows_until(row: RevenueRow) -> list[RevenueRow]:
    """The revenue of a row's month up to the row."""
    query = select(RevenueRow).where(RevenueRow.referral_id == row.referral_id, RevenueRow.month == row.month)
    return list(session.scalars(query.where(RevenueRow.id <= row.id).order_by(RevenueRow.id)))


def gained_by(entry: LedgerEntry) -> int:
    """What the partner's account gained by an entry."""
    query = select(LedgerPosting.amount_minor).join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
    return session.scalar(query.where(LedgerPosting.entry_id == entry.id, LedgerAccount.kind == "partner")) or 0


def number_of(terms: EarningTerms) -> int:
    """Which version of its category's terms it is, counted from 1; 0 for one that another replaced before it began."""
    return next((told.number for told in told_versions(terms.category) if told.terms.id == terms.id), 0)
