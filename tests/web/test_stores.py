"""The pages of stores: the registry for staff, the stores that a partner builds."""

import csv
import io
import time
from collections.abc import Callable
from threading import Thread

import pytest
from sqlalchemy import event, select, text

from referrals.db import db, session
from referrals.partners.models import Referral
from referrals.people.rules import SYSTEM, Actor
from referrals.stores.models import Store
from referrals.stores.operations import hold_stores, put_store, set_builder
from referrals.stores.rules import Facts
from tests.making import Making
from tests.stores.making import draft, listed
from tests.web.browsing import Browser, Page

FORM = {
    "domain": "https://www.Meble.example.org/", "name": "Łódzkie Meble", "plan": "Basic", "owner_name": "Ana",
    "owner_email": "ana@meble.example.org", "owner_language": "pl",
}  # fmt: skip
Browse = Callable[[Actor], Browser]


@pytest.fixture
def browse(make: Making) -> Browse:
    return lambda actor: Browser(make, actor)


def rows(page: Page) -> list[str]:
    return [str(row["data-store"]) for row in page.soup.select("tr[data-store]")]


def the_store() -> Store:
    session.rollback()
    return session.scalars(select(Store).execution_options(populate_existing=True)).one()


def test_a_partner_registers_a_store_and_hands_it_over(make: Making, browse: Browse) -> None:
    member = make.member()
    partner = browse(member)
    assert "Stores you build" in partner.get("/stores").words
    made = partner.post("/stores/new", **FORM)
    assert made.status == 303
    store = the_store()
    assert (store.domain, store.plan, store.partner_id) == ("meble.example.org", "basic", member.partner_id)
    assert made.headers["Location"].endswith(f"/stores/{store.id}")
    assert rows(partner.get("/stores")) == [str(store.id)]
    assert "Being built" in partner.get(f"/stores/{store.id}").words
    assert partner.post(f"/stores/{store.id}", **FORM | {"plan": "plus"}).status == 303
    assert partner.post(f"/stores/{store.id}/hand-over").status == 303
    page = partner.get(f"/stores/{store.id}")
    assert "Handed over" in page.words
    assert not page.soup.select('form[action$="/hand-over"]')
    referral = session.scalars(select(Referral)).one()
    assert (referral.category, referral.plan, referral.merchant) == ("store_transfer", "plus", "Łódzkie Meble")
    assert "Łódzkie Meble" in partner.get("/referrals").words
    again = partner.post(f"/stores/{store.id}/hand-over")
    assert (again.status, "handed over already" in again.words) == (422, True)


def test_what_cannot_be_taken_is_told_beside_its_field_and_kept(make: Making, browse: Browse) -> None:
    partner = browse(make.member())
    page = partner.post(
        "/stores/new", **FORM | {"domain": "nothing", "owner_email": "x", "plan": "a plan", "name": "N"}
    )
    assert page.status == 422
    assert "This is not a domain" in page.error("domain")
    assert page.error("owner_email")
    assert page.error("plan")
    assert page.one('[name="name"]')["value"] == "N"
    listed(make)
    taken = partner.post("/stores/new", **FORM)
    assert (taken.status, "on the platform already" in taken.error("domain")) == (422, True)


def test_a_store_that_others_build_is_no_obstacle_and_no_sign(make: Making, browse: Browse) -> None:
    """P13: what a second partner is answered is what the first one was."""
    answers = []
    for number in range(2):
        partner = browse(make.member())
        answers.append(partner.post("/stores/new", **FORM))
        assert len(rows(partner.get("/stores"))) == 1, number
    assert {answer.status for answer in answers} == {303}


def test_a_stranger_finds_nothing(make: Making, browse: Browse) -> None:
    store, stranger = draft(make, make.member()), browse(make.member())
    unknown = stranger.get("/stores/987654")
    assert stranger.get(f"/stores/{store.id}").text == unknown.text
    assert unknown.status == 404
    for step in ("", "/hand-over", "/closure", "/reopening"):
        assert stranger.post(f"/stores/{store.id}{step}", **FORM).status == 404
    assert rows(stranger.get("/stores?q=meble")) == []
    assert browse(make.member(permissions=frozenset())).get("/stores").status == 403


def test_what_the_platform_knows_of_an_owner_is_not_the_partners(make: Making, browse: Browse) -> None:
    member = make.member()
    store = listed(make, owner_name="Zyzzyva", owner_email="z@zyzzyva.example.org")
    set_builder(store, member.partner_id, by=make.admin(), at=make.at)
    session.commit()
    partner = browse(member)
    for path in (f"/stores/{store.id}", "/stores", "/stores.csv"):
        assert "zyzzyva" not in partner.get(path).text.lower(), path
    assert rows(partner.get("/stores?q=zyzzyva")) == []
    assert rows(partner.get("/stores?q=MEBLE")) == [str(store.id)]
    refused = partner.post(f"/stores/{store.id}", **FORM)
    assert (refused.status, "on the platform by now" in refused.words) == (422, True)


def test_an_administrator_keeps_the_registry(make: Making, browse: Browse) -> None:
    admin, partner = browse(make.admin()), make.partner("Studio")
    assert admin.post("/stores/new", **FORM).status == 303
    store = the_store()
    assert store.listed_at is not None
    again = admin.post("/stores/new", **FORM)
    assert "already a store with this domain" in again.error("domain")
    assert admin.post(f"/stores/{store.id}", **FORM | {"plan": "starter", "owner_email": ""}).status == 303
    assert (the_store().plan, the_store().owner_email) == ("starter", "")
    assert admin.post(f"/stores/{store.id}/closure").status == 303
    assert the_store().status == "closed"
    assert admin.post(f"/stores/{store.id}/closure").status == 422
    assert admin.post(f"/stores/{store.id}/reopening").status == 303
    assert admin.post(f"/stores/{store.id}/builder", partner=str(partner.id)).status == 303
    assert the_store().partner_id == partner.id
    assert admin.post(f"/stores/{store.id}/builder", partner="987654").status == 422
    assert "Studio" in admin.get(f"/stores/{store.id}").words
    assert admin.post(f"/stores/{store.id}/hand-over").status == 303


