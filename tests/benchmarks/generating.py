"""Databases of many leads, written by bulk SQL with everything that the real operations keep."""

import hashlib
import itertools
import json
import os
import random
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from referrals import create_app
from referrals.config import ROOT
from referrals.db import db, session
from referrals.leads.operations import REF_LETTERS
from referrals.leads.search import search_text, sqlite_document
from referrals.normal_form import normal_form
from referrals.people.queries import find_person_by_email
from referrals.people.rules import Actor
from referrals.serving import bring_up_to_date
from tests.conftest import config_for
from tests.making import Making

PARTNERS = 300
SHARES = (0.26, 0.12, 0.08)  # of the three partners that hold 46 % of the leads
REPS = 12
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
SPAN = timedelta(days=900)
PORTION = 5_000
MADE_FROM = (
    "migrations/versions",
    "referrals/leads/search.py",
    "referrals/normal_form.py",
    "tests/benchmarks/generating.py",
)

WORDS = {
    "en": (
        "Maple Harbor Silver Oak River Stone Copper North Golden Willow Cedar Meadow Summit Coastal Urban Little Grand "
        "Bright Velvet Iron Crimson Amber Juniper Lantern Pebble Rustic Nimble Cobalt Prairie Ember".split(),
        "Coffee Bakery Bikes Books Outfitters Ceramics Florist Kitchen Toys Tea Records Furniture Leather Candles "
        "Cosmetics Garden Jewellery Optics Pets Sports Stationery Textiles Tools Wine Yarn Music Prints Shoes".split(),
        "James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth Zoë René Chloë Owen Grace Liam".split(),
        "Smith Johnson Williams Brown Jones Garcia Miller O'Neil Anderson Taylor Moore Jackson Martin Lee".split(),
        " ",
    ),
    "vi": (
        "Cửa Hàng|Siêu Thị|Tiệm|Nhà Sách|Quán|Xưởng|Công Ty|Hiệu|Shop|Trung Tâm|Thế Giới|Gian Hàng".split("|"),
        "Bánh Mì Sài Gòn|Cà Phê Đà Lạt|Áo Dài Huế|Gốm Bát Tràng|Hoa Tươi|Đồ Gỗ|Trà Sen|Nước Mắm Phú Quốc|Lụa Hà Đông|"
        "Mỹ Phẩm Thiên Nhiên|Điện Máy Xanh|Giày Dép Bền|Sách Thiếu Nhi|Phụ Kiện|Trái Cây|Đặc Sản Tây Bắc".split("|"),
        "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý".split("|"),
        "Văn Anh|Thị Hương|Minh Đức|Quốc Bảo|Thu Thảo|Hữu Nghĩa|Ngọc Ánh|Thanh Tùng|Phương Linh|Mai Chi".split("|"),
        " ",
    ),
    "th": (
        "ร้าน|บริษัท|ห้าง|โรงงาน|ตลาด|บ้าน|สวน|ครัว|คลัง|เรือน|หอม|ไทย".split("|"),
        "กาแฟดอยช้าง|ขนมไทยคุณย่า|เฟอร์นิเจอร์ไม้|เสื้อผ้าแฟชั่น|เครื่องประดับเงิน|ดอกไม้สด|ชาเขียว|เครื่องสำอาง|หนังสือเด็ก|รองเท้าหนัง|ผลไม้อบแห้ง|"
        "เก้าอี้หวาย|ผ้าไหมแท้|จักรยาน|เครื่องครัว|สมุนไพร".split("|"),
        "สมชาย|สมหญิง|ประเสริฐ|วิไล|สุรชัย|กนกวรรณ|ธนพล|พิมพ์ใจ|อนุชา|รัตนา|ณัฐวุฒิ|ปิยะ|ศิริพร|มานะ".split("|"),
        "ใจดี|ศรีสุข|ทองคำ|วงศ์สวัสดิ์|แก้วมณี|รุ่งเรือง|บุญมี|พงษ์พานิช|สายทอง|จันทร์เพ็ญ|สุขสม".split("|"),
        " ",
    ),
    "zh": (
        "上海|北京|深圳|杭州|广州|成都|南京|苏州|厦门|青岛|武汉|西安|重庆|天津|宁波|长沙".split("|"),
        "有赞贸易|茶叶商行|丝绸工坊|瓷器文化|电子科技|家居用品|童装服饰|美妆护肤|图书音像|鲜花礼品|咖啡烘焙|户外运动|珠宝首饰|水果生鲜|宠物用品|乐器".split("|"),
        "王|李|张|刘|陈|杨|赵|黄|周|吴|徐|孙|胡|朱|高|林".split("|"),
        "伟|芳|娜|秀英|敏|静|丽|强|磊|洋|艳|勇|军|杰|娟|涛|明|超|秀兰|霞".split("|"),
        "",
    ),
}  # fmt: skip
ENDINGS = {"en": "", "vi": "", "th": "", "zh": "有限公司"}
COLUMNS = (
    "id ref partner_id product_id submitted_by_id source status payout claim sales_support contact_name contact_email "
    "contact_phone business_name website_url country current_platform store_domain notes details rep_id "
    "reason_sentence submitted_at changed_at business_key contact_key rep_key partner_key search_text"
).split()


