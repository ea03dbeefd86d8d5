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
    error_tol : float
        Stop when E falls by no more than this, relative to the largest of E before, E after and 1.
    max_evaluations : int
        Stop after this many evaluations of E.

    Raises
    ------
    ParameterError
        If ``memory`` or ``max_evaluations`` is below 1, or ``tol`` or ``error_tol`` is negative.
    """

    kind: ClassVar[str] = "lbfgs"
    memory: int = 10
    tol: float = 1e-5
    error_tol: float = 64 * float(np.finfo(np.float64).eps)
    max_evaluations: int = 15_000

    def __post_init__(self) -> None:
        for name, least in (("memory", 1), ("tol", 0), ("error_tol", 0), ("max_evaluations", 1)):
            if not getattr(self, name) >= least:
                raise ParameterError(f"{name} of lbfgs must be at least {least}, got {getattr(self, name)!r}.")

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the settings as plain values."""
        return {"kind": self.kind, **asdict(self)}


class _Ended(Exception):  # noqa: N818  # not an error: the way out of SciPy
    """Training was asked to end while SciPy was in the middle of an iteration."""


def descend_lbfgs(run: "Run") -> None:
    """Let SciPy descend; each of its iterations closes an epoch of the run.

    Raises
    ------
    DivergedError
        If E or its gradient is not finite at the start, or at the end.
    KeyboardInterrupt
        On Ctrl-C before E was evaluated once: there is nothing to keep yet.
    """
    optimizer, state = run.recipe.optimizer, run.state
    assert isinstance(optimizer, LBFGS)
    start = state.weights.astype(np.float64)
    descent = _Descent(run, start)
    _require_finite(*descent.evaluate(start))
    options: Any = {
        "maxiter": run.recipe.epochs,
        "maxcor": optimizer.memory,
        "gtol": optimizer.tol,
        "ftol": optimizer.error_tol,
        "maxfun": optimizer.max_evaluations,
    }
    try:
        result = minimize(
            descent.evaluate, start, jac=True, method="L-BFGS-B", callback=descent.close_iteration, options=options
        )
        state.stop_reason = state.stop_reason or ("converged", "max_evaluations", "line_search")[result.status]
    except _Ended:
        pass
    state.weights[...] = descent.accepted
    _require_finite(descent.error, descent.accepted)
    if state.epoch == 0:  # no iteration was completed: the start's row is the history
        state.epoch_steps = np.array([[descent.error], [1.0], [descent.norm]])
        reason, state.stop_reason = state.stop_reason, None
        run.end_epoch()
        state.stop_reason = run.ending or reason
    state.stop_reason = state.stop_reason or run.ending


class _Descent:
    """What SciPy is given: E with its gradient, and what to do after an iteration.

    ``accepted`` are the weights of the last iteration completed, ``error`` and ``norm`` E and the norm of its gradient.
    """

    def __init__(self, run: "Run", start: NDArray[np.float64]) -> None:
        self.run, self.accepted = run, start
        self.error = self.norm = np.nan
        self._evaluated = 0.0, 0.0

    def evaluate(self, weights: NDArray[np.float64]) -> tuple[float, Any]:
        """Return E and its gradient, float64 (P,)."""
        self.run.state.weights[...] = weights
        with np.errstate(all="ignore"):  # what is not finite is dealt with, not warned of
            error, gradient = self._full_error()
            self._evaluated = error, float(np.linalg.norm(gradient))
        if np.isnan(self.error):
            self.error, self.norm = self._evaluated
        return error, gradient.astype(np.float64)

    def close_iteration(self, intermediate_result: OptimizeResult) -> None:
        """Close an epoch with the weights that SciPy has accepted."""
        run, state = self.run, self.run.state
        self.accepted, self.error = intermediate_result.x.copy(), float(intermediate_result.fun)
        self.norm = self._evaluated[1]
        state.weights[...] = self.accepted
        state.step += 1
        state.epoch_steps = np.array([[self.error], [1.0], [self.norm]])
        run.after_steps()
        run.end_epoch()
        if state.stop_reason is not None:
            raise _Ended

    def _full_error(self) -> tuple[float, NDArray[Any]]:
        """Return E over all rows (penalty included) and its gradient, summed tile by tile."""
        run = self.run
        total, weight, gradient = 0.0, 0.0, np.zeros_like(run.state.weights)
        for start in range(0, run.source.n_rows, TILE_ROWS):
            rows = slice(start, min(start + TILE_ROWS, run.source.n_rows))
            part_total, part_weight, part_gradient = run.session.accumulate(rows, interrupted=self._look_up)
            total, weight = total + part_total, weight + part_weight
            gradient += part_gradient
            self._look_up()
        [strength] = run.recipe.penalty.factors(np.zeros(1), run.clock)
        penalty, penalty_gradient = run.network.penalty(run.state.weights, run.network.layout)
        return total / weight + strength * penalty, gradient / weight + strength * penalty_gradient

    def _look_up(self) -> bool:
        """Leave SciPy if training is to end, or return False; the first evaluation is finished whatever the time."""
        self.run.look_up()
        if self.run.ending is not None and not np.isnan(self.error):
            raise _Ended
        if self.run.ending == "interrupted":
            raise KeyboardInterrupt
        return False


def _require_finite(error: float, numbers: NDArray[np.float64]) -> None:
    if not (np.isfinite(error) and np.isfinite(numbers).all()):
        raise DivergedError(
            "The error or its gradient is not finite for lbfgs. Try standardised inputs, a smaller network, or adamw."
        )
