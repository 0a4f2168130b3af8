"""What a check of the books can find wrong, said so that the row is found (P17)."""

import json
from dataclasses import dataclass, field
from typing import Any

from referrals.wording import N_

SENTENCES = {
    "gap": N_(
        "%(books)s: entry %(seq)s is missing before entry %(found)s (%(reference)s, ledger_entries row %(row)s)."
    ),
    "hash": N_(
        "%(books)s: entry %(seq)s (%(reference)s, ledger_entries row %(row)s) is not as it was booked: "
        "its hash does not fit what it says and the entry before."
    ),
    "unbalanced": N_(
        "%(books)s: the postings of entry %(seq)s (%(reference)s, ledger_entries row %(row)s) do not sum to zero."
    ),
    "account": N_(
        "%(books)s: entry %(seq)s (%(reference)s, ledger_entries row %(row)s) books on an account of other books "
        "or in another currency."
    ),
    "head": N_("%(books)s: the chain says that entry %(seq)s is its latest, which is not what is there."),
    "proved": N_("%(books)s: entry %(seq)s is not the one that was proved before."),
    "balance": N_(
        "%(books)s: the balance of account %(account)s (ledger_accounts row %(row)s) is not the sum of its postings."
    ),
    "overdrawn": N_("%(books)s: the account %(account)s (ledger_accounts row %(row)s) is below zero."),
    "orphan": N_("ledger_postings row %(row)s belongs to no entry."),
    "settlement": N_("Commission %(row)s is settled, and its settlement entry does not say the same amount."),
    "unsettled": N_("The entry %(reference)s (ledger_entries row %(row)s) belongs to no settled commission."),
    "clawback": N_("What was clawed back of commission %(row)s is not what its clawback entries say."),
    "by_hand": N_("The entry of the settlement by hand %(row)s is missing, or does not say the same amount."),
    "top_up": N_("The entry of top-up %(row)s is missing, or does not say the same amount."),
    "reserved": N_("What is reserved for salesperson %(row)s is not what their open withdrawals sum to."),
    "earning": N_("The entry of earning %(row)s is missing, or does not say the same amount."),
    "revenue_month": N_("The sums of referral %(row)s for %(month)s are not those of its revenue rows and earnings."),
    "revenue": N_("The revenue of referral %(row)s is not the sum of its rows."),
    "payout": N_("What was booked for payout %(row)s is not what its amount and status say."),
    "payout_holds": N_("The earnings that payout %(row)s holds do not sum to its amount."),
    "on_its_way": N_("What is reserved for partner %(row)s is not what its pending payouts sum to."),
    "unearned": N_("The balance of partner %(row)s is not what its earnings less its payouts sum to."),
}


@dataclass(frozen=True)
class Problem:
    """The first thing that is wrong: what kind, and the words that name the row."""

    kind: str
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """English, with places for the values; translated where it is shown."""
        return SENTENCES[self.kind]

    def __str__(self) -> str:
        return self.sentence % self.values

    def stored(self) -> str:
        """As the row of a check keeps it."""
        return json.dumps([self.kind, self.values], ensure_ascii=False)


def read_problem(stored: str) -> Problem | None:
    """What a check kept; None where it found nothing wrong."""
    if not stored:
        return None
    kind, values = json.loads(stored)
    return Problem(kind, values)
