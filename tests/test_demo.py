"""The demo: made by the real operations, it shows every state, and its books are good."""

from sqlalchemy import select

from referrals.commissions.models import Commission
from referrals.db import session
from referrals.demo import fill_demo, logins
from referrals.earnings.models import Earning
from referrals.explanations.commission import explain
from referrals.explanations.earning import explain_earning
from referrals.ledger.checking import check_books
from referrals.orders.models import Delivery, Order
from referrals.people.queries import find_person_by_email
from referrals.settlement.models import Withdrawal
from tests.making import Making


def test_the_demo_shows_every_state_and_its_books_are_good(make: Making) -> None:
    fill_demo(make.app.extensions["referrals"].passwords, at=make.at)
    session.commit()
    commissions = session.scalars(select(Commission)).all()
    assert {one.status for one in commissions} == {"pending", "settled", "void", "by_hand"}
    assert {one.reason for one in commissions if one.status == "pending"} == {"waiting", "insufficient_balance"}
    assert {"cash_on_delivery", "no_click"} <= set(session.scalars(select(Order.reason)))
    assert {"binding", "coupon"} <= set(session.scalars(select(Order.via)))
    assert set(session.scalars(select(Withdrawal.status))) == {"requested", "paid"}
    assert set(session.scalars(select(Delivery.status))) == {"parked"}
    assert all(explain(one).agrees for one in commissions)
    earnings = session.scalars(select(Earning)).all()
    assert {one.kind for one in earnings} == {"recurring", "bounty", "paid_outside"}
    assert len({one.month for one in earnings if one.month}) == 12
    assert all(explain_earning(one).agrees for one in earnings)
    assert check_books(at=make.at).first_problem is None
    assert find_person_by_email("wei@demo.example.org") is not None
    assert next(login for _role, login, password in logins() if "code" in password).startswith("+86")
