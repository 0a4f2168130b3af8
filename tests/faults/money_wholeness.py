"""What belongs together in a database of shops: orders, commissions, money. Looked at from outside the application."""

import json
from collections.abc import Iterator
from hashlib import sha256

from flask import has_app_context
from sqlalchemy import Connection, case, func, select

from referrals.commissions.models import Commission
from referrals.db import db, session
from referrals.ledger.checking import prove
from referrals.ledger.models import LedgerAccount, LedgerChain, LedgerEntry, LedgerPosting
from referrals.orders.inbox import original
from referrals.orders.models import Attribution, Delivery, Order, OrderEvent, OrderLine
from referrals.people.models import ApiAnswer
from referrals.settlement.models import SettlementRun, TopUp, Withdrawal
from referrals.shops.models import Shop
from tests.faults.crashing import Look
from tests.faults.wholeness import Census, engine_for, one, parts, rows_of_tables, torn

# A run that was killed stays on record beside the one that goes on with its work.
NOT_COUNTED = {"settlement_runs", "ledger_checks"}


def money_census(url: str) -> Census:
    """The rows of every table, commissions by what became of them, and the sums that stand for rows elsewhere."""
    with engine_for(url).connect() as connection:
        rows = rows_of_tables(connection, without=NOT_COUNTED)
        kinds = select(Commission.status, Commission.reason, func.count()).group_by(
            Commission.status, Commission.reason
        )
        held = select(LedgerAccount.kind, func.sum(LedgerAccount.balance_minor)).group_by(LedgerAccount.kind)
        return Census(
            rows
            | {f"{status} {reason or ''}": number for status, reason, number in connection.execute(kinds)}
            | {f"held by {kind}": int(minor) for kind, minor in connection.execute(held)},
            earned=one(connection, select(func.sum(Commission.amount_minor))),
            clawed_back=one(connection, select(func.sum(Commission.clawed_back_minor))),
            refunded=one(connection, select(func.sum(Order.refunded_minor))),
            applied=one(connection, select(func.sum(case((Delivery.status == "applied", 1), else_=0)))),
            asking_for_a_run=one(connection, select(func.count(Shop.settle_wanted_at))),
            decided=one(connection, select(func.count(Withdrawal.decided_at))),
        )


def money_faults_of(url: str) -> list[str]:
    """Everything that is torn, half there or there without what it belongs to; empty: orders and money are whole."""
    with engine_for(url).connect() as connection:
        found = [
            *torn(connection),
            *wrong_books(connection),
            *unmatched(connection),
            *miscounted_runs(connection),
            *half_orders(connection),
            *half_deliveries(connection),
            *answers_about_nothing(connection),
        ]
    return found + proof_of(url)


def proof_of(url: str) -> list[str]:
    """What the application's own check of the books finds, where this is the application's database."""
    if not has_app_context() or db.engine.url.render_as_string(hide_password=False) != url:
        return []
    finding, _ = prove(None, whole=True)
    session.remove()
    db.engine.dispose()
    return [] if finding.ok else [f"ledger check: {finding.first_problem}"]


def wrong_books(connection: Connection) -> Iterator[str]:
    """Entries that do not balance, balances that no postings make, chains that do not know their end (P1, P10)."""
    postings = parts(connection, select(LedgerPosting.entry_id, LedgerPosting.amount_minor))
    for entry_id, reference in connection.execute(select(LedgerEntry.id, LedgerEntry.reference)):
        amounts = [minor for (minor,) in postings.pop(entry_id, [])]
        if len(amounts) < 2 or sum(amounts) != 0:
            yield f"entry {reference} does not balance: {amounts}"
    if postings:
        yield f"postings without an entry: {postings}"
    sums = dict(
        connection.execute(
            select(LedgerPosting.account_id, func.sum(LedgerPosting.amount_minor)).group_by(LedgerPosting.account_id)
        ).all()  # type: ignore[arg-type]
    )
    for account in connection.execute(select(LedgerAccount.__table__)):
        if account.balance_minor != int(sums.get(account.id, 0)):
            yield f"{account.kind}:{account.holder_id} holds {account.balance_minor} of {sums.get(account.id, 0)}"
        if account.balance_minor < 0 and account.kind in {"store", "reserved"}:
            yield f"{account.kind} of {account.holder_id} is overdrawn: {account.balance_minor}"
    numbers = parts(connection, select(LedgerEntry.chain_id, LedgerEntry.seq).order_by(LedgerEntry.seq))
    for chain in connection.execute(select(LedgerChain.__table__)):
        told = [seq for (seq,) in numbers.get(chain.id, [])]
        if told != list(range(1, chain.head_seq + 1)):
            yield f"the chain of {chain.owner_kind} {chain.owner_id} ends at {chain.head_seq} and has {told}"


