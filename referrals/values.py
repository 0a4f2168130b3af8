"""Values that people type or send: e-mail, phone, website, domain, country. Each is read in one place (`SPEC §18`)."""

import re
import unicodedata
from urllib.parse import urlsplit

import email_validator
import idna
import phonenumbers
from url_normalize import url_normalize

from referrals.errors import RuleBroken
from referrals.wording import N_

# Those who host this themselves have mail domains of their own, `.local` and `.test` among them.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

# ISO 3166-1 alpha-2, the officially assigned codes.
COUNTRIES = frozenset(
    (
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
        "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
        "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
        "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
        "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
        "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
        "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
    ).split()
)
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
INVISIBLE = {"Cf", "Cn", "Zs", "Zl", "Zp"}
DOMAIN_PART = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
LONGEST_EMAIL = 254
LONGEST_URL = 2000
LARGEST_ID = 2**63 - 1
LARGEST_ID = 2**63 - 1


class NotAnEmail(RuleBroken):
    """The text is no e-mail address."""

    sentence = N_("This is not an e-mail address. It looks like name@example.org.")


class NotAPhone(RuleBroken):
    """The text is no phone number of the country, nor one with a country code."""

    sentence = N_("This is not a phone number. Write it with its country code, like +48 600 700 800.")


class NotAWebsite(RuleBroken):
    """The text is no http or https address with a public host name."""

    sentence = N_("This is not the address of a website. It looks like shop.example.org.")


class NotADomain(RuleBroken):
    """The text is no domain name."""

    sentence = N_("This is not a domain. It looks like shop.example.org.")


class NotACountry(RuleBroken):
    """The text is no ISO 3166 code of a country."""

    sentence = N_("Choose a country from the list.")


class UnreadableCharacters(RuleBroken):
    """The text holds control characters, NUL among them."""

    sentence = N_("This text holds characters that cannot be shown. Please type it again.")


def clean_text(text: str, *, lines: bool = False) -> str:
    """The text without space around it, in NFC; with `lines`, line ends are `\\n`. Raises UnreadableCharacters.

    Marks that turn the direction of reading are dropped, and a text of which nothing is seen is empty.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = TURNING.sub("", text).strip()
    if all(unicodedata.category(letter) in INVISIBLE for letter in text):
        return ""
    for letter in text:
        category = unicodedata.category(letter)
        if category in {"Cc", "Cs"} and not (lines and letter in "\n\t"):
            raise UnreadableCharacters
    return text


def parse_email(text: str) -> str:
    """The address with its domain in lower case; raises NotAnEmail. Nothing is asked of the network."""
    try:
        found = email_validator.validate_email(clean_text(text), check_deliverability=False)
    except (email_validator.EmailNotValidError, UnreadableCharacters):
        raise NotAnEmail from None
    # What looks like an encoded word would be decoded again on its way into a mail's header.
    if "." not in found.domain or len(found.normalized) > LONGEST_EMAIL or "=?" in found.normalized:
        raise NotAnEmail
    return found.normalized


def login_email(text: str) -> str:
    """The address by which an account is known: letter case makes no difference. Raises NotAnEmail.

    Before the @ it is ASCII: we write to these addresses, and few servers take others.
    """
    address = parse_email(text).casefold()
    if not address.partition("@")[0].isascii():
        raise NotAnEmail
    return address


def parse_phone(text: str, country: str = "") -> str:
    """The number in E.164 (`+48600700800`); `country` helps where no country code is written. Raises NotAPhone."""
    try:
        number = phonenumbers.parse(clean_text(text), country or None)
    except (phonenumbers.NumberParseException, UnreadableCharacters):
        raise NotAPhone from None
    if not phonenumbers.is_possible_number(number):
        raise NotAPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable_phone(stored: str) -> str:
    """An E.164 number with the spaces that people expect; anything else unchanged."""
    try:
        number = phonenumbers.parse(stored)
    except phonenumbers.NumberParseException:
        return stored
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def parse_website(text: str) -> str:
    """An http(s) address in its normal form, `https://` where no scheme was typed. Raises NotAWebsite.

    User part, backslash, control characters and hosts without a dot are refused (P15).
    """
    text = text.strip()
    if not text or len(text) > LONGEST_URL or re.search(r"[\s\\\x00-\x1f\x7f]", text):
        raise NotAWebsite
    scheme, separator, _ = text.partition("://")
    if separator and scheme.lower() not in {"http", "https"}:
        raise NotAWebsite
    try:
        normal = str(url_normalize(text if separator else f"https://{text}"))
        parts = urlsplit(normal)
        host, port = parts.hostname or "", parts.port
        if parts.username is not None or parts.password is not None or port == 0:
            raise NotAWebsite
        parse_domain(host)
    except (ValueError, NotADomain):
        raise NotAWebsite from None
    return normal if text.endswith("/") or parts.path != "/" or parts.query else normal.removesuffix("/")


def parse_domain(text: str) -> str:
    """A domain in lower-case ASCII (punycode) without scheme, `www.` kept; raises NotADomain."""
    text = text.strip().rstrip(".").lower()
    try:
        if "://" in text:
            text = urlsplit(text).hostname or ""
        text = text.removesuffix("/")
        ascii_domain = text if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except (idna.IDNAError, ValueError):
        raise NotADomain from None
    parts = ascii_domain.split(".")
    if len(parts) < 2 or len(ascii_domain) > 253 or not all(DOMAIN_PART.fullmatch(part) for part in parts):
        raise NotADomain
    if parts[-1].isdigit():
        raise NotADomain
    return ascii_domain


def parse_country(text: str) -> str:
    """An ISO 3166 alpha-2 code in capitals; raises NotACountry."""
    code = text.strip().upper()
    if code not in COUNTRIES:
        raise NotACountry
    return code


def readable_host(url: str) -> str:
    """The host of a stored address as a person reads it: without `www.`, punycode decoded."""
    host = (urlsplit(url).hostname or url).removeprefix("www.")
    if host.isascii() and "xn--" not in host:
        return host
    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host


def parse_id(text: str) -> int | None:
    """A row number from a URL, or None where it is none; larger than any row's is none."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return None
    return int(text) if int(text) <= LARGEST_ID else None
