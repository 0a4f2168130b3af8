"""Bad input (`SPEC §18`): told beside its field in the reader's language, kept, and nothing stored; for every field."""

import re
from collections.abc import Callable, Iterator

import pytest
from bs4 import Tag

from referrals.db import session
from referrals.leads.catalogue import get_product
from referrals.leads.fields import BUSINESS, CONTACT, REQUEST, all_fields
from referrals.leads.operations import change_status
from tests.making import Making
from tests.web.browsing import Browser, Page
from tests.web.test_leads import COMPLETE, stored, value_of
from tests.web.test_walls import state_of_database

Browse = Callable[..., Browser]
LANGUAGES = ("en", "th", "pl", "vi", "tr", "zh")
CONTROL, NUL, LONG = "a\x1b[31mb", "a\x00b", "x" * 300_000
CANNOT_STAND = re.compile("[\0\x07\x1b]")
# What each kind of field cannot be, besides text that cannot be shown or is endless.
WRONG = {
    "text": [NUL, CONTROL, LONG, "a\x07b"],
    "long_text": [NUL, CONTROL, LONG],
    "email": [NUL, LONG, "x", "a@", "a@b", "@example.org", "a b@example.org", "a@example.org, b@example.org", "🙂"],
    "phone": [NUL, LONG, "12", "call me", "+999 1234", "0" * 40],
    "url": [NUL, LONG, "javascript:alert(1)", "http://u:p@example.org", "ftp://example.org", "http://", "a b", "🙂"],
    "domain": [NUL, LONG, "not a domain", "http://", "-.example.org", "🙂"],
    "country": [NUL, LONG, "XX", "Poland", "🙂"],
    "yes_no": [NUL, LONG, "perhaps", "🙂"],
    "money": [NUL, LONG, "-5", "12.3456", "1e9", "NaN", "Infinity", "EUR 5", "٣", "9" * 18, "🙂"],
    "whole_number": [NUL, LONG, "-1", "2.5", "1e3", "9" * 20, "٣", "🙂"],
    "date": [NUL, LONG, "2027-02-30", "31/12/2027", "2100-01-01", "9999-12-31", "now", "🙂"],
    "choice": [NUL, LONG, "lots", "🙂"],
}


OWN = {
    "plus": {"annual_revenue": "choice", "monthly_orders": "choice"},
    "pos": {"locations": "whole_number", "go_live_on": "date"},
}
KINDS = {field.name: field.kind for field in (*BUSINESS, *CONTACT, *REQUEST)}
CASES = [(product, name, kind) for product, own in OWN.items() for name, kind in (KINDS | own).items()]


def complete(product: str) -> dict[str, str]:
    """A form of a product that is in order."""
    own = {"locations": "3", "go_live_on": "2027-02-01"} if product == "pos" else {}
    known = KINDS | OWN[product]
    return {name: value for name, value in COMPLETE.items() if name in known} | own | {"expected_value": "12"}


def test_all_fields_of_the_forms_are_tried(make: Making) -> None:
    for product, own in OWN.items():
        fields = all_fields(get_product(product).fields)
        assert {field.name: field.kind for field in fields} == KINDS | own


@pytest.mark.parametrize(("product", "name", "kind"), CASES, ids=lambda value: str(value))
def test_a_field_of_a_lead_tells_what_is_wrong_with_it(
    make: Making, browse: Browse, product: str, name: str, kind: str
) -> None:
    fields, member = complete(product), make.member()
    browsers = [browse(member, language) for language in LANGUAGES]
    for typed in WRONG[kind]:
        told = set()
        for browser in browsers:
            answer = browser.post(f"/leads/new/{product}", **fields | {name: typed})
            assert answer.status == 422, typed[:20]
            assert [field for field in fields if answer.error(field)] == [name], typed[:20]
            told.add(answer.error(name))
        assert len(told) == len(LANGUAGES), (typed[:20], told)
        assert all(kept(answer, field, value) for field, value in fields.items() if field != name), typed[:20]
        if kind not in {"choice", "country", "yes_no"} and not CANNOT_STAND.search(typed):
            assert kept(answer, name, typed), typed[:20]
    assert stored() == 0


def kept(page: Page, name: str, value: str) -> bool:
    """Whether a field of the page holds what was typed."""
    element = page.one(f'[name="{name}"]')
    if element.get("type") == "checkbox":
        return element.has_attr("checked") == (value == "y")
    shown = str(element.get("value", "")) if element.name == "input" else value_of(element)
    return shown == value


