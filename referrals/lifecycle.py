"""State machines: a table of moves, and the one way to change a state."""

from collections.abc import Iterable, Mapping
from typing import Any

from referrals.errors import RuleBroken
from referrals.wording import N_


class IllegalMove(RuleBroken):
    """The table of moves has no way from the present state to the one asked for."""

    sentence = N_("This step is not possible from the present status.")


class Lifecycle:
    """The states of one field and the moves between them.

    >>> door = Lifecycle("state", {"open": ["closed"], "closed": ["open"]})
    """

    def __init__(self, field: str, moves: Mapping[str, Iterable[str]]) -> None:
        self.field = field
        self.moves = {state: tuple(targets) for state, targets in moves.items()}

    @property
    def states(self) -> tuple[str, ...]:
        """All states, in the order of the table."""
        return tuple(self.moves)

    def allows(self, state: str, target: str) -> bool:
        """Whether the table has the move."""
        return target in self.moves[state]

    def move(self, thing: Any, target: str) -> str:
        """Bring `thing` into the state `target`; answers the state it left. Raises IllegalMove."""
        state: str = getattr(thing, self.field)
        if target not in self.moves:
            raise IllegalMove(field=self.field)
        if not self.allows(state, target):
            raise IllegalMove(field=self.field)
        setattr(thing, self.field, target)
        return state
