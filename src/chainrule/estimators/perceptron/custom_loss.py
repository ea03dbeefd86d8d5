"""A loss of the user's own is held to differences before anything is trained with it."""

import numpy as np

from chainrule.errors import ParameterError, ShapeError
from chainrule.network import CrossEntropy, Dense, Loss, Network
from chainrule.network.losses import LOSSES, REPORTED_LOSSES

__all__ = ["check_custom_loss", "is_own"]

_N_ROWS = 8


def is_own(loss: Loss) -> bool:
    """Return whether a loss is one of chainrule's."""
    return type(loss) in (*LOSSES.values(), *REPORTED_LOSSES.values())


def check_custom_loss(network: Network) -> None:
    """Check the gradient of the network's loss on a linear model of a few rows, unless the loss is chainrule's own.

    Targets are 0 and 1: every loss takes them, as class, as probability, as count or as number.

    Raises
    ------
    ShapeError
        If ``rows`` returns arrays of other shapes than (N,) and (N, K).
    ParameterError
        If the gradient that the loss gives is not that of its error.
    """
    loss = network.loss
    if is_own(loss):
        return
    rng = np.random.default_rng(0)
    last = next(layer for layer in reversed(network.layers) if isinstance(layer, Dense))
    linear = Network(2, (Dense(2, last.n_out),), loss)
    n_targets = loss.n_logits(1) and last.n_out // loss.n_logits(1)
    y = rng.integers(0, 2, _N_ROWS if isinstance(loss, CrossEntropy) else (_N_ROWS, n_targets))
    y = y if isinstance(loss, CrossEntropy) else y.astype(np.float64)
    shapes = [np.shape(array) for array in loss.rows(rng.normal(size=(_N_ROWS, last.n_out)), y)]
    if shapes != [(_N_ROWS,), (_N_ROWS, last.n_out)]:
        raise ShapeError(
            f"loss={loss!r}: for logits of shape ({_N_ROWS}, {last.n_out}) rows() must return each row's loss, shape "
            f"({_N_ROWS},), and its gradient, of the shape of the logits. Got the shapes {shapes}."
        )
    from chainrule.network import check_gradient

    report = check_gradient(linear, rng.normal(size=(_N_ROWS, 2)), y, tolerance=1e-6)
    if not report.passed:
        raise ParameterError(
            f"loss={loss!r}: the gradient that rows() returns is not that of the error it returns. {report}"
        )