def database(folder: Path, leads: int, *, timeline: bool = False) -> Flask:
    """An application on a database of so many leads, made now or, from the same code, before."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"leads-{leads}{'-timeline' if timeline else ''}-{version()}.db"
    app = create_app(config_for(f"sqlite:///{file}", folder))
    if not file.exists():
        draft = file.with_suffix(".draft")
        for leftover in folder.glob(f"{draft.name}*"):
            leftover.unlink()
        fill(create_app(config_for(f"sqlite:///{draft}", folder)), draft, leads, timeline=timeline)
        draft.rename(file)
    return app


def version() -> str:
    """A digest of what a generated database depends on."""
    digest = hashlib.sha256()
    for name in MADE_FROM:
        place = ROOT / name
        for file in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def fill(app: Flask, file: Path, leads: int, *, timeline: bool) -> None:
    bring_up_to_date(app)
    with app.app_context():
        people = make_people(Making(app, NEWEST - SPAN))
        session.remove()
        db.engine.dispose()
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    later = dropped_for_now(connection)
    connection.execute("BEGIN")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        starts = range(0, leads, PORTION)
        portions = [(start, min(start + PORTION, leads), leads, people) for start in starts]
        for rows, documents, keys in pool.map(make_portion, portions):
            connection.executemany(insert("leads", COLUMNS), rows)
            connection.executemany(insert("lead_search", ("rowid", "grams")), documents)
            connection.executemany(insert("prospect_keys", ("lead_id", "kind", "product_id", "value")), keys)
            if timeline:
                write_timeline(connection, rows)
    connection.execute("COMMIT")
    for statement in later:
        connection.execute(statement)
    connection.execute(COUNT_ALL)
    connection.execute(CLAIM_TWICE)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


COUNT_ALL = """
INSERT INTO lead_counts (partner_id, product_id, status, payout, rep_id, leads)
SELECT partner_id, product_id, status, payout, coalesce(rep_id, 0), count(*) FROM leads GROUP BY 1, 2, 3, 4, 5
"""
CLAIM_TWICE = """
INSERT INTO lead_conflicts (lead_id, against_id, matched, at, note)
SELECT id, id - 1, '["host"]', submitted_at, '' FROM leads WHERE claim = 'in_conflict' AND id > 1
"""


def insert(table: str, columns: Any) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def dropped_for_now(connection: sqlite3.Connection) -> list[str]:
    """Drop indexes and triggers of the large tables; what makes them again."""
    found = connection.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('index', 'trigger') "
        "AND tbl_name IN ('leads', 'prospect_keys', 'lead_events') ORDER BY type"
    ).fetchall()
    for kind, name, _ in found:
        connection.execute(f"DROP {kind} {name}")
    return [statement for _, _, statement in found]


def make_people(make: Making) -> dict[str, list[Any]]:
    """Partners with a member each, representatives, an administrator: (id, person, key) of each as rows need them."""
    make.admin(name="Ada Administrator", email="admin@example.org")
    reps = [make.rep(name=f"Rep {number:02}", email=f"rep{number}@example.org") for number in range(1, REPS + 1)]
    members = [
        make.member(make.partner(f"Agency {number:03}"), name=f"Member {number}", email=f"member{number}@example.org")
        for number in range(1, PARTNERS + 1)
    ]
    return {
        "reps": [(rep.rep_id, normal_form(rep.name)) for rep in reps] + [(None, "")],
        "partners": [
            (one.partner_id, one.person_id, f"agency {number:03}") for number, one in enumerate(members, 1)
        ],
    }  # fmt: skip


Portion = tuple[list[tuple[Any, ...]], list[tuple[int, str]], list[tuple[int, str, int, str]]]


def make_portion(wanted: tuple[int, int, int, dict[str, list[Any]]]) -> Portion:
    """Rows of leads, search documents and prospect keys from `start` to `stop`, the same at every run."""
    start, stop, leads, people = wanted
    rng = random.Random(start)
    rows = [make_lead(rng, number, leads, people) for number in range(start + 1, stop + 1)]
    at = {name: COLUMNS.index(name) for name in COLUMNS}
    documents, keys = [], []
    for row in rows:
        documents.append((row[0], sqlite_document(row[at["partner_id"]], row[at["search_text"]])))
        shared = row[0] - 1 if row[at["claim"]] == "in_conflict" else row[0]
        keys.append((row[0], "host", row[at["product_id"]], f"shop{shared}.example.com"))
        keys.append((row[0], "email", row[at["product_id"]], row[at["contact_email"]]))
    return rows, documents, keys


def make_lead(rng: random.Random, number: int, leads: int, people: dict[str, list[Any]]) -> tuple[Any, ...]:
    kinds, goods, first, last, between = WORDS[language := rng.choice(list(WORDS))]
    business = f"{rng.choice(kinds)}{between}{rng.choice(goods)}{ENDINGS[language]}"
    business += between + str(rng.randint(2, 99)) if rng.random() < 0.5 else ""
    contact = f"{rng.choice(first)}{between}{rng.choice(last)}"
    partner_id, person_id, partner_key = rng.choices(people["partners"], cum_weights=PARTNER_WEIGHTS)[0]
    rep_id, rep_key = rng.choice(people["reps"])
    product_id = rng.choice((1, 1, 2))
    # Older leads have come further; the newest come last.
    age = 1 - (number - rng.random()) / leads
    status, payout = standing(rng, age)
    submitted = NEWEST - SPAN * age
    changed = submitted if status == "submitted" else submitted + SPAN * age * rng.random()
    email, website = f"contact{number}@shop{number}.example.com", f"https://shop{number}.example.com"
    ref = "L-" + "".join(REF_LETTERS[number * 48271 // len(REF_LETTERS) ** n % len(REF_LETTERS)] for n in range(7))
    return (
        number, ref, partner_id, product_id, person_id, "form", status, payout,
        "in_conflict" if number > 1 and rng.random() < 0.01 else "owner", rng.random() < 0.5, contact, email,
        f"+4860{number:07}", business, website, rng.choice(("US", "VN", "TH", "CN", "PL")), "", "", "",
        json.dumps({"annual_revenue": "1m_5m"}) if product_id == 1 else json.dumps({"locations": 3}),
        rep_id, "The business told us that it is not interested." if status == "ineligible" else "",
        stored(submitted), stored(changed), normal_form(business), normal_form(contact), rep_key, partner_key,
        search_text(contact, email, business, website),
    )  # fmt: skip


PARTNER_WEIGHTS = list(
    itertools.accumulate([*SHARES, *[(1 - sum(SHARES)) / (PARTNERS - len(SHARES))] * (PARTNERS - len(SHARES))])
)


def standing(rng: random.Random, age: float) -> tuple[str, str]:
    """Status and payout of a lead; of the newest tenth hardly any is decided."""
    weights = (70, 25, 2, 3) if age < 0.1 else (20, 15, 35, 30)
    status = rng.choices(("submitted", "in_progress", "awarded", "ineligible"), weights)[0]
    if status == "awarded":
        return status, rng.choices(("due", "paid", "not_eligible"), (30, 60, 10))[0]
    return status, "not_eligible" if status == "ineligible" else "none"


def stored(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def write_timeline(connection: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    at = COLUMNS.index
    columns = ("lead_id", "at", "person_id", "side", "kind", "details", "staff_only")
    events: Iterator[tuple[Any, ...]] = (
        (row[0], row[at("submitted_at")], row[at("submitted_by_id")], "partner", "submitted", '{"source": "form"}', 0)
        for row in rows
    )
    connection.executemany(insert("lead_events", columns), events)


def biggest_partner(make: Making) -> Actor:
    """A member of the partner with the most leads."""
    return actor_by_email(make, "member1@example.org")


def administrator(make: Making) -> Actor:
    """The administrator."""
    return actor_by_email(make, "admin@example.org")


def actor_by_email(make: Making, email: str) -> Actor:
    person = find_person_by_email(email)
    assert person is not None
    return make.actor(person)
