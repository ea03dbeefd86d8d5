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

    def copy(self) -> "Keyframe":
        """Return a copy that nobody can write to."""
        arrays = [array.copy() for array in (self.weights, *self.vectors)]
        for array in arrays:
            array.setflags(write=False)
        return Keyframe(self.step, arrays[0], tuple(arrays[1:]))


class Keyframes:
    """Keyframes in order of their steps, thinned when they outgrow their budget.

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
        Where there is a keyframe, ascending.
    distance : int
        Steps from the last keyframe after which the next is due.
    """

    def __init__(self, budget: int | None) -> None:
        self.budget = budget
        self.distance = 1
        self.steps: list[int] = []
        self._frame_bytes = 0
        self._frames: dict[int, Keyframe] = {}

    def _store(self, frame: Keyframe) -> None:
        """Keep a keyframe, whose arrays may change afterwards."""
        self._frames[frame.step] = frame.copy()

    def _load(self, step: int) -> Keyframe:
        """Return the keyframe of a step."""
        return self._frames[step]

    def _discard(self, step: int) -> None:
        """Forget the keyframe of a step."""
        del self._frames[step]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Keyframe]:
        return map(self._load, self.steps)

    @property
    def nbytes(self) -> int:
        """Bytes of all keyframes."""
        return self._frame_bytes * len(self.steps)

    def is_due(self, step: int) -> bool:
        """Whether a keyframe at a step would be far enough from the last one."""
        return not self.steps or step - self.steps[-1] >= self.distance

    def add(self, frame: Keyframe) -> None:
        """Keep a copy as the last keyframe, and thin the others.

        It may be closer to the one before than ``distance``; then it stays only until the next one comes.
        """
        most = None if self.budget is None else self.budget // frame.nbytes
        if most is not None and most < 2:
            return
        if len(self.steps) > 1 and self.steps[-1] - self.steps[-2] < self.distance:
            self._keep(self.steps[:-1])
        self._store(frame)
        self.steps.append(frame.step)
        while most is not None and len(self.steps) > most:
            self._thin()
        self._frame_bytes = frame.nbytes

    def _thin(self) -> None:
        self.distance *= 2
        kept = self.steps[:1]
        for step in self.steps[1:-1]:
            if step - kept[-1] >= self.distance:
                kept.append(step)
        self._keep([*kept, self.steps[-1]])

    def drop_after(self, step: int) -> None:
        """Drop keyframes after a step: what followed was undone."""
        self._keep(self.steps[: bisect_right(self.steps, step)])

    def _keep(self, steps: list[int]) -> None:
        for step in set(self.steps) - set(steps):
            self._discard(step)
        self.steps = steps

    def before(self, step: int) -> Keyframe | None:
        """Return the last keyframe that is not after a step."""
        place = bisect_right(self.steps, step)
        return self._load(self.steps[place - 1]) if place else None
