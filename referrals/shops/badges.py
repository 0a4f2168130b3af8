"""The badge on a shop's pages, by which a salesperson shares them (`SPEC §5`)."""

from referrals.db import session
from referrals.people.tokens import digest, new_token
from referrals.shops.models import Salesperson


def end_badges(salesperson: Salesperson) -> None:
    """Let every badge token that a salesperson left in a browser so far be good no longer."""
    salesperson.badge_digest = digest(new_token())
    session.flush()
