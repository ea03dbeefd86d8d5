"""The order of rows that scikit-learn's stream of random numbers gives."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.training.spread import Spread
from chainrule.training.stream import Stream, stream_of, stream_state

__all__ = ["MARKS_BUDGET", "ShuffledRows"]

MARKS_BUDGET = 16 * 2**20  # bytes of the marks of an order
ROWS_BETWEEN_MARKS = 2**17  # at least: to draw them again takes 2 ms, some 40 times as long as to mark a place


class _Mark(NamedTuple):
    """Where the stream is before epoch ``step``, and the order of the epoch before it."""

    step: int
    stream: Stream
    rows: NDArray[Any]

    @property
    def nbytes(self) -> int:
        """Bytes of its copy."""
        return self.stream.nbytes + 4 * len(self.rows)

    def copy(self) -> "_Mark":
        """Return it with the order in half of the memory."""
        return _Mark(self.step, self.stream, self.rows.astype(np.uint32))


class ShuffledRows:
    """The rows of each epoch as scikit-learn's networks take them: those of the epoch before, shuffled.

    The stream given is left alone: a copy of it is drawn from. Epochs may be asked for again: now and then the place of
    the stream is marked, within a budget, and the nearest mark gone on from. Copies and pickles have no marks.

    Parameters
    ----------
    random : RandomState
        The stream, as it is before the first epoch.
    n_rows : int
    budget : int or None
        Bytes of marks; None is no limit.

    Raises
    ------
    ParameterError
        If the stream is not one of the Mersenne Twister.
    """

    def __init__(self, random: np.random.RandomState, n_rows: int, *, budget: int | None = MARKS_BUDGET) -> None:
        self.n_rows, self.budget = n_rows, budget
        self.beginning = stream_state(random)
        self._random = stream_of(self.beginning)
        self._marks: Spread[_Mark] = Spread(budget)
        self._marks.distance = max(1, ROWS_BETWEEN_MARKS // n_rows)
        self._epoch, self._rows = 0, np.arange(n_rows)
        self._marks.add(_Mark(0, self.beginning, self._rows))
        self._drawn: tuple[int, NDArray[np.int64]] = (0, np.empty((0, n_rows), np.int64))

    def __reduce__(self) -> Any:
        return _shuffled_rows, (self.beginning, self.n_rows)

    def of_epochs(self, first: int, n_epochs: int) -> NDArray[np.int64]:
        """Return the orders of epochs ``first`` to ``first + n_epochs - 1``, (n_epochs, N) int64."""
        begin, orders = self._drawn
        if not begin <= first <= first + n_epochs <= begin + len(orders):
            self._move(first)
            if self._marks.is_due(first):
                self._marks.add(_Mark(first, stream_state(self._random), self._rows))
            begin, orders = self._drawn = first, np.stack([self._next() for _ in range(n_epochs)])
        return orders[first - begin : first - begin + n_epochs]

    def stream_after(self, n_epochs: int) -> Stream:
        """Return the state of the stream after ``n_epochs`` epochs; see ``chainrule.training.stream``."""
        self._move(n_epochs)
        return stream_state(self._random)

    def _move(self, epoch: int) -> None:
        """Go to the beginning of an epoch, by the shortest way."""
        nearest = self._marks.before(epoch)
        if nearest is None and epoch < self._epoch:
            nearest = _Mark(0, self.beginning, np.arange(self.n_rows))
        if nearest is not None and not nearest.step <= self._epoch <= epoch:
            self._epoch, self._rows = nearest.step, nearest.rows.astype(np.int64)
            stream_of(nearest.stream, self._random)
        while self._epoch < epoch:
            self._next()

    def _next(self) -> NDArray[np.int64]:
        """Return the order of the next epoch."""
        positions = np.arange(self.n_rows)
        self._random.shuffle(positions)
        self._epoch, self._rows = self._epoch + 1, self._rows[positions]
        return self._rows


def _shuffled_rows(beginning: Stream, n_rows: int) -> ShuffledRows:
    """Return the order that a copy or a pickle is of."""
    return ShuffledRows(stream_of(beginning), n_rows)
