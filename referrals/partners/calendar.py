"""The calendar of the programme: its months and days begin in its time zone (`SPEC §4`)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, column, select, table

from referrals.db import session

# The settings belong to leads, which stand above partners: they are read by name.
SETTINGS = table("programme_settings", column("name"), column("value", JSON))
DEFAULT = "UTC"


def programme_zone() -> ZoneInfo:
    """The time zone of the programme."""
    stored = session.scalar(select(SETTINGS.c.value).where(SETTINGS.c.name == "time_zone"))
    return ZoneInfo(stored["is"] if stored else DEFAULT)


def day_of(moment: datetime) -> date:
    """The programme's day at a moment."""
    return moment.astimezone(programme_zone()).date()
