"""The normal form in which texts are searched and sorted."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.normal_form import normal_form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Nguyễn Thị Hằng", "nguyen thi hang"),
        ("Łódź", "lodz"),
        ("ŻÓŁĆ", "zolc"),
        ("İstanbul ISI ısı", "istanbul isi isi"),
        ("Straße", "strasse"),
        ("Ærø Œuvre Þór Đà", "aero oeuvre thor da"),
        ("ＡＢＣ１２３", "abc123"),
        ("ﬁn", "fin"),
        ("ร้านกาแฟ", "ร้านกาแฟ"),
        ("上海有赞", "上海有赞"),
        ("Ёлка й", "ёлка й"),
        ("ΆΣ ςσ", "άσ σσ"),
        ("がぎ", "がぎ"),
    ],
)
def test_texts_that_people_call_the_same_have_one_form(text: str, form: str) -> None:
    assert normal_form(text) == form


def test_marks_of_other_scripts_count() -> None:
    assert normal_form("ป่า") != normal_form("ปา")
    assert normal_form("é") == normal_form("e\u0301") == "e"


@given(st.text())
def test_the_form_of_a_form_is_itself(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)


@given(st.text(alphabet=st.characters(codec="utf-8", max_codepoint=0x24F)))
def test_case_and_composition_make_no_difference(text: str) -> None:
    assert normal_form(unicodedata.normalize("NFD", text)) == normal_form(unicodedata.normalize("NFC", text))
    assert normal_form(text.swapcase()) == normal_form(text.swapcase().swapcase())
