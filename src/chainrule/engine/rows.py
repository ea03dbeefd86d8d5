"""Which rows a step takes: a function of (seed, step) alone."""

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.session import Settings
from chainrule.network.random import row_order

__all__ = ["RowsOfSteps"]


class RowsOfSteps:
    """The minibatches of a session, each epoch in its own order.

    Parameters
    ----------
    settings : Settings
        batch_size, seed and shuffle are read.
    n_rows : int
        Rows of the source.
    """

    def __init__(self, settings: Settings, n_rows: int) -> None:
        self._settings, self._n_rows = settings, n_rows
        self._steps_per_epoch = settings.steps_per_epoch(n_rows)
        self._order_of_epoch: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    def of_step(self, step: int) -> NDArray[np.int64] | slice:
        """Return the rows of a step: their indices, or a slice where they follow one another."""
        batch_size = self._settings.batch_size
        epoch, position = divmod(step, self._steps_per_epoch)
        part = slice(position * batch_size, min((position + 1) * batch_size, self._n_rows))
        if batch_size >= self._n_rows or not self._settings.shuffle:
            return part
        if self._order_of_epoch[0] != epoch:
            self._order_of_epoch = (epoch, row_order(self._settings.seed, epoch, self._n_rows))
        return self._order_of_epoch[1][part]
