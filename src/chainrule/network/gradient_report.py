"""What a gradient check found, for a person to read."""

import math
from dataclasses import dataclass

__all__ = ["GradientReport", "LayerDeviation", "WeightDeviation"]


@dataclass(frozen=True)
class WeightDeviation:
    """One weight's gradient, twice.

    Parameters
    ----------
    index : int
        Its position in the flat vector.
    name : str
        What it is, in words.
    analytic, numeric : float
        Its gradient by backpropagation and by differences.
    deviation : float
        |analytic - numeric| relative to the layer's largest gradient.
    """

    index: int
    name: str
    analytic: float
    numeric: float
    deviation: float


@dataclass(frozen=True)
class LayerDeviation:
    """The worst weight of one layer.

    Parameters
    ----------
    layer : str
        The layer's kind and number.
    n_weights : int
        How many of its weights were checked.
    largest_gradient : float
        The largest absolute gradient in the layer, by backpropagation, of those that are finite.
    worst : WeightDeviation
        The weight that deviates most.
    """

    layer: str
    n_weights: int
    largest_gradient: float
    worst: WeightDeviation


@dataclass(frozen=True)
class GradientReport:
    """What :func:`check_gradient` found.

    Parameters
    ----------
    layers : tuple of LayerDeviation
        One for each layer with weights, in order.
    tolerance : float
        The largest deviation that passes.
    moved_rows : int
        How many rows were moved away from a jump of a derivative.
    """

    layers: tuple[LayerDeviation, ...]
    tolerance: float
    moved_rows: int

    @property
    def passed(self) -> bool:
        """Return whether no weight of any layer deviates by more than the tolerance; NaN never passes."""
        return all(layer.worst.deviation <= self.tolerance for layer in self.layers)

    @property
    def worst(self) -> WeightDeviation:
        """Return the weight that deviates most."""
        weights = [layer.worst for layer in self.layers]
        return max(weights, key=lambda w: math.inf if math.isnan(w.deviation) else w.deviation)

    @property
    def largest_deviation(self) -> float:
        """Return the largest deviation of all."""
        return self.worst.deviation

    def __str__(self) -> str:
        lines = [
            f"Gradient check {'passed' if self.passed else 'FAILED'}: largest deviation {self.largest_deviation:.1e}, "
            f"tolerance {self.tolerance:.0e}; {self.moved_rows} rows moved away from a jump of a derivative.",
            f"{'layer':<12}{'weights':>9}{'largest gradient':>18}{'deviation':>11}   worst weight: analytic, numeric",
        ]
        for layer in self.layers:
            w = layer.worst
            lines.append(
                f"{layer.layer:<12}{layer.n_weights:>9,}{layer.largest_gradient:>18.3e}{w.deviation:>11.1e}   "
                f"{w.name}: {w.analytic:.12g}, {w.numeric:.12g}"
            )
        return "\n".join(lines)
