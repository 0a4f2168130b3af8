"""What is on its way to programs: what is due, what became of it, and the log of it (P16)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, exists, func, or_, select, update

from referrals.db import insert_rows, session
from referrals.errors import NotFound
from referrals.listing import Listing, Shape, Wish
from referrals.outbox.endpoints import visible_to
from referrals.outbox.hook_calls import Outcome
from referrals.outbox.hook_events import unseen_by
from referrals.outbox.hooks import COLUMNS, body_of, new_key, row_of
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.outbox.rules import wait_after
from referrals.people.rules import Actor

STATES = {
    "waiting": HookDelivery.delivered_at.is_(None) & HookDelivery.parked_at.is_(None),
    "delivered": HookDelivery.delivered_at.is_not(None),
    "parked": HookDelivery.parked_at.is_not(None),
}
REST = timedelta(minutes=1)
KEPT_FOR = timedelta(days=60)
# Nobody subscribes to it: it goes to one endpoint, when its owner wants to see one arrive.
TEST_EVENT = "ping"
FORGOTTEN_AT_ONCE = 10_000
ENDPOINTS_A_TICK = 100


def due_endpoints(*, at: datetime) -> Sequence[HookEndpoint]:
    """Endpoints for which something is due, who waits longest first; those that could not be reached rest."""
    first = (
        select(func.min(HookDelivery.next_try_at))
        .where(HookDelivery.endpoint_id == HookEndpoint.id, STATES["waiting"])
        .scalar_subquery()
    )
    awake = or_(HookEndpoint.rests_until.is_(None), HookEndpoint.rests_until <= at)
    wanted = select(HookEndpoint).where(HookEndpoint.active, awake, first <= at)
    return session.scalars(wanted.order_by(first, HookEndpoint.id).limit(ENDPOINTS_A_TICK)).all()


def due_deliveries(endpoint_id: int, *, at: datetime, limit: int) -> Sequence[HookDelivery]:
    """What is due for an endpoint, the oldest first."""
    return session.scalars(
        select(HookDelivery)
        .where(HookDelivery.endpoint_id == endpoint_id, STATES["waiting"], HookDelivery.next_try_at <= at)
        .order_by(HookDelivery.next_try_at, HookDelivery.id)
        .limit(limit)
    ).all()


def note_outcome(outcome: Outcome, *, at: datetime) -> None:
    """What became of a call: it was taken, or is tried again after a growing while, and parked in the end."""
    found = session.get(HookDelivery, outcome.letter.delivery_id, populate_existing=True, with_for_update=True)
    if found is None or found.delivered_at is not None:
        return
    found.attempts += 1
    found.tried_at, found.answer_status = at, outcome.status
    found.answer, found.error = outcome.answer, outcome.error
    if outcome.taken:
        found.delivered_at, found.parked_at = at, None
    else:
        wait = wait_after(found.attempts)
        found.parked_at = at if wait is None else None
        found.next_try_at = at + (wait or timedelta())
    note_reached(outcome, at=at)


def note_reached(outcome: Outcome, *, at: datetime) -> None:
    """An endpoint that cannot be reached at all rests for a while: its other deliveries would only hold up others."""
    rest = at + REST if outcome.status is None else None
    change = update(HookEndpoint).where(HookEndpoint.id == outcome.letter.endpoint_id)
    if rest is None:
        change = change.where(HookEndpoint.rests_until.is_not(None))
    session.execute(change.values(rests_until=rest).execution_options(synchronize_session=False))


def replay(delivery: HookDelivery, *, at: datetime) -> None:
    """Send it once more, now, byte for byte and under the same id."""
    delivery.delivered_at, delivery.parked_at = None, None
    delivery.next_try_at, delivery.attempts = at, 0
    delivery.endpoint.rests_until = None
    session.flush()


def send_test(endpoint: HookEndpoint, *, at: datetime) -> int:
    """Write a test event for this endpoint alone; answers the id of the delivery."""
    row = row_of(new_key(), endpoint.id, TEST_EVENT, body_of(TEST_EVENT, {"endpoint": str(endpoint.id)}, at), at)
    insert_rows(HookDelivery, COLUMNS, [row])
    endpoint.rests_until = None
    session.flush()
    return int(row[0])


def get_delivery(viewer: Actor, endpoint: HookEndpoint, delivery_id: int) -> HookDelivery:
    """A delivery to this endpoint, if the viewer may see it; raises NotFound."""
    found = session.scalar(
        select(HookDelivery)
        .join(HookEndpoint, HookEndpoint.id == HookDelivery.endpoint_id)
        .where(
            HookDelivery.id == delivery_id,
            HookDelivery.endpoint_id == endpoint.id,
            visible_to(viewer),
            HookDelivery.event.not_in(unseen_by(viewer)),
        )
    )
    if found is None:
        raise NotFound
    return found


def forget_old(*, at: datetime) -> int:
    """Drop what was taken long ago; answers how many. What nobody took stays, to be sent again."""
    old = (
        select(HookDelivery.id)
        .where(HookDelivery.delivered_at < at - KEPT_FOR)
        .order_by(HookDelivery.delivered_at)
        .limit(FORGOTTEN_AT_ONCE)
    )
    ids = session.scalars(old).all()
    if ids:
        session.execute(delete(HookDelivery).where(HookDelivery.id.in_(old)))
    return len(ids)


def waiting_counts(viewer: Actor, endpoint_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """For each of these endpoints how many deliveries that the viewer may see wait, and how many were given up."""
    counts: dict[int, tuple[int, int]] = dict.fromkeys(endpoint_ids, (0, 0))
    rows = session.execute(
        select(
            HookDelivery.endpoint_id,
            func.count().filter(STATES["waiting"]),
            func.count().filter(STATES["parked"]),
        )
        .where(
            HookDelivery.endpoint_id.in_(endpoint_ids),
            HookDelivery.delivered_at.is_(None),
            HookDelivery.event.not_in(unseen_by(viewer)),
        )
        .group_by(HookDelivery.endpoint_id)
    )
    return counts | {endpoint_id: (waiting, parked) for endpoint_id, waiting, parked in rows}


class HookDeliveryList(Listing):
    """The deliveries to one endpoint that the viewer may see, the newest first."""

    shape = Shape(
        keys={"created": HookDelivery.created_at},
        default="-created",
        ident=HookDelivery.id,
        searched=func.lower(HookDelivery.message_key),
    )

    def __init__(self, viewer: Actor, endpoint: HookEndpoint, wish: Wish) -> None:
        statement: Select[*tuple[object, ...]] = select(
            HookDelivery.id,
            HookDelivery.message_key,
            HookDelivery.event,
            HookDelivery.created_at,
            HookDelivery.attempts,
            HookDelivery.tried_at,
            HookDelivery.answer_status,
            HookDelivery.error,
            HookDelivery.delivered_at,
            HookDelivery.parked_at,
        ).where(
            HookDelivery.endpoint_id == endpoint.id,
            exists().where(HookEndpoint.id == endpoint.id, visible_to(viewer)),
            HookDelivery.event.not_in(unseen_by(viewer)),
        )
        if wish.get("state") in STATES:
            statement = statement.where(STATES[wish.get("state")])
        if wish.get("event"):
            statement = statement.where(HookDelivery.event == wish.get("event"))
        super().__init__(wish, statement)
