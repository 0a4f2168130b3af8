"""What navigation is made of: places, in groups."""

from dataclasses import dataclass

from flask import request


@dataclass(frozen=True)
class Place:
    """One page in the navigation. `waits` is how much waits there; `covers` are other pages for which it stands.

    One that stands `alone` does not stand for the pages below its path.
    """

    label: str
    path: str
    icon: str
    waits: int = 0
    covers: tuple[str, ...] = ()
    alone: bool = False

    @property
    def is_here(self) -> bool:
        if self.alone:
            return request.path == self.path
        paths = (self.path, *self.covers)
        return any(request.path == path or (path != "/" and request.path.startswith(f"{path}/")) for path in paths)


@dataclass(frozen=True)
class Group:
    """Pages that belong together."""

    label: str
    places: tuple[Place, ...]
