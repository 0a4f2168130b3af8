"""What can be shared, where it leads, and that it leads nowhere else (P15)."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from referrals.db import session
from referrals.errors import RuleBroken
from referrals.links.addresses import address_of, page_address, with_ref
from referrals.links.models import Link
from referrals.links.sharing import CODE_LENGTH, NoPageYet, NothingToShare, qr_of, share, welcome
from referrals.shops.hosts import OffTheShop
from referrals.shops.models import Salesperson, Shop
from tests.shops_making import ShopMaking

HOSTS = ("tea.example.org", "xn--ksekuchen-v2a.example.org", "xn--n3h.example.org")

# Typed -> where it leads.
PAGES = {
    "https://tea.example.org": "https://tea.example.org/",
    "HTTPS://Tea.Example.ORG/Cup": "https://tea.example.org/Cup",
    "http://tea.example.org:8080/cup?a=1#b": "http://tea.example.org:8080/cup?a=1#b",
    "https://tea.example.org:443/": "https://tea.example.org/",
    "https://tea.example.org/茶": "https://tea.example.org/%E8%8C%B6",
    "https://tea.example.org/a/../b": "https://tea.example.org/b",
    "https://tea.example.org//evil.example.org": "https://tea.example.org/evil.example.org",
    "https://tea.example.org/?next=https://evil.example.org": "https://tea.example.org/?next=https://evil.example.org",
}


@pytest.mark.parametrize("typed", PAGES)
def test_pages_of_the_shop_are_read_into_their_normal_form(typed: str) -> None:
    assert page_address(typed, HOSTS) == PAGES[typed]


ELSEWHERE = [
    "", " ", "shop.example.org", "tea.example.org", "//tea.example.org", "///tea.example.org", "/cup",
    "https://evil.example.org", "https://tea.example.org.evil.org", "https://eviltea.example.org",
    "https://evil.org/tea.example.org", "https://evil.org?tea.example.org", "https://evil.org#tea.example.org",
    "https://tea.example.org@evil.org", "https://tea.example.org:pw@evil.org", "https://user@tea.example.org",
    "https://user:pw@tea.example.org", "https://@tea.example.org", "https://evil.org\\@tea.example.org",
    "https://tea.example.org\\@evil.org", "https://tea.example.org\\.evil.org", "https:\\\\tea.example.org",
    "https:/tea.example.org", "https:tea.example.org", "https:///tea.example.org", "https://", "https:///", "https://?",
    "javascript:alert(1)", "javascript://tea.example.org/%0aalert(1)", "data:text/html,x", "vbscript:x",
    "file:///etc/passwd", "ftp://tea.example.org", "blob:https://tea.example.org/x", "intent://tea.example.org",
    "view-source:https://tea.example.org", "java\tscript:alert(1)", "ht\ntps://tea.example.org",
    "https://tea.example.org/\r\nSet-Cookie: a=b", "https://tea.example.org/\0", "https://tea.example.org/a b",
    "https://tea.example.org\t.evil.org", "\x01https://tea.example.org", "\ufeffhttps://tea.example.org",
    "https://tea.example.org/\u202egro.live", "https://tea\u200b.example.org", "https://tea.example.org\u2028/",
    "https://ｔｅａ.example.org", "https://tea。example.org", "https://tea．example.org", "https://tеa.example.org",
    "https://t\u00e9a.example.org", "https://tea.examp\u0142e.org", "https://tea.example.org.", "https://tea.example.org../",
    "https://tea.example.org%2eevil.org", "https://tea%2eexample.org", "https://%74ea.example.org",
    "https://tea.example.org%00.evil.org", "https://tea.example.org%40evil.org", "https://[::1]/", "https://127.0.0.1/",
    "https://0x7f.1/", "https://2130706433/", "https://tea.example.org:0/", "https://tea.example.org:99999/",
    "https://tea.example.org:x/", "https://tea.example.org;evil.org/", "https://[tea.example.org]/", "https://[/",
    "https://ſ.example.org", "https://K.example.org", "https://käsekuchen.example.org.evil.org",
    "https://tea.example.org/" + "x" * 2001,
]  # fmt: skip


@pytest.mark.parametrize("typed", ELSEWHERE)
def test_nobody_is_led_elsewhere(typed: str) -> None:
    with pytest.raises(OffTheShop):
        page_address(typed, HOSTS)


def test_a_host_in_letters_of_its_own_is_meant_only_as_its_owner_writes_it() -> None:
    assert urlsplit(page_address("https://Käsekuchen.example.org/a", HOSTS)).netloc == HOSTS[1]
    assert urlsplit(page_address(f"https://{HOSTS[1]}/a", HOSTS)).netloc == HOSTS[1]
    with pytest.raises(OffTheShop):
        page_address("https://kӓsekuchen.example.org/a", HOSTS)


REFS = {
    "https://tea.example.org/": "https://tea.example.org/?ref=7",
    "https://tea.example.org/?a=1": "https://tea.example.org/?a=1&ref=7",
    "https://tea.example.org/?a=%20b&&c#d?e": "https://tea.example.org/?a=%20b&&c&ref=7#d?e",
    "https://tea.example.org/?ref=1&b=2": "https://tea.example.org/?b=2&ref=7",
    "https://tea.example.org/?href=1": "https://tea.example.org/?href=1&ref=7",
    "https://tea.example.org/#ref=1": "https://tea.example.org/?ref=7#ref=1",
}


@pytest.mark.parametrize("address", REFS)
def test_the_ref_is_added_to_the_address(address: str) -> None:
    assert with_ref(address, 7) == REFS[address]


def test_pages_that_we_name_ourselves_are_of_https_except_on_this_machine() -> None:
    assert address_of("tea.example.org") == "https://tea.example.org/"
    assert address_of("tea.example.org", "articles", "a/../b?c") == "https://tea.example.org/articles/a%2F..%2Fb%3Fc"
    assert address_of("127.0.0.1") == "http://127.0.0.1/"


# --- Targets ---


@pytest.fixture
def shop(shops: ShopMaking) -> Shop:
    return shops.shop("tea", hosts=("tea.example.org", "blog.example.org"))


@pytest.fixture
def anna(shops: ShopMaking, shop: Shop) -> Salesperson:
    return shops.salesperson(shop)


def test_each_target_leads_to_its_page(shops: ShopMaking, shop: Shop, anna: Salesperson) -> None:
    shops.product(shop, "CUP-1", url="https://tea.example.org/cup")
    shops.article(shop, "7", "https://blog.example.org/brew")
    for target, url, title in (
        ("shop", "https://tea.example.org/", shop.name),
        ("product:CUP-1", "https://tea.example.org/cup", "Product CUP-1"),
        ("article:7", "https://blog.example.org/brew", "Article 7"),
        ("article:8", "https://tea.example.org/articles/8", "8"),
        ("https://blog.example.org/a", "https://blog.example.org/a", "blog.example.org/a"),
    ):
        link = share(anna, target, at=shops.at)
        assert (link.target_url, link.title, link.shop_id, link.salesperson_id) == (url, title, shop.id, anna.id)
        assert len(link.code) == CODE_LENGTH


@pytest.mark.parametrize(
    ("target", "broken"),
    [
        ("product:NONE", NothingToShare), ("product:", NothingToShare), ("article:", NothingToShare),
        ("product:BARE", NoPageYet), ("https://evil.example.org", OffTheShop), ("", OffTheShop), ("Shop", OffTheShop),
        ("products:CUP", OffTheShop), ("product:CUP-OF-OTHERS", NothingToShare),
    ],
)  # fmt: skip
def test_what_is_no_target_is_refused(
    shops: ShopMaking, shop: Shop, anna: Salesperson, target: str, broken: type[RuleBroken]
) -> None:
    shops.product(shop, "BARE")
    other = shops.shop("coffee")
    shops.product(other, "CUP-OF-OTHERS", url="https://coffee.example.org/cup")
    with pytest.raises(broken) as caught:
        share(anna, target, at=shops.at)
    assert caught.value.field == "target"


def test_another_shops_host_is_not_ours(shops: ShopMaking, anna: Salesperson) -> None:
    shops.shop("coffee", hosts=("coffee.example.org",))
    with pytest.raises(OffTheShop):
        share(anna, "https://coffee.example.org/", at=shops.at)


# --- Validity ---


def test_a_link_of_short_validity_ends_and_its_qr_code_does_not(
    shops: ShopMaking, shop: Shop, anna: Salesperson
) -> None:
    shops.settings(shop, validity="short")
    link = share(anna, "shop", at=shops.at)
    code = share(anna, "shop", "qr", at=shops.at)
    assert (link.validity, link.expires_at) == ("short", shops.at + timedelta(days=15))
    assert (code.validity, code.expires_at) == ("short", None)
    assert qr_of(link).id == code.id
    assert qr_of(code).id == code.id


def test_the_validity_is_that_of_when_the_link_was_shared(shops: ShopMaking, shop: Shop, anna: Salesperson) -> None:
    shops.settings(shop, validity="short")
    before = shops.at - timedelta(days=1)
    assert share(anna, "shop", shared_at=before, at=shops.at).validity == "permanent"
    assert share(anna, "shop", at=shops.at).validity == "short"


def test_a_link_that_lasts_is_given_again_one_that_ends_is_not(
    shops: ShopMaking, shop: Shop, anna: Salesperson
) -> None:
    lasting = share(anna, "shop", at=shops.at)
    assert share(anna, "shop", at=shops.at + timedelta(days=1)).id == lasting.id
    assert share(anna, "shop", "qr", at=shops.at).id != lasting.id
    assert share(anna, "shop", shared_at=shops.at - timedelta(days=1), at=shops.at).id != lasting.id
    shops.settings(shop, validity="short")
    ending = share(anna, "shop", at=shops.at)
    again = share(anna, "shop", at=shops.at + timedelta(days=1))
    assert ending.id != again.id
    assert again.expires_at == shops.at + timedelta(days=16)


def test_a_new_salesperson_has_a_link_to_the_shop_by_their_own_code(
    shops: ShopMaking, shop: Shop, anna: Salesperson
) -> None:
    link = welcome(anna, at=shops.at)
    session.flush()
    assert (link.code, link.target, link.shared_at) == (anna.code, "shop", anna.joined_at)
    assert welcome(anna, at=shops.at).id == link.id
    assert session.query(Link).filter_by(code=anna.code).count() == 1
