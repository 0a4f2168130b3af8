"""Inviting owners, and what becomes of it: on both databases, also when many come at once (`SPEC §3`, P14)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from referrals.activating import close_invitations
from referrals.db import session
from referrals.errors import NotFound, RuleBroken
from referrals.invitations.answers import Evidence, accept, decline, open_invitation
from referrals.invitations.models import Activation, Invitation
from referrals.invitations.operations import invite_for, resend, revoke, submit_with_invitation
from referrals.invitations.queries import eligibility, get_by_token, get_good, token_digest
from referrals.invitations.rules import InvitationOver, NoInvitation, NotReady, TermsChanged
from referrals.invitations.terms import add_version, number_in_force, texts_of
from referrals.leads.catalogue import change_programme, programme
from referrals.leads.models import Lead, LeadEvent
from referrals.leads.operations import change_status
from referrals.outbox.models import OutboxMessage
from referrals.people.tokens import digest
from referrals.stores.lifecycle import STORE
from referrals.stores.operations import register_store
from referrals.stores.rules import Facts
from tests.inviting import BOX, DOMAIN, invitation_of, invited, link_of, mails, make_store, submission
from tests.leads.at_once import at_once
from tests.making import Making

FIFTY = 50


def kinds(lead: Lead, *, staff_only: bool = False) -> list[str]:
    wanted = select(LeadEvent.kind).where(LeadEvent.lead_id == lead.id, LeadEvent.staff_only == staff_only)
    return list(session.scalars(wanted.order_by(LeadEvent.id)))


def tick(make: Making, **later: float) -> tuple[int, int]:
    done = close_invitations(at=make.later(**later), stop=lambda: False)
    session.rollback()
    return done


# --- Sending ---


def test_lead_and_invitation_are_made_together_and_the_rep_is_named_but_not_told(make: Making) -> None:
    make.rep(name="Rita Romero", email="rita@example.org")
    make_store(make)
    member = make.member(email="anna@example.org")
    lead = invited(make, member, "Hello\n\nAnna")
    invitation = invitation_of(lead)
    assert (lead.status, lead.claim, invitation.status) == ("submitted", "owner", "sent")
    assert lead.rep is not None
    assert lead.rep.person.name == "Rita Romero"
    assert mails("lead_assigned") == []
    assert mails("lead_submitted") == ["anna@example.org"]
    assert (invitation.to_email, invitation.language) == ("zaneta@meble.example.org", "pl")
    assert invitation.expires_at == make.later(days=30)
    assert kinds(lead) == ["submitted", "assigned", "invited"]
    mail = session.scalars(select(OutboxMessage).where(OutboxMessage.template == "upgrade_invitation")).one()
    assert (mail.to_email, mail.language, mail.secret) == ("zaneta@meble.example.org", "pl", True)


def test_the_token_is_nowhere_in_the_database(make: Making) -> None:
    make_store(make)
    lead = invited(make, make.member())
    token = link_of(lead)
    assert len(token) >= 43, "256 bits"
    held = str([row.__dict__ for row in session.scalars(select(Invitation))])
    held += str([row.__dict__ for row in session.scalars(select(OutboxMessage))])
    assert token not in held
    assert invitation_of(lead).token_digest != digest(token), "a digest that another purpose could share"


@pytest.mark.parametrize(("changes", "answer"), [
    ({"status": "closed"}, "not_ready"),
    ({"plan": "plus"}, "not_ready"),
    ({"plan": "starter"}, "not_ready"),
    ({"owner_email": ""}, "not_ready"),
])  # fmt: skip
def test_a_store_that_is_not_ready_gets_no_invitation_and_no_lead(
    make: Making, changes: dict[str, str], answer: str
) -> None:
    make_store(make, **changes)
    change_programme(replace(programme(), upgradable_plans=("basic", "plus")), by=make.admin(), at=make.at)
    session.commit()
    member = make.member()
    with pytest.raises(NotReady) as broken:
        invited(make, member)
    session.rollback()
    assert broken.value.answer == answer
    assert session.scalar(select(func.count()).select_from(Lead)) == 0
    assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


def test_a_store_that_nobody_registered_is_new(make: Making) -> None:
    make.member()
    assert eligibility("nobody.example.org", 1, programme(), at=make.at).answer == "new"


def test_a_draft_of_a_partner_is_new_to_everybody(make: Making) -> None:
    """Its owner's address was typed by the partner: nobody vouches for it, and the platform does not know it."""
    builder, other = make.member(), make.member()
    draft = Facts(name="Meble", owner_email="anna@example.org", plan="basic")
    store = register_store(builder.partner_id or 0, DOMAIN, draft, by=builder, at=make.at)
    session.commit()
    for member in (builder, other):
        assert eligibility(DOMAIN, member.partner_id or 0, programme(), at=make.at).answer == "new"
    assert make_store(make).id != store.id, "the operator told of it"
    for member in (builder, other):
        assert eligibility(DOMAIN, member.partner_id or 0, programme(), at=make.at).is_ready


