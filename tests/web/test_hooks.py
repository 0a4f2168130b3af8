"""The pages of outgoing webhooks: of partners, of shops and of the operator."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select, update

from referrals.db import db, session
from referrals.outbox.endpoints import add_endpoint
from referrals.outbox.hook_events import EVENTS, OPERATOR, events_for
from referrals.outbox.hooks import HookOwner, announce
from referrals.outbox.models import HookDelivery, HookEndpoint
from referrals.partners.models import Partner
from referrals.people.rules import SYSTEM, Actor
from referrals.web.house import outgoing_hooks
from tests.making import Making
from tests.shops_making import ShopMaking
from tests.web.browsing import Browser

URL = "https://hooks.example.org/in"
Browse = Callable[..., Browser]


def add(owner: HookOwner, make: Making, url: str = URL) -> HookEndpoint:
    made, _ = add_endpoint(owner, url, events_for(owner[0]), outgoing_hooks().box, by=SYSTEM, at=make.at)
    session.commit()
    return made


def tell(owner: HookOwner, name: str, make: Making, times: int = 1) -> list[HookDelivery]:
    for number in range(times):
        announce(name, {"number": number}, owner=owner, at=make.later(seconds=number))
    session.commit()
    return list(session.scalars(select(HookDelivery).order_by(HookDelivery.id)))


@pytest.fixture
def member(make: Making) -> Actor:
    """Somebody who manages a partner."""
    return make.member()


def of(member: Actor) -> HookOwner:
    return ("partner", member.partner_id or 0)


def test_a_partner_adds_an_address_and_sees_its_secret_once(browse: Browse, member: Actor) -> None:
    browser = browse(member)
    page = browser.post("/hooks", url=URL, events=["lead.submitted", "payout.paid", "commission.settled"])
    assert page.status == 200
    secret = page.one("code.secret").get_text()
    assert secret.startswith("whsec_")
    [made] = session.scalars(select(HookEndpoint)).all()
    assert (made.owner_kind, made.owner_id, made.url) == ("partner", member.partner_id, URL)
    assert made.events == ["lead.submitted", "payout.paid"]
    assert secret not in made.secret_locked
    for path in ("/hooks", f"/hooks/{made.id}"):
        assert secret not in browser.get(path).text
        assert "hooks.example.org" in browser.get(path).text


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks", "ftp://hooks.example.org", "http://127.0.0.1/in", "http://localhost:8000/", "http://[::1]/",
        "http://10.1.2.3/", "http://169.254.169.254/latest", "https://user:secret@hooks.example.org", "http://0/",
        "http://2130706433/", "https://hooks.example.org\\@evil.example.org", "javascript:alert(1)",
        "http://[::ffff:127.0.0.1]/", "https://hooks.example.org:99999/", "https://" + "a" * 2100 + ".example.org",
    ],
)  # fmt: skip
def test_what_is_no_address_we_may_send_to_is_refused_beside_the_field(browse: Browse, member: Actor, url: str) -> None:
    page = browse(member).post("/hooks", url=url, events=["lead.submitted"])
    assert page.status == 422
    assert page.error("url")
    assert session.scalars(select(HookEndpoint)).all() == []


def test_an_address_that_hears_nothing_is_refused_and_what_was_typed_stays(browse: Browse, member: Actor) -> None:
    page = browse(member).post("/hooks", url=URL, events=["no.event"])
    assert page.status == 422
    assert "Choose at least one event." in page.words
    assert page.one('[name="url"]')["value"] == URL


def test_there_are_at_most_ten_addresses(browse: Browse, make: Making, member: Actor) -> None:
    for number in range(10):
        add(of(member), make, f"{URL}/{number}")
    page = browse(member).post("/hooks", url=URL, events=["lead.submitted"])
    assert page.status == 422
    assert "10 addresses" in page.error("url")


def test_an_address_is_changed_switched_off_renewed_and_removed(browse: Browse, make: Making, member: Actor) -> None:
    made, browser = add(of(member), make), browse(member)
    path = f"/hooks/{made.id}"
    assert browser.post(path, url="https://b.example.org", events=["payout.paid"]).status == 303
    assert browser.post(path, url="nothing", events=["payout.paid"]).status == 422
    assert browser.post(f"{path}/pause").status == 303
    assert "switched off" in browser.get(path).words
    assert browser.post(f"{path}/resumption").status == 303
    before = session.get_one(HookEndpoint, made.id, populate_existing=True).secret_locked
    secret = browser.post(f"{path}/secret").one("code.secret").get_text()
    session.rollback()
    found = session.get_one(HookEndpoint, made.id, populate_existing=True)
    assert (found.url, found.events, found.active) == ("https://b.example.org", ["payout.paid"], True)
    assert outgoing_hooks().box.open(found.secret_locked) == secret
    assert found.old_secret_locked == before
    assert browser.post(f"{path}/removal").status == 303
    assert browser.get(path).status == 404
    assert "b.example.org" not in browser.get("/hooks").text
    assert browser.post(f"{path}/resumption").status == 404


def test_the_log_shows_what_was_sent_and_sends_it_again(browse: Browse, make: Making, member: Actor) -> None:
    made, browser = add(of(member), make), browse(member)
    waiting, parked = tell(of(member), "lead.submitted", make, 2)
    parked.parked_at, parked.error, parked.answer_status, parked.answer = (
        make.at,
        "The answer was 500.",
        500,
        "<b>no</b>",
    )
    session.commit()
    path = f"/hooks/{made.id}/deliveries"
    assert browser.get(f"{path}?state=parked").one("#hook-deliveries-table")["data-total"] == "1"
    assert browser.get(f"{path}?event=payout.paid").one("#hook-deliveries-table")["data-total"] == "0"
    assert browser.get(f"{path}?q={waiting.message_key}").one("#hook-deliveries-table")["data-total"] == "1"
    assert browser.fragment(path).soup.select_one("html") is None
    assert browser.get(f"{path}.csv").text.count("lead.submitted") == 2
    page = browser.get(f"{path}/{parked.id}")
    assert '"number":1' in page.words
    assert "<b>no</b>" in page.words
    assert browser.post(f"{path}/{parked.id}/replay").status == 303
    session.rollback()
    assert session.get_one(HookDelivery, parked.id, populate_existing=True).parked_at is None


def test_a_test_is_sent_to_this_address_alone(browse: Browse, make: Making, member: Actor) -> None:
    made, _ = add(of(member), make), add(of(member), make, f"{URL}/other")
    page = browse(member).post(f"/hooks/{made.id}/test")
    assert page.status == 303
    [found] = session.scalars(select(HookDelivery)).all()
    assert (found.endpoint_id, found.event) == (made.id, "ping")
    assert page.headers["Location"] == f"/hooks/{made.id}/deliveries/{found.id}"


def test_the_operator_hears_of_everything_and_may_listen_on_this_machine(browse: Browse, make: Making) -> None:
    admin = browse(make.admin())
    page = admin.get("/hooks")
    assert len(page.soup.select('input[name="events"][checked]')) == len(EVENTS)
    assert admin.post("/hooks", url="http://127.0.0.1:9000/in", events=list(EVENTS)).status == 200
    [made] = session.scalars(select(HookEndpoint)).all()
    assert (made.owner_kind, made.owner_id, made.events) == ("operator", 0, list(EVENTS))


def test_who_does_not_manage_has_no_webhooks(browse: Browse, make: Making) -> None:
    member = make.member(permissions=frozenset({"view_referrals", "view_financials"}))
    for actor in (member, make.rep()):
        browser = browse(actor)
        assert browser.get("/hooks").status == 403
        assert browser.post("/hooks", url=URL, events=["lead.submitted"]).status == 403
        assert 'href="/hooks"' not in browser.get("/").text


MONEY = ["earning.created", "payout.paid", "payout.failed"]


@pytest.fixture
def manager(make: Making, member: Actor) -> Actor:
    """Somebody who manages the same partner and may not see its money."""
    partner = session.get_one(Partner, member.partner_id)
    return make.member(partner, permissions=frozenset({"manage_members"}))


def test_who_may_not_see_money_lets_no_program_hear_of_it(browse: Browse, manager: Actor) -> None:
    browser = browse(manager)
    offered = [box["value"] for box in browser.get("/hooks").soup.select('input[name="events"]')]
    assert offered == [name for name in events_for("partner") if name not in MONEY]
    assert browser.post("/hooks", url=URL, events=MONEY).status == 422
    assert browser.post("/hooks", url=URL, events=["lead.submitted", *MONEY]).status == 200
    [made] = session.scalars(select(HookEndpoint)).all()
    assert made.events == ["lead.submitted"]
    assert browser.post(f"/hooks/{made.id}", url=URL, events=["lead.submitted", *MONEY]).status == 303
    assert session.get_one(HookEndpoint, made.id, populate_existing=True).events == ["lead.submitted"]


def test_who_may_not_see_money_leads_none_of_it_elsewhere(
    browse: Browse, make: Making, member: Actor, manager: Actor
) -> None:
    made, browser = add(of(member), make), browse(manager)
    path = f"/hooks/{made.id}"
    tell(of(member), "payout.paid", make)

    def change() -> list[int]:
        return [browser.post(path, url=f"{URL}/mine", events=["lead.submitted"]).status,
                browser.post(f"{path}/secret").status]  # fmt: skip

    assert change() == [403, 403]
    assert "Only somebody who may see them can change it." in browser.get(path).words
    made.events = ["lead.submitted"]
    session.commit()
    assert change() == [403, 403], "one of a payout is still on its way"
    session.execute(update(HookDelivery).values(delivered_at=make.at))
    session.commit()
    assert change() == [303, 200]
    assert browser.post(f"{path}/pause").status == 303


def test_who_may_not_see_money_reads_none_in_the_log(
    browse: Browse, make: Making, member: Actor, manager: Actor
) -> None:
    made = add(of(member), make)
    tell(of(member), "lead.submitted", make)
    _, paid = tell(of(member), "payout.paid", make)
    path = f"/hooks/{made.id}/deliveries"
    for viewer, total, status, sent in ((member, "2", 200, 303), (manager, "1", 404, 404)):
        browser = browse(viewer)
        assert browser.get(path).one("#hook-deliveries-table")["data-total"] == total
        assert browser.get(f"{path}.csv").text.count("payout.paid") == (total == "2")
        assert browser.get(f"{path}/{paid.id}").status == status
        assert browser.post(f"{path}/{paid.id}/replay").status == sent
        assert int(browser.get("/hooks").words.count(f"{total} wait")) == 1


def test_a_shop_has_webhooks_of_its_own(browse: Browse, make: Making) -> None:
    shops = ShopMaking(make)
    shop = shops.shop("mine")
    merchant = browse(shops.merchant(shop))
    page = merchant.post("/shops/mine/hooks", url=URL, events=list(EVENTS))
    assert page.status == 200
    [made] = session.scalars(select(HookEndpoint)).all()
    assert (made.owner_kind, made.owner_id, made.events) == ("shop", shop.id, events_for("shop"))
    [sent] = tell(("shop", shop.id), "commission.settled", make)
    for path in ("", f"/{made.id}", f"/{made.id}/deliveries", f"/{made.id}/deliveries/{sent.id}"):
        assert merchant.get(f"/shops/mine/hooks{path}").status == 200
    assert 'href="/shops/mine/hooks"' in merchant.get("/shops/mine/integrations").text
    assert browse(make.admin()).get(f"/shops/mine/hooks/{made.id}").status == 200
    finance = browse(shops.merchant(shop, frozenset({"finance"})))
    assert finance.get("/shops/mine/hooks").status == 403


def test_nobody_reaches_what_belongs_to_others(browse: Browse, make: Making, member: Actor) -> None:
    shops = ShopMaking(make)
    shop, away = shops.shop("mine"), shops.shop("away")
    theirs = {
        owner: (add(owner, make, f"https://zyzzyva.example.org/{owner[0]}"), owner)
        for owner in (of(member), ("shop", shop.id), OPERATOR)
    }
    sent = {row.endpoint_id: row for row in tell(of(member), "lead.submitted", make)}
    sent |= {row.endpoint_id: row for row in tell(("shop", shop.id), "commission.settled", make)}
    strangers = [(browse(make.member()), "/hooks"), (browse(shops.merchant(away)), "/shops/away/hooks")]
    strangers += [(browse(make.admin()), "/shops/away/hooks")]
    for browser, base in strangers:
        assert "zyzzyva" not in browser.get(base).text
        for endpoint, _ in theirs.values():
            call = sent[endpoint.id].id
            paths = [f"{endpoint.id}{more}" for more in ("", "/deliveries", "/deliveries.csv", f"/deliveries/{call}")]
            verbs = ("", "/secret", "/pause", "/resumption", "/removal", "/test", f"/deliveries/{call}/replay")
            for path in paths:
                known, unknown = browser.get(f"{base}/{path}"), browser.get(f"{base}/{nameless(path)}")
                assert known.status == unknown.status == 404, path
                assert without_token(known.text) == without_token(unknown.text)
            for verb in verbs:
                page = browser.post(f"{base}/{endpoint.id}{verb}", url=URL, events=["lead.submitted"])
                assert page.status == 404, verb
    session.rollback()
    assert {row.url.split("/")[-1] for row in session.scalars(select(HookEndpoint))} == {"partner", "shop", "operator"}


def nameless(path: str) -> str:
    return re.sub(r"\d{6,}", "987654", path)


def without_token(text: str) -> str:
    return re.sub(r'(csrf_token" value|X-CSRFToken)[^>]*>', "", text)


def test_a_delivery_is_found_below_its_own_address_alone(browse: Browse, make: Making, member: Actor) -> None:
    first, second = add(of(member), make), add(of(member), make, f"{URL}/2")
    sent = next(row for row in tell(of(member), "lead.submitted", make) if row.endpoint_id == first.id)
    browser = browse(member)
    assert browser.get(f"/hooks/{first.id}/deliveries/{sent.id}").status == 200
    assert browser.get(f"/hooks/{second.id}/deliveries/{sent.id}").status == 404
    for odd in ("x", "9" * 30, "-1", "1e3"):
        assert browser.get(f"/hooks/{odd}").status == 404
        assert browser.get(f"/hooks/{first.id}/deliveries/{odd}").status == 404


def test_the_number_of_queries_does_not_grow(browse: Browse, make: Making, member: Actor) -> None:
    made, browser = add(of(member), make), browse(member)

    def statements(path: str) -> int:
        seen: list[Any] = []

        def note(*_arguments: Any) -> None:
            seen.append(None)

        event.listen(db.engine, "before_cursor_execute", note)
        assert browser.get(path).status == 200
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    paths = ["/hooks", f"/hooks/{made.id}/deliveries"]
    tell(of(member), "lead.submitted", make)
    before = [statements(path) for path in paths]
    for number in range(5):
        add(of(member), make, f"{URL}/{number}")
    tell(of(member), "lead.submitted", make, 10)
    assert [statements(path) for path in paths] == before
