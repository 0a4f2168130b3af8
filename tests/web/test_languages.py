"""Six languages: complete, kept apart, and chosen by profile, then cookie, then browser."""

import re
from collections.abc import Callable
from itertools import combinations

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from sqlalchemy import select

from referrals.config import ROOT
from referrals.db import session
from referrals.people.models import Person
from tests.making import Making
from tests.web.browsing import Browser, english_left_over

Browse = Callable[..., Browser]
OTHERS = ("th", "pl", "vi", "tr", "zh")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "N_": None,
    "_l": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
PLACES = re.compile(r"%\(\w+\)s")
STATUSES = {
    "th": ["ส่งแล้ว", "กำลังดำเนินการ", "ได้รับแล้ว", "ไม่มีสิทธิ์"],
    "pl": ["Przesłano", "W toku", "Przyznano", "Nie kwalifikuje się"],
    "vi": ["Đã gửi", "Đang thực hiện", "Đã trao thưởng", "Không đủ điều kiện"],
    "tr": ["Gönderildi", "Devam ediyor", "Ödüllendirildi", "Uygun değil"],
    "zh": ["已提交", "跟进中", "已成交", "不符合条件"],
}


def catalogue(language: str) -> Catalog:
    with (ROOT / f"referrals/translations/{language}/LC_MESSAGES/messages.po").open("rb") as stream:
        return read_po(stream, locale=language)


def texts_of(texts: Catalog) -> dict[tuple[object, str | None], object]:
    """Every translation by its English text and context."""
    return {
        (tuple_or_text(message.id), context_of(message)): tuple_or_text(message.string)
        for message in texts
        if message.id
    }


def context_of(message: Message) -> str | None:
    """Compiled catalogues give contexts as bytes."""
    return message.context.decode() if isinstance(message.context, bytes) else message.context


def tuple_or_text(msgid: object) -> object:
    return tuple(msgid) if isinstance(msgid, (list, tuple)) else msgid


def texts_in_the_code() -> set[tuple[object, str | None]]:
    """Every marked text with its context, as the code has them."""
    found: set[tuple[object, str | None]] = set()
    methods = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
    for folder in ("referrals", "templates"):
        for _, _, message, _, context in extract_from_dir(ROOT / folder, method_map=methods, keywords=KEYWORDS):
            found.add((message if isinstance(message, str) else tuple(message[:2]), context))
    return found


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_with_its_places(language: str) -> None:
    translated = texts_of(catalogue(language))
    missing = [text for text in texts_in_the_code() if not translated.get(text)]
    assert missing == []
    unused = translated.keys() - texts_in_the_code()
    assert unused == set()
    for (text, _), translation in translated.items():
        if isinstance(text, str):
            assert sorted(PLACES.findall(text)) == sorted(PLACES.findall(translation)), text
        else:
            assert all(form for form in translation), text


def test_no_language_speaks_another_one() -> None:
    spoken = {language: texts_of(catalogue(language)) for language in OTHERS}
    for one, other in combinations(OTHERS, 2):
        same = [text for text, said in spoken[one].items() if said == spoken[other].get(text) and said != text[0]]
        assert len(same) < len(spoken[one]) // 50, (one, other, same[:5])


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalogue_is_that_of_the_texts(language: str) -> None:
    with (ROOT / f"referrals/translations/{language}/LC_MESSAGES/messages.mo").open("rb") as stream:
        compiled = texts_of(read_mo(stream))
    assert compiled == texts_of(catalogue(language))


@pytest.mark.parametrize("language", OTHERS)
def test_statuses_have_the_words_that_are_laid_down(make: Making, browse: Browse, language: str) -> None:
    page = browse(make.member(), language).get("/leads")
    assert page.all('select[name="status"] option')[1:] == STATUSES[language]
    assert page.one("html")["lang"] == {"zh": "zh-Hans"}.get(language, language)


