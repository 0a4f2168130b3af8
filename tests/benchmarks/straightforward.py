"""Clicks, orders and settlement as one writes them without a thought of speed: objects, and a commit at each step.

Measured beside ours, on the same file and tables: `python -m tests.benchmarks.straightforward URL SECRET_KEY` serves
`/r/<code>` and `/webhooks/shopify/<slug>`. It knows fewer rules than ours do (no coupons, one rate, no amendments),
and sets fewer headers, so that it is rather too quick.
"""

import secrets
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, current_app, jsonify, redirect, request
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session
from waitress import create_server

import referrals
from referrals.commissions.models import Commission
from referrals.ledger.hashing import entry_hash, moment_text
from referrals.ledger.models import LedgerAccount, LedgerChain, LedgerEntry, LedgerPosting
from referrals.links.models import Binding, Click, Customer, CustomerKey, Identification, Link
from referrals.money import parse
from referrals.orders.adapters.signatures import is_genuine
from referrals.orders.models import Attribution, Delivery, Order, OrderContact, OrderEvent, OrderLine
from referrals.secrets_box import SecretsBox
from referrals.shops.models import Salesperson, SalespersonChange, SettingsVersion, Shop, WebhookSecret
from referrals.shops.webhook_secrets import PURPOSE

assert referrals.create_app, "all tables must be known before the first is used"


def main() -> None:
    """Serve the database of a URL, with as many threads as ours."""
    url, secret_key = sys.argv[1:]
    app = Flask("straightforward")
    app.config.update(SECRET_KEY=secret_key)
    engine = create_engine(url, connect_args={"timeout": 20})
    app.extensions["engine"] = engine
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA foreign_keys=ON"))
    app.add_url_rule("/r/<code>", view_func=follow)
    app.add_url_rule("/webhooks/shopify/<slug>", view_func=receive, methods=["POST"])
    server = create_server(app, host="127.0.0.1", port=0, threads=4)
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()


def opened() -> Session:
    # What is read is written upon; two who do so at once would else be refused rather than wait.
    session = Session(current_app.extensions["engine"])
    session.connection().exec_driver_sql("BEGIN IMMEDIATE")
    return session


def committed(session: Session) -> None:
    session.commit()
    session.connection().exec_driver_sql("BEGIN IMMEDIATE")


def follow(code: str) -> Any:
    """Record a click, then lead on."""
    at = datetime.now(UTC)
    with opened() as session:
        link = session.scalars(select(Link).where(Link.code == code)).one()
        visitor = request.cookies.get("buyer") or secrets.token_urlsafe(16)
        versions = session.scalars(select(SettingsVersion).where(SettingsVersion.shop_id == link.shop_id)).all()
        changes = session.scalars(
            select(SalespersonChange).where(SalespersonChange.salesperson_id == link.salesperson_id)
        ).all()
        seen = session.scalars(
            select(Identification).where(Identification.shop_id == link.shop_id, Identification.visitor == visitor)
        ).all()
        clicks = session.scalars(select(Click).where(Click.shop_id == link.shop_id, Click.visitor == visitor)).all()
        is_on = any(version.programme for version in versions) and any(one.status == "active" for one in changes)
        outcome = ("renewed" if clicks or seen else "bound") if is_on else "programme_off"
        click = Click(
            shop_id=link.shop_id,
            link_id=link.id,
            salesperson_id=link.salesperson_id,
            occurred_at=at,
            recorded_at=at,
            visitor=visitor,
            outcome=outcome,
            user_agent=request.headers.get("User-Agent", ""),
        )
        session.add(click)
        link.clicks += 1
        session.commit()
        response = redirect(f"{link.target_url}?ref={click.id}")
    response.set_cookie("buyer", visitor, max_age=31_536_000, path="/r/", httponly=True)
    return response


def receive(slug: str) -> tuple[Response, int]:
    """Take in an order, step by step."""
    body, at = request.get_data(), datetime.now(UTC)
    with opened() as session:
        shop = session.scalars(select(Shop).where(Shop.slug == slug)).one()
        box = SecretsBox(str(current_app.secret_key), PURPOSE)
        held = session.scalars(select(WebhookSecret).where(WebhookSecret.shop_id == shop.id)).all()
        if not is_genuine("shopify", request.headers, body, [box.open(one.secret_locked) or "" for one in held]):
            return jsonify(status="bad signature"), 401
        name = request.headers["X-Shopify-Webhook-Id"]
        query = select(Delivery).where(Delivery.shop_id == shop.id, Delivery.delivery_id == name)
        if session.scalars(query).one_or_none() is None:
            delivery = Delivery(
                shop_id=shop.id,
                source="shopify",
                delivery_id=name,
                topic="orders/create",
                received_at=at,
                body=body.decode(),
                body_digest="",
                status="parked",
                attempts=1,
            )
            session.add(delivery)
            committed(session)
            place_order(session, shop, request.get_json(), at)
            delivery.status, delivery.handled_at = "applied", at
            session.commit()
        return jsonify(status="applied"), 200


