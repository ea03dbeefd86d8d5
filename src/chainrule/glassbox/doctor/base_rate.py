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
    shift, unit = _place(batch.target.reshape(n_rows, -1).astype(np.float64), network.n_outputs)
    shape = (n_free, network.n_outputs)

    def error(z: Numbers) -> tuple[float, Numbers]:
        logits = np.broadcast_to(shift + unit * z.reshape(shape), (n_rows, network.n_outputs)).copy()
        value, gradient = network.loss(logits, batch.target, weight)
        summed = gradient if n_free == n_rows else gradient.sum(axis=0)
        return value / total, np.asarray(unit * summed.reshape(-1) / total)

    start = np.zeros(n_free * network.n_outputs)
    with np.errstate(all="ignore"):
        best = minimize(error, start, jac=True, method="L-BFGS-B")
    return float(min(best.fun, error(start)[0]))


def _place(target: Numbers, n_logits: int) -> tuple[Any, float]:
    """Return where logits are looked for, and in which unit: about the medians of targets that are not classes."""
    n_targets = target.shape[1]
    if n_logits % n_targets or (target.min() >= 0 and target.max() <= n_logits):
        return np.zeros(n_logits), 1.0
    return np.repeat(np.median(target, axis=0), n_logits // n_targets), float(target.std()) or 1.0
