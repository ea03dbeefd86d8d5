"""Sets of labels as a target."""

__all__ = ["LabelSetTarget"]

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chainrule.errors import ShapeError, TableError
from chainrule.table.target_array import as_target_array, refuse_gaps
from chainrule.table.target_config import read_label_count


class LabelSetTarget:
    """A set of labels a row: a matrix (N, K) of 0 and 1.

    Attributes
    ----------
    n_outputs : int
        K.
    """

    n_outputs: int

    def fit(self, y: Any) -> Self:
        """Learn the number of labels of y (N, K).

        Raises
        ------
        TableError
            If y holds anything but 0 and 1; naming the first row.
        ShapeError
            If y is not two-dimensional.
        """
        self.n_outputs = _indicator(y).shape[1]
        return self

    def encode(self, y: Any, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[np.floating]:
        """Return y as 0 and 1 of ``dtype``, shape (N, K)."""
        indicator = _indicator(y)
        if indicator.shape[1] != self.n_outputs:
            raise ShapeError(f"y has {indicator.shape[1]} labels, but {self.n_outputs} are expected, as in training.")
        return indicator.astype(dtype)

    def decode(self, predicted: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Return the labels whose probability (N, K) is above one half, as 0 and 1."""
        return (np.asarray(predicted) > 0.5).astype(np.int64)

    def to_config(self) -> dict[str, Any]:
        """Return what was learned as plain JSON values."""
        return {"labels": self.n_outputs}

    @classmethod
    def from_config(cls, config: object) -> Self:
        """Restore what `to_config` returned; raises ParameterError for anything else."""
        target = cls()
        target.n_outputs = read_label_count(config)
        return target


def _indicator(y: Any) -> npt.NDArray[Any]:
    array = as_target_array(y)
    if array.ndim != 2:
        raise ShapeError(f"sets of labels must be a matrix (N, K) of 0 and 1. Got shape {array.shape} instead.")
    refuse_gaps(array)
    wrong = ~np.isin(array, (0, 1)).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TableError(f"sets of labels must be 0 and 1. Got {array[row].tolist()} in row {row} (counting from 0).")
    return array
