"""Row weights, checked once at the door."""

__all__ = ["counted_rows"]

import numpy as np
import numpy.typing as npt

from chainrule.errors import ParameterError, ShapeError
from chainrule.table.raw_column import FloatArray


def counted_rows(
    sample_weight: npt.ArrayLike | None, n_rows: int
) -> tuple[npt.NDArray[np.bool_] | None, FloatArray | None]:
    """Return the rows that count (None: all) and their weights (None: all equal); rows of weight zero do not count.

    Parameters
    ----------
    sample_weight : array-like (N,), a number, or None
        Finite, not negative, not all zero.
    n_rows : int
        N.

    Raises
    ------
    ShapeError
        If there is not one weight for each row.
    ParameterError
        If a weight is negative or not finite, naming its row, or all are zero.
    """
    if sample_weight is None:
        return None, None
    weights = np.asarray(sample_weight, dtype=np.float64)
    weights = np.full(n_rows, weights) if weights.ndim == 0 else weights
    if weights.shape != (n_rows,):
        raise ShapeError(
            f"sample_weight must have one weight for each of the {n_rows} rows. Got shape {weights.shape}."
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ParameterError(
            f"sample_weight must be finite and not negative. Got {weights[row]} in row {row} (counting from 0)."
        )
    rows = weights > 0
    if not rows.any():
        raise ParameterError("sample_weight must not be zero for all rows; nothing would be learned.")
    counted = weights[rows]
    equal = bool((counted == counted[0]).all())
    return (None if rows.all() else rows), (None if equal else counted)
