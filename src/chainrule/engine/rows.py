"""Which rows a step takes: a function of (seed, step) alone, unless their order is given from outside."""

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.session import Settings
from chainrule.errors import ShapeError
from chainrule.network.random import row_order

__all__ = ["RowsOfSteps"]


class RowsOfSteps:
    """The minibatches of a session, each epoch in its own order.

    Parameters
    ----------
    settings : Settings
        batch_size, seed, shuffle and order are read.
    n_rows : int
        Rows of the source.
    """

    def __init__(self, settings: Settings, n_rows: int) -> None:
        self._settings, self._n_rows = settings, n_rows
        self._steps_per_epoch = settings.steps_per_epoch(n_rows)
        self._order_of_epoch: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    @property
    def _is_shuffled(self) -> bool:
        return self._settings.shuffle and self._settings.batch_size < self._n_rows

    def of_step(self, step: int) -> NDArray[np.int64] | slice:
        """Return the rows of a step: their indices, or a slice where they follow one another."""
        batch_size = self._settings.batch_size
        epoch, position = divmod(step, self._steps_per_epoch)
        part = slice(position * batch_size, min((position + 1) * batch_size, self._n_rows))
        if not self._is_shuffled:
            return part
        if self._order_of_epoch[0] != epoch:
            self._order_of_epoch = (epoch, self._order(epoch))
        return self._order_of_epoch[1][part]

    def _order(self, epoch: int) -> NDArray[np.int64]:
        given = self._settings.order
        if given is None:
            return row_order(self._settings.seed, epoch, self._n_rows)
        order: NDArray[np.int64] = checked_orders(given.of_epochs(epoch, 1), (1, self._n_rows))[0]
        return order

    def given_orders(self, first_step: int, n_steps: int) -> tuple[int, NDArray[np.int64] | None]:
        """Return the first epoch that these steps touch, and the orders given for all that they do.

        Returns
        -------
        first_epoch : int
        orders : array (n_epochs, N) or None
            None where the order is the seed's, or the source's own.

        Raises
        ------
        ShapeError
            If the order is not int64 of that shape, C-contiguous.
        """
        first_epoch = first_step // self._steps_per_epoch
        given = self._settings.order
        if given is None or n_steps == 0 or not self._is_shuffled:
            return first_epoch, None
        n_epochs = (first_step + n_steps - 1) // self._steps_per_epoch + 1 - first_epoch
        return first_epoch, checked_orders(given.of_epochs(first_epoch, n_epochs), (n_epochs, self._n_rows))


def checked_orders(orders: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the orders, or raise ShapeError if they are not those of ``shape``, (epochs, rows)."""
    if orders.shape != shape or orders.dtype != np.int64 or not orders.flags.c_contiguous:
        raise ShapeError(
            f"The order of the rows must be C-contiguous int64 of shape {shape} (epochs, rows). "
            f"Got {orders.dtype} of shape {orders.shape}."
        )
    return orders