def unmatched(connection: Connection) -> Iterator[str]:
    """Commissions, top-ups and withdrawals whose entries are not exactly those that belong to them (P9, P11)."""
    gained = (
        select(LedgerEntry.kind, LedgerEntry.about, func.sum(LedgerPosting.amount_minor), func.count())
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .where(LedgerPosting.amount_minor > 0)
        .group_by(LedgerEntry.kind, LedgerEntry.about)
    )
    booked = {(kind, about): (int(minor), number) for kind, about, minor, number in connection.execute(gained)}
    wanted: dict[tuple[str, str], int] = {}
    for commission in connection.execute(select(Commission.__table__)):
        about = f"commission:{commission.id}"
        if commission.status == "settled" and commission.run_id is not None and commission.amount_minor:
            wanted["settlement", about] = commission.amount_minor
        if commission.clawed_back_minor:
            wanted["clawback", about] = commission.clawed_back_minor
    for top_up in connection.execute(select(TopUp.__table__)):
        wanted[top_up.kind, f"top_up:{top_up.id}"] = top_up.amount_minor
    for withdrawal in connection.execute(select(Withdrawal.__table__)):
        about = f"withdrawal:{withdrawal.id}"
        wanted["withdrawal", about] = withdrawal.amount_minor
        if withdrawal.status != "requested":
            wanted[f"withdrawal_{withdrawal.status}", about] = withdrawal.amount_minor
    for kind, about in wanted.keys() | booked.keys():
        minor, number = booked.get((kind, about), (0, 0))
        if minor != wanted.get((kind, about), 0) or (number != 1 and kind != "clawback"):
            yield f"{kind} of {about} is booked {number} times with {minor}, not {wanted.get((kind, about))}"


def miscounted_runs(connection: Connection) -> Iterator[str]:
    """Runs that say something else than what became of commissions in them."""
    kinds = select(Commission.run_id, Commission.status, func.count(), func.sum(Commission.amount_minor)).group_by(
        Commission.run_id, Commission.status
    )
    done = {(run_id, status): (number, int(minor)) for run_id, status, number, minor in connection.execute(kinds)}
    for run in connection.execute(select(SettlementRun.__table__)):
        settled, void = done.get((run.id, "settled"), (0, 0)), done.get((run.id, "void"), (0, 0))
        if (run.settled, run.settled_minor, run.void) != (*settled, void[0]):
            yield f"a run tells of {run.settled}, {run.settled_minor}, {run.void}, and made {settled}, {void}"


def half_orders(connection: Connection) -> Iterator[str]:
    """Orders without a part that was to come with them, or whose columns their events do not make (P6)."""
    commissions = parts(connection, select(Commission.order_id, Commission.salesperson_id))
    answers = parts(connection, select(Attribution.order_id, Attribution.salesperson_id).order_by(Attribution.id))
    lines = parts(connection, select(OrderLine.order_id, OrderLine.amount_minor))
    events = parts(connection, select(OrderEvent.order_id, OrderEvent.type, OrderEvent.amount_minor))
    for order in connection.execute(select(Order.__table__)):
        types = {type_ for type_, _ in events.get(order.id, [])}
        refunded = sum(minor or 0 for type_, minor in events.get(order.id, []) if type_ == "refunded")
        whose = [(order.salesperson_id,)]
        wanted = {
            "its commission": commissions.get(order.id, []) == (whose if order.salesperson_id else []),
            "its attribution": answers.get(order.id, [])[-1:] == whose,
            "its lines": sum(minor for (minor,) in lines.get(order.id, [])) == order.goods_minor,
            "its payment": ("paid" in types) == (order.paid_at is not None),
            "its shipping": ("shipped" in types) == (order.shipped_at is not None),
            "its refunds": order.refunded_minor == refunded,
        }
        yield from (f"order {order.external_id} lacks {part}" for part, there in wanted.items() if not there)
    for event_id, order_id, external_id in connection.execute(
        select(OrderEvent.event_id, OrderEvent.order_id, Order.external_id).join(
            Order, (Order.external_id == OrderEvent.order_external_id) & (Order.shop_id == OrderEvent.shop_id)
        )
    ):
        if order_id is None:
            yield f"event {event_id} waits for order {external_id}, which is there"


def half_deliveries(connection: Connection) -> Iterator[str]:
    """Deliveries without what they tell, or not as they came, or without what became of them (P5)."""
    orders = set(connection.scalars(select(Order.external_id))) | set(
        connection.scalars(select(OrderEvent.order_external_id))
    )
    for delivery in connection.execute(select(Delivery.__table__)):
        wanted = {
            "its body": sha256(original(delivery.body)).hexdigest() == delivery.body_digest,
            "its attempt": delivery.attempts > 0 and delivery.handled_at is not None,
            "its reason": (delivery.status == "parked") == bool(delivery.reason and delivery.status != "ignored"),
            "what it tells": delivery.status != "applied" or delivery.order_external_id in orders,
        }
        yield from (f"delivery {delivery.delivery_id} lacks {part}" for part, there in wanted.items() if not there)
    told = set(connection.scalars(select(Delivery.order_external_id).where(Delivery.status == "applied")))
    hooked = select(Order.external_id).where(Order.source == "shopify")
    yield from (f"order {name} came by no delivery" for name in set(connection.scalars(hooked)) - told)


def answers_about_nothing(connection: Connection) -> Iterator[str]:
    """Kept answers of the API that tell of a top-up or withdrawal that does not exist."""
    known = set(connection.scalars(select(TopUp.external_id)))
    known |= {str(ident) for ident in connection.scalars(select(Withdrawal.id))}
    for answer in connection.execute(select(ApiAnswer.status, ApiAnswer.body)):
        told = json.loads(answer.body)
        if answer.status == 201 and "settled" not in told and told["id"] not in known:
            yield f"an answer is kept that tells of nothing: {answer.body[:80]}"


MONEY = Look(money_census, money_faults_of)
