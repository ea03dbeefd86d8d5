"""The check of an opened step: its gradient beside differences of its own error."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.names import Weight
from chainrule.glassbox.tables import Shown, Table
from chainrule.network import DifferencePoint
from chainrule.network.random import WEIGHTS, CounterRandom

__all__ = ["StepCheck", "WeightCheck", "check_weights", "drawn_weights"]

SHIFTS = (1e-3, 1e-4, 1e-5, 1e-6)  # h, the largest first: it has the smallest rounding error
ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of E, relative: divided by h it is that of the difference
TOLERANCE = 1e-7  # relative to the layer's largest gradient


@dataclass(frozen=True)
class WeightCheck:
    """One weight's gradient, twice.

    Parameters
    ----------
    weight : Weight
    analytic : float
        ∂E/∂w by the backward pass.
    numeric : float
        The central difference of order 4.
    shift : float
        Its h.
    allowed : float
        The largest difference between the two that passes: 1e-7 of the layer's largest gradient, and the rounding of E
        divided by h.
    crosses_kink : bool
        Whether even the smallest h takes a net input, a residual or (with an L1 penalty) the weight across a jump of a
        derivative. The difference measures the jump then, and nothing can be said.
    """

    weight: Weight
    analytic: float
    numeric: float
    shift: float
    allowed: float
    crosses_kink: bool

    @property
    def passed(self) -> bool:
        """Whether the two agree, or nothing can be said; NaN never passes."""
        return self.crosses_kink or abs(self.analytic - self.numeric) <= self.allowed


@dataclass(frozen=True, repr=False)
class StepCheck(Shown):
    """Gradients of a step's weights beside order-4 differences of its E, at its own weights, rows and masks."""

    weights: tuple[WeightCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every weight's gradient passed."""
        return all(weight.passed for weight in self.weights)

    def tables(self) -> Iterator[Table]:
        """Show every weight, side by side."""
        rows = [
            (
                str(one.weight),
                f"{one.analytic:.12g}",
                f"{one.numeric:.12g}",
                f"{one.shift:.0e}",
                "at a kink" if one.crosses_kink else "ok" if one.passed else "DIFFERS",
            )
            for one in self.weights
        ]
        title = f"gradient check of this step: {'passed' if self.passed else 'FAILED'}"
        yield Table(title, ("weight", "∂E/∂w, backward pass", "difference", "h", ""), rows)


def drawn_weights(n_weights: int, size: int, seed: int) -> list[int]:
    """Return positions of weights drawn at random, ascending, all of them where there are no more than asked for."""
    if size <= n_weights:
        return list(range(size))
    return sorted(np.argsort(CounterRandom(seed, WEIGHTS).uniform(0.0, 1.0, (size,)))[:n_weights].tolist())


def check_weights(point: DifferencePoint, gradient: NDArray[np.float64], weights: Sequence[Weight]) -> StepCheck:
    """Return the gradient (P,) of some weights beside differences at a point."""
    return StepCheck(tuple(_check(point, gradient, weight) for weight in weights))


def _check(point: DifferencePoint, gradient: NDArray[np.float64], weight: Weight) -> WeightCheck:
    index = weight.index
    shift = next((h for h in SHIFTS if not _crosses(point, index, 2 * h)), None)
    used = SHIFTS[-1] if shift is None else shift
    layer = np.abs(gradient[point.network.layout.layer_slices[weight.layer]])
    allowed = TOLERANCE * float(layer.max()) + ROUNDING * abs(point.error(point.weights)) / used
    return WeightCheck(
        weight, float(gradient[index]), point.difference(index, used), used, allowed, crosses_kink=shift is None
    )


def _crosses(point: DifferencePoint, index: int, shift: float) -> bool:
    """Return whether moving a weight by ±shift crosses a jump of a derivative of E."""
    penalised = point.network.penalty.l1 * point.penalty != 0 and point.network.layout.decay_factors()[index] != 0
    return bool(point.crossing_rows([index], shift).any() or (penalised and abs(point.weights[index]) <= shift))
