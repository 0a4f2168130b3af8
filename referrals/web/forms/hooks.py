"""The form of an address that programs listen at."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from referrals.outbox.hook_events import EVENTS
from referrals.web.forms import Form, line, options


class HookForm(Form):
    """Where a program listens, and what it hears of."""

    url = line(
        _l("Address"),
        longest=2000,
        description=_l("We send to it by POST. It answers with 200 within ten seconds."),
        render_kw={"type": "url", "placeholder": "https://hooks.example.org/partners", "autocapitalize": "none"},
    )
    events = SelectMultipleField(
        _l("What it hears of"),
        validate_choice=False,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, heard: Sequence[str]) -> "HookForm":
        """Offer these events, by the words of the table."""
        self.events.choices = options((name, gettext(EVENTS[name].sentence)) for name in heard)
        return self

    def chosen(self) -> dict[str, Any]:
        """What was typed and ticked."""
        return {"url": self.url.data or "", "events": list(self.events.data or [])}
