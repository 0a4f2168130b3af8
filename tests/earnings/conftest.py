"""What tests of earnings share: a partner with referrals of each category."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from referrals.db import session
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import record_referral
from referrals.people.rules import SYSTEM
from tests.making import Making

REFERRED = datetime(2026, 3, 15, 12, 0, tzinfo=UTC)
Refer = Callable[..., Referral]


def referring(make: Making) -> Refer:
    """Makes referrals, of one partner where none is named."""
    partners: list[Partner] = []

    def refer(category: str = "plus_lead", *, partner: Partner | None = None, **facts: Any) -> Referral:
        if partner is None:
            partners.extend([make.partner()] if not partners else [])
            partner = partners[0]
        known = {"merchant": f"Merchant {next(make.numbers)}", "referred_at": REFERRED, "currency": "USD"}
        known |= {"plan": "plus"} | facts
        made = record_referral(partner, category, **known, by=SYSTEM, at=make.at)
        session.commit()
        return made

    return refer


@pytest.fixture
def refer(make: Making) -> Refer:
    return referring(make)


@pytest.fixture
def refer_on_both(make_on_both: Making) -> Refer:
    return referring(make_on_both)