def test_a_domain_is_known_however_it_is_typed(make: Making) -> None:
    make_store(make, "xn--kawa-01a.example.org")
    make.member()
    for typed in ("https://WWW.xn--kawa-01a.example.org/admin", "xn--KAWA-01a.example.org"):
        assert eligibility(typed, 1, programme(), at=make.at).is_ready, typed


def test_another_partners_invitation_looks_like_any_store_that_is_not_ready(make: Making) -> None:
    make_store(make)
    member, rival = make.member(), make.member()
    invited(make, member)
    assert eligibility(DOMAIN, rival.partner_id or 0, programme(), at=make.at).answer == "not_ready"
    assert eligibility(DOMAIN, member.partner_id or 0, programme(), at=make.at).answer == "invited"


def test_a_lead_in_conflict_is_stored_without_an_invitation(make: Making) -> None:
    make.rep(email="rita@example.org")
    make_store(make)
    make.lead(make.member(), website_url="https://meble.example.org")
    lead = invited(make, make.member(), website_url="https://meble.example.org")
    assert lead.claim == "in_conflict"
    assert session.scalar(select(func.count()).select_from(Invitation)) == 0
    assert len(mails("lead_assigned", lead.ref)) == 1


def test_an_earlier_lead_gets_its_invitation_later(make: Making) -> None:
    member = make.member()
    lead = make.lead(member, store_domain=DOMAIN)
    with pytest.raises(NotReady):
        invite_for(lead, "", box=BOX, by=member, at=make.at)
    make_store(make)
    invite_for(lead, "", box=BOX, by=member, at=make.at)
    session.commit()
    assert invitation_of(lead).status == "sent"
    with pytest.raises(NotReady) as broken:
        invite_for(lead, "", box=BOX, by=member, at=make.at)
    assert broken.value.answer == "invited"


def test_a_pos_lead_gets_none(make: Making) -> None:
    make_store(make)
    member = make.member()
    lead = make.lead(member, "pos", store_domain=DOMAIN)
    with pytest.raises(NoInvitation):
        invite_for(lead, "", box=BOX, by=member, at=make.at)


# --- Answers ---


def test_accepting_wins_the_lead_and_keeps_the_evidence(make: Making) -> None:
    make.rep()
    make_store(make)
    lead = invited(make, make.member(email="anna@example.org"), sales_support=True)
    evidence = Evidence(1, "pl", "203.0.113.9", "Mozilla/5.0 " + "x" * 400)
    accept(link_of(lead), evidence, at=make.later(days=2))
    session.commit()
    invitation = invitation_of(lead)
    assert (lead.status, lead.payout, invitation.status) == ("awarded", "due", "accepted")
    assert (invitation.terms_number, invitation.accepted_language) == (1, "pl")
    assert (invitation.accepted_ip, len(invitation.accepted_agent)) == ("203.0.113.9", 300)
    assert invitation.closed_at == invitation.opened_at == make.later(days=2)
    assert kinds(lead) == [
        "submitted", "assigned", "invited", "invitation_opened", "invitation_accepted", "status", "payout",
    ]  # fmt: skip
    assert kinds(lead, staff_only=True) == ["acceptance_kept"]
    assert mails("invitation_accepted") == mails("lead_status") == ["anna@example.org"]
    assert mails("lead_assigned") == mails("lead_to_evaluate") == []
    activation = session.scalars(select(Activation)).one()
    assert (activation.plan, activation.plan_before) == ("plus", "basic")
    assert activation.deadline_at - activation.accepted_at == timedelta(hours=24)


