"""The audit log calls everything that it records by words of the reader's language."""

import re

from referrals.config import ROOT
from referrals.web.audit_words import ACTIONS


def test_every_action_that_is_recorded_has_words() -> None:
    code = "\n".join(file.read_text() for file in (ROOT / "referrals").rglob("*.py"))
    recorded = set(re.findall(r'audit\.record\(\s*"([a-z_]+)"', code))
    assert len(recorded) > 20
    assert recorded - ACTIONS.keys() == set()
