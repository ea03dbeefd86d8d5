"""E(w) on a plane through the weights that a run ended with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Batch
from chainrule.errors import ParameterError
from chainrule.glassbox.sample import sample_of
from chainrule.glassbox.sampling import N_STEPS, sampled_steps, with_progress
from chainrule.network import Dense, Network

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["Landscape", "filter_normalised", "landscape_of"]

Numbers = NDArray[np.float64]
MARGIN = 0.25  # of the path's extent, on each side of it


@dataclass(frozen=True, eq=False)
class Landscape:
    """E on a grid of a plane, and the path of the descent in it.

    Parameters
    ----------
    x, y : array (G,)
        Coordinates of the grid; (0, 0) is the run's final (kept) weights.
    error : array (G, G)
        E at [y, x].
    steps : list of int (T,)
        Where the path was looked at; empty on a random plane, in which it does not run.
    path : array (T, 2)
        The weights before these steps, projected to the plane.
    path_error : array (T,)
        E at these weights themselves, not at their projections.
    explained : tuple of two floats, or None
        Share of the path's squared distances along x and y.
    """

    x: Numbers
    y: Numbers
    error: Numbers
    steps: list[int]
    path: Numbers
    path_error: Numbers
    explained: tuple[float, float] | None


def landscape_of(
    run: "RecordedRun", *, plane: Literal["path", "random"] = "path", n_points: int = 25, seed: int = 0
) -> Landscape:
    """Return E of the training rows (or 512 spread over them), nothing dropped out, on a plane.

    Parameters
    ----------
    run : RecordedRun
    plane : str
        "path": spanned by the two principal components of the path's distances from its end. "random": by two random
        directions, each neuron's part as long as the neuron's weights (Li, Xu, Taylor, Studer, Goldstein, "Visualizing
        the loss landscape of neural nets", NeurIPS 2018); biases stay.
    n_points : int
        The grid has so many points a side, at least 2.
    seed : int
        Of the random directions.

    Raises
    ------
    ParameterError
        If the plane is another, or ``n_points`` below 2.
    ReplayError
        If the run cannot be repeated as it was.
    """
    if plane not in ("path", "random"):
        raise ParameterError(f"plane must be 'path' or 'random', got {plane!r}.")
    if isinstance(n_points, bool) or not isinstance(n_points, int) or n_points < 2:
        raise ParameterError(f"n_points must be an int of at least 2, got {n_points!r}.")
    ground = _Ground(run)
    if plane == "random":
        directions = np.stack([filter_normalised(run.network, ground.end, seed=[seed, k]) for k in range(2)])
        side = np.linspace(-1.0, 1.0, n_points)
        error = ground.errors(directions, side, side)
        return Landscape(side, side, error, [], np.empty((0, 2)), np.empty(0), None)
    steps = sampled_steps(run, N_STEPS, after_last=True)
    path = np.stack([run.weights_before(step).astype(np.float64) - ground.end for step in steps])
    directions, explained = _principal(path)
    places = path @ directions.T
    x, y = (_span(places[:, k], n_points) for k in range(2))
    along = np.array([ground.error(ground.end + one) for one in path])
    return Landscape(x, y, ground.errors(directions, x, y), steps, places, along, explained)


class _Ground:
    """E as a function of the weights."""

    def __init__(self, run: "RecordedRun") -> None:
        self.network: Network = run.network
        self.batch: Batch = sample_of(run.source)
        self.end: Numbers = run.weights_before(run.kept_step).astype(np.float64)
        self._penalty = float(run.record.plan_of(max(run.kept_step - 1, run.first_step)).penalty[0])

    def error(self, weights: Numbers) -> float:
        """Return E at weights (P,)."""
        batch = self.batch
        with np.errstate(all="ignore"):
            return self.network.error(weights, batch.numbers, batch.target, batch.weight, penalty=self._penalty)

    def errors(self, directions: Numbers, x: Numbers, y: Numbers) -> Numbers:
        """Return E (len(y), len(x)) at ``end`` plus multiples of two directions (2, P)."""
        return np.array(
            [
                [self.error(self.end + right * directions[0] + up * directions[1]) for right in x]
                for up in with_progress(y.tolist(), "landscape")
            ]
        )


def _principal(path: Numbers) -> tuple[Numbers, tuple[float, float]]:
    """Return the two orthonormal directions (2, P) along which a path (T, P) is longest, and their shares."""
    _, sizes, directions = np.linalg.svd(path, full_matrices=False)
    squares = np.square(sizes)
    found = np.zeros((2, path.shape[1]))
    found[: min(2, len(directions))] = directions[:2]
    total = float(squares.sum()) or 1.0
    shares = [float(square / total) for square in squares[:2]] + [0.0, 0.0]
    return found, (shares[0], shares[1])


def _span(places: Numbers, n_points: int) -> Numbers:
    low, high = float(places.min()), float(places.max())
    margin = MARGIN * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, n_points)


def filter_normalised(network: Network, weights: Numbers, *, seed: Any) -> Numbers:
    """Return a random direction (P,) in which every neuron's part is as long as its weights; 0 for biases.

    Weights (P,) of layers that are not dense stay as they are.
    """
    drawn = np.random.default_rng(seed).normal(size=len(weights))
    direction = np.zeros_like(weights)
    views = (network.layout.views(vector) for vector in (weights, drawn, direction))
    for layer, own, random, found in zip(network.layers, *views, strict=True):
        if isinstance(layer, Dense):
            W, R = own[0][:-1], random[0][:-1]
            found[0][:-1] = R * (np.linalg.norm(W, axis=0) / np.linalg.norm(R, axis=0))
    return direction
