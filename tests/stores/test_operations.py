"""The registry kept up to date, drafts of partners, and handing over; on both databases."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from referrals.db import session
from referrals.errors import NotAllowed, NotFound
from referrals.lifecycle import IllegalMove
from referrals.outbox.models import HookDelivery
from referrals.partners.lifecycle import CATEGORIES
from referrals.partners.models import Partner, Referral
from referrals.partners.referrals import close_referral, record_referral
from referrals.partners.transfers import hand_over
from referrals.people.models import AuditEntry
from referrals.people.rules import SYSTEM, Actor
from referrals.stores import operations
from referrals.stores.models import Store
from referrals.stores.operations import (
    BuiltByOperator,
    ClosedStore,
    HandedOverAlready,
    OnThePlatform,
    PlanMissing,
    RegisteredByYou,
    Stands,
    add_store,
    change_draft,
    change_store,
    close_store,
    forget_owner,
    put_store,
    register_store,
    reopen_store,
    set_builder,
)
from referrals.stores.queries import find_known_to, get_store, visible_to
from referrals.stores.rules import Facts
from tests.making import Making
from tests.stores.making import draft, listed

BASIC = Facts(plan="basic")


@pytest.fixture
def make(make_on_both: Making) -> Making:
    return make_on_both


def count(model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_telling_of_a_store_again_changes_nothing(make: Making) -> None:
    listed(make)
    written = count(AuditEntry)
    put = put_store("meble.example.org", Facts(plan="basic", status="active"), by=SYSTEM, at=make.later(days=1))
    assert (put.becomes, put.store.changed_at, count(AuditEntry)) == ("unchanged", make.at, written)


def test_what_is_said_changes_and_what_is_not_said_stays(make: Making) -> None:
    listed(make)
    put = put_store("meble.example.org", Facts(plan="plus", status="closed"), by=SYSTEM, at=make.later(days=1))
    assert (put.becomes, dict(put.before)) == ("changed", {"plan": "basic", "status": "active"})
    assert (put.store.plan, put.store.status, put.store.owner_name) == ("plus", "closed", "Ana Nowak")
    assert put.store.changed_at == make.later(days=1)
    assert count(Store) == 1


def test_an_empty_text_empties(make: Making) -> None:
    listed(make)
    assert put_store("meble.example.org", Facts(owner_email=""), by=SYSTEM, at=make.at).store.owner_email == ""


def test_a_new_store_needs_a_plan(make: Making) -> None:
    with pytest.raises(PlanMissing):
        put_store("new.example.org", Facts(owner_name="Ana"), by=SYSTEM, at=make.at)
    with pytest.raises(NotAllowed):
        put_store("new.example.org", BASIC, by=make.member(), at=make.at)


def test_a_domain_stands_once_in_the_registry(make: Making) -> None:
    listed(make)
    with pytest.raises(Stands):
        add_store("meble.example.org", BASIC, by=make.admin(), at=make.at)


def test_a_draft_tells_no_other_partner_of_itself(make: Making) -> None:
    """P13: whatever another partner asks, it is answered as if the draft were not there."""
    mine, theirs = make.member(), make.member()
    first = draft(make, mine)
    assert find_known_to(theirs.partner_id or 0, "meble.example.org") is None
    with pytest.raises(NotFound):
        get_store(theirs, first.id)
    second = draft(make, theirs)
    assert second.id != first.id
    assert list(session.scalars(select(Store.id).where(visible_to(theirs)))) == [second.id]


def test_ones_own_draft_is_said_to_be_ones_own(make: Making) -> None:
    member = make.member()
    draft(make, member)
    with pytest.raises(RegisteredByYou):
        register_store(member.partner_id or 0, "meble.example.org", BASIC, by=member, at=make.at)


@pytest.mark.parametrize("whose", ["operator", "built", "handed over"])
def test_whoever_has_a_store_on_the_platform_the_sentence_is_one(make: Making, whose: str) -> None:
    other, member = make.member(), make.member()
    if whose == "operator":
        listed(make)
    elif whose == "built":
        draft(make, other)
        set_builder(listed(make), other.partner_id, by=make.admin(), at=make.at)
        session.commit()
    else:
        hand_over(draft(make, other), currency="USD", by=other, at=make.at)
        session.commit()
    with pytest.raises(OnThePlatform) as refused:
        register_store(member.partner_id or 0, "meble.example.org", BASIC, by=member, at=make.at)
    assert (refused.value.field, refused.value.values) == ("domain", {})
    known = find_known_to(member.partner_id or 0, "meble.example.org")
    assert known is not None, "what registering tells, asking for eligibility tells too"


def test_a_member_without_permission_registers_nothing(make: Making) -> None:
    member = make.member(permissions=frozenset())
    with pytest.raises(NotAllowed):
        register_store(member.partner_id or 0, "a.example.org", BASIC, by=member, at=make.at)


@pytest.mark.parametrize("drafts", [1, 2])
def test_no_draft_is_taken_for_the_store_that_the_operator_tells_of(make: Making, drafts: int) -> None:
    """Anybody can register any domain: that alone makes nobody the builder of what stands in the registry."""
    members = [make.member() for _ in range(drafts)]
    theirs = [draft(make, member) for member in members]
    put = put_store("meble.example.org", Facts(plan="plus"), by=SYSTEM, at=make.later(days=1))
    session.commit()
    assert (put.becomes, put.store.partner_id, put.store.owner_name) == ("created", None, "")
    assert put.store.id not in {store.id for store in theirs}
    for store, member in zip(theirs, members, strict=True):
        assert (store.listed_at, store.plan) == (None, "basic")
        with pytest.raises(OnThePlatform):
            hand_over(store, currency="USD", by=member, at=make.later(days=2))
        session.rollback()
    assert count(Referral) == 0


def test_who_builds_a_store_in_the_registry_is_set_by_staff_alone(make: Making) -> None:
    member = make.member()
    own = draft(make, member)
    store = listed(make)
    with pytest.raises(NotAllowed):
        set_builder(store, member.partner_id, by=member, at=make.at)
    set_builder(store, member.partner_id, by=make.admin(), at=make.at)
    with pytest.raises(BuiltByOperator):
        change_draft(store, Facts(plan="starter"), by=member, at=make.at)
    with pytest.raises(BuiltByOperator):
        close_store(store, by=member, at=make.at)
    assert own.status == "closed"
    assert hand_over(store, currency="USD", by=member, at=make.at).partner_id == member.partner_id


# --- Handing over ---


def test_handing_over_makes_one_referral(make: Making) -> None:
    member = make.member()
    built = draft(make, member)
    referral = hand_over(built, currency="USD", by=member, at=make.later(days=2))
    session.commit()
    assert (referral.category, referral.merchant, referral.domain) == ("store_transfer", "Meble", "meble.example.org")
    assert (referral.plan, referral.store_id, referral.referred_at) == ("basic", built.id, make.later(days=2))
    assert (built.handed_over_at, built.listed_at) == (make.later(days=2), make.later(days=2))
    with pytest.raises(HandedOverAlready):
        hand_over(built, currency="USD", by=member, at=make.later(days=3))
    assert count(Referral) == 1


def test_a_store_without_a_name_is_called_by_its_domain(make: Making) -> None:
    member = make.member()
    built = draft(make, member, "xn--d-uga0v4h.example.org", name="")
    assert hand_over(built, currency="USD", by=member, at=make.at).merchant == "łódź.example.org"


def test_what_another_handed_over_or_the_operator_has_is_not_handed_over_again(make: Making) -> None:
    first, second = make.member(), make.member()
    ours, theirs = draft(make, first), draft(make, second)
    hand_over(ours, currency="USD", by=first, at=make.at)
    session.commit()
    with pytest.raises(OnThePlatform):
        hand_over(theirs, currency="USD", by=second, at=make.at)
    session.rollback()
    assert count(Referral) == 1


@pytest.mark.parametrize("way", ["handed over", "taken in by staff"])
def test_the_owner_whom_a_partner_typed_comes_not_into_the_registry(make: Making, way: str) -> None:
    admin, member = make.admin(), make.member()
    built = draft(make, member, owner_name="Me Myself", owner_email="me@agency.example.org")
    if way == "handed over":
        hand_over(built, currency="USD", by=member, at=make.at)
    else:
        set_builder(built, None, by=admin, at=make.at)
    session.commit()
    assert (built.owner_name, built.owner_email, "agency" in built.search_text) == ("", "", False)
    with pytest.raises(BuiltByOperator):
        change_draft(built, Facts(owner_email="me@agency.example.org"), by=member, at=make.at)
    change_store(built, Facts(owner_email="ana@meble.example.org"), by=admin, at=make.at)
    assert built.owner_email == "ana@meble.example.org"


def test_an_owner_in_the_registry_stays_when_the_store_is_handed_over(make: Making) -> None:
    member = make.member()
    draft(make, member, owner_email="me@agency.example.org")
    store = listed(make)
    set_builder(store, member.partner_id, by=make.admin(), at=make.at)
    hand_over(store, currency="USD", by=member, at=make.at)
    assert store.owner_email == "ana@meble.example.org"


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_merchant_of_another_partner_is_not_taken_by_handing_over(make: Making, category: str) -> None:
    """P13: the sentence is that of any store on the platform. Staff, who are asked then, can hand it over."""
    first, second = make.member(), make.member()
    brought = refer(make, first, category)
    store = draft(make, second)
    with pytest.raises(OnThePlatform) as refused:
        hand_over(store, currency="USD", by=second, at=make.at)
    assert (refused.value.field, refused.value.values) == ("", {})
    session.rollback()
    assert (count(Referral), get_store(second, store.id).listed_at) == (1, None)
    close_referral(brought, by=SYSTEM, at=make.at)
    session.commit()
    assert hand_over(store, currency="USD", by=second, at=make.at).partner_id == second.partner_id
    session.rollback()
    hand_over(store, currency="USD", by=make.admin(), at=make.at)
    session.commit()
    assert count(Referral) == 2


def test_ones_own_referral_is_no_obstacle_to_handing_over(make: Making) -> None:
    member = make.member()
    refer(make, member, "affiliate_link")
    assert hand_over(draft(make, member), currency="USD", by=member, at=make.at).category == "store_transfer"


def refer(make: Making, member: Actor, category: str) -> Referral:
    """A referral of the store that `draft` makes."""
    partner = session.get_one(Partner, member.partner_id)
    facts = {"merchant": "Meble", "domain": "www.meble.example.org", "currency": "USD"}
    made = record_referral(partner, category, **facts, referred_at=make.at, by=SYSTEM, at=make.at)
    session.commit()
    return made


def test_a_closed_store_is_handed_over_to_nobody(make: Making) -> None:
    member = make.member()
    built = draft(make, member)
    close_store(built, by=member, at=make.at)
    with pytest.raises(ClosedStore):
        hand_over(built, currency="USD", by=member, at=make.at)
    with pytest.raises(IllegalMove):
        close_store(built, by=member, at=make.at)
    reopen_store(built, by=member, at=make.at)
    assert hand_over(built, currency="USD", by=member, at=make.at).id


def test_staff_say_who_builds_a_store(make: Making) -> None:
    admin, member = make.admin(), make.member()
    store, own = listed(make, "b.example.org"), draft(make, member, "a.example.org")
    twice = [draft(make, one, "c.example.org") for one in (member, make.member())]
    third = listed(make, "c.example.org")
    for given in (store, third):
        set_builder(given, member.partner_id, by=admin, at=make.at)
    session.commit()
    assert twice[0].status == "closed", "the draft is superseded"
    assert hand_over(third, currency="USD", by=member, at=make.at).partner_id == member.partner_id
    set_builder(own, None, by=admin, at=make.at)
    assert own.listed_at is not None
    with pytest.raises(HandedOverAlready):
        set_builder(third, None, by=admin, at=make.at)
    with pytest.raises(NotAllowed):
        set_builder(store, None, by=make.rep(), at=make.at)


def test_a_draft_of_a_domain_in_the_registry_is_not_taken_in(make: Making) -> None:
    drafts = [draft(make, make.member()) for _ in range(2)]
    listed(make)
    with pytest.raises(OnThePlatform):
        set_builder(drafts[0], None, by=make.admin(), at=make.at)


# --- At once ---


def at_once(app: Flask, *works: Callable[[], object]) -> list[type]:
    """Do these in threads, begun together; answers the kinds of what was refused."""
    refused: list[type] = []
    together = threading.Barrier(len(works))
    session.rollback()

    def do(work: Callable[[], object]) -> None:
        with app.app_context():
            try:
                together.wait()
                work()
                session.commit()
            except Exception as error:
                refused.append(type(error))
                session.rollback()
            finally:
                session.remove()

    threads = [threading.Thread(target=do, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return refused


def test_a_store_told_of_by_eight_at_once_stands_once(app_on_both: Flask, make: Making) -> None:
    def tell(number: int) -> Callable[[], object]:
        return lambda: put_store("meble.example.org", Facts(plan=f"p{number}"), by=SYSTEM, at=make.at)

    assert at_once(app_on_both, *map(tell, range(8))) == []
    assert count(Store) == 1


def test_a_store_is_handed_over_once_by_eight_at_once(app_on_both: Flask, make: Making) -> None:
    member = make.member()
    store_id = draft(make, member).id

    def give(actor: Actor) -> Callable[[], object]:
        return lambda: hand_over(get_store(actor, store_id), currency="USD", by=actor, at=make.at)

    assert at_once(app_on_both, *[give(member) for _ in range(8)]) == [HandedOverAlready] * 7
    assert count(Referral) == 1


def test_of_two_who_hand_over_one_domain_at_once_one_does(app_on_both: Flask, make: Making) -> None:
    members = [make.member() for _ in range(4)]
    ids = [draft(make, member).id for member in members]

    def give(actor: Actor, store_id: int) -> Callable[[], object]:
        return lambda: hand_over(get_store(actor, store_id), currency="USD", by=actor, at=make.at)

    refused = at_once(app_on_both, *[give(*pair) for pair in zip(members, ids, strict=True)])
    assert refused == [OnThePlatform] * 3
    assert count(Referral) == 1


def test_eight_who_are_not_made_to_wait_would_be_seen(
    app_on_both: Flask, make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: without the lock on the domain PostgreSQL lets two in, and its index refuses the second."""
    if app_on_both.extensions["referrals"].config.database_url.startswith("sqlite"):
        pytest.skip("SQLite has one writer anyway")
    monkeypatch.setattr(operations, "hold_stores", lambda _domains: None)

    def tell(domain: str) -> Callable[[], object]:
        return lambda: put_store(domain, BASIC, by=SYSTEM, at=make.at)

    rounds = (at_once(app_on_both, *[tell(f"d{number}.example.org")] * 8) for number in range(20))
    assert IntegrityError in next(filter(None, rounds))


# --- Forgetting ---


def test_an_owner_is_forgotten_and_not_found_any_more(make: Making) -> None:
    store = listed(make)
    assert forget_owner(store, by=SYSTEM, at=make.at) == {"Ana Nowak", "ana@meble.example.org"}
    session.commit()
    assert (store.owner_name, store.owner_email) == ("", "")
    assert "ana" not in store.search_text
    assert count(HookDelivery) == 0
