"""What can go wrong by rule; each carries the sentence that the person is told (`DESIGN`, house style 4)."""

from referrals.wording import N_


class NotFound(Exception):
    """There is no such thing, or this person may not know of it: both answer alike (P13)."""


class NotAllowed(Exception):
    """The person's role does not include this, whatever it is done to."""


class RuleBroken(Exception):
    """A rule says no. Nothing was changed (P6).

    `sentence` is English and translated where it is shown; `values` fill its `%(name)s` places; `field` names the
    form field beside which it belongs, or is empty.
    """

    sentence = N_("That is not possible.")

    def __init__(self, *, field: str = "", sentence: str = "", **values: object) -> None:
        self.field = field
        self.sentence = sentence or type(self).sentence
        self.values = values
        super().__init__(self.sentence % values if values else self.sentence)


class Conflict(RuleBroken):
    """What is asked contradicts what is recorded."""

    sentence = N_("This contradicts what is already recorded.")


class TooMany(RuleBroken):
    """Asked too often in too short a time."""

    sentence = N_("That was too often in a short time. Please wait a moment and try again.")
