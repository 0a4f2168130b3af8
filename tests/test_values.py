"""Values that people type: what is read, and what is refused."""

import pytest

from referrals import values
from referrals.errors import RuleBroken

WEBSITES = {
    "meble.example.org": "https://meble.example.org",
    "HTTPS://WWW.Meble.Example.org/a/../b?x=1": "https://www.meble.example.org/b?x=1",
    "http://müller.de/ä": "http://xn--mller-kva.de/%C3%A4",
    "example.org:8080": "https://example.org:8080",
    "https://example.org/": "https://example.org/",
}
NOT_WEBSITES = [
    "http://user:secret@example.org",
    "https://example.org\\@evil.example",
    "javascript:alert(1)",
    "ftp://example.org",
    "mailto:a@example.org",
    "http://1.2.3.4",
    "http://[::1]/",
    "http://localhost",
    "http://example.org:99999",
    "not a site",
    "https://exa\tmple.org",
    "x",
    "",
    "https://" + "a" * 3000 + ".org",
]


@pytest.mark.parametrize(("typed", "read"), WEBSITES.items())
def test_websites_are_read(typed: str, read: str) -> None:
    assert values.parse_website(typed) == read


@pytest.mark.parametrize("typed", NOT_WEBSITES)
def test_what_is_no_website_is_refused(typed: str) -> None:
    with pytest.raises(values.NotAWebsite):
        values.parse_website(typed)


@pytest.mark.parametrize(
    "typed", ["Anna@Example.ORG", "ünï@müller.de", "a@b.local", "x@y.test", "o'neil+tag@example.org"]
)
def test_email_addresses_are_read(typed: str) -> None:
    assert "@" in values.parse_email(typed)


@pytest.mark.parametrize(
    "typed", ["a@b", "@b.org", "a b@c.org", "a@b..org", "a@b.org\x00", "a@-b.org", "plain", "a@b.org, c@d.org"]
)
def test_what_is_no_email_is_refused(typed: str) -> None:
    with pytest.raises(values.NotAnEmail):
        values.parse_email(typed)


@pytest.mark.parametrize(
    ("typed", "country", "read"),
    [
        ("600 700 800", "PL", "+48600700800"),
        ("+48 600-700-800", "", "+48600700800"),
        ("0812345678", "TH", "+66812345678"),
        ("139 0000 2210", "CN", "+8613900002210"),
        ("(202) 555-0143", "US", "+12025550143"),
    ],
)
def test_phones_are_read_in_their_country(typed: str, country: str, read: str) -> None:
    assert values.parse_phone(typed, country) == read


@pytest.mark.parametrize("typed", ["12", "abc", "", "600 700 800", "+999999999999999999"])
def test_what_is_no_phone_is_refused(typed: str) -> None:
    with pytest.raises(values.NotAPhone):
        values.parse_phone(typed)


@pytest.mark.parametrize("typed", ["a\x00b", "a\x1bb", "\ud800", "a\x7f"])
def test_control_characters_are_refused(typed: str) -> None:
    with pytest.raises(values.UnreadableCharacters):
        values.clean_text(typed)


@pytest.mark.parametrize("typed", ["👩‍👩‍👧 shop", "שלום עולם", "مرحبا", "ร้านกาแฟ", "𝔘𝔫𝔦"])
def test_emoji_and_right_to_left_text_are_kept(typed: str) -> None:
    assert values.clean_text(f"  {typed} ") == typed


def test_line_ends_are_one_kind() -> None:
    assert values.clean_text("a\r\nb\rc\n", lines=True) == "a\nb\nc"


@pytest.mark.parametrize("typed", ["POLAND", "XX", "", "P"])
def test_only_iso_countries_are_countries(typed: str) -> None:
    with pytest.raises(RuleBroken):
        values.parse_country(typed)


def test_there_are_249_countries() -> None:
    assert len(values.COUNTRIES) == 249


@pytest.mark.parametrize("typed", ["-1", "1.5", "٣", "²", "9" * 19, "", "1 "])
def test_what_is_no_row_number_is_none(typed: str) -> None:
    assert values.parse_id(typed) is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u200b", ""),
        ("\u200d" * 50, ""),
        ("\ufffe", ""),
        ("\u202eabc", "abc"),
        ("\u2067abc\u2069", "abc"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("  a  ", "a"),
    ],
)
def test_what_nobody_can_see_is_no_text(typed: str, kept: str) -> None:
    assert values.clean_text(typed) == kept
