"""Shops, their hosts, settings and rates, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from referrals.db import session
from referrals.errors import NotAllowed, NotFound, RuleBroken
from referrals.money import LARGEST
from referrals.people.rules import SYSTEM, Actor
from referrals.shops.catalogue import GroupNameTaken, NotTiers, add_group, put_article, put_group_buy, put_product
from referrals.shops.history import HistoryExists, latest_order, latest_trace, latest_trace_of
from referrals.shops.hosts import HostTaken, NoHost, OffTheShop, add_host, page_of, page_on, parse_host, remove_host
from referrals.shops.material import (
    FIRST_QUESTIONS,
    Incomplete,
    drop_question,
    material_of,
    put_material,
    put_question,
    questions_of,
)
from referrals.shops.models import SettingsVersion, ShopHost
from referrals.shops.operations import SlugTaken, create_shop, rename_shop
from referrals.shops.queries import (
    all_shops,
    find_article,
    find_product,
    find_shop,
    get_own_shop,
    get_shop,
    group_buy,
    hosts_of,
    rate_book,
    settings_of,
)
from referrals.shops.rates import own_rate, own_rates, set_rate
from referrals.shops.settings import change_settings
from referrals.values import NotADomain
from tests.leads.test_ownership import at_once
from tests.making import Making
from tests.shops_making import ShopMaking

BAD_URLS = [
    "",
    "   ",
    "javascript:alert(1)",
    "//evil.example.com/",
    "/products/a",
    "ftp://north.example.org/",
    "https://evil.example.com/",
    "https://north.example.org.evil.example.com/",
    "https://evil.example.com/north.example.org",
    "https://evil.example.com#@north.example.org/",
    "https://evil.example.com\\@north.example.org/",
    "https://north.example.org\\@evil.example.com/",
    "https://user@north.example.org/",
    "https://user:secret@north.example.org/",
    "https://north.example.org@evil.example.com/",
    "https://north.example.org:0/",
    "https://north.example.org:port/",
    "https://north.example.org/a b",
    "https://north.example.org/\x00",
    "https://north.example.org/\r\nSet-Cookie: x",
    "https://norrth.example.org/",
    "https://nоrth.example.org/",
    "https://xn--north.example.org/",
    "https://sub.north.example.org/",
    "https://[::1]/",
    "https://" + "a" * 3000,
]
GOOD_URLS = [
    ("https://north.example.org", "https://north.example.org/"),
    ("HTTPS://North.Example.ORG/A", "https://north.example.org/A"),
    ("https://north.example.org./", "https://north.example.org/"),
    ("http://north.example.org/a?b=c&d=e#f", "http://north.example.org/a?b=c&d=e#f"),
    ("https://north.example.org:8443/a", "https://north.example.org:8443/a"),
    ("https://north.example.org/łódź", "https://north.example.org/%C5%82%C3%B3d%C5%BA"),
    ("https://ｎorth.example.org/", "https://north.example.org/"),
]


@pytest.fixture
def shops(shops_on_both: ShopMaking) -> ShopMaking:
    """Everything here runs on SQLite and on PostgreSQL."""
    return shops_on_both


@pytest.fixture
def make(make_on_both: Making) -> Making:
    return make_on_both


def trace(shops: ShopMaking, shop: Any, at: Any) -> None:
    """A link shared at a moment, as the rules of history see it."""
    from referrals.links.sharing import share

    share(shops.salesperson(shop), "shop", shared_at=at, at=at)
    session.commit()


def test_a_new_shop_is_off_has_hosts_and_questions(make: Making) -> None:
    shop = create_shop("north", " Północ ", "CNY", ["North.example.org", "b.example.org"], by=SYSTEM, at=make.at)
    session.commit()
    assert settings_of(shop.id).at(make.at).programme is False
    assert list(hosts_of(shop.id)) == ["north.example.org", "b.example.org"]
    assert (shop.name, shop.name_key) == ("Północ", "polnoc")
    assert [(one.question, one.answer) for one in questions_of(shop.id)] == list(FIRST_QUESTIONS)
    rename_shop(shop, "Süd", by=SYSTEM, at=make.at)
    assert (shop.name, shop.name_key) == ("Süd", "sud")


@pytest.mark.parametrize(
    ("slug", "name", "currency", "hosts", "field"),
    [
        ("", "X", "CNY", ["a.example.org"], "slug"),
        ("North", "X", "CNY", ["a.example.org"], "slug"),
        ("-north", "X", "CNY", ["a.example.org"], "slug"),
        ("n" * 64, "X", "CNY", ["a.example.org"], "slug"),
        ("n/../x", "X", "CNY", ["a.example.org"], "slug"),
        ("north", "", "CNY", ["a.example.org"], "name"),
        ("north", "x" * 201, "CNY", ["a.example.org"], "name"),
        ("north", "X", "cny", ["a.example.org"], "currency"),
        ("north", "X", "XXX", ["a.example.org"], "currency"),
        ("north", "X", "CNY", [], "hosts"),
        ("north", "X", "CNY", ["nothing"], "hosts"),
        ("north", "X", "CNY", ["a.example.org", "a b.example.org"], "hosts"),
        ("taken", "X", "CNY", ["a.example.org"], "slug"),
        ("north", "X", "CNY", ["taken.example.org"], "hosts"),
    ],
)
def test_a_shop_that_cannot_be_leaves_nothing(
    make: Making, shops: ShopMaking, slug: str, name: str, currency: str, hosts: list[str], field: str
) -> None:
    shops.shop("taken")
    with pytest.raises(RuleBroken) as broken:
        create_shop(slug, name, currency, hosts, by=SYSTEM, at=make.at)
    session.rollback()
    assert broken.value.field == field
    assert [shop.slug for shop in all_shops(SYSTEM)] == ["taken"]


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("shop.example.org", "shop.example.org"),
        ("SHOP.example.org.", "shop.example.org"),
        ("https://shop.example.org/x", "shop.example.org"),
        ("www.shop.example.org", "www.shop.example.org"),
        ("żółw.example.org", "xn--w-uga1v8h.example.org"),
        ("有赞.example.org", "xn--8ov466f.example.org"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("shop", None),
        ("", None),
        ("shop.example.org:8443", None),
        ("a@shop.example.org", None),
        ("shop .example.org", None),
        ("-shop.example.org", None),
    ],
)
def test_hosts_are_kept_in_one_form(typed: str, host: str | None) -> None:
    if host is None:
        with pytest.raises(NotADomain):
            parse_host(typed)
    else:
        assert parse_host(typed) == host


def test_a_host_belongs_to_one_shop(shops: ShopMaking) -> None:
    north, south = shops.shop("north"), shops.shop("south")
    add_host(north, "more.example.org")
    add_host(north, "MORE.example.org")
    with pytest.raises(HostTaken):
        add_host(south, "more.example.org")
    remove_host(south, "more.example.org")
    assert list(hosts_of(north.id)) == ["north.example.org", "more.example.org"]
    remove_host(north, "north.example.org")
    with pytest.raises(NoHost):
        remove_host(north, "more.example.org")
    add_host(south, "north.example.org")


def test_of_many_who_want_one_host_or_name_one_gets_it(app_on_both: Flask, make: Making) -> None:
    outcomes: list[str] = []

    def create(number: int) -> None:
        try:
            create_shop(f"shop-{number % 2}", "X", "CNY", ["one.example.org"], by=SYSTEM, at=make.at)
            session.commit()
            outcomes.append("made")
        except (SlugTaken, HostTaken):
            session.rollback()
            outcomes.append("taken")

    at_once(app_on_both, [lambda number=number: create(number) for number in range(12)])
    assert sorted(outcomes) == ["made"] + ["taken"] * 11
    assert session.scalar(select(func.count()).select_from(ShopHost)) == 1


@pytest.mark.parametrize("url", BAD_URLS)
def test_pages_off_the_shop_are_refused(url: str) -> None:
    with pytest.raises(OffTheShop):
        page_on(["north.example.org"], url)


@pytest.mark.parametrize(("url", "normal"), GOOD_URLS)
def test_pages_of_the_shop_are_kept_in_their_normal_form(url: str, normal: str) -> None:
    assert page_on(["north.example.org"], url) == normal


def test_who_sees_which_shop(make: Making, shops: ShopMaking) -> None:
    north, south = shops.shop("north"), shops.shop("south")
    seller = shops.seller(shops.salesperson(north))
    for viewer in (shops.merchant(north), seller, shops.actor(north)):
        assert list(all_shops(viewer)) == [north]
        assert get_shop(viewer, "north") == get_own_shop(viewer) == north
        for slug in ("south", "nothing", "\x00", "x" * 300, ""):
            with pytest.raises(NotFound):
                get_shop(viewer, slug)
    assert list(all_shops(make.admin())) == [north, south]
    for viewer in (make.member(), make.rep(), Actor(role="operator"), Actor(role="nobody")):
        assert list(all_shops(viewer)) == []
        with pytest.raises(NotFound):
            get_own_shop(viewer)
    assert find_shop("south") == south
    assert find_shop("\x00") is None


# A setting, good values, and bad ones.
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("programme", [True, False], [1, 0, "on", None]),
        ("applications", ["automatic", "reviewed"], ["manual", "", True, 3]),
        ("rate_bp", [0, 1, 9000], [-1, 9001, True, "1000", 10.0, None]),
        ("validity", ["short", "permanent"], ["long", None]),
        ("binding", ["last_click", "protected", "first_click"], ["any", ["last_click"]]),
        ("protect_days", [1, 3650], [0, 3651, True]),
        ("auto_settle", [True], ["y"]),
        ("completion_days", [0, 365], [-1, 366]),
        ("own_purchases_earn", [True], [1]),
        ("refunds_after_settlement", ["keep", "claw_back"], ["clawback"]),
        ("minimum_withdrawal_minor", [0, LARGEST], [-1, LARGEST + 1, "5"]),
        ("leaderboard", [True], ["true"]),
        ("recruitment_text", ["", "Hello\nyou", "有赞 🙂"], ["x" * 10_001, "\x00", 5]),
        ("commission_note", ["10 %"], ["\x07", None]),
        ("version_id", [], [5]),
        ("nothing", [], [5]),
    ],
)
def test_each_setting_takes_its_values_and_no_others(
    shops: ShopMaking, name: str, good: list[Any], bad: list[Any]
) -> None:
    shop = shops.shop()
    for value in good:
        shops.settings(shop, **{name: value})
        assert getattr(settings_of(shop.id).at(shops.at), name) == value
    before = session.scalar(select(func.count()).select_from(SettingsVersion))
    for value in bad:
        with pytest.raises(RuleBroken):
            change_settings(shop, {"rate_bp": 1, name: value}, by=SYSTEM, at=shops.at)
        session.rollback()
    assert session.scalar(select(func.count()).select_from(SettingsVersion)) == before


def test_settings_change_from_their_moment_on_and_nothing_before(shops: ShopMaking, make: Making) -> None:
    shop = shops.shop(rate_bp=100)
    change_settings(shop, {"rate_bp": 200}, by=SYSTEM, at=make.at)
    change_settings(shop, {"rate_bp": 300}, effective_at=make.later(days=9), by=SYSTEM, at=make.at)
    session.commit()
    history = settings_of(shop.id)
    moments = (make.later(days=-1), make.later(microseconds=-1), make.at, make.later(days=9), make.later(days=99))
    assert [history.at(moment).rate_bp for moment in moments] == [100, 100, 200, 300, 300]
    assert change_settings(shop, {}, by=SYSTEM, at=make.at) is None


def test_whoever_may_not_manage_changes_no_settings(shops: ShopMaking) -> None:
    shop = shops.shop()
    for viewer in (shops.merchant(shop, frozenset({"finance"})), shops.seller(shops.salesperson(shop))):
        with pytest.raises(NotAllowed):
            change_settings(shop, {"rate_bp": 1}, by=viewer, at=shops.at)
        with pytest.raises(NotAllowed):
            put_product(shop, "A", title="A", by=viewer, at=shops.at)
        with pytest.raises(NotAllowed):
            set_rate(shop, "product", 1, 5, by=viewer, at=shops.at)
    change_settings(shop, {"rate_bp": 1}, by=shops.merchant(shop), at=shops.at)


def test_the_past_changes_only_where_nothing_is_later(shops: ShopMaking, make: Making) -> None:
    shop, other = shops.shop(), shops.shop()
    traced = make.later(days=-10)
    trace(shops, shop, traced)
    assert latest_trace(shop.id) == traced
    assert latest_trace(other.id) is None
    for moment, allowed in (
        (traced - timedelta(microseconds=1), False),
        (traced, True),
        (traced + timedelta(microseconds=1), True),
        (make.at, True),
        (make.later(days=5), True),
    ):
        if allowed:
            change_settings(shop, {"rate_bp": 5}, effective_at=moment, by=SYSTEM, at=make.at)
        else:
            with pytest.raises(HistoryExists):
                change_settings(shop, {"rate_bp": 5}, effective_at=moment, by=SYSTEM, at=make.at)
        session.rollback()
    change_settings(other, {"rate_bp": 5}, effective_at=make.later(days=-300), by=SYSTEM, at=make.at)
    assert latest_order(shop.id) is None
    set_rate(shop, "product", shops.product(shop, "A").id, 5, effective_at=make.later(days=-99), by=SYSTEM, at=make.at)


def test_rates_of_their_own_are_read_as_the_book_reads_them(shops: ShopMaking, make: Making) -> None:
    shop, other = shops.shop(rate_bp=1000), shops.shop()
    ann, ben = shops.salesperson(shop), shops.salesperson(shop)
    product = shops.product(shop, "A", rate_bp=700)
    group = shops.group(shop, ann)
    shops.rate(shop, "group", group.id, 300)
    shops.rate(shop, "salesperson", ben.id, 0)
    shops.product(other, "A", rate_bp=9000)
    book = rate_book(shop.id)
    table = {
        ("A", ann.id): (700, "product"),
        ("B", ann.id): (300, "group"),
        ("B", ben.id): (0, "salesperson"),
        ("B", None): (1000, "shop"),
    }
    assert {key: (book.rate(*key, make.at).bp, book.rate(*key, make.at).source) for key in table} == table
    shops.rate(shop, "product", product.id, None, effective_at=make.at)
    assert rate_book(shop.id).rate("A", ann.id, make.at).source == "group"
    assert rate_book(shop.id).rate("A", ann.id, make.later(days=-1)).bp == 700
    assert own_rate(shop.id, "product", product.id, make.later(days=-1)) == 700
    assert own_rates(shop.id, "salesperson", make.at) == {ben.id: 0}
    assert own_rates(shop.id, "product", make.at) == {}


def test_a_rate_that_holds_already_is_not_set_again(shops: ShopMaking, make: Making) -> None:
    shop = shops.shop()
    product = shops.product(shop, "A", rate_bp=700)
    assert set_rate(shop, "product", product.id, 700, by=SYSTEM, at=make.at) is None
    with pytest.raises(RuleBroken):
        set_rate(shop, "product", product.id, 9001, by=SYSTEM, at=make.at)


def test_nobody_sets_rates_in_another_shop(shops: ShopMaking, make: Making) -> None:
    north, south = shops.shop(), shops.shop()
    targets = {
        "product": shops.product(south, "A").id,
        "salesperson": shops.salesperson(south).id,
        "group": shops.group(south).id,
    }
    for kind, target in targets.items():
        for unknown in (target, 5):
            with pytest.raises(NotFound):
                set_rate(north, kind, unknown, 500, by=SYSTEM, at=make.at)


def test_products_articles_and_group_buys_are_put_once_and_changed(shops: ShopMaking, make: Making) -> None:
    shop, other = shops.shop("north"), shops.shop("south")
    product = put_product(shop, " A/1 ", title="Żółw", url="https://north.example.org/a", by=SYSTEM, at=make.at)
    again = put_product(shop, "A/1", title="Turtle", by=SYSTEM, at=make.at)
    assert product.id == again.id
    assert (again.title, again.url, again.title_key) == ("Turtle", "", "turtle")
    put_product(other, "A/1", title="Theirs", by=SYSTEM, at=make.at)
    article = put_article(shop, "7", title="News", url="https://north.example.org/news", by=SYSTEM, at=make.at)
    assert find_article(shop.id, "7") == article
    assert find_article(other.id, "7") is None
    campaign = put_group_buy(shop, "G", title="G", tiers=[(3, 300), (5, 800)], by=SYSTEM, at=make.at)
    put_group_buy(shop, "G", title="G2", tiers=[(1, 0)], by=SYSTEM, at=make.at)
    assert (campaign.title, campaign.tiers) == ("G2", [[1, 0]])
    assert group_buy(other.id, "G") is None
    for strange in ("\x00", "", "x" * 300):
        assert find_product(shop.id, strange) is None
    with pytest.raises(OffTheShop):
        put_product(shop, "B", title="B", url="https://south.example.org/", by=SYSTEM, at=make.at)
    with pytest.raises(OffTheShop):
        put_article(shop, "8", title="B", url="", by=SYSTEM, at=make.at)
    assert page_of(shop, "https://north.example.org/x")


@pytest.mark.parametrize(
    ("tiers", "good"),
    [
        ([], True),
        ([(3, 300), (5, 800), (10, 1000)], True),
        ([(3, 300), (5, 100)], True),
        ([(1, 0)], True),
        ([(0, 300)], False),
        ([(-1, 300)], False),
        ([(3, 300), (3, 400)], False),
        ([(5, 300), (3, 400)], False),
        ([(3, -1)], False),
        ([(3, LARGEST + 1)], False),
        ([(10**10, 1)], False),
        ([(number, 1) for number in range(1, 52)], False),
    ],
)
def test_tiers_rise(shops: ShopMaking, tiers: list[tuple[int, int]], good: bool) -> None:
    shop = shops.shop()
    if good:
        put_group_buy(shop, "G", title="G", tiers=tiers, by=SYSTEM, at=shops.at)
    else:
        with pytest.raises(NotTiers):
            put_group_buy(shop, "G", title="G", tiers=tiers, by=SYSTEM, at=shops.at)


def test_group_names_are_unique_in_a_shop(shops: ShopMaking) -> None:
    north, south = shops.shop(), shops.shop()
    add_group(north, "Gold", by=SYSTEM, at=shops.at)
    add_group(south, "Gold", by=SYSTEM, at=shops.at)
    with pytest.raises(GroupNameTaken):
        add_group(north, " Gold ", by=SYSTEM, at=shops.at)


def test_material_and_questions_are_added_changed_and_taken_away(shops: ShopMaking) -> None:
    shop = shops.shop()
    made = put_material(
        shop,
        None,
        title="Spring",
        text="Buy\nnow",
        picture_url="cdn.example.org/a.png",
        target="",
        by=SYSTEM,
        at=shops.at,
    )
    assert (made.target, made.picture_url) == ("shop", "https://cdn.example.org/a.png")
    assert list(material_of(shop.id)) == [made]
    for bad in ({"title": ""}, {"text": "x" * 10_001}, {"picture_url": "javascript:alert(1)"}):
        values: dict[str, Any] = {"title": "A", "text": "", "picture_url": "", "target": "shop"} | bad
        with pytest.raises(RuleBroken):
            put_material(shop, None, **values, by=SYSTEM, at=shops.at)
    question = put_question(shop, None, question="Why?", answer="So.", by=SYSTEM)
    assert questions_of(shop.id)[-1] == question
    put_question(shop, question, question="Why not?", answer="So.", by=SYSTEM)
    drop_question(questions_of(shop.id)[0], by=SYSTEM)
    assert [one.question for one in questions_of(shop.id)][-1] == "Why not?"
    assert len(questions_of(shop.id)) == len(FIRST_QUESTIONS)
    with pytest.raises(Incomplete):
        put_question(shop, None, question="Why?", answer=" ", by=SYSTEM)


def test_the_latest_trace_of_a_salesperson_is_none_at_first(shops: ShopMaking) -> None:
    assert latest_trace_of(shops.salesperson(shops.shop()).id) is None
