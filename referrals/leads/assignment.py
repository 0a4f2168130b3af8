"""Which representative a lead goes to: by rule of country and product, then round robin (`SPEC §2`)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from referrals.db import session
from referrals.errors import NotFound
from referrals.leads import notices
from referrals.leads.models import AssignmentRule, Lead, Product
from referrals.leads.timeline import note
from referrals.listing import AnyRow
from referrals.people import audit
from referrals.people.models import Membership, Person, Representative
from referrals.people.rules import SYSTEM, Actor


def choose_rep(product_id: int, country: str) -> Representative | None:
    """The available representative whose turn it is under the narrowest rule that has one; None: nobody is there."""
    available = lock_available()
    for ids in [*tiers(product_id, country), {rep.id for rep in available}]:
        fitting = next((rep for rep in available if rep.id in ids), None)
        if fitting is not None:
            return fitting
    return None


def lock_available() -> list[Representative]:
    """The representatives on the staff who take new leads, in order of turn; others who assign wait for us.

    They are locked by id: the order of turns changes while we wait, and who locks in different orders deadlocks.
    """
    waiting = (
        select(Representative)
        .join(Membership, Membership.person_id == Representative.person_id)
        .where(Representative.available, notices.active_staff())
        .order_by(Representative.id)
        .with_for_update(of=Representative)
        .execution_options(populate_existing=True)
    )
    return sorted(session.scalars(waiting).all(), key=lambda rep: (rep.turn, rep.id))


def tiers(product_id: int, country: str) -> list[set[int]]:
    """Representatives by how narrow the rule is that names them: country and product, country, product, any."""
    rules = session.scalars(select(AssignmentRule)).all()
    wanted = [(product_id, country), (None, country), (product_id, None), (None, None)]
    return [{rule.rep_id for rule in rules if (rule.product_id, rule.country) == pair} for pair in wanted]


def assign_by_rule(lead: Lead, *, by: Actor, at: datetime) -> None:
    """Give a new lead to whose turn it is and tell them; with nobody there, tell the administrators."""
    assign_quietly(lead, at=at)
    tell_assigned(lead, by=by, at=at)


def tell_assigned(lead: Lead, *, by: Actor, at: datetime) -> None:
    """Tell the representative that a lead is theirs, or the administrators that it is nobody's."""
    if lead.rep is not None:
        notices.tell_rep(lead, "lead_assigned", "assigned", by=by, at=at)
    else:
        notices.tell_unassigned(lead, by=by, at=at)


def assign_quietly(lead: Lead, *, at: datetime) -> bool:
    """Give a lead to whose turn it is and tell nobody; answers whether somebody was there."""
    rep = choose_rep(lead.product_id, lead.country)
    if rep is None:
        return False
    rep.turn = (session.scalar(select(func.max(Representative.turn))) or 0) + 1
    hand_over(lead, rep, by=SYSTEM, at=at)
    return True


def assign(lead: Lead, rep: Representative | None, *, by: Actor, at: datetime) -> None:
    """Staff give a lead to a representative, or take it from the present one (None)."""
    by.require("work_leads")
    if (rep is not None and rep.id == lead.rep_id) or (rep is None and lead.rep_id is None):
        return
    if rep is not None:
        hand_over(lead, rep, by=by, at=at)
        notices.tell_rep(lead, "lead_assigned", "assigned", by=by, at=at)
        return
    lead.rep, lead.rep_id, lead.rep_key = None, None, ""
    note(lead, "unassigned", by=by, at=at)


def hand_over(lead: Lead, rep: Representative, *, by: Actor, at: datetime) -> None:
    lead.rep, lead.rep_id, lead.rep_key = rep, rep.id, rep.person.name_key
    note(lead, "assigned", by=by, at=at, rep_id=rep.id)


def representatives(*, available_only: bool = False) -> Sequence[Representative]:
    """The representatives by name."""
    statement = select(Representative).join(Person, Person.id == Representative.person_id).order_by(Person.name_key)
    return session.scalars(statement.where(Representative.available) if available_only else statement).all()


def get_rep(rep_id: int) -> Representative:
    """The representative with this id; raises NotFound."""
    rep = session.get(Representative, rep_id)
    if rep is None:
        raise NotFound
    return rep


def assignment_rules() -> Sequence[AnyRow]:
    """The rules with the names they speak of, the narrowest first."""
    return session.execute(
        select(AssignmentRule.id, Product.name.label("product"), AssignmentRule.country, Person.name.label("rep"))
        .outerjoin(Product, Product.id == AssignmentRule.product_id)
        .join(Representative, Representative.id == AssignmentRule.rep_id)
        .join(Person, Person.id == Representative.person_id)
        .order_by(
            AssignmentRule.country.is_(None),
            AssignmentRule.country,
            AssignmentRule.product_id.is_(None),
            Person.name_key,
        )
    ).all()


def add_rule(product_id: int | None, country: str | None, rep: Representative, *, by: Actor, at: datetime) -> None:
    """From now on leads of this product and country go to this representative (among others so named)."""
    by.require("configure")
    known = session.scalar(
        select(AssignmentRule.id).where(
            AssignmentRule.product_id.is_not_distinct_from(product_id),
            AssignmentRule.country.is_not_distinct_from(country),
            AssignmentRule.rep_id == rep.id,
        )
    )
    if known is None:
        session.add(AssignmentRule(product_id=product_id, country=country, rep_id=rep.id))
        audit.record("rule_added", by=by, at=at, about=rep.person, country=country or "")


def remove_rule(rule_id: int, *, by: Actor, at: datetime) -> None:
    """End a rule; raises NotFound."""
    by.require("configure")
    rule = session.get(AssignmentRule, rule_id)
    if rule is None:
        raise NotFound
    session.execute(delete(AssignmentRule).where(AssignmentRule.id == rule_id))
    audit.record("rule_removed", by=by, at=at, subject=str(rule_id))
