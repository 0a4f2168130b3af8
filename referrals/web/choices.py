"""Short lists to choose from, in the order of the reader's language."""

from collections.abc import Iterable

from referrals.normal_form import normal_form


def by_label(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs of value and label, sorted by label without regard to case and accents, then with it."""
    return sorted(pairs, key=lambda pair: (normal_form(pair[1]), pair[1]))
