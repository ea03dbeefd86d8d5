"""Keyframes: copies of what a step depends on, kept now and then within a budget of memory."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.training.spread import Spread

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


class Keyframes(Spread[Keyframe]):
    """The keyframes of a run; ``Spread`` says how they are kept within their budget."""
