"""Measures the table of leads against what `README.md` here promises: `python -m tests.benchmarks.leads`."""

import argparse
import itertools
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import text

from referrals.clock import now
from referrals.db import reading, session
from referrals.leads.lead_list import KEYS, LeadList, LeadWish
from referrals.normal_form import normal_form
from referrals.people.rules import Actor
from tests.benchmarks.generating import administrator, biggest_partner, database
from tests.benchmarks.measuring import Doing, Figure, alternately, ms
from tests.benchmarks.plain import difference, plain_app
from tests.benchmarks.starting import starting
from tests.making import Making

FEW = 10_000
# One value of each filter; a member has no filter by partner, and staff alone look for leads of nobody.
FILTERS = {"product": "pos", "status": "awarded", "payout": "paid", "rep": "3", "partner": "2"}
OTHER_VALUES = [
    ("product", "plus"), ("status", "submitted"), ("status", "in_progress"), ("status", "ineligible"),
    ("payout", "none"), ("payout", "due"), ("payout", "not_eligible"), ("rep", "none"), ("partner", "200"),
]  # fmt: skip
DAYS = [{"from": "2026-10-01"}, {"from": "2025-01-01", "to": "2025-12-31"}]
TERMS = {
    "English": ("a", "zo", "oak", "coffee", "silver oak", "lantern furniture", "juniper jewellery 7"),
    "Vietnamese": ("đ", "ử", "quán", "cà phê", "nguyen thi", "gốm bát tràng", "xưởng lụa hà đông 4"),
    "Thai": ("ร", "ใจ", "กาแ", "กาแฟ", "สมชาย", "ผ้าไหมแท้", "ร้าน กาแฟดอยช้าง 30"),
    "Chinese": ("海", "上海", "有限公", "有限公司", "上海有赞", "瓷器文化有限公司", "深圳瓷器文化有限公司8"),
    "any": ("7", "@", "77", "shop", "12345", "shop77777.", "contact654321@", "nothing has this"),
}
# Terms whose hits all stand at the far end of the order, and some that are spread over it.
CORRELATED = [
    ("business_name", "有限公司"), ("-business_name", "amber"), ("contact_name", "สม"), ("-contact_name", "zoe"),
    ("business_name", "wine"), ("status", "cà phê"), ("rep", "กาแฟ"), ("-changed_at", "shop77"), ("product", "7777"),
    ("changed_at", "contact99"), ("-payout", "海"), ("-status", "a"),
]  # fmt: skip
LIKE = " OR ".join(f"{field} LIKE :like" for field in ("business_name", "contact_name", "contact_email", "website_url"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000, help="size of the large database")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "referrals-benchmarks")
    parser.add_argument("--only", nargs="*", default=[], metavar="S1", help="these promises alone")
    parser.add_argument("--rounds", type=int, default=15, help="how often each thing is done")
    parser.add_argument("--all", action="store_true", help="show every comparison, not the worst of each kind alone")
    wanted = parser.parse_args()
    few, many = (Place(database(wanted.folder, leads)) for leads in (FEW, wanted.leads))
    measures: dict[str, Callable[[], Iterator[Figure]]] = {
        "S1": lambda: against_plain(few, wanted.rounds),
        "S2": lambda: first_pages(few, many, wanted.rounds, every=wanted.all),
        "S3": lambda: last_pages(many, wanted.rounds, every=wanted.all),
        "S4": lambda: searches(many, every=wanted.all),
        "S5": lambda: searches_in_other_orders(many, every=wanted.all),
        "S12": lambda: starting(few.app),
    }
    for promise, measure in measures.items():
        if not wanted.only or promise in wanted.only:
            for figure in measure():
                print(figure, flush=True)


