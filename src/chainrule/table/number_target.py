"""Numbers as a target."""

__all__ = ["NumberTarget"]

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chainrule.errors import ShapeError, TableError
from chainrule.table.raw_column import FloatArray
from chainrule.table.target_array import as_target_array, refuse_gaps
from chainrule.table.target_config import read_number_target
from chainrule.table.weights import counted_rows


class NumberTarget:
    """Numbers, standardised for training and returned in their own units.

    Attributes
    ----------
    mean_, std_ : ndarray of float64, shape (K,)
        Weighted, of the training rows; a standard deviation of 0 is replaced by 1.
    low_, high_ : ndarray of float64, shape (K,)
        The range of the training rows.
    n_outputs : int
        K.
    """

    mean_: FloatArray
    std_: FloatArray
    low_: FloatArray
    high_: FloatArray
    _flat: bool

    @property
    def n_outputs(self) -> int:
        """Number of targets, K."""
        return len(self.mean_)

    def fit(self, y: Any, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Learn mean, standard deviation and range of the targets (N,) or (N, K), in float64.

        Raises
        ------
        TableError
            If a target is missing, infinite or no number; naming the first row.
        ParameterError, ShapeError
            If ``sample_weight`` (N,) breaks its rule.
        """
        numbers, self._flat = _numbers(y)
        rows, weights = counted_rows(sample_weight, len(numbers))
        numbers = numbers if rows is None else numbers[rows]
        self.low_, self.high_ = numbers.min(axis=0), numbers.max(axis=0)
        # In units of the largest magnitude, squares of 1e300 and of 1e-300 neither overflow nor vanish.
        unit = np.abs(numbers).max(axis=0)
        unit[unit == 0] = 1
        mean = np.average(numbers / unit, axis=0, weights=weights)
        variance = np.average(np.square(numbers / unit - mean), axis=0, weights=weights)
        self.mean_ = np.clip(mean * unit, self.low_, self.high_)
        self.std_ = np.where(self.low_ == self.high_, 1.0, np.sqrt(variance) * unit)
        self.std_[self.std_ == 0] = 1
        return self

    def encode(self, y: Any, dtype: npt.DTypeLike = np.float32) -> npt.NDArray[np.floating]:
        """Return (y − mean) / std, shape (N, K); y (N,) or (N, K) as in `fit`.

        Raises
        ------
        TableError
            If a target is missing, infinite or no number; naming the first row.
        ShapeError
            If K is another than in `fit`.
        """
        numbers, _ = _numbers(y)
        if numbers.shape[1] != self.n_outputs:
            raise ShapeError(f"y has {numbers.shape[1]} targets, but {self.n_outputs} are expected, as in training.")
        return ((numbers - self.mean_) / self.std_).astype(dtype)

    def decode(self, predicted: npt.ArrayLike, *, clamp: bool = False) -> FloatArray:
        """Return predictions (N, K) in the target's own units; (N,) if `fit` saw (N,).

        ``clamp`` keeps them in the range of the training rows; without it, what is beyond float64 is infinite.
        """
        with np.errstate(over="ignore"):
            numbers = np.asarray(predicted, dtype=np.float64) * self.std_ + self.mean_
        if clamp:
            numbers = np.clip(numbers, self.low_, self.high_)
        return numbers[:, 0] if self._flat else numbers

    def to_config(self) -> dict[str, Any]:
        """Return what was learned as plain JSON values."""
        learned = {name: getattr(self, name + "_").tolist() for name in ("mean", "std", "low", "high")}
        return {**learned, "flat": self._flat}

    @classmethod
    def from_config(cls, config: object) -> Self:
        """Restore what `to_config` returned; raises ParameterError for anything else."""
        target = cls()
        target.mean_, target.std_, target.low_, target.high_, target._flat = read_number_target(config)
        return target


def _refuse_words(array: npt.NDArray[Any]) -> None:
    """Raise a `TableError` that names the first row in which a target without gaps holds no number."""
    for row, cells in enumerate(array.reshape(len(array), -1).tolist()):
        for cell in cells:
            if not _is_number(cell):
                raise TableError(
                    f"the target must hold numbers for regression, but row {row} (counting from 0) holds {cell!r}; "
                    "correct the value or drop the row, or train a classifier if it names classes"
                )


def _is_number(cell: object) -> bool:
    try:
        return not np.isnan(float(cell))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False


def _numbers(y: Any) -> tuple[FloatArray, bool]:
    """Return y as finite float64 (N, K), and whether it was (N,)."""
    array = as_target_array(y)
    refuse_gaps(array)
    if array.dtype.kind in "UTO":
        _refuse_words(array)
    numbers = array.astype(np.float64).reshape(len(array), -1)
    infinite = np.isinf(numbers).any(axis=1)
    if infinite.any():
        raise TableError(
            f"the target is infinite in {int(infinite.sum())} of {len(array)} rows, first in row "
            f"{int(np.argmax(infinite))} (counting from 0); correct or drop these rows"
        )
    return numbers, array.ndim == 1
