"""The command line as it would run some days from now: `REFERRALS_TEST_DAYS=8 python -m tests.browser.later serve`."""

import os
from datetime import datetime, timedelta, tzinfo

from referrals import clock
from referrals.cli import main


class Later(datetime):
    """A calendar that runs ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(days=float(os.environ["REFERRALS_TEST_DAYS"]))


clock.datetime = Later  # type: ignore[attr-defined,misc]
main()
