"""The registry of stores kept up to date, and stores that partners build for merchants (`SPEC §3`, §4)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete

from referrals.db import lock_names, session
from referrals.errors import Conflict, RuleBroken
from referrals.normal_form import normal_form
from referrals.people import audit
from referrals.people.models import ApiAnswer
from referrals.people.rules import Actor
from referrals.stores.lifecycle import STORE
from referrals.stores.models import Store
from referrals.stores.queries import find_draft, find_listed
from referrals.stores.rules import LANGUAGES, Facts
from referrals.values import readable_host
from referrals.wording import N_

BETWEEN_FIELDS = "\x1f"
BEFORE_OWNER = "\x1e"


class PlanMissing(RuleBroken):
    """A new store needs a plan."""

    sentence = N_("Say which plan the store is on, like basic.")


class OnThePlatform(Conflict):
    """The domain stands in the registry; that is all that is told, whoever brought it (P13)."""

    sentence = N_("This store is on the platform already. If you are building it, please write to us.")


class RegisteredByYou(Conflict):
    """The partner's own store."""

    sentence = N_("You have registered this store already.")


class BuiltByOperator(Conflict):
    """What stands in the registry is the operator's to change."""

    sentence = N_("This store is on the platform by now: what is known of it is changed there.")


class HandedOverAlready(Conflict):
    """A store is handed over once."""

    sentence = N_("This store has been handed over already.")


class ClosedStore(Conflict):
    """A closed store is handed over to nobody."""

    sentence = N_("This store is closed.")


class Stands(Conflict):
    """Two stores of one domain cannot stand in the registry."""

    sentence = N_("There is already a store with this domain.")


@dataclass(frozen=True)
class Put:
    """What became of a store: `created`, `changed` or `unchanged`; `before` and `after` by changed field."""

    store: Store
    becomes: str
    before: Mapping[str, str]
    after: Mapping[str, str]


def hold_stores(domains: Iterable[str]) -> None:
    """Let others who write about these domains wait until the transaction ends."""
    lock_names(f"store {domain}" for domain in domains)


def put_store(domain: str, facts: Facts, *, by: Actor, at: datetime) -> Put:
    """What the operator tells of a store, new or known: what is left out stays. Telling it again changes nothing.

    Drafts of this domain stay what their partners say: who builds the store is for staff to set (`set_builder`), since
    anybody can register any domain. Raises PlanMissing.
    """
    by.require("import")
    hold_stores([domain])
    store = find_listed(domain, for_update=True)
    if store is None:
        store = new_store(domain, facts, at=at)
        store.listed_at = at
        session.flush()
        audit.record("store_added", by=by, at=at, subject=domain)
        return Put(store, "created", {}, {})
    before, after = change(store, facts, by=by, at=at)
    return Put(store, "changed" if after else "unchanged", before, after)


def add_store(domain: str, facts: Facts, *, by: Actor, at: datetime) -> Store:
    """A new store in the registry. Raises Stands, PlanMissing."""
    hold_stores([domain])
    if find_listed(domain) is not None:
        raise Stands(field="domain")
    return put_store(domain, facts, by=by, at=at).store


def register_store(partner_id: int, domain: str, facts: Facts, *, by: Actor, at: datetime) -> Store:
    """A store that a partner builds for a merchant. Raises OnThePlatform, RegisteredByYou, PlanMissing."""
    by.require("view_referrals")
    hold_stores([domain])
    listed = find_listed(domain)
    if find_draft(domain, partner_id) is not None or (listed is not None and listed.partner_id == partner_id):
        raise RegisteredByYou(field="domain")
    if listed is not None:
        raise OnThePlatform(field="domain")
    store = new_store(domain, facts, at=at)
    store.partner_id = partner_id
    session.flush()
    audit.record("store_registered", by=by, at=at, subject=domain)
    return store


def new_store(domain: str, facts: Facts, *, at: datetime) -> Store:
    if not facts.plan:
        raise PlanMissing(field="plan")
    store = Store(domain=domain, status=facts.status or "active", created_at=at, changed_at=at)
    store.name = store.owner_name = store.owner_email = ""
    store.owner_language = LANGUAGES[0]
    # The status is the one that it begins with: nothing moves.
    for name, value in said(replace(facts, status=None)):
        setattr(store, name, value)
    make_findable(store)
    session.add(store)
    return store


def change_draft(store: Store, facts: Facts, *, by: Actor, at: datetime) -> None:
    """Correct what a partner registered, while it is the partner's alone. Raises BuiltByOperator."""
    if store.listed_at is not None:
        raise BuiltByOperator
    change(store, facts, by=by, at=at)