class Place:
    """A database with somebody of each kind who looks at it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        with app.app_context():
            make = Making(app, now())
            self.member, self.staff = biggest_partner(make), administrator(make)
            self.clients = {"member": make.client(self.member), "staff": make.client(self.staff)}
            session.remove()

    @property
    def file(self) -> str:
        return self.app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")

    def page(self, who: str, wish: Mapping[str, str]) -> Doing:
        """Fetching a page of leads, as somebody."""
        client, address = self.clients[who], f"/leads?{urlencode(wish)}"

        def fetch() -> None:
            assert client.get(address).status_code == 200

        return fetch


def against_plain(place: Place, rounds: int) -> Iterator[Figure]:
    """S1: the page of a member against the same page without layers."""
    ours = place.clients["member"]
    with ours.session_transaction() as cookie:
        held = dict(cookie)
    page = ours.get("/leads").text
    other = plain_app(place.file, place.app.secret_key, page).test_client()  # type: ignore[arg-type]
    with ours.session_transaction() as cookie:
        held = dict(cookie)
    with other.session_transaction() as cookie:
        cookie.update(held)
    assert not (different := difference(ours, other)), different
    mine, plain = alternately(lambda: ours.get("/leads"), lambda: other.get("/leads"), rounds=rounds * 20)
    yield Figure("S1", "page of 25 leads against plain sqlite3 and %", 2, mine / plain, f"{ms(mine)} : {ms(plain)}")


def first_pages(few: Place, many: Place, rounds: int, *, every: bool) -> Iterator[Figure]:
    """S2: the first page of the large database against that of the small one."""
    pairs = list(itertools.combinations(FILTERS.items(), 2))
    kinds: list[tuple[str, float, list[dict[str, str]]]] = [
        ("no filter", 1.3, [{}]),
        ("one filter", 1.3, [dict([one]) for one in (*FILTERS.items(), *OTHER_VALUES)]),
        ("a range of days", 1.3, DAYS),
        ("two filters", 3, [dict(pair) for pair in pairs]),
    ]
    for who in ("member", "staff"):
        for kind, goal, filters in kinds:
            found = []
            for wish, sort in itertools.product(filters, sorts(who)):
                if who == "member" and ("partner" in wish or wish.get("rep") == "none"):
                    continue
                asked = {**wish, "sort": sort}
                small, large = alternately(few.page(who, asked), many.page(who, asked), rounds=rounds)
                note = f"{ms(large)} : {ms(small)}, {urlencode(asked)}"
                found.append(Figure("S2", f"first page, {who}, {kind}", goal, large / small, note))
            yield from found if every else worst(found)


def last_pages(place: Place, rounds: int, *, every: bool) -> Iterator[Figure]:
    """S3: the last page against the first."""
    for who in ("member", "staff"):
        found = []
        for sort in sorts(who):
            first, last = place.page(who, {"sort": sort}), place.page(who, {"sort": sort, "page": "last"})
            small, large = alternately(first, last, rounds=rounds)
            note = f"{ms(large)} : {ms(small)}, sort={sort}"
            found.append(Figure("S3", f"last page, {who}", 1.3, large / small, note))
        yield from found if every else worst(found)


def worst(figures: Sequence[Figure]) -> Iterator[Figure]:
    """The worst of them, with how many missed."""
    misses = sum(not figure.reached for figure in figures)
    ordered = sorted(figures, key=lambda figure: figure.ratio, reverse=figures[0].at_least)
    last = ordered[-1]
    more = f"{last.more}; median {ordered[len(ordered) // 2].ratio:.2f}, {misses} of {len(figures)} miss"
    yield replace(last, more=more)


def sorts(who: str) -> list[str]:
    names = [*KEYS, *(["partner"] if who == "staff" else [])]
    return [direction + name for name in names for direction in ("", "-")]


def searches(place: Place, *, every: bool) -> Iterator[Figure]:
    """S4: total and first page of a search in date order against the same by LIKE; checks what it finds."""
    texts = texts_in_date_order(place)
    with place.app.app_context(), reading():
        for who, script in itertools.product(("staff", "member"), TERMS):
            viewer: Actor = getattr(place, who)
            found = []
            for term in TERMS[script]:
                with_hits = check(viewer, term, texts)
                ours, like = alternately(search(viewer, term), like_search(viewer, term), rounds=3)
                note = f"{ms(ours)} : {ms(like)}, {term!r}, {with_hits:,} hits"
                found.append(Figure("S4", f"search, {who}, {script}", 100, like / ours, note, at_least=True))
            yield from found if every else worst(found)


def texts_in_date_order(place: Place) -> list[tuple[str, int, str]]:
    """Reference, partner and search text of all leads, the newest first."""
    connection = sqlite3.connect(place.file)
    rows = connection.execute("SELECT ref, partner_id, search_text FROM leads ORDER BY submitted_at DESC, id DESC")
    found = rows.fetchall()
    connection.close()
    return found


def check(viewer: Actor, term: str, texts: Sequence[tuple[str, int, str]]) -> int:
    """That total, first and last page, and with up to 50,000 hits all rows, are those of a scan; how many hits."""
    looked_for = normal_form(term)
    expected = [
        ref for ref, partner_id, held in texts if looked_for in held and viewer.partner_id in (None, partner_id)
    ]
    first = LeadList(viewer, LeadWish(q=term)).slice()
    last = LeadList(viewer, LeadWish(q=term, page="last")).slice()
    assert first.total == len(expected), (term, first.total, len(expected))
    assert [row.ref for row in first.rows] == expected[:25], term
    assert [row.ref for row in last.rows] == expected[len(expected) - len(last.rows) :], term
    if len(expected) <= 50_000:
        assert [row.ref for row in LeadList(viewer, LeadWish(q=term)).everything()] == expected, term
    session.rollback()
    return len(expected)


def search(viewer: Actor, term: str, sort: str = "") -> Doing:
    def find() -> None:
        LeadList(viewer, LeadWish(q=term, sort=sort)).slice()
        session.rollback()

    return find


def like_search(viewer: Actor, term: str) -> Doing:
    """What a straightforward list does: count what is LIKE the term in four columns, then fetch the first page."""
    visible = "" if viewer.is_staff else f"partner_id = {viewer.partner_id} AND "
    total = text(f"SELECT count(*) FROM leads WHERE {visible}({LIKE})")
    page = text(f"SELECT * FROM leads WHERE {visible}({LIKE}) ORDER BY submitted_at DESC, id DESC LIMIT 25")

    def find() -> None:
        values: dict[str, Any] = {"like": f"%{term}%"}
        session.execute(total, values).all()
        session.execute(page, values).all()
        session.rollback()

    return find


def searches_in_other_orders(place: Place, *, every: bool) -> Iterator[Figure]:
    """S5: total and first page of a search in another order against one scan of the normal form."""
    with place.app.app_context(), reading():
        for who in ("staff", "member"):
            viewer: Actor = getattr(place, who)
            found = []
            for sort, term in CORRELATED:
                ours, scan = alternately(search(viewer, term, sort), scan_of(viewer, term), rounds=5)
                note = f"{ms(ours)} : {ms(scan)}, {term!r} by {sort}"
                found.append(Figure("S5", f"search in another order, {who}", 0.25, ours / scan, note))
            yield from found if every else worst(found)


def scan_of(viewer: Actor, term: str) -> Doing:
    """One scan of the normal form, which counts what holds the term."""
    visible = "" if viewer.is_staff else f"partner_id = {viewer.partner_id} AND "
    scan = text(f"SELECT count(*) FROM leads NOT INDEXED WHERE {visible}instr(search_text, :term)")

    def find() -> None:
        session.execute(scan, {"term": normal_form(term)}).all()
        session.rollback()

    return find


if __name__ == "__main__":
    main()
