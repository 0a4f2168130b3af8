"""Money: integers in minor units of an ISO 4217 currency. All rounding of the house is here (`SPEC §8`, P3)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from referrals.errors import RuleBroken
from referrals.wording import N_

# ISO 4217, list one: the currencies whose minor unit is not a hundredth.
EXPONENTS = (
    dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),
        0,
    )
    | dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3)
    | dict.fromkeys(["CLF", "UYW"], 4)
)
HUNDREDTHS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR "
    "MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK "
    "SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD "
    "YER ZAR ZMW ZWG"
).split()
CURRENCIES = frozenset(HUNDREDTHS) | frozenset(EXPONENTS)
LARGEST = 2**63 - 1
WHOLE_BP = 10_000
PLAIN_AMOUNT = re.compile(r"(-?)(\d{1,19})(?:\.(\d{1,4}))?", re.ASCII)


class NotAnAmount(RuleBroken):
    """The text is no amount of money."""

    sentence = N_("Write an amount of money in digits.")


class TooManyDecimals(RuleBroken):
    """The currency has fewer decimals than the amount."""

    sentence = N_("%(currency)s amounts have %(decimals)s decimals at most.")


class AmountTooLarge(RuleBroken):
    """The amount does not fit into 64 bits of minor units."""

    sentence = N_("This amount is too large.")


@dataclass(frozen=True)
class Money:
    """An amount in minor units (88.00 CNY is `Money(8800, "CNY")`)."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return f"{plain(self)} {self.currency}"


def decimals(currency: str) -> int:
    """The number of decimals of a currency: 2 for most, 0 for JPY, 3 for KWD."""
    return EXPONENTS.get(currency, 2)


def plain(money: Money) -> str:
    """The amount with exactly the currency's decimals and a point: `88.00`, `1500`, `-0.005`."""
    places = decimals(money.currency)
    digits = str(abs(money.minor)).rjust(places + 1, "0")
    sign = "-" if money.minor < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def parse(text: str, currency: str) -> Money:
    """Read `88`, `88.5` or `88.00`; raises NotAnAmount, TooManyDecimals, AmountTooLarge."""
    match = PLAIN_AMOUNT.fullmatch(text)
    if match is None:
        raise NotAnAmount
    sign, whole, part = match.group(1), match.group(2), match.group(3) or ""
    places = decimals(currency)
    if len(part) > places:
        raise TooManyDecimals(currency=currency, decimals=places)
    minor = int(whole + part.ljust(places, "0"))
    if minor > LARGEST:
        raise AmountTooLarge
    return Money(-minor if sign else minor, currency)


def round_half_up(numerator: int, denominator: int) -> int:
    """The nearest integer to a fraction that is not negative; a half goes up. Every rounding of the house is this."""
    return (2 * numerator + denominator) // (2 * denominator)


def share_of_rate(minor: int, rate_bp: int) -> int:
    """A rate's share of an amount, in minor units; a half goes up, and below zero it is the mirror image of above."""
    share = round_half_up(abs(minor) * rate_bp, WHOLE_BP)
    return -share if minor < 0 else share


def exact_share(minor: int, rate_bp: int) -> tuple[int, int]:
    """A rate's share of an amount before it is rounded, as numerator and denominator, in minor units."""
    return minor * rate_bp, WHOLE_BP


def split(minor: int, weights: Sequence[int]) -> list[int]:
    """An amount in parts in proportion to weights, by the largest remainder: the parts sum to the whole."""
    total = sum(weights)
    parts = [minor * weight // total for weight in weights]
    remainders = sorted(range(len(weights)), key=lambda place: (-(minor * weights[place] % total), place))
    for place in remainders[: minor - sum(parts)]:
        parts[place] += 1
    return parts


def tax_is_within(gross: int, tax: int, rate: Decimal, *, slack: int) -> bool:
    """Whether an amount holds a tax of this rate rather than having it on top; `slack` is what rounding may take."""
    within = abs(gross * rate / (1 + rate) - tax)
    return within <= slack and within < abs(gross * rate - tax)
