"""Checksums: of weights, and of the rows of a training."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from chainrule.engine import Source

__all__ = ["digest", "source_arrays", "source_fingerprint"]

WHOLE_BYTES = 8 * 2**20  # arrays up to this size are read whole
SAMPLE_BYTES = 2**20  # of larger ones, about so much


def digest(weights: NDArray[Any]) -> str:
    """Return the SHA-256 of an array's bytes."""
    return hashlib.sha256(np.ascontiguousarray(weights).view(np.uint8).data).hexdigest()


def source_fingerprint(source: Source) -> str:
    """Return the SHA-256 of encoded rows, target and weights, with their dtypes and shapes.

    It is there to refuse another table at once. Of arrays above 8 MiB some 1 MiB is read, evenly spread, so that it
    costs a fit little; whether all that a step depends on is the same, the weights' checksums tell.
    """
    hashed = hashlib.sha256()
    for array in source_arrays(source):
        hashed.update(f"{array.dtype} {array.shape} ".encode())
        hashed.update(np.ascontiguousarray(_sample(array)).view(np.uint8).data)
    return hashed.hexdigest()


def _sample(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array (n, …), or of a large one some of its n parts, evenly spread, the first and the last too."""
    if array.nbytes <= WHOLE_BYTES:
        return array
    n_parts = max(2, SAMPLE_BYTES * len(array) // array.nbytes)
    chosen: NDArray[Any] = array[np.linspace(0, len(array) - 1, n_parts).round().astype(np.int64)]
    return chosen


def source_arrays(source: Source) -> list[NDArray[Any]]:
    """Return all arrays that a source is made of, in order; no weights are an empty array."""
    sparse = issparse(source.numbers)
    parts = [getattr(source.numbers, name) for name in ("data", "indices", "indptr")] if sparse else [source.numbers]
    return [*parts, source.target, np.empty(0) if source.weight is None else source.weight]
