"""The order of rows by a ``RandomState`` on another generator than the Mersenne Twister: drawn, not recorded.

``chainrule.training.shuffled_rows`` has the place of a Mersenne Twister as one array, which records and files hold.
"""

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from chainrule.training.shuffled_rows import ShuffledRows
from chainrule.training.stream import stream_of

__all__ = ["DrawnRows", "go_on_after"]


class DrawnRows:
    """The rows of each epoch as scikit-learn's networks take them: those of the epoch before, shuffled.

    The stream given is left alone: a copy of it is drawn from. Epochs before the ones last asked for are drawn again
    from the beginning.

    Parameters
    ----------
    random : RandomState
        The stream, as it is before the first epoch.
    n_rows : int
    """

    def __init__(self, random: np.random.RandomState, n_rows: int) -> None:
        self._beginning = self._recent = 0, np.arange(n_rows), deepcopy(random)
        self._drawn: tuple[int, NDArray[np.int64]] = (0, np.empty((0, n_rows), np.int64))

    def of_epochs(self, first: int, n_epochs: int) -> NDArray[np.int64]:
        """Return the orders of epochs ``first`` to ``first + n_epochs - 1``, (n_epochs, N) int64."""
        if self._drawn[0] != first or len(self._drawn[1]) != n_epochs:
            self._move(first)
            _, rows, random = self._recent
            random = deepcopy(random)
            self._drawn = first, np.array([rows := rows[_shuffled(random, len(rows))] for _ in range(n_epochs)])
        return self._drawn[1]

    def stream_after(self, n_epochs: int) -> np.random.RandomState:
        """Return a stream that is where the one given would be after ``n_epochs`` epochs."""
        self._move(n_epochs)
        return deepcopy(self._recent[2])

    def _move(self, to: int) -> None:
        """Go to the beginning of an epoch."""
        epoch, rows, random = deepcopy(self._recent if self._recent[0] <= to else self._beginning)
        for _ in range(epoch, to):
            rows = rows[_shuffled(random, len(rows))]
        self._recent = to, rows, random


def _shuffled(random: np.random.RandomState, n_rows: int) -> NDArray[np.int64]:
    positions = np.arange(n_rows)
    random.shuffle(positions)
    return positions


def go_on_after(order: ShuffledRows | DrawnRows, n_epochs: int, random: np.random.RandomState) -> None:
    """Put the stream that an order began with where it would be after ``n_epochs`` epochs."""
    if isinstance(order, ShuffledRows):
        stream_of(order.stream_after(n_epochs), random)
    else:
        random.set_state(order.stream_after(n_epochs).get_state(legacy=False))
