"""How values look: moments, days, numbers, amounts, phones, in the reader's language and time zone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, dates, numbers
from flask import Flask, g, request
from flask_babel import get_locale, gettext
from markupsafe import Markup, escape

from referrals.clock import now
from referrals.money import Money, decimals, plain
from referrals.people.rules import initials, masked_phone
from referrals.values import readable_host, readable_phone
from referrals.web.language import html_language, text_direction
from referrals.web.visitor import visitor_or_none

KNOWN_ENGLISH = {"en_us", "en_gb", "en_ca", "en_au", "en_nz", "en_ie", "en_in", "en_za", "en_sg"}


def init_app(app: Flask) -> None:
    """Give templates these filters."""
    own: dict[str, Callable[..., Any]] = {
        "moment": moment,
        "when": when,
        "day": day,
        "month_name": month_name,
        "number": number,
        "amount": amount,
        "percent": percent,
        "phone": readable_phone,
        "host": readable_host,
        "bare_url": bare_url,
        "initials": initials,
        "country": country,
        "paragraphs": paragraphs,
        "browser": browser,
        "called": called,
    }
    app.jinja_env.filters.update(own)
    app.jinja_env.globals.update(html_language=html_language, text_direction=text_direction)


def zone() -> ZoneInfo:
    """The reader's time zone: from the profile, else as their browser told, else UTC."""
    if "zone" not in g:
        here = visitor_or_none()
        g.zone = known_zone((here.person.time_zone if here else None) or request.cookies.get("tz", ""))
    found: ZoneInfo = g.zone
    return found


@contextmanager
def in_zone(name: str) -> Iterator[None]:
    """Tell times as they are in this zone, whoever asks; for mails."""
    before = g.get("zone")
    g.zone = known_zone(name)
    try:
        yield
    finally:
        if before is None:
            del g.zone
        else:
            g.zone = before


def known_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def dates_locale() -> Locale:
    """The locale of days and times: English ones by the reader's region, else day before month, 24 hours."""
    locale = get_locale()
    if locale.language != "en":
        return locale
    for tag, _quality in request.accept_languages:
        if tag.lower().startswith("en-") and tag.lower().replace("-", "_") in KNOWN_ENGLISH:
            return Locale("en", tag[3:5].upper())
    return Locale("en", "150")


def moment(value: datetime | str | None) -> Markup:
    """A time as people say it (`Today, 14:03`), with the full one on hover."""
    if value is None:
        return Markup("")
    value = as_moment(value)
    return timed(value, zone(), dates_locale(), spoken_moment(value.astimezone(zone())))


def when(value: datetime | str | None) -> Markup:
    """For tables: the time of today, the day of what was before, with the full time on hover."""
    if value is None:
        return Markup("")
    here = zone()
    return shortly(as_moment(value), here, dates_locale(), now().astimezone(here).date())


@lru_cache(maxsize=10_000)
def shortly(value: datetime, here: ZoneInfo, locale: Locale, today: date) -> Markup:
    # Writing out a date is slow, and a table is looked at again and again with hardly a row changed.
    local = value.astimezone(here)
    if local.date() == today:
        return timed(value, here, locale, dates.format_time(local, "short", locale=locale))
    return timed(value, here, locale, spoken_day(local.date(), locale, today.year))


def as_moment(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def timed(value: datetime, here: ZoneInfo, locale: Locale, spoken: str) -> Markup:
    full = dates.format_datetime(value.astimezone(here), "full", locale=locale)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(), full, spoken)


def spoken_moment(local: datetime) -> str:
    locale = dates_locale()
    clock = dates.format_time(local, "short", locale=locale)
    today = now().astimezone(zone()).date()
    if local.date() == today:
        return gettext("Today, %(time)s", time=clock)
    if local.date() == today - timedelta(days=1):
        return gettext("Yesterday, %(time)s", time=clock)
    if local.year == today.year:
        return gettext("%(day)s, %(time)s", day=dates.format_skeleton("MMMd", local, locale=locale), time=clock)
    return dates.format_date(local, "medium", locale=locale)


def day(value: date | datetime | str | None) -> str:
    """A day: `20 Nov` this year, `20 Nov 2025` else."""
    if value is None:
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
    if isinstance(value, datetime):
        value = value.astimezone(zone()).date()
    return spoken_day(value, dates_locale(), now().year)


def spoken_day(value: date, locale: Locale, this_year: int) -> str:
    if value.year == this_year:
        return str(dates.format_skeleton("MMMd", value, locale=locale))
    return str(dates.format_date(value, "medium", locale=locale))


def month_name(value: date) -> str:
    """A month with its year: `November 2026`."""
    return str(dates.format_skeleton("yMMMM", value, locale=dates_locale()))


def number(value: int) -> str:
    """A whole number with the separators of the language."""
    return numbers.format_decimal(value, locale=get_locale())


def amount(minor: int | None, currency: str | None) -> str:
    """An amount of minor units with its currency."""
    if minor is None or not currency:
        return ""
    places = decimals(currency)
    text: str = numbers.format_currency(
        plain(Money(minor, currency)), currency, locale=get_locale(), currency_digits=places == 2
    )
    return text


def bare_url(url: str) -> str:
    """An address without its scheme, as people write it."""
    return url.partition("://")[2].removesuffix("/")


def percent(bp: int | None) -> str:
    """Basis points as a percentage, with the decimals that it needs."""
    if bp is None:
        return ""
    share = Decimal(bp).scaleb(-4)
    return str(numbers.format_percent(share, locale=get_locale(), decimal_quantization=False))


def country(code: str) -> str:
    """The name of a country in the reader's language; what is no code is shown as it stands."""
    locale = get_locale()
    return str(locale.territories.get(code, code)) if locale else code


def called(person: Any) -> str:
    """How a salesperson is shown, of a person or of a row with both: the nickname, or the masked phone."""
    return str(person.nickname or masked_phone(person.phone or ""))


def paragraphs(text: str) -> Markup:
    """Text of several lines: blank lines part paragraphs, line ends break lines. Everything is escaped."""
    parts = [Markup("<br>").join(escape(line) for line in part.split("\n")) for part in text.split("\n\n") if part]
    return Markup("").join(Markup("<p dir='auto'>{}</p>").format(part) for part in parts)


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def browser(user_agent: str) -> str:
    """A browser as its owner would call it."""
    program = next((name for sign, name in BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    if program and system:
        return gettext("%(program)s on %(system)s", program=program, system=system)
    return program or system or gettext("A program")