def test_terms_that_changed_while_reading_are_to_be_read_again(make: Making) -> None:
    admin = make.admin()
    make_store(make)
    lead = invited(make, make.member())
    add_version({"en": "Other terms"}, after=1, by=admin, at=make.at)
    session.commit()
    token = link_of(lead)
    with pytest.raises(TermsChanged):
        accept(token, Evidence(1), at=make.at)
    session.rollback()
    assert invitation_of(lead).status == "sent"
    accept(token, Evidence(2), at=make.at)
    session.commit()
    assert invitation_of(lead).terms_number == 2


VERBS: dict[str, Callable[[str, datetime], object]] = {
    "accept": lambda token, at: accept(token, Evidence(), at=at),
    "decline": lambda token, at: decline(token, at=at),
    "open": lambda token, at: open_invitation(token, at=at),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fate", [
    "accepted", "declined", "revoked", "expired", "resent", "refused", "closed", "upgraded", "unknown",
])  # fmt: skip
def test_no_verb_reaches_an_invitation_that_is_over(make: Making, verb: str, fate: str) -> None:
    rep, member = make.rep(), make.member()
    store = make_store(make)
    lead = invited(make, member)
    token, at = link_of(lead), make.later(days=1)
    invitation = invitation_of(lead)
    match fate:
        case "accepted":
            accept(token, Evidence(), at=at)
        case "declined":
            decline(token, at=at)
        case "revoked":
            revoke(invitation, by=member, at=at)
        case "expired":
            at = make.later(days=30)
        case "resent":
            resend(invitation, box=BOX, by=member, at=at)
        case "refused":
            change_status(lead, "ineligible", reason="not_interested", by=rep, at=at)
        case "closed":
            STORE.move(store, "closed")
        case "upgraded":
            store.plan = "plus"
        case "unknown":
            token = "x" * 43
    session.commit()
    before = (invitation_of(lead).status, lead.status, invitation_of(lead).opened_at, kinds(lead))
    with pytest.raises(NotFound):
        VERBS[verb](token, at)
    with pytest.raises(NotFound):
        get_good(token, at=at)
    session.rollback()
    assert (invitation_of(lead).status, lead.status, invitation_of(lead).opened_at, kinds(lead)) == before


