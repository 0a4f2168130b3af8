"""What held in a shop at a moment: settings, rates, states. Pure rules as truth tables and properties."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from referrals.shops.rules import (
    DEFAULTS,
    SETTINGS,
    Override,
    RateBook,
    Settings,
    SettingsHistory,
    StatusBook,
    Timeline,
    Version,
    by_target,
    coupon_key,
    settings_at,
)

# How long it takes to think of examples says nothing about the rules.
patiently = examples(deadline=None, suppress_health_check=[HealthCheck.too_slow])
T0 = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def on(day: int) -> datetime:
    return T0 + timedelta(days=day)


def version(ident: int, day: int, **changes: Any) -> Version:
    return Version(ident, on(day), {name: changes.get(name) for name in SETTINGS})


def override(ident: int, kind: str, target: int, rate_bp: int | None, day: int = 0) -> Override:
    return Override(ident, kind, target, rate_bp, on(day))


def test_the_defaults_are_those_of_the_specification() -> None:
    assert (
        Settings(
            programme=False,
            applications="automatic",
            rate_bp=1000,
            validity="permanent",
            binding="last_click",
            auto_settle=True,
            completion_days=7,
            own_purchases_earn=False,
            refunds_after_settlement="keep",
            version_id=None,
        )
        == DEFAULTS
    )


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (on(10) - TICK, (False, 1000, 7, None)),
        (on(10), (True, 1000, 7, 1)),
        (on(20) - TICK, (True, 1000, 7, 1)),
        (on(20), (True, 500, 7, 3)),
        (on(30) - TICK, (True, 500, 7, 3)),
        (on(30), (False, 0, 7, 4)),
        (on(9999), (False, 0, 7, 4)),
    ],
)
def test_settings_hold_from_their_own_moment_on(moment: datetime, expected: tuple[Any, ...]) -> None:
    versions = [
        version(4, 30, programme=False, rate_bp=0),
        version(2, 20, rate_bp=700),
        version(1, 10, programme=True),
        version(3, 20, rate_bp=500),  # of two at one moment the later recorded one counts
    ]
    found = settings_at(versions, moment)
    assert (found.programme, found.rate_bp, found.completion_days, found.version_id) == expected


def test_a_version_recorded_later_for_an_earlier_moment_leaves_what_came_after() -> None:
    versions = [version(1, 20, rate_bp=500), version(2, 10, rate_bp=300, completion_days=3)]
    assert settings_at(versions, on(15)).rate_bp == 300
    assert settings_at(versions, on(20)).rate_bp == 500
    assert settings_at(versions, on(20)).completion_days == 3


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "programme": st.booleans(),
        "rate_bp": st.integers(0, 9000),
        "binding": st.sampled_from(["last_click", "protected", "first_click"]),
        "completion_days": st.integers(0, 365),
        "recruitment_text": st.text(max_size=5),
    },
)
VERSIONS = st.lists(st.tuples(st.integers(0, 20), CHANGES), max_size=12).map(
    lambda rows: [Version(number, on(day), changes) for number, (day, changes) in enumerate(rows, 1)]
)


def plainly(versions: list[Version], t: datetime) -> dict[str, Any]:
    """The same by the simplest way: for each setting by itself the last change up to `t`."""
    found = {name: getattr(DEFAULTS, name) for name in SETTINGS}
    for name in SETTINGS:
        named = [one for one in versions if one.effective_at <= t and one.changes.get(name) is not None]
        if named:
            found[name] = max(named, key=lambda one: (one.effective_at, one.id)).changes[name]
    return found


@patiently
@given(VERSIONS, st.integers(-1, 21), st.randoms())
def test_settings_are_the_last_change_of_each_in_whatever_order_they_are_read(
    versions: list[Version], day: int, chance: Any
) -> None:
    shuffled = list(versions)
    chance.shuffle(shuffled)
    found = settings_at(shuffled, on(day))
    assert {name: getattr(found, name) for name in SETTINGS} == plainly(versions, on(day))
    assert found == SettingsHistory(versions).at(on(day))


@patiently
@given(VERSIONS, st.integers(0, 20), CHANGES)
def test_a_new_version_changes_nothing_before_its_start(
    versions: list[Version], day: int, changes: dict[str, Any]
) -> None:
    later = [*versions, Version(99, on(day), changes)]
    for earlier in range(day):
        assert settings_at(later, on(earlier)) == settings_at(versions, on(earlier))


# Rates of product 1, salesperson 2 and group 3, and what a sale of product A by salesperson 2 then earns.
@pytest.mark.parametrize(
    ("product", "salesperson", "group", "bp", "source"),
    [
        (None, None, None, 1000, "shop"),
        (None, None, 300, 300, "group"),
        (None, 200, None, 200, "salesperson"),
        (None, 200, 300, 200, "salesperson"),
        (100, None, None, 100, "product"),
        (100, None, 300, 100, "product"),
        (100, 200, None, 100, "product"),
        (100, 200, 300, 100, "product"),
        (0, 200, 300, 0, "product"),
        (None, 0, 300, 0, "salesperson"),
        (None, None, 0, 0, "group"),
    ],
)
def test_product_goes_before_salesperson_before_group_before_shop(
    product: int | None, salesperson: int | None, group: int | None, bp: int, source: str
) -> None:
    rates = {("product", 1): product, ("salesperson", 2): salesperson, ("group", 3): group}
    overrides = [
        override(number, kind, target, rate)
        for number, ((kind, target), rate) in enumerate(rates.items(), 1)
        if rate is not None
    ]
    used = book(overrides).rate("A", 2, on(5))
    assert (used.bp, used.source) == (bp, source)
    assert used.version_id == {"product": 1, "salesperson": 2, "group": 3, "shop": None}[source]


def book(overrides: list[Override], versions: list[Version] | None = None) -> RateBook:
    return RateBook(
        settings=SettingsHistory(versions or []),
        products={"A": 1, "B": 9},
        overrides=by_target(overrides),
        groups={2: Timeline([(on(0), 1, 3), (on(50), 2, None)])},
    )


@pytest.mark.parametrize(
    ("sku", "salesperson", "day", "bp"),
    [
        ("B", 2, 5, 200),
        ("unknown", 2, 5, 200),
        ("", 2, 5, 200),
        ("A", 7, 5, 100),
        ("B", 7, 5, 1000),
        ("B", None, 5, 1000),
        ("B", 2, -1, 1000),
    ],
)
def test_an_override_is_of_its_target_alone(sku: str, salesperson: int | None, day: int, bp: int) -> None:
    overrides = [override(1, "product", 1, 100), override(2, "salesperson", 2, 200)]
    assert book(overrides).rate(sku, salesperson, on(day)).bp == bp


def test_an_override_without_a_rate_ends_it_and_the_next_wider_one_counts() -> None:
    overrides = [
        override(1, "product", 1, 100),
        override(2, "product", 1, None, day=10),
        override(3, "group", 3, 300),
        override(4, "product", 1, 400, day=20),
    ]
    rates = [book(overrides).rate("A", 2, on(day)).bp for day in (9, 10, 19, 20)]
    assert rates == [100, 300, 300, 400]


def test_a_group_counts_while_one_belongs_to_it() -> None:
    overrides = [override(1, "group", 3, 300)]
    rates = [book(overrides).rate("A", 2, moment).bp for moment in (on(0) - TICK, on(0), on(50) - TICK, on(50))]
    assert rates == [1000, 300, 300, 1000]


def test_the_rate_of_the_shop_names_the_version_it_comes_from() -> None:
    used = book([], [version(7, 1, rate_bp=250)]).rate("A", 2, on(1))
    assert (used.bp, used.source, used.version_id) == (250, "shop", 7)


OVERRIDES = st.lists(
    st.tuples(
        st.sampled_from([("product", 1), ("salesperson", 2), ("group", 3), ("group", 4)]),
        st.none() | st.integers(0, 9000),
        st.integers(0, 20),
    ),
    max_size=10,
).map(
    lambda rows: [
        override(number, kind, target, rate, day) for number, ((kind, target), rate, day) in enumerate(rows, 1)
    ]
)


@patiently
@given(OVERRIDES, st.integers(-1, 21))
def test_rates_are_found_as_by_reading_every_row(overrides: list[Override], day: int) -> None:
    t, expected = on(day), 1000
    for kind, target in (("group", 3), ("salesperson", 2), ("product", 1)):
        rows = [one for one in overrides if (one.kind, one.target_id) == (kind, target) and one.effective_at <= t]
        latest = max(rows, key=lambda one: (one.effective_at, one.id), default=None)
        in_group = kind != "group" or day >= 0
        if latest is not None and latest.rate_bp is not None and in_group:
            expected = latest.rate_bp
    assert book(overrides).rate("A", 2, t).bp == expected


@patiently
@given(OVERRIDES, st.integers(-1, 21))
def test_every_rate_is_one_that_somebody_set(overrides: list[Override], day: int) -> None:
    used = book(overrides).rate("A", 2, on(day))
    assert 0 <= used.bp <= 9000
    assert used.bp in {one.rate_bp for one in overrides} | {1000}


@pytest.mark.parametrize(
    ("moment", "status"),
    [(on(1) - TICK, None), (on(1), "applied"), (on(2), "active"), (on(3), "suspended"), (on(99), "suspended")],
)
def test_states_are_known_at_any_moment(moment: datetime, status: str | None) -> None:
    history = Timeline([(on(3), 3, "suspended"), (on(1), 1, "applied"), (on(2), 2, "active")])
    assert StatusBook({5: history}).at(5, moment) == status
    assert StatusBook({5: history}).at(6, moment) is None


@pytest.mark.parametrize("code", ["ANN10", "ann10", " Ann10 ", "aNN10"])
def test_letter_case_makes_no_other_coupon(code: str) -> None:
    assert coupon_key(code) == "ann10"