HARMLESS = ["🙂 Café", "שלום עולם", "مرحبا", "𠮷野家", 'O\'Neil & <b>Sons</b> "Ltd"', "%s {x} {{y}}"]


@pytest.mark.parametrize("typed", HARMLESS)
def test_unusual_text_is_taken_as_it_is(make: Making, browse: Browse, typed: str) -> None:
    browser = browse(make.member())
    fields = complete("plus") | {"business_name": typed, "contact_name": typed, "notes": typed}
    answer = browser.post("/leads/new/plus", **fields)
    page = browser.get(answer.headers["Location"]) if answer.status == 303 else answer
    assert answer.status == 303, page.words
    assert page.one("h1").get_text() == typed
    assert page.all(".facts dd").count(" ".join(typed.split())) == 3


# --- Every other form, found on the pages themselves ---

PAGES = {
    "member": ["/leads/{ref}", "/members", "/keys", "/account", "/account/password", "/account/notifications"],
    "admin": [
        "/leads/{ref}", "/conflicts/1", "/imports/new", "/products/new", "/products/plus", "/products/plus/texts/th",
        "/reasons/new", "/reasons/other", "/assignment", "/programme", "/people", "/people/{membership}", "/partners",
        "/partners/1", "/account",
    ],
    "nobody": ["/login", "/password/forgotten"],
}  # fmt: skip


@pytest.fixture
def pages(make: Making, browse: Browse) -> Iterator[tuple[Browser, str]]:
    """Pages that have forms: of a lead that can be appealed, of a conflict to decide, of the set-up, of accounts."""
    rep, member = make.rep(), make.member()
    lead = make.lead(member, website_url="https://one.example.org")
    make.lead(make.member(), website_url="https://one.example.org")
    change_status(lead, "ineligible", reason="not_interested", by=rep, at=make.at)
    session.commit()
    browsers = {"member": browse(member), "admin": browse(make.admin()), "nobody": browse()}
    return (
        (browsers[role], path.format(ref=lead.ref, membership=rep.membership_id))
        for role, paths in PAGES.items()
        for path in paths
    )


def forms_of(page: Page, path: str) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Where the forms of a page go, what they hold, and the names of what can be typed there."""
    for form in page.soup.select("main form[method=post]"):
        holds, typed = {}, []
        for element in form.select("input[name], textarea[name], select[name]"):
            if element.get("type") in {"checkbox", "radio", "file"} and not element.has_attr("checked"):
                continue
            holds[str(element["name"])] = (
                str(element.get("value", "")) if element.name == "input" else value_of(element)
            )
            typed += [str(element["name"])] * is_typed(element)
        holds.pop("csrf_token", None)
        yield str(form.get("action") or path), holds, typed


def is_typed(element: Tag) -> bool:
    kinds = {"checkbox", "radio", "hidden", "file", "password"}
    return element.name in {"input", "textarea"} and element.get("type") not in kinds


@pytest.mark.parametrize("bad", [NUL, LONG], ids=["NUL", "endless"])
def test_every_form_refuses_what_cannot_be_stored(pages: Iterator[tuple[Browser, str]], bad: str) -> None:
    tried = 0
    for browser, path in pages:
        for action, holds, typed in forms_of(browser.get(path), path):
            before = state_of_database()
            for name in typed:
                answer = browser.post(action, **holds | {name: bad})
                assert answer.status == 422, (path, action, name, answer.status)
                assert state_of_database() == before, (path, action, name)
                said = answer.all(".error, .notice.bad")
                assert [words for words in said if words], (path, action, name)
                tried += 1
    assert tried > 40


ODD = ["", " ", "-1", "9" * 40, "1e400", "🙂", "\u202e", "../../x", "a" * 201]


def test_no_form_answers_odd_input_with_a_failure(pages: Iterator[tuple[Browser, str]]) -> None:
    for browser, path in pages:
        for action, holds, _ in forms_of(browser.get(path), path):
            if re.search(r"/(logout|departure|suspension|removal|withdrawal)", action):
                continue
            # Rows that differ by their number alone are read by the same lines.
            for name in {re.sub(r"[0-9]+$", "", name): name for name in holds}.values():
                for odd in ODD:
                    answer = browser.post(action, **holds | {name: odd})
                    assert answer.status < 500, (path, action, name, odd, answer.words)
