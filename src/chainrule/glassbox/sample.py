"""A sample of a run's training rows, the same whenever it is drawn."""

import numpy as np

from chainrule.engine import Batch, Source

__all__ = ["N_ROWS", "sample_of"]

N_ROWS = 512


def sample_of(source: Source, n_rows: int = N_ROWS) -> Batch:
    """Return all rows, or ``n_rows`` of them spread evenly over the source, in float64.

    Parameters
    ----------
    source : Source
    n_rows : int
        At most so many.
    """
    rows = np.linspace(0, source.n_rows - 1, min(n_rows, source.n_rows)).round().astype(np.int64)
    numbers, target, weight = source.take(rows)
    return Batch(numbers.astype(np.float64), target, None if weight is None else weight.astype(np.float64))
