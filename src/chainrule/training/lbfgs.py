"""L-BFGS: full-batch descent by SciPy on the flat weight vector."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

from chainrule.errors import DivergedError, ParameterError

if TYPE_CHECKING:
    from chainrule.training.run import Run

__all__ = ["LBFGS", "descend_lbfgs"]

TILE_ROWS = 4096  # rows whose gradient is summed at once


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS (Byrd, Lu, Nocedal, Zhu 1995; ``scipy.optimize``), on all rows at once.

    Parameters
    ----------
    memory : int
        Number of past changes that approximate the curvature.
    tol : float
        Stop when the largest component of the gradient is at most this.
    max_evaluations : int
        Stop after this many evaluations of E.

    Raises
    ------
    ParameterError
        If ``memory`` or ``max_evaluations`` is below 1, or ``tol`` is negative.
    """

    kind: ClassVar[str] = "lbfgs"
    memory: int = 10
    tol: float = 1e-5
    max_evaluations: int = 15_000

    def __post_init__(self) -> None:
        for name, least in (("memory", 1), ("tol", 0), ("max_evaluations", 1)):
            if not getattr(self, name) >= least:
                raise ParameterError(f"{name} of lbfgs must be at least {least}, got {getattr(self, name)!r}.")

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the settings as plain values."""
        return {"kind": self.kind, **asdict(self)}


def descend_lbfgs(run: "Run") -> None:
    """Let SciPy descend; each of its iterations closes an epoch of the run.

    Raises
    ------
    DivergedError
        If E or its gradient is not finite at the start, or at the end.
    """
    optimizer, state = run.recipe.optimizer, run.state
    assert isinstance(optimizer, LBFGS)
    norm = 0.0

    def error_and_gradient(weights: NDArray[np.float64]) -> tuple[float, Any]:
        nonlocal norm
        state.weights[...] = weights
        with np.errstate(all="ignore"):  # what is not finite is dealt with, not warned of
            error, gradient = _full_error(run)
            norm = float(np.linalg.norm(gradient))
        return error, gradient.astype(np.float64)

    def close_iteration(intermediate_result: OptimizeResult) -> None:
        state.weights[...] = intermediate_result.x
        state.step += 1
        state.epoch_steps = np.array([[float(intermediate_result.fun)], [1.0], [norm]])
        run.after_steps()
        run.end_epoch()
        if state.stop_reason is not None:
            raise StopIteration

    start = state.weights.astype(np.float64)
    _require_finite(*error_and_gradient(start))
    options: Any = {
        "maxiter": run.recipe.epochs,
        "maxcor": optimizer.memory,
        "gtol": optimizer.tol,
        "ftol": 64 * np.finfo(np.float64).eps,
        "maxfun": optimizer.max_evaluations,
    }
    result = minimize(error_and_gradient, start, jac=True, method="L-BFGS-B", callback=close_iteration, options=options)
    state.weights[...] = result.x
    _require_finite(float(result.fun), result.x)
    if state.epoch == 0:  # the start is a minimum already: its row is the history
        state.epoch_steps = np.array([[float(result.fun)], [1.0], [norm]])
        run.end_epoch()
    state.stop_reason = state.stop_reason or "converged"


def _require_finite(error: float, numbers: NDArray[np.float64]) -> None:
    if not (np.isfinite(error) and np.isfinite(numbers).all()):
        raise DivergedError(
            "The error or its gradient is not finite for lbfgs. Try standardised inputs, a smaller network, or adamw."
        )


def _full_error(run: "Run") -> tuple[float, NDArray[Any]]:
    """Return E over all rows (penalty included) and its gradient, summed tile by tile."""
    session, network = run.session, run.network
    total, weight, gradient = 0.0, 0.0, np.zeros_like(run.state.weights)
    for start in range(0, run.source.n_rows, TILE_ROWS):
        rows = slice(start, min(start + TILE_ROWS, run.source.n_rows))
        part_total, part_weight, part_gradient = session.accumulate(rows)
        total, weight = total + part_total, weight + part_weight
        gradient += part_gradient
    penalty, penalty_gradient = network.penalty(run.state.weights, network.layout)
    return total / weight + penalty, gradient / weight + penalty_gradient