def paths_of(make: Making) -> dict[str, list[str]]:
    make.rep()
    member = make.member()
    lead = make.lead(member, website_url="https://one.example.org")
    make.lead(make.member(), website_url="https://one.example.org")
    return {
        "member": [
            "/", "/leads", f"/leads/{lead.ref}", "/leads/new", "/leads/new/plus", "/leads/new/pos", "/members", "/keys",
            "/notifications", "/account", "/account/password", "/account/second-factor", "/account/sessions",
            "/account/notifications", "/menu", "/nothing",
        ],
        "admin": [
            "/", "/leads", f"/leads/{lead.ref}", "/conflicts", "/conflicts/1", "/appeals", "/partners", "/partners/1",
            "/imports", "/imports/new", "/products", "/products/plus", "/products/new", "/reasons", "/reasons/other",
            "/assignment", "/programme", "/people", "/people/1", "/outbox", "/outbox/1", "/audit",
        ],
        "nobody": ["/login", "/password/forgotten", "/join/x"],
    }  # fmt: skip


@pytest.mark.parametrize("language", OTHERS)
def test_no_page_mixes_languages(make: Making, browse: Browse, language: str) -> None:
    paths = paths_of(make)
    actors = {"member": make.member(), "admin": make.admin(), "nobody": None}
    for role, actor in actors.items():
        browser = browse(actor, language)
        for path in paths[role]:
            page = browser.get(path)
            assert english_left_over(page, language) == [], path


@pytest.mark.parametrize("language", OTHERS)
def test_errors_are_told_in_the_readers_language(make: Making, browse: Browse, language: str) -> None:
    browser = browse(make.member(), language)
    page = browser.post("/leads/new/plus", contact_email="x", website_url="javascript:1", expected_value="x")
    assert english_left_over(page, language) == []
    for field in ("contact_name", "contact_email", "website_url", "country", "expected_value"):
        assert page.error(field)
    page = browser.post("/account/password", password="x", new_password="y")
    assert page.error("password")
    assert english_left_over(page, language) == []


def test_profile_goes_before_cookie_and_cookie_before_browser(make: Making, browse: Browse) -> None:
    member = make.member()
    browser = browse(member, "vi;q=0.9,tr;q=0.5")

    def language() -> str:
        return str(browser.get("/leads").one("html")["lang"])

    assert language() == "vi"
    browser.post("/language", language="pl")
    assert language() == "pl"
    assert session.scalars(select(Person.language).where(Person.id == member.person_id)).one() is None
    profile = {"name": "Anna", "language": "th", "time_zone": "Asia/Bangkok", "appearance": "dark"}
    assert browser.post("/account", **profile).status == 303
    assert language() == "th"
    assert browser.get("/leads").one("html")["data-appearance"] == "dark"
    browser.post("/language", language="xx")
    assert language() == "th"


@pytest.mark.parametrize(("asked", "served"), [
    ("zh-CN,zh;q=0.9", "zh-Hans"), ("zh-SG", "zh-Hans"), ("zh-Hans", "zh-Hans"), ("zh-TW,en;q=0.5", "en"),
    ("de-DE,pl;q=0.3", "pl"), ("xx", "en"), ("", "en"), ("tr-TR", "tr"),
])  # fmt: skip
def test_what_a_browser_asks_for(browse: Browse, asked: str, served: str) -> None:
    assert browse(None, asked).get("/login").one("html")["lang"] == served


def test_numbers_and_dates_follow_the_language(make: Making, browse: Browse) -> None:
    member = make.member()
    lead = make.lead(member, expected_value=1_234_550)
    shown = {
        language: browse(member, language).get(f"/leads/{lead.ref}").words for language in ("en", "pl", "tr", "th")
    }
    assert "$12,345.50" in shown["en"]
    assert "12 345,50" in shown["pl"].replace("\xa0", " ")
    assert "12.345,50" in shown["tr"]
