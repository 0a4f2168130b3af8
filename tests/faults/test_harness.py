"""What would pass if the harness saw nothing: faults are planted, and must be found."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from referrals.api import keys
from referrals.db import session
from referrals.leads import operations
from referrals.leads.operations import Submission
from referrals.outbox.operations import post_mail
from referrals.transfer import operations as imports
from referrals.transfer.lead_import import LeadImport
from referrals.transfer.models import ImportRun
from tests.faults.crashing import DOES_NOT_WORK, all_or_nothing, crash_everywhere
from tests.faults.works import PORTION, Works, whole_portions


def commit_before(module: Any, name: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A fault: what was done so far is committed before this function goes on."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)

        def faulty(*args: Any, **kwargs: Any) -> Any:
            session.commit()
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, faulty)

    return plant


def mail_before_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: a mail leaves its transaction before there is what it tells of."""
    real = operations.register_lead

    def faulty(submission: Submission, *args: Any, **kwargs: Any) -> Any:
        post_mail("lead_submitted", {}, to="x@example.org", at=kwargs["at"])
        session.commit()
        return real(submission, *args, **kwargs)

    monkeypatch.setattr(operations, "register_lead", faulty)


def counted_before_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: lines are noted as read in a transaction of their own, before they are taken in."""
    real = imports.importer_of

    def faulty(run: ImportRun, **kwargs: Any) -> Any:
        run.read += PORTION
        session.commit()
        run.read -= PORTION
        return real(run, **kwargs)

    monkeypatch.setattr(imports, "importer_of", faulty)


def taken_before_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault: lines are committed one by one, and noted as read later."""
    commit_before(LeadImport, "count")(monkeypatch)


PLANTED = {
    "a commit between lead and timeline": ("submit", commit_before(operations, "note")),
    "a commit between lead and assignment": ("submit", commit_before(operations, "assign_by_rule")),
    "a commit between lead and mail": ("send_form", commit_before(operations, "confirm_submission")),
    "a commit between lead and search": ("submit", commit_before(operations, "index_leads")),
    "a commit between lead and kept answer": ("call", commit_before(keys, "keep_answer")),
    "a mail before its lead": ("submit", mail_before_truth),
    "lines counted before they are taken": ("import_on_page", counted_before_taken),
    "lines taken before they are counted": ("import_on_page", taken_before_counted),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_the_harness_notices(fault: str, app: Flask, works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    way, plant = PLANTED[fault]
    plant(monkeypatch)
    fits, every = (whole_portions, 3) if way == "import_on_page" else (all_or_nothing, 1)
    first = next(crash_everywhere(app, getattr(works, way), fits=fits, every=every), "")
    assert first
    assert DOES_NOT_WORK not in first
