"""Sparse tables: numbers scaled without centring, so that zeros stay zero and nothing is filled in."""

__all__ = ["encode_sparse", "learn_sparse", "open_sparse"]

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from chainrule.errors import TableError
from chainrule.table.plans import DroppedPlan, NumberPlan, Plan
from chainrule.table.raw_column import FloatArray
from chainrule.table.scaling import Scale, weighted_quantiles


def open_sparse(X: Any, *, caller: str, first_row: int = 0) -> scipy.sparse.csr_array[Any]:
    """Return a canonical float64 CSR copy of a sparse matrix or array (N, D) of finite numbers.

    Raises
    ------
    TableError
        If it is empty, not two-dimensional, complex, or a number is NaN or infinite, naming column and row.
    """
    if X.ndim != 2:
        raise TableError(f"Expected 2D array, got {X.ndim}D sparse array instead; reshape it to (rows, columns).")
    for what, count in zip(("sample", "feature"), X.shape, strict=True):
        if count == 0:
            raise TableError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required by {caller}."
            )
    if X.dtype.kind not in "biuf":
        what = "Complex data not supported" if X.dtype.kind == "c" else "sparse tables must hold numbers"
        raise TableError(f"{what}. Got a sparse table of {X.dtype}.")
    table = scipy.sparse.csr_array(X, dtype=np.float64, copy=True)
    table.sum_duplicates()
    table.eliminate_zeros()
    wrong = ~np.isfinite(table.data)
    if wrong.any():
        entry = int(np.argmax(wrong))
        row = int(np.searchsorted(table.indptr, entry, side="right")) - 1
        raise TableError(
            f"column {table.indices[entry]}, row {first_row + row} (counting from 0) holds {table.data[entry]}; "
            "numbers in a sparse table must be finite, and missing values need a dense one"
        )
    return table


def learn_sparse(table: scipy.sparse.csr_array[Any], weights: FloatArray | None) -> list[Plan]:
    """Learn one plan a column: the spread is the median magnitude of the entries that are not zero.

    ``weights`` (N,) > 0 weigh the rows; integer weights are repetitions. Constant columns are dropped.
    """
    n_rows = table.shape[0]
    rows = np.repeat(np.arange(n_rows), np.diff(table.indptr))
    order = np.argsort(table.indices, kind="stable")
    counts = np.bincount(table.indices, minlength=table.shape[1])
    plans: list[Plan] = []
    end = 0
    for name, count in enumerate(counts.tolist()):
        entries, end = order[end : end + count], end + count
        values = table.data[entries]
        if not count or (count == n_rows and (values == values[0]).all()):
            plans.append(DroppedPlan(name, "constant"))
            continue
        present = None if weights is None else weights[rows[entries]]
        median = weighted_quantiles(np.abs(values), (0.5,), present)[0]
        plans.append(NumberPlan(name, Scale(0.0, max(median, float(np.finfo(np.float64).tiny))), gaps=False))
    return plans


def encode_sparse(
    table: scipy.sparse.csr_array[Any], plans: Sequence[Plan], dtype: npt.DTypeLike
) -> scipy.sparse.csr_array[Any]:
    """Scale the entries of a canonical CSR table column by column; ``plans`` are those of `learn_sparse`."""
    spreads = np.array([plan.scale.spread if isinstance(plan, NumberPlan) else 1.0 for plan in plans])
    scaled = table.copy()
    with np.errstate(over="ignore"):  # An infinite quotient is clipped like any large one.
        scaled.data = Scale(0.0, 1.0).apply(table.data / spreads[table.indices])
    kept = np.flatnonzero([isinstance(plan, NumberPlan) for plan in plans])
    encoded: scipy.sparse.csr_array[Any] = scipy.sparse.csr_array(scaled[:, kept] if len(kept) < len(plans) else scaled)
    encoded.data = encoded.data.astype(dtype)
    return encoded
