"""Which referral a merchant is, when the platform names it by domain or name (`SPEC §4`)."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta

from sqlalchemy import select

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.normal_form import normal_form
from referrals.partners.calendar import day_of
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import domain_of
from referrals.values import NotADomain
from referrals.wording import N_


class NotReferred(RuleBroken):
    """Nobody brought this merchant."""

    sentence = N_("No referral has this merchant.")


class SeveralMerchants(RuleBroken):
    """The name alone does not say whom it means."""

    sentence = N_("Several merchants have this name. Write the domain, or name the partner too.")


def anyone(_: Referral) -> bool:
    return True


def find_referral_of(
    merchant: str,
    month: date,
    *,
    partner: Partner | None = None,
    category: str = "",
    gives_share: Callable[[Referral], bool] = anyone,
) -> Referral:
    """The referral that a merchant's revenue of a month belongs to; `month` is its first day.

    Of several referrals of one merchant (it was brought, then upgraded) it is one that was made by the end of the
    month and was not closed before it: the latest of those that `gives_share` says earn of the month, else the latest;
    where none was, the earliest. Handing a store over takes no merchant from another partner.
    Raises NotReferred, SeveralMerchants.
    """
    found = meant_by(merchant, partner, category)
    following = (month + timedelta(days=31)).replace(day=1)
    standing = [one for one in found if day_of(one.referred_at) < following and not closed_before(one, month)]
    if not standing:
        return min(found, key=made)
    # A fixed amount is earned already: it must not swallow the share that somebody else was promised.
    sharing = [one for one in standing if gives_share(one)] if len(standing) > 1 else []
    rivals = sharing or standing
    return max((one for one in rivals if not takes_away(one, rivals)), key=made)


def takes_away(one: Referral, rivals: Iterable[Referral]) -> bool:
    """Whether it is a store handed over, as its partner says of itself, of a merchant whom another brought before."""
    handed_over = one.category == "store_transfer" and one.store_id is not None
    return handed_over and any(other.partner_id != one.partner_id and made(other) < made(one) for other in rivals)


def brought_by_another(domain: str, partner_id: int | None) -> bool:
    """Whether a referral of this domain stands that is another partner's."""
    others = select(Referral.id).where(
        Referral.domain == domain_of(domain), Referral.partner_id != partner_id, Referral.status == "active"
    )
    return session.scalar(others.limit(1)) is not None


def name_of(domain: str) -> str:
    """What to hold while it is decided whose merchant a domain, in its normal form, is (`lock_names`)."""
    return f"merchant {domain}"


def meant_by(merchant: str, partner: Partner | None, category: str) -> Sequence[Referral]:
    """All referrals of the one merchant that is meant. Raises NotReferred, SeveralMerchants."""
    found = [one for one in referrals_of(merchant) if fits(one, partner, category)]
    if not found:
        raise NotReferred(field="merchant")
    if len({(one.domain or one.merchant_key, one.partner_id if not one.domain else 0) for one in found}) > 1:
        raise SeveralMerchants(field="merchant")
    return found


def referrals_of(merchant: str) -> Sequence[Referral]:
    """All referrals with this domain, else with this name whatever its letter case and accents."""
    try:
        by_domain = session.scalars(select(Referral).where(Referral.domain == domain_of(merchant))).all()
    except NotADomain:
        by_domain = ()
    return by_domain or session.scalars(select(Referral).where(Referral.merchant_key == normal_form(merchant))).all()


def fits(one: Referral, partner: Partner | None, category: str) -> bool:
    return (partner is None or one.partner_id == partner.id) and (not category or one.category == category)


def closed_before(one: Referral, month: date) -> bool:
    return one.closed_at is not None and day_of(one.closed_at) < month


def made(one: Referral) -> tuple[object, int]:
    return (one.referred_at, one.id)
