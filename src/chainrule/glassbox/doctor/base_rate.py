"""What errors are measured against: the best answer that does not look at the inputs, and the best there can be."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from chainrule.engine import Batch
from chainrule.network import Network, ResidualLoss

__all__ = ["base_error", "least_error"]

Numbers = NDArray[np.float64]


def base_error(network: Network, batch: Batch) -> float:
    """Return the least E of constant logits: of the class shares, the mean, the quantiles, whatever the loss is after.

    Parameters
    ----------
    network : Network
        Its loss and number of logits are used.
    batch : Batch
        Rows in float64.

    Returns
    -------
    float
        The mean over the rows by weight; NaN where the target is not finite.
    """
    return _least(network, batch, n_free=1)


def least_error(network: Network, batch: Batch) -> float:
    """Return the least E of any logits: what a perfect fit would have; 0 for most losses, NaN as in ``base_error``."""
    if isinstance(network.loss, ResidualLoss):
        return 0.0 if np.isfinite(batch.target).all() else float("nan")
    return _least(network, batch, n_free=len(batch.target))


def _least(network: Network, batch: Batch, *, n_free: int) -> float:
    """Minimise E over the logits of ``n_free`` rows, 1 or all; 1 stands for all."""
    n_rows, weight = len(batch.target), batch.weight
    total = n_rows if weight is None else float(weight.sum())
    if not np.isfinite(batch.target).all() or not total > 0:
        return float("nan")
    middle, spread = _place(network, batch.target)
    shape = (n_free, network.n_outputs)

    def error(z: Numbers, unit: float = 1.0) -> tuple[float, Numbers]:
        logits = np.broadcast_to(middle + spread * z.reshape(shape), (n_rows, network.n_outputs)).copy()
        value, gradient = network.loss(logits, batch.target, weight)
        summed = gradient if n_free == n_rows else gradient.sum(axis=0)
        return value / (total * unit), np.asarray(spread * summed).reshape(-1) / (total * unit)

    start = np.zeros(n_free * network.n_outputs)
    with np.errstate(all="ignore"):
        first = error(start)[0]
        unit = abs(first) or 1.0  # L-BFGS ends by absolute differences: E is brought to about 1
        best = minimize(error, start, args=(unit,), jac=True, method="L-BFGS-B")
    return float(min(unit * best.fun, first))


def _place(network: Network, target: NDArray[Any]) -> tuple[Any, Any]:
    """Return where logits are looked for, and in which unit: about the medians of numbers, about 0 of all else."""
    if not isinstance(network.loss, ResidualLoss):
        return 0.0, 1.0
    n_levels = network.n_outputs // target.shape[1]
    spread = target.std(axis=0)
    return np.repeat(np.median(target, axis=0), n_levels), np.repeat(np.where(spread > 0, spread, 1.0), n_levels)
