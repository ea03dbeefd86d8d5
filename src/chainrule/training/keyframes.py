"""Keyframes: copies of what a step depends on, kept now and then within a budget of memory."""

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Keyframe", "Keyframes"]

Floats = NDArray[np.floating[Any]]


class Keyframe(NamedTuple):
    """Weights (P,) and the optimizer's vectors (each (P,)) when ``step`` steps had been taken."""

    step: int
    weights: Floats
    vectors: tuple[Floats, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of all its arrays."""
        return self.weights.nbytes + sum(vector.nbytes for vector in self.vectors)


class Keyframes:
    """Keyframes in order of their steps, thinned when they outgrow their budget.

    When they do, the smallest distance between two of them doubles, and those that are closer to the one before are
    dropped: so they stay spread over the whole run. The first and the last one stay.

    Parameters
    ----------
    budget : int or None
        Bytes; None is no limit. With room for fewer than two, none is kept.
    """

    def __init__(self, budget: int | None) -> None:
        self.budget = budget
        self.distance = 1
        self._frames: list[Keyframe] = []

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[Keyframe]:
        return iter(self._frames)

    @property
    def nbytes(self) -> int:
        """Bytes of all keyframes."""
        return sum(frame.nbytes for frame in self._frames)

    def is_due(self, step: int) -> bool:
        """Whether a keyframe at a step would be far enough from the last one."""
        return not self._frames or step - self._frames[-1].step >= self.distance

    def add(self, step: int, weights: Floats, vectors: tuple[Floats, ...]) -> None:
        """Keep copies as the last keyframe, however close it is to the one before, and thin the others."""
        size = weights.nbytes * (1 + len(vectors))
        most = None if self.budget is None else self.budget // size
        if most is not None and most < 2:
            return
        frame = Keyframe(step, weights.copy(), tuple(vector.copy() for vector in vectors))
        self._frames.append(frame)
        while most is not None and len(self._frames) > most:
            self._thin()

    def _thin(self) -> None:
        self.distance *= 2
        kept = self._frames[:1]
        for frame in self._frames[1:-1]:
            if frame.step - kept[-1].step >= self.distance:
                kept.append(frame)
        self._frames = [*kept, self._frames[-1]]

    def drop_after(self, step: int) -> None:
        """Drop keyframes after a step: what followed was undone."""
        del self._frames[bisect_right(self._frames, step, key=lambda frame: frame.step) :]

    def before(self, step: int) -> Keyframe | None:
        """Return the last keyframe that is not after a step."""
        place = bisect_right(self._frames, step, key=lambda frame: frame.step)
        return self._frames[place - 1] if place else None
