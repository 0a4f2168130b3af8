"""Who is one customer: ids, then e-mails, then phones decide; as tables."""

import pytest

from referrals.errors import RuleBroken
from referrals.links.joins import CustomerKeys, Known, agree, choose, read_keys, readable_keys, to_join

ONE, TWO = frozenset({"one@example.org"}), frozenset({"two@example.org"})

# Two customers -> whether they may be one.
AGREE = {
    "nothing decides": (Known(1), Known(2), True),
    "one id": (Known(1, "a"), Known(2), True),
    "two ids": (Known(1, "a", ONE), Known(2, "b", ONE), False),
    "one e-mail in common": (Known(1, None, ONE | TWO), Known(2, None, ONE), True),
    "no e-mail in common": (Known(1, None, ONE), Known(2, None, TWO), False),
    "e-mails on one side": (Known(1, "a", ONE), Known(2), True),
    "an id and other e-mails": (Known(1, "a", ONE), Known(2, None, TWO), False),
}


@pytest.mark.parametrize("case", AGREE)
def test_the_table_of_agreement(case: str) -> None:
    one, other, expected = AGREE[case]
    assert agree(one, other) is expected
    assert agree(other, one) is expected


A, B = Known(1, "a", ONE), Known(2, "b", TWO)
MAIL, PHONE = Known(3, None, ONE), Known(4)
BUSY_PHONE = Known(5, None, TWO)

# Keys given, who owns them -> who is meant, who is joined.
MEANT = {
    "nobody known": (CustomerKeys("x", "one@example.org"), {}, None, []),
    "the id decides": (CustomerKeys("a", "two@example.org"), {"id": A, "email": B}, A, []),
    "the id, and an e-mail that is somebody's without id": (
        CustomerKeys("a", "one@example.org"), {"id": Known(1, "a"), "email": MAIL}, Known(1, "a"), [MAIL],
    ),
    "the e-mail of one who has another id": (CustomerKeys("x", "one@example.org"), {"email": A}, None, []),
    "the e-mail of one with an id, none given": (CustomerKeys(None, "one@example.org"), {"email": A}, A, []),
    "e-mail before phone": (
        CustomerKeys(None, "one@example.org", "+1"), {"email": MAIL, "phone": PHONE}, MAIL, [PHONE],
    ),
    "e-mail, and a phone of one with other e-mails": (
        CustomerKeys(None, "one@example.org", "+1"), {"email": MAIL, "phone": BUSY_PHONE}, MAIL, [],
    ),
    "the phone alone": (CustomerKeys(None, None, "+1"), {"phone": PHONE}, PHONE, []),
    "the phone of one with other e-mails": (
        CustomerKeys(None, "one@example.org", "+1"), {"phone": BUSY_PHONE}, None, [],
    ),
    "the phone of one with another id": (CustomerKeys("x", None, "+1"), {"phone": A}, None, []),
    "one customer by all three": (
        CustomerKeys("a", "one@example.org", "+1"), {"id": A, "email": A, "phone": A}, A, [],
    ),
    "an id that is new, e-mail and phone of two": (
        CustomerKeys("x", "one@example.org", "+1"), {"email": MAIL, "phone": A}, MAIL, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MEANT)
def test_the_table_of_who_is_meant(case: str) -> None:
    keys, owners, meant, joined = MEANT[case]
    chosen = choose(keys, owners)
    assert chosen == meant
    if chosen is not None:
        assert to_join(keys, chosen, owners) == joined


def test_keys_are_read_into_their_normal_form() -> None:
    keys = read_keys(" 42 ", " Buyer@Example.ORG ", "+48 600 700 800")
    assert keys == CustomerKeys("42", "buyer@example.org", "+48600700800")
    assert read_keys("", " ", None) == CustomerKeys()
    assert not read_keys()


@pytest.mark.parametrize(
    ("keys", "field"),
    [(("x" * 256,), "id"), (("a\0b",), "id"), ((None, "nobody"), "email"), ((None, None, "12"), "phone")],
)
def test_keys_that_cannot_be_read_name_their_field(keys: tuple[str | None, ...], field: str) -> None:
    with pytest.raises(RuleBroken) as broken:
        read_keys(*keys)
    assert broken.value.field == field
    assert not readable_keys(*keys)
