"""The order of rows that scikit-learn's stream of random numbers gives."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["ShuffledRows"]


class _Mark(NamedTuple):
    """Where the stream is before an epoch, and the order of the epoch before it."""

    epoch: int
    state: Any
    rows: NDArray[np.int64]


class ShuffledRows:
    """The rows of each epoch as scikit-learn's networks take them: those of the epoch before, shuffled.

    The stream given is left alone: a copy of it is drawn from. Epochs may be asked for again; the stream then goes
    back to where it was before the last ones drawn, or to the beginning.

    Parameters
    ----------
    random : RandomState
        The stream, as it is before the first epoch.
    n_rows : int
    """

    def __init__(self, random: np.random.RandomState, n_rows: int) -> None:
        self._random = np.random.RandomState(0)  # any seed: asking the system for one takes longer
        self._first = self._recent = _Mark(0, random.get_state(), np.arange(n_rows))
        self._drawn: tuple[int, NDArray[np.int64]] = (0, np.empty((0, n_rows), np.int64))
        self._go_to(self._first)

    def of_epochs(self, first: int, n_epochs: int) -> NDArray[np.int64]:
        """Return the orders of epochs ``first`` to ``first + n_epochs - 1``, (n_epochs, N) int64."""
        if self._drawn[0] != first or len(self._drawn[1]) != n_epochs:
            self._move(first)
            self._recent = _Mark(first, self._random.get_state(), self._rows)
            orders = np.empty((n_epochs, len(self._rows)), np.int64)
            for order in orders:
                order[:] = self._next()
            self._drawn = first, orders
        return self._drawn[1]

    def stream_after(self, n_epochs: int) -> Any:
        """Return the state of the stream after ``n_epochs`` epochs, as ``RandomState.set_state`` takes it."""
        self._move(n_epochs)
        return self._random.get_state()

    def _move(self, epoch: int) -> None:
        """Go to the beginning of an epoch, by the shortest way."""
        if epoch < self._epoch:
            self._go_to(self._recent if epoch >= self._recent.epoch else self._first)
        while self._epoch < epoch:
            self._next()

    def _go_to(self, mark: _Mark) -> None:
        self._epoch, self._rows = mark.epoch, mark.rows
        self._random.set_state(mark.state)

    def _next(self) -> NDArray[np.int64]:
        """Return the order of the next epoch."""
        positions = np.arange(len(self._rows))
        self._random.shuffle(positions)
        self._epoch, self._rows = self._epoch + 1, self._rows[positions]
        return self._rows