@pytest.mark.parametrize("step", ["builder", "hand-over"])
def test_a_page_and_the_operator_who_write_of_one_store_at_once_wait_for_each_other(
    make_on_both: Making, step: str
) -> None:
    """On PostgreSQL whoever takes the row before the name of its domain deadlocks with who tells of the store."""
    make = make_on_both
    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("SQLite has one writer anyway")
    member, store = make.member(), listed(make)
    admin = Browser(make, make.admin())
    if step == "hand-over":
        set_builder(store, member.partner_id, by=make.admin(), at=make.at)
    session.commit()
    path, answers = f"/stores/{store.id}", list[int]()
    partner_id = member.partner_id
    admin.get(path)

    def post() -> None:
        with admin.app.app_context():
            answers.append(admin.post(f"{path}/{step}", partner=str(partner_id)).status)

    hold_stores(["meble.example.org"])
    posting = Thread(target=post, daemon=True)
    posting.start()
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    deadline = time.monotonic() + 30
    while not session.scalar(waiting) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert session.scalar(waiting) == 1, "the page waits for the name"
    put_store("meble.example.org", Facts(plan="plus"), by=SYSTEM, at=make.at)
    session.commit()
    posting.join(30)
    assert answers == [303]
    assert (the_store().plan, the_store().partner_id) == ("plus", partner_id)


def test_a_representative_looks_and_changes_nothing(make: Making, browse: Browse) -> None:
    store, rep = listed(make), browse(make.rep())
    page = rep.get(f"/stores/{store.id}")
    assert "ana@meble.example.org" in page.words
    assert not page.soup.select("main form")
    for path in ("/stores/new", f"/stores/{store.id}", f"/stores/{store.id}/closure", f"/stores/{store.id}/builder"):
        assert rep.post(path, **FORM).status == 403, path


def test_the_registry_filters_searches_sorts_and_exports(make: Making, browse: Browse) -> None:
    member = make.member()
    stores = {
        "a": listed(make, "a.example.org", plan="plus", name="Ałła", owner_name="Źdźbło"),
        "b": listed(make, "b.example.org", plan="basic", status="closed"),
        "c": draft(make, member, "c.example.org"),
    }
    admin = browse(make.admin())

    def found(query: str) -> str:
        ids = rows(admin.get(f"/stores?{query}"))
        return "".join(name for one in ids for name, store in stores.items() if str(store.id) == one)

    assert found("sort=domain") == "abc"
    assert found("sort=-domain") == "cba"
    assert found("plan=plus") == "a"
    assert found("status=closed") == "b"
    assert found("stage=building") == "c"
    assert found("stage=registry&sort=domain") == "ab"
    assert found(f"partner={member.partner_id}") == "c"
    assert found("partner=x&status=y&sort=domain") == ""
    assert found("q=zdzb") == "a"
    assert found("q=alla") == "a"
    content = admin.call("GET", "/stores.csv?sort=domain").get_data().decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(content)))
    assert [row[0] for row in table] == ["Domain", "a.example.org", "b.example.org", "c.example.org"]
    assert admin.call("GET", "/stores.xlsx").status_code == 200


def test_the_list_asks_as_often_for_many_stores_as_for_few(make: Making, browse: Browse) -> None:
    admin, member = browse(make.admin()), make.member()
    asked: list[str] = []

    def count(*args: object) -> None:
        asked.append(str(args[2]))

    def queries() -> list[str]:
        admin.get("/stores")
        asked.clear()
        assert admin.get("/stores").status == 200
        return list(asked)

    draft(make, member, "first.example.org")
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        few = queries()
        for number in range(20):
            listed(make, f"s{number}.example.org")
            draft(make, make.member(), f"d{number}.example.org")
        assert queries() == few
    finally:
        event.remove(db.engine, "before_cursor_execute", count)


def test_stores_are_imported_by_the_page(make: Making, browse: Browse) -> None:
    admin = browse(make.admin())
    page = admin.get("/imports/new?kind=stores")
    assert page.one('[name="kind"] option[selected]')["value"] == "stores"
    content = b"host,plan\nmeble.example.org,basic\nbad,basic\n"
    sent = admin.call(
        "POST",
        "/imports/new",
        data={
            "csrf_token": admin.token, "kind": "stores", "file": (io.BytesIO(content), "s.csv"), "partner": "",
            "product": "plus",
        },
    )  # fmt: skip
    assert sent.status_code == 303, admin.seen(sent).words
    path = str(sent.headers["Location"])
    assert "Say which column is domain" in admin.post(f"{path}/columns", step="try", column_plan="plan").words
    mapping = {"column_domain": "host", "column_plan": "plan"}
    tried = admin.post(f"{path}/columns", step="try", **mapping)
    assert tried.all("#outcome strong") == ["1", "0", "0", "1"]
    assert session.scalars(select(Store)).all() == []
    assert admin.post(f"{path}/columns", step="run", **mapping).status == 303
    report = admin.get(path)
    assert report.all("#progress strong") == ["1", "0", "0", "1"]
    assert report.one("#progress a.button")["href"] == "/stores"
    assert the_store().domain == "meble.example.org"
    assert "Stores" in admin.get("/imports").words
    assert admin.get("/imports?sort=partner").status == 200