def change_store(store: Store, facts: Facts, *, by: Actor, at: datetime) -> None:
    """Correct what is known of a store."""
    by.require("configure")
    change(store, facts, by=by, at=at)


def change(store: Store, facts: Facts, *, by: Actor, at: datetime) -> tuple[dict[str, str], dict[str, str]]:
    """Set what is said; answers what it was and what it is, by changed field."""
    after = {name: value for name, value in said(facts) if getattr(store, name) != value}
    before = {name: getattr(store, name) for name in after}
    for name, value in after.items():
        if name == "status":
            STORE.move(store, value)
        else:
            setattr(store, name, value)
    if after:
        store.changed_at = at
        make_findable(store)
        audit.record("store_changed", by=by, at=at, subject=store.domain, fields=sorted(after))
    session.flush()
    return before, after


def said(facts: Facts) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in vars(facts).items() if value is not None)


def set_builder(store: Store, partner_id: int | None, *, by: Actor, at: datetime) -> None:
    """Say which partner builds a store, or none; the partner's own draft of it is closed. Raises HandedOverAlready."""
    by.require("configure")
    if store.partner_id == partner_id:
        return
    if store.handed_over_at is not None:
        raise HandedOverAlready(field="partner")
    hold_stores([store.domain])
    if store.listed_at is None:
        list_store(store, at=at)
    draft = find_draft(store.domain, partner_id) if partner_id is not None else None
    if draft is not None and draft.status == "active":
        STORE.move(draft, "closed")
    store.partner_id, store.changed_at = partner_id, at
    audit.record("store_builder_set", by=by, at=at, subject=store.domain)
    session.flush()


def list_store(store: Store, *, at: datetime) -> None:
    """Take a draft into the registry. Raises OnThePlatform where another store of its domain stands there."""
    other = find_listed(store.domain)
    if other is not None and other.id != store.id:
        raise OnThePlatform(field="domain")
    if store.listed_at is None:
        enter_registry(store, at=at)


def enter_registry(store: Store, *, at: datetime) -> None:
    """A draft stands in the registry from now on, without the owner whom its partner typed.

    Nobody vouches for that owner, and owners in the registry are invited to upgrade: staff or the operator say who
    it is.
    """
    store.listed_at = at
    store.owner_name = store.owner_email = ""
    make_findable(store)


def mark_handed_over(store: Store, *, by: Actor, at: datetime) -> None:
    """The merchant has the store from now on. Raises HandedOverAlready, ClosedStore, OnThePlatform."""
    hold_stores([store.domain])
    session.refresh(store, with_for_update=True)
    if store.handed_over_at is not None:
        raise HandedOverAlready
    if store.status == "closed":
        raise ClosedStore
    list_store(store, at=at)
    store.handed_over_at = store.changed_at = at
    audit.record("store_handed_over", by=by, at=at, subject=store.domain)
    session.flush()


def close_store(store: Store, *, by: Actor, at: datetime) -> None:
    """A store that is no more. Raises IllegalMove where it is closed."""
    move(store, "closed", "store_closed", by=by, at=at)


def reopen_store(store: Store, *, by: Actor, at: datetime) -> None:
    """A store that is there again. Raises IllegalMove where it is active."""
    move(store, "active", "store_reopened", by=by, at=at)


def move(store: Store, target: str, action: str, *, by: Actor, at: datetime) -> None:
    if not by.is_staff and store.listed_at is not None:
        raise BuiltByOperator
    STORE.move(store, target)
    store.changed_at = at
    audit.record(action, by=by, at=at, subject=store.domain)
    session.flush()


def forget_owner(store: Store, *, by: Actor, at: datetime) -> set[str]:
    """Forget who owns a store, on request (`SPEC §1`); answers the name and address that are forgotten."""
    words = {store.owner_name, store.owner_email} - {""}
    store.owner_name = store.owner_email = ""
    make_findable(store)
    session.execute(delete(ApiAnswer).where(ApiAnswer.body.contains(f'"{store.domain}"')))
    audit.record("store_owner_erased", by=by, at=at, subject=store.domain)
    session.flush()
    return words


def make_findable(store: Store) -> None:
    """Keep what lists sort and search by; what names the owner stands last, since not everybody may find by it."""
    store.name_key = normal_form(store.name)
    called = BETWEEN_FIELDS.join(map(plain, (store.domain, readable_host(f"https://{store.domain}"), store.name)))
    owner = BETWEEN_FIELDS.join(map(plain, (store.owner_name, store.owner_email)))
    store.search_text = f"{called}{BEFORE_OWNER}{owner}"


def plain(text: str) -> str:
    return normal_form(text.replace(BETWEEN_FIELDS, "").replace(BEFORE_OWNER, ""))
