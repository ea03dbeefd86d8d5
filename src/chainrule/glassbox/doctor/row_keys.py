"""Keys of rows: rows that are alike in every column have the same, so that those of a large table are found at once."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["KeyedRows", "keys_of_column", "keys_of_rows"]

PIECE = 2**17  # cells that are hashed at a time, to stay in the cache

Keys = NDArray[np.uint64]

_FACTORS = np.array([0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)  # SplitMix64's


class KeyedRows(NamedTuple):
    """All rows of a table.

    ``keys`` (N,) are the same for rows that are alike in every column, and else different (of a million rows two
    collide in one table of 3·10⁷); ``target`` is (N,) class codes or (N, K) numbers, ``numbers`` (N,) where they are in
    the table.
    """

    keys: Keys
    target: NDArray[Any]
    numbers: NDArray[np.int64]


def keys_of_rows(X: Any) -> Keys:
    """Return the keys (N,) of the rows of X, an array or CSR matrix of shape (N, D): the sums of their columns' keys.

    A gap is like another gap. Zeros that a sparse matrix stores are like those that it leaves out.
    """
    if not isinstance(X, np.ndarray):
        return _keys_of_sparse(X)
    keys = np.empty(len(X), dtype=np.uint64)
    columns = np.arange(X.shape[1])
    n_rows = max(PIECE // max(X.shape[1], 1), 1)
    for start in range(0, len(X), n_rows):
        keys[start : start + n_rows] = _hashed(X[start : start + n_rows], columns).sum(axis=1)
    return keys


def keys_of_column(values: NDArray[Any], j: int) -> Keys:
    """Return the keys (N,) of column j's values (N,)."""
    return _hashed(values, np.array([j]))


def _keys_of_sparse(X: Any) -> Keys:
    keys = np.zeros(X.shape[0], dtype=np.uint64)
    cells = X.tocoo()
    is_filled = cells.data != 0
    hashed = _hashed(cells.data[is_filled], cells.col[is_filled])
    np.add.at(keys, cells.row[is_filled], hashed)
    return keys


def _hashed(values: NDArray[Any], columns: NDArray[np.integer[Any]]) -> Keys:
    """Return a hash of every value and its column, in the shape that they broadcast to."""
    plain = values.astype(np.float64) + 0.0  # −0 is 0
    plain[np.isnan(plain)] = np.nan  # NaNs have many bit patterns
    return _mixed(plain.view(np.uint64) + _mixed(columns.astype(np.uint64) + np.uint64(1)))


def _mixed(z: Keys) -> Keys:
    """Return SplitMix64's hash of every number."""
    z = (z ^ (z >> np.uint64(30))) * _FACTORS[0]
    z = (z ^ (z >> np.uint64(27))) * _FACTORS[1]
    return np.asarray(z ^ (z >> np.uint64(31)))
