"""The editor of the terms of upgrades (`SPEC §3`)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from referrals.db import session
from referrals.invitations.models import UpgradeTermsText
from referrals.invitations.terms import number_in_force, texts_of
from referrals.web.language import LANGUAGES
from tests.making import Making
from tests.web.browsing import Browser

Browse = Callable[..., Browser]


def test_the_first_version_is_shown_in_all_languages(make: Making, browse: Browse) -> None:
    page = browse(make.admin()).get("/upgrade-terms")
    assert {str(one["lang"]) for one in page.soup.select("section.panel div[lang]")} == {
        "en", "th", "pl", "vi", "tr", "zh-Hans",
    }  # fmt: skip
    assert "In force" in page.all(".badge")


def test_a_new_version_begins_with_the_last(make: Making, browse: Browse) -> None:
    admin = browse(make.admin(name="Root"))
    form = admin.get("/upgrade-terms/new")
    typed = {code: form.one(f'textarea[name="{code}"]').get_text().removeprefix("\n") for code in LANGUAGES}
    assert typed == texts_of(1)
    session.rollback()
    answer = admin.post("/upgrade-terms/new", after="1", **typed | {"en": "New\r\n\r\nterms", "th": "", "pl": "  "})
    assert answer.status == 303
    assert number_in_force() == 2
    texts = texts_of(2)
    assert texts["en"] == "New\n\nterms"
    assert set(texts) == {"en", "vi", "tr", "zh"}
    assert texts_of(1) == typed, "what owners accepted stays"
    page = admin.get("/upgrade-terms")
    assert "Version 2" in page.words
    assert "Root" in page.words
    assert "Version 1" in admin.get("/upgrade-terms/1").words
    assert "Terms of upgrades changed" in admin.get("/audit").words


@pytest.mark.parametrize(("field", "typed", "sentence"), [
    ("en", "", "in English"),
    ("en", "   ", "in English"),
    ("th", "x" * 50_001, "shorten this to 50000"),
    ("pl", "a\x00b", "cannot be shown"),
])  # fmt: skip
def test_bad_terms_are_told_beside_their_field(
    make: Making, browse: Browse, field: str, typed: str, sentence: str
) -> None:
    answer = browse(make.admin()).post("/upgrade-terms/new", **{"after": "1", "en": "Fine", "vi": "Kept", field: typed})
    assert answer.status == 422
    assert sentence in answer.error(field)
    assert "Kept" in answer.one('[name="vi"]').get_text()
    assert session.scalars(select(UpgradeTermsText.number)).all().count(2) == 0


def test_two_who_write_at_once_do_not_overwrite_each_other(make: Making, browse: Browse) -> None:
    first, second = browse(make.admin()), browse(make.admin())
    assert first.post("/upgrade-terms/new", after="1", en="First").status == 303
    late = second.post("/upgrade-terms/new", after="1", en="Second")
    assert late.status == 422
    assert "Somebody else" in late.words
    assert late.one('[name="en"]').get_text().strip() == "Second"
    assert second.post("/upgrade-terms/new", after=late.one('[name="after"]')["value"], en="Second").status == 303
    assert number_in_force() == 3


@pytest.mark.parametrize("number", ["0", "2", "999999999999999999999", "-1", "x", "%00"])
def test_an_unknown_version_is_not_found(make: Making, browse: Browse, number: str) -> None:
    assert browse(make.admin()).get(f"/upgrade-terms/{number}").status in {400, 404}


def test_reps_read_and_do_not_write(make: Making, browse: Browse) -> None:
    rep = browse(make.rep())
    assert rep.get("/upgrade-terms").status == 200
    assert rep.get("/upgrade-terms/1").status == 200
    assert rep.get("/upgrade-terms/new").status == 403
    assert rep.post("/upgrade-terms/new", after="1", en="x").status == 403
    assert browse(make.member()).get("/upgrade-terms").status == 403