@pytest.mark.parametrize("verb", VERBS)
def test_a_link_that_is_replaced_while_its_answer_waits_is_over(
    make_on_both: Making, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    make = make_on_both
    make_store(make)
    token = link_of(invited(make, make.member()))

    def found_then_replaced(token: str) -> Invitation:
        found = get_by_token(token)
        newer = update(Invitation).where(Invitation.id == found.id).values(token_digest=token_digest("newer"))
        session.execute(newer.execution_options(synchronize_session=False))
        return found

    monkeypatch.setattr("referrals.invitations.answers.get_by_token", found_then_replaced)
    with pytest.raises(NotFound):
        VERBS[verb](token, make.later(days=1))
    session.rollback()


def test_declining_brings_the_lead_to_its_rep(make: Making) -> None:
    make.rep(email="rita@example.org")
    make_store(make)
    lead = invited(make, make.member(email="anna@example.org"))
    decline(link_of(lead), at=make.later(hours=1))
    session.commit()
    assert (lead.status, invitation_of(lead).status) == ("submitted", "declined")
    assert mails("lead_to_evaluate") == ["rita@example.org"]
    assert mails("invitation_over") == ["anna@example.org"]
    assert mails("upgrade_invitation") == [], "one that has not left is taken back"


def test_a_declined_invitation_leaves_the_way_open_for_another(make: Making) -> None:
    make_store(make)
    member = make.member()
    lead = invited(make, member)
    decline(link_of(lead), at=make.later(hours=1))
    session.commit()
    invite_for(lead, "Once more", box=BOX, by=member, at=make.later(days=100))
    session.commit()
    accept(link_of(lead), Evidence(), at=make.later(days=101))
    session.commit()
    assert lead.status == "awarded"


def test_an_invitation_expires_by_itself_and_then_the_rep_is_told(make: Making) -> None:
    make.rep(email="rita@example.org")
    make_store(make)
    lead = invited(make, make.member(email="anna@example.org"))
    assert tick(make, days=29, hours=23) == (0, 0)
    assert tick(make, days=30) == (1, 0)
    assert tick(make, days=30) == (0, 0)
    assert invitation_of(lead).status == "expired"
    assert mails("lead_to_evaluate") == ["rita@example.org"]
    assert mails("invitation_over") == ["anna@example.org"]


def test_without_a_rep_the_administrators_hear_of_it_when_the_invitation_ends(make: Making) -> None:
    make.admin(email="root@example.org")
    make_store(make)
    lead = invited(make, make.member())
    assert mails("lead_unassigned") == []
    decline(link_of(lead), at=make.at)
    session.commit()
    assert mails("lead_to_evaluate") == ["root@example.org"]


def test_an_expired_invitation_can_be_sent_again_for_another_month(make: Making) -> None:
    make_store(make)
    member = make.member()
    lead = invited(make, member)
    old = link_of(lead)
    tick(make, days=31)
    resend(invitation_of(lead), box=BOX, by=member, at=make.later(days=32))
    session.commit()
    invitation = invitation_of(lead)
    assert (invitation.status, invitation.expires_at) == ("sent", make.later(days=62))
    with pytest.raises(NotFound):
        accept(old, Evidence(), at=make.later(days=33))
    session.rollback()
    accept(link_of(lead), Evidence(), at=make.later(days=33))
    session.commit()
    assert lead.status == "awarded"


def test_what_is_answered_cannot_be_sent_again_or_withdrawn(make: Making) -> None:
    make_store(make)
    member = make.member()
    lead = invited(make, member)
    accept(link_of(lead), Evidence(), at=make.at)
    session.commit()
    with pytest.raises(InvitationOver):
        resend(invitation_of(lead), box=BOX, by=member, at=make.at)
    with pytest.raises(InvitationOver):
        revoke(invitation_of(lead), by=member, at=make.at)


def test_an_invitation_of_a_decided_lead_is_withdrawn_by_itself(make: Making) -> None:
    rep = make.rep(email="rita@example.org")
    make_store(make)
    lead = invited(make, make.member())
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    session.commit()
    assert tick(make, minutes=1) == (1, 0)
    assert invitation_of(lead).status == "revoked"
    assert mails("lead_to_evaluate") == [], "there is nothing to evaluate"


def test_opening_is_told_once_for_each_link(make: Making) -> None:
    make_store(make)
    member = make.member(email="anna@example.org")
    lead = invited(make, member)
    for _ in range(3):
        open_invitation(link_of(lead), at=make.later(hours=1))
        session.commit()
    assert mails("invitation_opened") == ["anna@example.org"]
    resend(invitation_of(lead), box=BOX, by=member, at=make.later(hours=2))
    session.commit()
    open_invitation(link_of(lead), at=make.later(hours=3))
    session.commit()
    assert len(mails("invitation_opened")) == 2


def test_what_the_partner_switched_off_is_not_mailed(make: Making) -> None:
    from referrals.outbox.operations import choose_notifications

    make_store(make)
    member = make.member()
    choose_notifications(member.person_id or 0, {"invitation": (False, False), "status": (True, True)})
    lead = invited(make, member)
    accept(link_of(lead), Evidence(), at=make.at)
    session.commit()
    assert mails("invitation_accepted") == []
    assert len(mails("lead_status")) == 1


# --- Terms ---


def test_the_first_version_is_there_in_six_languages(make_on_both: Making) -> None:
    assert number_in_force() == 1
    texts = texts_of(1)
    assert set(texts) == {"en", "th", "pl", "vi", "tr", "zh"}
    assert all("Plus" in text and "24" in text and text.count("\n\n") == 5 for text in texts.values())


def test_versions_are_only_ever_added(make_on_both: Making) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    make_store(make_on_both)
    invited(make_on_both, make_on_both.member())
    for statement in (
        "UPDATE upgrade_terms_texts SET body = 'x'", "DELETE FROM upgrade_terms_texts",
        "UPDATE upgrade_terms SET number = 7", "DELETE FROM upgrade_terms",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="append only"):
            session.execute(text(statement))
        session.rollback()


# --- At once ---


def answers(app: Flask, work: Callable[[], object], times: int = FIFTY) -> list[str]:
    def one() -> None:
        try:
            work()
        except NotFound:
            raise RuleBroken from None

    return at_once(app, [one] * times)


def test_of_fifty_who_accept_at_once_one_does(app_on_both: Flask, make_on_both: Making) -> None:
    make = make_on_both
    make.rep()
    make_store(make)
    lead = invited(make, make.member())
    token, at = link_of(lead), make.later(days=1)
    outcome = answers(app_on_both, lambda: accept(token, Evidence(), at=at))
    assert sorted(set(outcome)) == ["RuleBroken", "stored"]
    assert (len(outcome), outcome.count("stored")) == (FIFTY, 1)
    assert session.scalar(select(func.count()).select_from(Activation)) == 1
    assert kinds(lead).count("invitation_accepted") == kinds(lead).count("status") == 1
    assert len(mails("invitation_accepted")) == 1


def test_accepting_declining_and_withdrawing_at_once_end_in_one_of_them(
    app_on_both: Flask, make_on_both: Making
) -> None:
    from referrals.invitations.operations import hold

    make = make_on_both
    make.rep()
    make_store(make)
    member = make.member()
    lead = invited(make, member)
    token, at = link_of(lead), make.later(days=1)
    found = invitation_of(lead)
    ident, lead_id = found.id, found.lead_id

    def one(work: Callable[[], object]) -> Callable[[], object]:
        def tried() -> None:
            try:
                work()
            except NotFound:
                raise RuleBroken from None

        return tried

    works = [
        one(lambda: accept(token, Evidence(), at=at)),
        one(lambda: decline(token, at=at)),
        one(lambda: revoke(hold(ident, lead_id), by=member, at=at)),
        one(lambda: resend(hold(ident, lead_id), box=BOX, by=member, at=at)),
    ] * 6
    outcome = at_once(app_on_both, works)
    assert len(outcome) == len(works)
    assert set(outcome) <= {"stored", "RuleBroken", "InvitationOver", "SentEnough"}
    session.rollback()
    endings = [kind for kind in kinds(lead) if kind in {
        "invitation_accepted", "invitation_declined", "invitation_revoked",
    }]  # fmt: skip
    assert len(endings) == 1
    won = session.scalar(select(func.count()).select_from(Activation))
    assert won == (1 if endings == ["invitation_accepted"] else 0)
    assert (session.get_one(Lead, lead.id, populate_existing=True).status == "awarded") is bool(won)


def test_of_many_partners_who_invite_one_owner_at_once_one_does(app_on_both: Flask, make_on_both: Making) -> None:
    make = make_on_both
    make.rep()
    make_store(make)
    members = [make.member() for _ in range(12)]
    wanted = [submission(make, member) for member in members]
    session.rollback()

    def send(place: int) -> Callable[[], object]:
        def sending() -> None:
            submit_with_invitation(submission_again(place), "", box=BOX, by=members[place], at=make.at)

        return sending

    def submission_again(place: int) -> object:
        return submission(make, members[place], **{
            name: value for name, value in wanted[place].values.items() if name != "store_domain"
        })  # fmt: skip

    outcome = at_once(app_on_both, [send(place) for place in range(len(members))])
    assert (outcome.count("stored"), outcome.count("NotReady")) == (1, len(members) - 1)
    assert session.scalar(select(func.count()).select_from(Invitation)) == 1
    assert session.scalar(select(func.count()).select_from(Lead)) == 1, "lead and invitation, or neither"


# --- Erasure ---


def test_an_owner_can_be_forgotten(make: Making) -> None:
    from referrals.invitations.erasure import forget_owners_of_lead

    admin = make.admin()
    make_store(make)
    lead = invited(make, make.member(), "Hello Żaneta")
    token = link_of(lead)
    accept(token, Evidence(0, "pl", "203.0.113.9", "Mozilla"), at=make.at)
    words = forget_owners_of_lead(lead, by=admin, at=make.at)
    session.commit()
    assert words == {"Żaneta Wójcik", "zaneta@meble.example.org"}
    kept = str([row.__dict__ for row in session.scalars(select(Invitation))])
    assert not [word for word in (*words, "203.0.113.9", "Mozilla", "Hello") if word in kept]
    assert invitation_of(lead).terms_number == 1
