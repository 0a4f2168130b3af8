"""What a customer's clicks come to: the three rules as tables, and what holds for any clicks whatever."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from referrals.links.rules import SHORT, Facts, Interval, Picture, end_of, expiry_of, fold, refusal

START = datetime(2026, 11, 1, tzinfo=UTC)
ANNA, BEN = 1, 2
MICROSECOND = timedelta(microseconds=1)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def clicked(*clicks: tuple[float, int], rule: str = "last_click", days: int = 10) -> Picture:
    """The picture of clicks given as (day, salesperson), whose ids are their positions."""
    return fold(
        Facts(number, day(at), salesperson, rule=rule, protect_days=days)
        for number, (at, salesperson) in enumerate(clicks)
    )


def told(picture: Picture) -> list[tuple[int, float, float | None]]:
    """The intervals as (salesperson, first day, last day)."""
    one = timedelta(days=1)
    return [
        (part.salesperson_id, (part.from_at - START) / one, part.until_at and (part.until_at - START) / one)
        for part in picture.intervals
    ]


# rule -> (clicks as (day, salesperson), outcomes, intervals); protection is for ten days.
TABLE = {
    "last click: one click binds for good": (
        "last_click", [(0, ANNA)], ["bound"], [(ANNA, 0, None)],
    ),
    "last click: the other's click takes over at its moment": (
        "last_click", [(0, ANNA), (3, BEN)], ["bound", "bound"], [(ANNA, 0, 3), (BEN, 3, None)],
    ),
    "last click: a runaway comes back": (
        "last_click", [(0, ANNA), (3, BEN), (5, ANNA)], ["bound"] * 3, [(ANNA, 0, 3), (BEN, 3, 5), (ANNA, 5, None)],
    ),
    "last click: the same salesperson renews": (
        "last_click", [(0, ANNA), (3, ANNA)], ["bound", "renewed"], [(ANNA, 0, 3), (ANNA, 3, None)],
    ),
    "last click: of two at one moment the later id stays": (
        "last_click", [(0, ANNA), (0, BEN)], ["bound", "bound"], [(BEN, 0, None)],
    ),
    "protected: within the days the other's click binds nobody": (
        "protected", [(0, ANNA), (9, BEN)], ["bound", "protected"], [(ANNA, 0, None)],
    ),
    "protected: exactly after the days it binds": (
        "protected", [(0, ANNA), (10, BEN)], ["bound", "bound"], [(ANNA, 0, 10), (BEN, 10, None)],
    ),
    "protected: a click of one's own starts protection again": (
        "protected", [(0, ANNA), (9, ANNA), (18, BEN), (19, BEN)], ["bound", "renewed", "protected", "bound"],
        [(ANNA, 0, 9), (ANNA, 9, 19), (BEN, 19, None)],
    ),
    "protected: a click that did not bind never binds later": (
        "protected", [(0, ANNA), (5, BEN), (30, ANNA)], ["bound", "protected", "renewed"],
        [(ANNA, 0, 30), (ANNA, 30, None)],
    ),
    "first click: nobody else ever binds": (
        "first_click", [(0, ANNA), (3, BEN), (400, BEN)], ["bound", "already_bound", "already_bound"],
        [(ANNA, 0, None)],
    ),
    "first click: one's own click renews": (
        "first_click", [(0, ANNA), (3, ANNA)], ["bound", "renewed"], [(ANNA, 0, 3), (ANNA, 3, None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_the_table_of_rules(case: str) -> None:
    rule, clicks, outcomes, intervals = TABLE[case]
    picture = clicked(*clicks, rule=rule)
    assert [picture.outcomes[number] for number in range(len(clicks))] == outcomes
    assert told(picture) == intervals


def test_the_rule_that_counts_is_that_of_the_click_that_is_judged() -> None:
    first = Facts(1, day(0), ANNA, rule="first_click")
    second = Facts(2, day(1), BEN, rule="last_click")
    third = Facts(3, day(2), ANNA, rule="protected", protect_days=1)
    fourth = Facts(4, day(3), BEN, rule="first_click")
    picture = fold([first, second, third, fourth])
    assert picture.outcomes == {1: "bound", 2: "bound", 3: "bound", 4: "already_bound"}
    assert [part.rule for part in picture.intervals] == ["first_click", "last_click", "protected"]


def test_protection_ends_to_the_microsecond() -> None:
    for moment, outcome in ((day(10) - MICROSECOND, "protected"), (day(10), "bound")):
        facts = [Facts(1, day(0), ANNA), Facts(2, moment, BEN, rule="protected", protect_days=10)]
        assert fold(facts).outcomes[2] == outcome


def test_an_interval_holds_from_its_start_until_just_before_its_end() -> None:
    interval = Interval(ANNA, 1, day(0), day(1), "last_click")
    moments = (day(0) - MICROSECOND, day(0), day(1) - MICROSECOND, day(1))
    assert [interval.holds(moment) for moment in moments] == [False, True, True, False]


def test_a_binding_that_ended_by_itself_protects_nobody() -> None:
    for rule in ("last_click", "protected", "first_click"):
        facts = [
            Facts(1, day(0), ANNA, ends_at=day(2), rule=rule, protect_days=30),
            Facts(2, day(2), BEN, rule=rule, protect_days=30),
        ]
        picture = fold(facts)
        assert picture.outcomes[2] == "bound"
        assert told(picture) == [(ANNA, 0, 2), (BEN, 2, None)]


# Ends of the first click's and of the second click's binding -> when the renewed one ends.
ENDS = [(5, 9, 9), (9, 5, 9), (5, None, None), (None, 5, None), (None, None, None)]


@pytest.mark.parametrize(("first", "second", "renewed"), ENDS)
def test_a_renewal_ends_at_the_later_of_the_two_ends(
    first: float | None, second: float | None, renewed: float | None
) -> None:
    facts = [
        Facts(1, day(0), ANNA, ends_at=None if first is None else day(first)),
        Facts(2, day(1), ANNA, ends_at=None if second is None else day(second)),
    ]
    assert told(fold(facts)) == [(ANNA, 0, 1), (ANNA, 1, renewed)]


def test_a_takeover_does_not_inherit_the_end() -> None:
    facts = [Facts(1, day(0), ANNA), Facts(2, day(1), BEN, ends_at=day(4)), Facts(3, day(2), ANNA, ends_at=day(3))]
    assert told(fold(facts)) == [(ANNA, 0, 1), (BEN, 1, 2), (ANNA, 2, 3)]


@pytest.mark.parametrize("reason", ["link_expired", "salesperson_inactive", "programme_off"])
def test_a_refused_click_changes_nothing(reason: str) -> None:
    picture = fold([Facts(1, day(0), ANNA), Facts(2, day(1), BEN, refused=reason)])
    assert picture.outcomes == {1: "bound", 2: reason}
    assert told(picture) == [(ANNA, 0, None)]


# (days after sharing, link ends, status, programme) -> why the click is refused; asked in this order.
REFUSALS = {
    (0, True, "active", True): None,
    (15, True, "active", True): "link_expired",
    (15, False, "active", True): None,
    (15, True, "left", False): "link_expired",
    (0, True, "suspended", False): "salesperson_inactive",
    (0, True, "applied", True): "salesperson_inactive",
    (0, True, "left", True): "salesperson_inactive",
    (0, True, None, True): "salesperson_inactive",
    (0, True, "active", False): "programme_off",
}


@pytest.mark.parametrize("case", REFUSALS)
def test_the_table_of_refusals(case: tuple[int, bool, str | None, bool]) -> None:
    days, ends, status, programme = case
    expires_at = day(15) if ends else None
    assert refusal(at=day(days), expires_at=expires_at, status=status, programme=programme) == REFUSALS[case]


def test_a_link_stops_exactly_fifteen_days_after_it_was_shared() -> None:
    expires_at = expiry_of("link", "short", START)
    assert refusal(at=day(15) - MICROSECOND, expires_at=expires_at, status="active", programme=True) is None
    assert refusal(at=day(15), expires_at=expires_at, status="active", programme=True) == "link_expired"


# (kind, validity) -> when the link stops, and when a binding by a click on day 3 ends.
VALIDITY = {
    ("link", "short"): (day(15), day(15)),
    ("qr", "short"): (None, day(3) + SHORT),
    ("link", "permanent"): (None, None),
    ("qr", "permanent"): (None, None),
}


@pytest.mark.parametrize(("kind", "validity"), VALIDITY)
def test_the_table_of_validities(kind: str, validity: str) -> None:
    expires_at = expiry_of(kind, validity, START)
    assert (expires_at, end_of(kind, validity, expires_at, day(3))) == VALIDITY[kind, validity]


# --- What holds for any clicks ---


def any_facts(number: int) -> st.SearchStrategy[Facts]:
    hours = st.integers(0, 60).map(lambda hour: START + timedelta(hours=hour))
    return st.builds(
        Facts,
        click_id=st.just(number),
        at=hours,
        salesperson_id=st.integers(1, 3),
        ends_at=st.none(),
        refused=st.sampled_from([None, None, None, "link_expired", "salesperson_inactive", "programme_off"]),
        rule=st.sampled_from(["last_click", "protected", "first_click"]),
        protect_days=st.sampled_from([1, 2]),
    ).flatmap(
        lambda facts: st.sampled_from([None, 1, 7, 30]).map(
            lambda hours: Facts(
                **{**facts.__dict__, "ends_at": None if hours is None else facts.at + timedelta(hours=hours)}
            )
        )
    )


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
some_clicks = st.integers(0, 12).flatmap(lambda count: st.tuples(*(any_facts(number) for number in range(count))))


@patient
@given(some_clicks, st.randoms())
def test_the_order_of_arrival_does_not_matter(clicks: tuple[Facts, ...], chance) -> None:
    shuffled = list(clicks)
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(clicks)


@patient
@given(some_clicks)
def test_at_most_one_binding_is_in_force_at_any_moment(clicks: tuple[Facts, ...]) -> None:
    intervals = fold(clicks).intervals
    for one, next_one in pairwise(intervals):
        assert one.until_at is not None
        assert one.from_at < one.until_at <= next_one.from_at
    for half_hour in range(140):
        moment = START + timedelta(minutes=30 * half_hour)
        assert sum(interval.holds(moment) for interval in intervals) <= 1


@patient
@given(some_clicks)
def test_every_click_has_an_outcome_and_every_interval_a_click_that_bound(clicks: tuple[Facts, ...]) -> None:
    picture = fold(clicks)
    by_id = {click.click_id: click for click in clicks}
    assert picture.outcomes.keys() == by_id.keys()
    for interval in picture.intervals:
        click = by_id[interval.click_id]
        assert picture.outcomes[click.click_id] in {"bound", "renewed"}
        assert (interval.from_at, interval.salesperson_id, interval.rule) == (
            click.at,
            click.salesperson_id,
            click.rule,
        )
        assert click.refused is None


@patient
@given(some_clicks)
def test_later_clicks_change_nothing_before_them(clicks: tuple[Facts, ...]) -> None:
    if not clicks:
        return
    last = max(clicks, key=lambda click: (click.at, click.click_id))
    before, after = fold(click for click in clicks if click is not last), fold(clicks)
    for click_id, outcome in before.outcomes.items():
        assert after.outcomes[click_id] == outcome
    for half_hour in range(140):
        moment = START + timedelta(minutes=30 * half_hour)
        if moment < last.at:
            assert holder(before, moment) == holder(after, moment)


@patient
@given(some_clicks)
def test_with_last_click_alone_whoever_was_clicked_last_has_the_customer(clicks: tuple[Facts, ...]) -> None:
    """Against a plain model: the latest valid click whose binding has not ended, renewals aside."""
    lasting = [Facts(click.click_id, click.at, click.salesperson_id, refused=click.refused) for click in clicks]
    picture = fold(lasting)
    for hour in range(70):
        moment = START + timedelta(hours=hour)
        valid = [click for click in lasting if click.refused is None and click.at <= moment]
        latest = max(valid, key=lambda click: (click.at, click.click_id), default=None)
        assert holder(picture, moment) == (latest.salesperson_id if latest else None)


def holder(picture: Picture, moment: datetime) -> int | None:
    return next((one.salesperson_id for one in picture.intervals if one.holds(moment)), None)
