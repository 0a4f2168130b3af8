"""A planted fault to be run as a program: `referrals serve`, answering calls, webhooks, clicks before their commit."""

import sys
import time
from typing import Any

from flask import Response, after_this_request

from referrals.api import keys, webhooks
from referrals.cli import main
from referrals.db import session
from referrals.web import together

SECONDS_LATE = 0.05


class LateCommits:
    """Stands for the session where answers are made: a commit comes a moment after the answer has left."""

    def commit(self) -> None:
        unfinished = session.registry()
        session.registry.clear()

        def finish() -> None:
            time.sleep(SECONDS_LATE)
            unfinished.commit()
            unfinished.close()

        @after_this_request
        def commit_later(response: Response) -> Response:
            response.call_on_close(finish)
            return response

    def __getattr__(self, name: str) -> Any:
        return getattr(session, name)


if __name__ == "__main__":
    keys.session = webhooks.session = together.session = LateCommits()
    main(sys.argv[1:])
