"""The reference engine: ``network/`` as it stands, in NumPy. The oracle for every other engine, and the fallback."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.blas import blas_threads
from chainrule.engine.rows import RowsOfSteps
from chainrule.engine.session import DescentStep, Floats, Optimizer, Settings, Source, StepPlan, StepReport
from chainrule.network import Context, Network, Penalty

__all__ = ["ReferenceSession", "tiled_logits"]

TILE_ROWS = 4096  # rows taken at once where all rows are wanted, so that memory does not grow with the table
ASK_SECONDS = 0.01  # how often a run asks whether it is interrupted


class ReferenceSession:
    """A session (see ``chainrule.engine.session``) that runs the mathematics of ``network/`` directly.

    Parameters
    ----------
    network, source, optimizer, settings
        What is trained, on which rows, how.
    weights : array (P,)
        Updated in place; its dtype is the dtype everything is computed in.
    vectors : tuple of arrays (P,)
        The optimizer's state, updated in place.
    """

    def __init__(
        self,
        network: Network,
        source: Source,
        optimizer: Optimizer,
        settings: Settings,
        *,
        weights: Floats,
        vectors: tuple[Floats, ...],
    ) -> None:
        self.network, self.source, self.optimizer, self.settings = network, source, optimizer, settings
        self.weights, self.vectors = weights, vectors
        self._rows = RowsOfSteps(settings, source.n_rows)
        self._rates = np.asarray(network.layout.rate_factors(), dtype=weights.dtype)
        self._decays = network.layout.decay_factors().astype(weights.dtype)
        self._has_penalty = network.penalty != Penalty()

    def run(self, first_step: int, plan: StepPlan, interrupted: Callable[[], bool] | None = None) -> StepReport:
        """Take ``len(plan)`` descent steps; see ``chainrule.engine.session.Session.run``. It asks between steps."""
        report = StepReport(*np.zeros((3, len(plan))))
        ask_at = perf_counter() + ASK_SECONDS
        with np.errstate(all="ignore"), blas_threads(self.settings.n_threads):
            for i in range(len(plan)):
                if interrupted is not None and perf_counter() >= ask_at:
                    if interrupted():
                        return report.first(i)
                    ask_at = perf_counter() + ASK_SECONDS
                values = self._step(first_step + i, plan.part(i, i + 1))
                for column, value in zip(report, values, strict=True):
                    column[i] = value
                if not np.isfinite(values[0]) or not np.isfinite(values[2]):
                    return report.first(i + 1)
        return report

    def _step(self, step: int, plan: StepPlan) -> tuple[float, float, float]:
        """Take one step: forward, backward, descend. Returns its error, Σ weight and gradient norm."""
        context = Context(True, self.settings.seed, step, plan.dropout[0])
        total, weight, gradient = self._accumulate(self.rows_of(step), context)
        if weight == 0.0:
            return 0.0, 0.0, 0.0
        divisor = weight if plan.divisor is None else plan.divisor[0]
        gradient /= divisor
        error = total / divisor
        if self._has_penalty:
            penalty, penalty_gradient = self.network.penalty(self.weights, self.network.layout)
            error += float(plan.penalty[0]) * penalty
            gradient += float(plan.penalty[0]) * penalty_gradient
        norm = float(np.linalg.norm(gradient))
        if np.isfinite(error) and np.isfinite(norm):
            self.descend(gradient, step, plan)
        return error, weight, norm

    def rows_of(self, step: int) -> NDArray[np.int64] | slice:
        """Return the rows of a step; see ``chainrule.engine.session.Session.rows_of``."""
        return self._rows.of_step(step)

    def accumulate(
        self,
        rows: NDArray[np.int64] | slice,
        *,
        step: int | None = None,
        dropout: float = 1.0,
        first_row: int = 0,
        interrupted: Callable[[], bool] | None = None,
    ) -> tuple[float, float, Floats]:
        """Sum error, weight and gradient over the rows; see ``chainrule.engine.session.Session.accumulate``.

        It asks at the start.
        """
        if interrupted is not None and interrupted():
            raise KeyboardInterrupt
        context = Context() if step is None else Context(True, self.settings.seed, step, dropout, first_row)
        with np.errstate(all="ignore"), blas_threads(self.settings.n_threads):
            return self._accumulate(rows, context)

    def _accumulate(self, rows: NDArray[np.int64] | slice, context: Context) -> tuple[float, float, Floats]:
        batch = self.source.take(rows)
        return self.network.accumulate(self.weights, batch.numbers, batch.target, batch.weight, context)

    def descend(self, gradient: Floats, step: int, plan: StepPlan) -> None:
        """Move the weights against the gradient; see ``chainrule.engine.session.Session.descend``."""
        limit = self.settings.max_gradient_norm
        if limit is not None and (norm := float(np.linalg.norm(gradient))) > limit:
            gradient = gradient * (limit / norm)
        rate = float(plan.learning_rate[0]) * self._rates
        change = self.optimizer.change(gradient, self.vectors, DescentStep(step + 1, rate, float(plan.momentum[0])))
        if plan.weight_decay[0] != 0.0:
            change -= rate * float(plan.weight_decay[0]) * self._decays * self.weights
        self.weights += change

    def logits(self, numbers: Any) -> Floats:
        """Return the logits of any rows; see ``chainrule.engine.session.Session.logits``."""
        return tiled_logits(self.network, self.weights, numbers, self.settings.n_threads)

    def close(self) -> None:
        """Give back what the session holds: here, nothing."""


def tiled_logits(network: Network, weights: Floats, numbers: Any, n_threads: int | None) -> Floats:
    """Return the logits (n, K) of the rows ``numbers`` (n, D), a tile of rows at a time."""
    starts = range(0, max(numbers.shape[0], 1), TILE_ROWS)
    with np.errstate(all="ignore"), blas_threads(n_threads):
        tiles = [network.logits(weights, numbers[start : start + TILE_ROWS]) for start in starts]
    return tiles[0] if len(tiles) == 1 else np.concatenate(tiles)
