"""From a target to what a network learns, and back: `NumberTarget`, `ClassTarget`, `LabelSetTarget`."""

__all__ = ["ClassTarget", "LabelSetTarget", "NumberTarget"]

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chainrule.errors import ShapeError, TableError, nearest
from chainrule.table.raw_column import FloatArray
from chainrule.table.target_array import as_target_array, refuse_gaps
from chainrule.table.target_config import read_classes, read_label_count, read_number_target, write_classes
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

        ``clamp`` keeps them in the range of the training rows.
        """
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


class ClassTarget:
    """One class a row.

    Attributes
    ----------
    classes_ : ndarray (K,)
        The classes, sorted, in their own type.
    """

    classes_: npt.NDArray[Any]

    def fit(self, y: Any) -> Self:
        """Learn the classes of y (N,) or (N, 1).

        Raises
        ------
        TableError
            If a target is missing, or classes of different types cannot be sorted.
        """
        labels = _labels(y)
        try:
            self.classes_ = np.unique(labels)
        except TypeError as error:
            kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
            raise TableError(f"the target mixes types ({kinds}); make all classes text or all numbers") from error
        return self

    def encode(self, y: Any, dtype: npt.DTypeLike = np.int64) -> npt.NDArray[np.int64]:
        """Return the position of each row's class in ``classes_``, int64 (N,).

        ``dtype`` is there so that every target is encoded by the same call; codes are int64 whatever it is.

        Raises
        ------
        TableError
            If a class was not there in `fit`, or is missing; naming the first row.
        """
        labels = _labels(y)
        codes = {label: code for code, label in enumerate(self.classes_.tolist())}
        found = np.array([codes.get(label, -1) for label in labels.tolist()], dtype=np.int64)
        if (found < 0).any():
            row = int(np.argmin(found))
            label = labels.tolist()[row]
            known = self.classes_.tolist()
            raise TableError(
                f"the target holds {label!r} in row {row} (counting from 0), which is not one of the "
                f"{len(known)} classes seen in training: {_some(known)}.{nearest(str(label), map(str, known))}"
            )
        return found

    def decode(self, predicted: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return labels (N,): of integer codes (N,), or of probabilities (N, K); (N, 1) are those of the second class.

        Where probabilities are equal, the first class wins.
        """
        codes = np.asarray(predicted)
        if codes.ndim == 2:
            codes = (codes[:, 0] > 0.5).astype(np.int64) if codes.shape[1] == 1 else np.argmax(codes, axis=1)
        labels: npt.NDArray[Any] = self.classes_[codes]
        return labels

    def to_config(self) -> dict[str, Any]:
        """Return the classes as plain JSON values, with their type."""
        return {"classes": write_classes(self.classes_)}

    @classmethod
    def from_config(cls, config: object) -> Self:
        """Restore what `to_config` returned; raises ParameterError for anything else."""
        target = cls()
        target.classes_ = read_classes(config)
        return target


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


def _numbers(y: Any) -> tuple[FloatArray, bool]:
    """Return y as finite float64 (N, K), and whether it was (N,)."""
    array = as_target_array(y)
    refuse_gaps(array)
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TableError(
            f"the target must hold numbers for regression: {error}; train a classifier, or convert it"
        ) from error
    numbers = numbers.reshape(len(numbers), -1)
    infinite = np.isinf(numbers).any(axis=1)
    if infinite.any():
        raise TableError(
            f"the target is infinite in {int(infinite.sum())} of {len(array)} rows, first in row "
            f"{int(np.argmax(infinite))} (counting from 0); correct or drop these rows"
        )
    return numbers, array.ndim == 1


def _labels(y: Any) -> npt.NDArray[Any]:
    array = as_target_array(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        raise ShapeError(f"y must have one class a row, (N,). Got shape {array.shape} instead.")
    refuse_gaps(array)
    return array


def _indicator(y: Any) -> npt.NDArray[Any]:
    array = as_target_array(y)
    if array.ndim != 2:
        raise ShapeError(f"sets of labels must be a matrix (N, K) of 0 and 1. Got shape {array.shape} instead.")
    refuse_gaps(array)
    wrong = ~np.isin(array, (0, 1)).all(axis=1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TableError(
            f"sets of labels must be 0 and 1. Got {_some(array[row].tolist())} in row {row} (counting from 0)."
        )
    return array


def _some(values: Sequence[object]) -> str:
    shown = ", ".join(map(repr, values[:5]))
    return f"{shown}, …" if len(values) > 5 else shown
