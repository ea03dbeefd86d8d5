"""The gradient check: backpropagation held against differences of the error itself."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from chainrule.errors import ParameterError
from chainrule.network._checks import check_number, check_size
from chainrule.network.difference_point import DifferencePoint
from chainrule.network.gradient_report import GradientReport, LayerDeviation, WeightDeviation
from chainrule.network.layer import Array, Context, Inputs
from chainrule.network.losses import ResidualLoss
from chainrule.network.network import Network
from chainrule.network.random import WEIGHTS, CounterRandom, row_order

__all__ = ["check_gradient"]

_PREDICTION = Context()
_MOST_ROUNDS = 200
_FARTHEST_MOVE = 0.1
_BIASES_EVERY = 5


def check_gradient(
    network: Network,
    X: Inputs,
    y: Array,
    *,
    weights: Array | None = None,
    sample_weight: Array | None = None,
    divisor: float | None = None,
    penalty: float = 1.0,
    n_weights: int | None = None,
    step: float = 1e-3,
    tolerance: float = 1e-9,
    seed: int = 0,
    context: Context = _PREDICTION,
) -> GradientReport:
    r"""Compare the gradient that the backward pass gives with central differences of order 4, in float64.

    .. math:: \partial E/\partial w_i \approx [8(E(w_i + h) - E(w_i - h)) - (E(w_i + 2h) - E(w_i - 2h))] / 12h

    Its truncation error is h⁴/30 times the fifth derivative, its rounding error of the order of 1e-16·E/h: give inputs
    and targets of the order of 1. A deviation is relative to its layer's largest gradient, so that no scale of E hides
    an error; where that is 0, to the network's largest; where that is 0 too, to E.

    A difference across a jump of φ, φ′, φ″ or of the loss's derivatives measures the jump. So whatever would cross one
    within ±2h is moved first, on copies: a row whose net input or residual crosses one is shifted at random, inputs
    (and, for a loss of residuals, target) by at most 0.1, until none does; every fifth time that rows remain, the
    biases are shifted too. With an L1 penalty, weights nearer to 0 than 4h are put at ±4h. Forward, backward and
    differences all run at the point thus reached.

    Parameters
    ----------
    network : Network
        What to check.
    X : ndarray or scipy CSR, shape (N, D)
        Rows, of the order of 1; converted to float64.
    y : ndarray
        The target, as the loss declares it.
    weights : ndarray, shape (P,), optional
        Where to check; by default initial weights, with biases drawn as well.
    sample_weight, divisor, penalty, context
        As for :meth:`Network.backward` and :meth:`Network.forward`; a context of training checks dropout's fixed mask.
    n_weights : int, optional
        Check at most so many weights of each layer, drawn at random; all by default.
    step : float
        h, above 0.
    tolerance : float
        The largest deviation that passes, above 0.
    seed : int
        Of the default weights, the moves and the draw of weights.

    Returns
    -------
    GradientReport
        Print it to read it; ``passed`` for programs.

    Raises
    ------
    ParameterError
        If a setting breaks its rule, or rows could not be moved away from a jump.
    ShapeError
        If shapes do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.network import check_gradient, multilayer_perceptron
    >>> network = multilayer_perceptron(2, (3,), 1, activation="tanh", loss="squared_error")
    >>> check_gradient(network, np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0], [0.0]])).passed
    True
    """
    check_number("check_gradient", "step", step, rule="above 0", low=5e-324)
    check_number("check_gradient", "tolerance", tolerance, rule="above 0", low=5e-324)
    if n_weights is not None:
        check_size("check_gradient", "n_weights", n_weights)
    random = CounterRandom(seed, WEIGHTS)
    point = DifferencePoint(
        network=network,
        weights=_first_weights(network, weights, seed, random),
        X=np.array(X if isinstance(X, np.ndarray) else X.toarray(), dtype=np.float64),
        y=np.array(y, dtype=np.float64) if isinstance(network.loss, ResidualLoss) else y,
        sparse=bool(issparse(X)),
        sample_weight=sample_weight,
        divisor=divisor,
        penalty=penalty,
        context=context,
    )
    indices = _drawn_indices(network, n_weights, seed)
    moved = _move_away(point, indices, step, random)
    numeric = np.array([point.difference(index, step) for index in indices])
    return _report(point, indices, numeric, tolerance=tolerance, moved_rows=moved)


def _first_weights(network: Network, weights: Array | None, seed: int, random: CounterRandom) -> NDArray[np.float64]:
    if weights is not None:
        return np.array(weights, dtype=np.float64)
    drawn = network.initialise(seed)
    biases = network.layout.decay_factors() == 0
    drawn[biases] += random.uniform(-0.5, 0.5, (int(biases.sum()),))
    return drawn


def _drawn_indices(network: Network, n_weights: int | None, seed: int) -> list[int]:
    indices: list[int] = []
    for epoch, part in enumerate(network.layout.layer_slices):
        drawn = part.start + row_order(seed, epoch, part.stop - part.start)[:n_weights]
        indices += sorted(drawn.tolist())
    return indices


def _move_away(point: DifferencePoint, indices: list[int], step: float, random: CounterRandom) -> int:
    """Move rows and weights until no shift of ±2·step crosses a jump; return how many rows were moved."""
    layout, penalty = point.network.layout, point.network.penalty
    if penalty.l1 * point.penalty != 0:
        near = (layout.decay_factors() > 0) & (np.abs(point.weights) < 4 * step)
        point.weights[near] = np.copysign(4 * step, point.weights[near])
    moved = np.zeros(len(point.X), dtype=bool)
    biases = layout.decay_factors() == 0
    for attempt in range(1, _MOST_ROUNDS + 1):
        crossing = point.crossing_rows(indices, 2 * step)
        if not crossing.any():
            return int(moved.sum())
        moved |= crossing
        point.X[crossing] += _small(random, point.X[crossing].shape)
        if isinstance(point.network.loss, ResidualLoss):
            point.y[crossing] += _small(random, point.y[crossing].shape)
        if attempt % _BIASES_EVERY == 0:
            point.weights[biases] += _small(random, (int(biases.sum()),))
    raise ParameterError(
        f"check_gradient: with step {step:g} rows {np.flatnonzero(crossing).tolist()} could not be moved away "
        "from a jump of a derivative. Give fewer rows, rows of the order of 1, a smaller n_weights or step."
    )


def _small(random: CounterRandom, shape: tuple[int, ...]) -> NDArray[np.float64]:
    return random.uniform(-_FARTHEST_MOVE, _FARTHEST_MOVE, shape)


def _largest(gradient: Array) -> float:
    """Return the largest absolute value of those that are finite: the others deviate enough by themselves."""
    return float(np.abs(gradient[np.isfinite(gradient)]).max(initial=0))


def _report(
    point: DifferencePoint, indices: list[int], numeric: NDArray[np.float64], *, tolerance: float, moved_rows: int
) -> GradientReport:
    layout, analytic = point.network.layout, point.gradient()
    positions = np.array(indices)
    layers = []
    for layer, part in enumerate(layout.layer_slices):
        if part.start == part.stop:
            continue
        inside = np.flatnonzero((positions >= part.start) & (positions < part.stop))
        largest = _largest(analytic[part])
        scale = largest or _largest(analytic) or abs(point.error(point.weights)) or 1.0
        deviations = np.abs(analytic[positions[inside]] - numeric[inside]) / scale
        worst = inside[int(deviations.argmax())]  # argmax takes a NaN for the largest
        index = int(positions[worst])
        weight = WeightDeviation(
            index, layout.locate(index), float(analytic[index]), float(numeric[worst]), float(deviations.max())
        )
        layers.append(LayerDeviation(layout.layer_name(layer), len(inside), largest, weight))
    return GradientReport(tuple(layers), tolerance, moved_rows)
