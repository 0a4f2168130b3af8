"""The same year in the application, by its own operations; a process that is killed is taken up by the next one."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from referrals.db import session
from referrals.earnings.models import Earning
from referrals.earnings.operations import report_revenue
from referrals.invitations.activations import complete_activation, due_activations
from referrals.invitations.answers import Evidence, accept
from referrals.invitations.operations import submit_with_invitation
from referrals.leads.catalogue import change_programme, get_product, programme
from referrals.leads.models import Lead, LeadEvent
from referrals.leads.operations import Submission, change_status, record_payout, submit_lead
from referrals.leads.queries import get_lead
from referrals.ledger.models import LedgerEntry
from referrals.ledger.operations import OUTSIDE, PARTNER, Owner
from referrals.ledger.queries import balance
from referrals.outbox.models import OutboxMessage
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import close_referral, record_referral
from referrals.partners.transfers import hand_over
from referrals.paying import close_due
from referrals.payouts.models import Payout
from referrals.payouts.operations import ON_ITS_WAY, fail_payout, pay_payout
from referrals.payouts.queries import lines_of
from referrals.people import audit
from referrals.people.models import AuditEntry
from referrals.people.rules import SYSTEM, Actor
from referrals.stores.models import Store
from referrals.stores.operations import put_store, register_store
from referrals.stores.rules import Facts
from tests.inviting import BOX, link_of
from tests.making import Making
from tests.payouts.year_script import PARTNERS, ZONE, Step, fate

DONE = "step of the year"
# What the platform tells again when it does not know whether we took it, and what the scheduler does anyway.
# (The operator does not act again as of an earlier day: a payout that was made up late would be paid too early.)
TOLD_AGAIN = {"revenue", "sign_up", "tick", "activate"}
AGAIN = 6


class PlayedYear:
    """Does the steps that are not done yet, each with its commit."""

    def __init__(self, make: Making, steps: list[Step]) -> None:
        self.steps = steps
        change_programme(replace(programme(), time_zone=ZONE), by=make.admin(), at=make.at)
        make.rep()
        self.members: dict[str, Actor] = {}
        for name in PARTNERS:
            partner = make.partner(name)
            self.members[name] = make.member(partner, language="en")
        session.commit()

    def live(self, _number: int = 0) -> Any:
        """Everything that is still to be done; answers how things stand then."""
        done = set(session.scalars(select(AuditEntry.subject).where(AuditEntry.action == DONE)))
        open_at = next((place for place, step in enumerate(self.steps) if step.key not in done), len(self.steps))
        for place, step in enumerate(self.steps):
            if step.key not in done:
                self.do(step)
            elif place >= open_at - AGAIN and step.verb in TOLD_AGAIN:
                getattr(self, step.verb)(step)
                session.commit()
        session.rollback()
        return outcome()

    def do(self, step: Step) -> None:
        getattr(self, step.verb)(step)
        audit.record(DONE, by=SYSTEM, at=step.moment, subject=step.key)
        session.commit()
        session.expire_all()

    def submission(self, step: Step, product: str, **values: Any) -> Submission:
        slug = step.merchant.lower().replace(" ", "-")
        known = {
            "contact_name": "Contact",
            "contact_email": f"contact@{slug}.example.org",
            "business_name": step.merchant,
            "website_url": f"https://{slug}.example.org",
            "country": "CL",
        }
        partner = session.get_one(Partner, self.members[step.partner].partner_id)
        return Submission(partner, get_product(product), known | values)

    def submit(self, step: Step) -> None:
        wanted = self.submission(step, step.facts["product"], sales_support=step.facts["sales_support"])
        submit_lead(wanted, by=self.members[step.partner], at=step.moment)

    def award(self, step: Step) -> None:
        lead = lead_of(step)
        change_status(lead, "in_progress", by=SYSTEM, at=step.moment)
        change_status(lead, "awarded", by=SYSTEM, at=step.moment)

    def qualify(self, step: Step) -> None:
        record_payout(lead_of(step), "due", by=SYSTEM, at=step.moment)

    def refuse(self, step: Step) -> None:
        change_status(lead_of(step), "ineligible", reason="other", text="No.", by=SYSTEM, at=step.moment)

    def pay_by_hand(self, step: Step) -> None:
        record_payout(lead_of(step), "paid", by=SYSTEM, at=step.moment)

    def forfeit(self, step: Step) -> None:
        record_payout(lead_of(step), "not_eligible", reason="other", text="No.", by=SYSTEM, at=step.moment)

    def put_store(self, step: Step) -> None:
        facts = Facts(name=step.merchant, owner_name="Olga", owner_email="olga@example.org", plan="basic")
        put_store(step.facts["domain"], replace(facts, owner_language="en"), by=SYSTEM, at=step.moment)

    def invite(self, step: Step) -> None:
        wanted = self.submission(step, "plus", store_domain=step.facts["domain"])
        submit_with_invitation(wanted, "", box=BOX, by=self.members[step.partner], at=step.moment)

    def accept(self, step: Step) -> None:
        accept(link_of(lead_of(step)), Evidence(), at=step.moment)

    def activate(self, step: Step) -> None:
        for activation_id in due_activations(at=step.moment):
            complete_activation(activation_id, by=SYSTEM, at=step.moment)
            session.commit()

    def build(self, step: Step) -> None:
        member = self.members[step.partner]
        facts = Facts(name=step.merchant, owner_email="olga@example.org", plan="basic", owner_language="en")
        register_store(member.partner_id or 0, step.facts["domain"], facts, by=member, at=step.moment)

    def hand_over(self, step: Step) -> None:
        store = session.scalars(select(Store).where(Store.name == step.merchant)).one()
        hand_over(store, currency="USD", by=self.members[step.partner], at=step.moment)

    def sign_up(self, step: Step) -> None:
        partner = session.get_one(Partner, self.members[step.partner].partner_id)
        facts = {"merchant": step.merchant, "plan": step.facts["plan"], "import_key": step.key, "currency": "USD"}
        record_referral(partner, "affiliate_link", **facts, referred_at=step.moment, by=SYSTEM, at=step.moment)

    def close_referral(self, step: Step) -> None:
        close_referral(referral_of(step), by=SYSTEM, at=step.moment)

    def revenue(self, step: Step) -> None:
        told = {"month": step.facts["month"], "kind": step.facts["kind"], "amount_minor": step.facts["minor"]}
        report_revenue(referral_of(step), external_id=step.key, currency="USD", **told, by=SYSTEM, at=step.moment)

    def tick(self, step: Step) -> None:
        closing = close_due(at=step.moment)
        assert not closing.waiting

    def operate(self, step: Step) -> None:
        day: date = step.facts["day"]
        for payout_id in session.scalars(select(Payout.id).where(Payout.due_on <= day).order_by(Payout.id)).all():
            payout = session.get_one(Payout, payout_id)
            expected = fate(payout.partner.name, payout.period_from)
            if payout.status == "pending" and expected == "failed":
                fail_payout(payout, "No such account", by=SYSTEM, at=step.moment)
            elif payout.status == "pending":
                pay_payout(payout, reference="PP", by=SYSTEM, at=step.moment)
            elif payout.status == "paid" and expected == "returned" and payout.due_on <= day - timedelta(days=7):
                fail_payout(payout, "Came back", by=SYSTEM, at=step.moment)
            session.commit()


def lead_of(step: Step) -> Lead:
    ref = session.scalars(select(Lead.ref).where(Lead.business_name == step.merchant)).one()
    return get_lead(SYSTEM, ref)


def referral_of(step: Step) -> Referral:
    return session.scalars(select(Referral).where(Referral.merchant == step.merchant)).one()


def outcome() -> dict[str, Any]:
    """How the year ended, in what has no ids."""
    session.expire_all()
    earnings = session.execute(
        select(Referral.merchant, Earning.kind, Earning.amount_minor, Earning.earned_at)
        .join(Referral, Referral.id == Earning.referral_id)
        .order_by(Earning.earned_at, Referral.merchant, Earning.kind, Earning.amount_minor)
    )
    return {
        "statements": statements(),
        "balances": {name: balances_of(name) for name in PARTNERS},
        "leads": {one.business_name: [one.status, one.payout] for one in session.scalars(select(Lead)).unique()},
        "earnings": [[merchant, kind, minor, at.isoformat()] for merchant, kind, minor, at in earnings],
        "entries": counted(LedgerEntry.kind),
        "mails": counted(OutboxMessage.template),
        "timeline": counted(LeadEvent.kind),
        "revenue": sum(session.scalars(select(Referral.revenue_minor))),
    }


def statements() -> list[Any]:
    found = []
    for one in session.scalars(select(Payout)).unique():
        lines = sorted((line.group, (line.carried_minor, line.earned_minor, line.paid_minor)) for line in lines_of(one))
        days = map(str, (one.period_from, one.period_until, one.due_on))
        found.append([one.partner.name, *days, one.amount_minor, one.status, lines])
    return sorted(found)


def balances_of(name: str) -> list[int]:
    partner_id = session.scalars(select(Partner.id).where(Partner.name == name)).one()
    owner = Owner("partner", partner_id, "USD")
    return [balance(owner, account) for account in (PARTNER, ON_ITS_WAY, OUTSIDE)]


def counted(column: Any) -> dict[str, int]:
    """How many rows there are of each kind."""
    rows = session.execute(select(column, func.count()).group_by(column).order_by(column))
    return {kind: number for kind, number in rows}  # noqa: C416 - rows are no pairs to a type checker
