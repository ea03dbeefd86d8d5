"""Classes as a target."""

__all__ = ["ClassTarget"]

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from chainrule.errors import ShapeError, TableError, nearest
from chainrule.table.target_array import as_target_array, refuse_gaps
from chainrule.table.target_config import read_classes, write_classes


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


def _labels(y: Any) -> npt.NDArray[Any]:
    array = as_target_array(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        raise ShapeError(f"y must have one class a row, (N,). Got shape {array.shape} instead.")
    refuse_gaps(array)
    return array


def _some(values: Sequence[object]) -> str:
    shown = ", ".join(map(repr, values[:5]))
    return f"{shown}, …" if len(values) > 5 else shown
