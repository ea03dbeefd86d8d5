"""A collection spread over a run: kept now and then, and thinned within a budget of memory."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Generic, Protocol, Self, TypeVar

__all__ = ["Spread"]


class _Kept(Protocol):
    """Something of a run that is kept, with its place in the run and its size."""

    @property
    def step(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def copy(self) -> Self: ...


Kept = TypeVar("Kept", bound=_Kept)


class Spread(Generic[Kept]):
    """Things in order of their steps, all of one size, thinned when they outgrow their budget.

    When they do, the smallest distance between two of them doubles, and those that are closer to the one before are
    dropped: so they stay spread over the whole run. The first and the last one stay. A subclass may keep them elsewhere
    than in memory.

    Parameters
    ----------
    budget : int or None
        Bytes; None is no limit. With room for fewer than two, none is kept.

    Attributes
    ----------
    steps : list of int
        Where there is one, ascending.
    distance : int
        Steps from the last one after which the next is due.
    """

    def __init__(self, budget: int | None) -> None:
        self.budget = budget
        self.distance = 1
        self.steps: list[int] = []
        self._bytes_each = 0
        self._kept: dict[int, Kept] = {}

    def _store(self, one: Kept) -> None:
        """Keep one, whose arrays may change afterwards."""
        self._kept[one.step] = one.copy()

    def _load(self, step: int) -> Kept:
        """Return the one of a step."""
        return self._kept[step]

    def _discard(self, step: int) -> None:
        """Forget the one of a step."""
        del self._kept[step]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Kept]:
        return map(self._load, self.steps)

    @property
    def nbytes(self) -> int:
        """Bytes of all of them."""
        return self._bytes_each * len(self.steps)

    def is_due(self, step: int) -> bool:
        """Whether one at a step would be far enough from the last one."""
        return not self.steps or step - self.steps[-1] >= self.distance

    def add(self, one: Kept) -> None:
        """Keep a copy as the last one, and thin the others.

        It may be closer to the one before than ``distance``; then it stays only until the next one comes.
        """
        most = None if self.budget is None else self.budget // one.nbytes
        if most is not None and most < 2:
            return
        if len(self.steps) > 1 and self.steps[-1] - self.steps[-2] < self.distance:
            self._keep(self.steps[:-1])
        self._store(one)
        self.steps.append(one.step)
        while most is not None and len(self.steps) > most:
            self._thin()
        self._bytes_each = one.nbytes

    def _thin(self) -> None:
        self.distance *= 2
        kept = self.steps[:1]
        for step in self.steps[1:-1]:
            if step - kept[-1] >= self.distance:
                kept.append(step)
        self._keep([*kept, self.steps[-1]])

    def drop_after(self, step: int) -> None:
        """Drop those after a step: what followed was undone."""
        self._keep(self.steps[: bisect_right(self.steps, step)])

    def _keep(self, steps: list[int]) -> None:
        for step in set(self.steps) - set(steps):
            self._discard(step)
        self.steps = steps

    def before(self, step: int) -> Kept | None:
        """Return the last one that is not after a step."""
        place = bisect_right(self.steps, step)
        return self._load(self.steps[place - 1]) if place else None