def place_order(session: Session, shop: Shop, told: dict[str, Any], at: datetime) -> None:
    placed = datetime.fromisoformat(told["created_at"])
    customer = customer_of(session, shop, told, at)
    committed(session)
    ref = next((one["value"] for one in told["note_attributes"] if one["name"] == "ref"), None)
    binding = bind(session, customer, int(ref), at) if ref else None
    committed(session)
    order = Order(
        shop_id=shop.id,
        external_id=str(told["id"]),
        source="shopify",
        placed_at=placed,
        received_at=at,
        currency=shop.currency,
        collected_by="platform",
        paid_at=placed,
        goods_minor=0,
        left_minor=0,
        customer_id=customer.id,
        salesperson_id=binding.salesperson_id if binding else None,
        via="binding" if binding else None,
        reason=None if binding else "no_click",
    )
    session.add(order)
    session.flush()
    session.add(OrderContact(order_id=order.id, customer_ref=str(told["customer"]["id"]), email=told["email"]))
    for line in told["line_items"]:
        amount = parse(line["price"], shop.currency).minor * line["quantity"]
        order.goods_minor += amount
        order.left_minor += amount
        session.add(OrderLine(order_id=order.id, line_id=str(line["id"]), sku=line["sku"], amount_minor=amount))
    session.add(event_of(order, "paid", placed, at))
    session.add(Attribution(order_id=order.id, at=at, salesperson_id=order.salesperson_id, reason=order.reason))
    committed(session)
    if binding is not None:
        session.add(commission_of(order, binding.salesperson_id, at))
        committed(session)


def customer_of(session: Session, shop: Shop, told: dict[str, Any], at: datetime) -> Customer:
    for kind, value in (("id", str(told["customer"]["id"])), ("email", told["email"])):
        key = session.get(CustomerKey, (shop.id, kind, value))
        if key is not None:
            return session.get_one(Customer, key.customer_id)
    customer = Customer(shop_id=shop.id, created_at=at)
    session.add(customer)
    session.flush()
    for kind, value in (("id", str(told["customer"]["id"])), ("email", told["email"])):
        session.add(CustomerKey(shop_id=shop.id, kind=kind, value=value, customer_id=customer.id, since=at))
    return customer


def bind(session: Session, customer: Customer, click_id: int, at: datetime) -> Binding:
    click = session.get_one(Click, click_id)
    session.get_one(Salesperson, click.salesperson_id)
    seen = {"shop_id": click.shop_id, "visitor": click.visitor, "customer_id": customer.id}
    session.add(Identification(**seen, occurred_at=at, recorded_at=at, source="order"))
    binding = Binding(
        shop_id=click.shop_id,
        customer_id=customer.id,
        salesperson_id=click.salesperson_id,
        click_id=click.id,
        rule="last_click",
        from_at=click.occurred_at,
        recorded_at=at,
    )
    session.add(binding)
    return binding


def event_of(order: Order, kind: str, occurred_at: datetime, at: datetime) -> OrderEvent:
    return OrderEvent(
        shop_id=order.shop_id,
        order_external_id=order.external_id,
        order_id=order.id,
        event_id=kind,
        type=kind,
        occurred_at=occurred_at,
        recorded_at=at,
        source="shopify",
    )


def commission_of(order: Order, salesperson_id: int, at: datetime) -> Commission:
    amount = order.goods_minor // 10
    return Commission(
        shop_id=order.shop_id,
        order_id=order.id,
        order_key=order.external_id,
        salesperson_id=salesperson_id,
        reason="waiting",
        currency=order.currency,
        amount_minor=amount,
        suggested_minor=amount,
        base_minor=order.goods_minor,
        rate_bp=1000,
        collected_by="platform",
        refund_rule="keep",
        created_at=at,
    )


def settle(session: Session, shop_id: int, commissions: Sequence[Commission], run_id: int, at: datetime) -> None:
    """Settle commissions one by one, each with a commit of its own."""
    for commission in commissions:
        chain = session.scalars(
            select(LedgerChain).where(LedgerChain.owner_kind == "shop", LedgerChain.owner_id == shop_id)
        ).one()
        store = account_of(session, chain, "store", 0, commission.currency)
        if store.balance_minor >= commission.amount_minor:
            settle_one(session, chain, store, commission, at)
            commission.status, commission.reason = "settled", None
            commission.settled_at, commission.run_id = at, run_id
        else:
            commission.reason = "insufficient_balance"
        session.commit()


def settle_one(
    session: Session, chain: LedgerChain, store: LedgerAccount, commission: Commission, at: datetime
) -> None:
    amount = commission.amount_minor
    theirs = account_of(session, chain, "salesperson", commission.salesperson_id, commission.currency)
    kind, reference, about = "settlement", f"settlement:{commission.id}", f"commission:{commission.id}"
    moves = [("store", 0, -amount), ("salesperson", commission.salesperson_id, amount)]
    chain.head_seq += 1
    chain.head_hash = entry_hash(
        chain.head_hash, chain.head_seq, kind, reference, about, moment_text(at), commission.currency, "", moves
    )
    entry = LedgerEntry(
        chain_id=chain.id,
        seq=chain.head_seq,
        kind=kind,
        reference=reference,
        about=about,
        at=at,
        currency=commission.currency,
        hash=chain.head_hash,
    )
    session.add(entry)
    session.flush()
    session.add(LedgerPosting(entry_id=entry.id, account_id=store.id, amount_minor=-amount))
    session.add(LedgerPosting(entry_id=entry.id, account_id=theirs.id, amount_minor=amount))
    store.balance_minor -= amount
    theirs.balance_minor += amount


def account_of(session: Session, chain: LedgerChain, kind: str, holder_id: int, currency: str) -> LedgerAccount:
    query = select(LedgerAccount).where(
        LedgerAccount.chain_id == chain.id, LedgerAccount.kind == kind, LedgerAccount.holder_id == holder_id
    )
    found = session.scalars(query).one_or_none()
    if found is None:
        found = LedgerAccount(chain_id=chain.id, kind=kind, holder_id=holder_id, currency=currency, balance_minor=0)
        session.add(found)
        session.flush()
    return found


if __name__ == "__main__":
    main()
