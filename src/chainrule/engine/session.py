"""The contract between training and whatever executes it: what a session is given, what it does, what it returns.

A session owns everything a fit needs to take descent steps: the rows, the buffers, the threads. It works **in place**
on the two things it is handed, the flat ``weights`` (P,) and the optimizer's state ``vectors`` (each (P,)), so whoever
holds these arrays always sees the current state; a keyframe is a copy of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from math import isfinite
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError, ShapeError
from chainrule.network import Network

__all__ = ["Batch", "DescentStep", "Optimizer", "RowOrder", "Session", "Settings", "Source", "StepPlan", "StepReport"]

Floats = NDArray[np.floating[Any]]


class Batch(NamedTuple):
    """Some rows of a source: ``numbers`` (n, D), ``target`` (n,) or (n, K), ``weight`` (n,) or None."""

    numbers: Any
    target: NDArray[Any]
    weight: Floats | None


@dataclass(frozen=True)
class Source:
    """Rows in memory, taken by index.

    Parameters
    ----------
    numbers : array (N, D), float32 or float64, or scipy.sparse CSR matrix of the same
    target : array (N,) of integer class codes, or (N, K) of numbers
    weight : array (N,) or None
        Row weights; None means 1 for each.

    Raises
    ------
    ShapeError
        If the three do not have the same number of rows, or there is no row at all.
    """

    numbers: Any
    target: NDArray[Any]
    weight: Floats | None = None

    def __post_init__(self) -> None:
        lengths = {"numbers": self.n_rows, "target": len(self.target)}
        if self.weight is not None:
            lengths["weight"] = len(self.weight)
        if len(set(lengths.values())) > 1 or self.n_rows == 0:
            described = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise ShapeError(f"A source needs the same number of rows, at least one, everywhere: {described}.")

    @property
    def n_rows(self) -> int:
        """Number of rows N."""
        return int(self.numbers.shape[0])

    def take(self, rows: NDArray[np.int64] | slice) -> Batch:
        """Return the rows asked for, as a batch."""
        return Batch(self.numbers[rows], self.target[rows], None if self.weight is None else self.weight[rows])


class RowOrder(Protocol):
    """An order of the rows that comes from outside, for repeating another tool's."""

    def of_epochs(self, first: int, n_epochs: int) -> NDArray[np.int64]:
        """Return the orders of epochs ``first`` (from 0) to ``first + n_epochs - 1``, C-contiguous, (n_epochs, N).

        Each row is a permutation of 0 … N − 1. Epochs may be asked for again, whatever was asked for before.
        """


@dataclass(frozen=True)
class Settings:
    """What stays the same over all steps of a session.

    Parameters
    ----------
    batch_size : int
        Rows a step takes. The last step of an epoch takes what is left.
    seed : int
        Which rows step t takes and what it drops out are functions of (seed, t).
    shuffle : bool
        False takes the rows in the order of the source. A batch of all rows is never shuffled.
    order : RowOrder or None
        The order of each epoch's rows, in place of the one that the seed gives. It has no effect without ``shuffle``.
    max_gradient_norm : float or None
        A gradient whose Euclidean norm over the whole flat vector is larger is scaled down to it.
    n_threads : int or None
        Threads the matrix products may use; None lets the engine choose (the reference engine takes one).

    Raises
    ------
    ParameterError
        If batch_size or n_threads is below 1, max_gradient_norm is not positive, or an order comes without shuffle.
    """

    batch_size: int
    seed: int = 0
    shuffle: bool = True
    max_gradient_norm: float | None = None
    n_threads: int | None = None
    order: RowOrder | None = None

    def __post_init__(self) -> None:
        if self.order is not None and not self.shuffle:
            raise ParameterError("order has no effect with shuffle=False; leave one of them out.")
        for name in ("batch_size", "n_threads", "max_gradient_norm"):
            value = getattr(self, name)
            least = "positive" if name == "max_gradient_norm" else "at least 1"
            if value is not None and (not value > 0 if least == "positive" else value < 1):
                raise ParameterError(f"{name} must be {least}, got {value!r}.")

    def steps_per_epoch(self, n_rows: int) -> int:
        """Return the number of steps that take every one of ``n_rows`` rows once."""
        return -(-n_rows // self.batch_size)


@dataclass(frozen=True)
class StepPlan:
    """One value a step for all that changes from step to step; float64 arrays of shape (T,).

    Schedules are Python and end here: an engine only reads the values.

    Parameters
    ----------
    learning_rate : array (T,)
    momentum, weight_decay : array (T,)
        For optimizers that have them; ``weight_decay`` is decoupled (w loses learning_rate · weight_decay · w, biases
        nothing).
    dropout : array (T,)
        Factor on the rate of every dropout layer.
    penalty : array (T,)
        Factor on the network's penalty.
    divisor : array (T,) or None
        What the rows' weighted losses are divided by; None is the sum of the batch's row weights.
    """

    learning_rate: NDArray[np.float64]
    momentum: NDArray[np.float64]
    weight_decay: NDArray[np.float64]
    dropout: NDArray[np.float64]
    penalty: NDArray[np.float64]
    divisor: NDArray[np.float64] | None = None

    @classmethod
    def constant(
        cls,
        n_steps: int,
        *,
        learning_rate: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        dropout: float = 1.0,
        penalty: float = 1.0,
    ) -> "StepPlan":
        """Return a plan of ``n_steps`` equal steps."""
        values = (learning_rate, momentum, weight_decay, dropout, penalty)
        return cls(*(np.full(n_steps, value) for value in values))

    def __len__(self) -> int:
        return len(self.learning_rate)

    def part(self, start: int, stop: int) -> "StepPlan":
        """Return the plan of steps ``start`` to ``stop`` (excluded), counted from this plan's first."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: v[start:stop] for name, v in values.items() if v is not None})


class StepReport(NamedTuple):
    """What ``Session.run`` saw, one value for each of the T steps completed: float64 arrays (T,).

    ``error`` is E of the minibatch (penalty included) before the step, ``weight`` the sum of its row weights and
    ``gradient_norm`` the norm of the gradient before clipping. A step whose error or gradient is not finite is the last
    one reported, and is not descended: the weights stay as they were before it. A batch whose weights are all zero is
    passed over (error, weight and norm 0).
    """

    error: NDArray[np.float64]
    weight: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]

    @property
    def finite(self) -> bool:
        """Whether all steps were finite (only the last one can fail to be)."""
        return len(self.error) == 0 or (isfinite(self.error[-1]) and isfinite(self.gradient_norm[-1]))

    def first(self, n_steps: int) -> "StepReport":
        """Return the report of the first ``n_steps`` steps."""
        return StepReport(*(column[:n_steps] for column in self))


class DescentStep(NamedTuple):
    """What an optimizer is told about a step.

    ``number`` counts the training's steps from 1 (also those whose batch was passed over).
    ``learning_rate`` is a float, or an array (P,) where parameters have rates of
    their own.
    """

    number: int
    learning_rate: float | Floats
    momentum: float


class Optimizer(Protocol):
    """A number of state vectors and a formula (see ``chainrule.training.optimizers``)."""

    @property
    def kind(self) -> str:
        """Its name: an engine of its own has the formula under the same one."""

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the settings as plain values."""

    @property
    def n_vectors(self) -> int:
        """Number of state vectors, each as long as the weights and zero at the start."""

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return the change of the weights (weight decay left out), updating the vectors in place."""


class Session(Protocol):
    """A running executor; see the module's docstring for who owns what."""

    weights: Floats
    vectors: tuple[Floats, ...]

    def run(self, first_step: int, plan: StepPlan, interrupted: Callable[[], bool] | None = None) -> StepReport:
        """Take ``len(plan)`` descent steps, the first being step ``first_step`` (counted from 0) of the training.

        A plan may reach over the ends of epochs. ``interrupted`` is asked now and then, from the calling thread, at
        least every 50 ms (an engine whose steps cannot be broken off: at least between steps that far apart). When it
        returns True the step in hand is given up: it is not reported, the weights and vectors are as before it, and the
        report holds the steps completed, maybe none.
        """

    def rows_of(self, step: int) -> NDArray[np.int64] | slice:
        """Return the rows that step ``step`` takes: a function of (seed, step) alone."""

    def accumulate(
        self,
        rows: NDArray[np.int64] | slice,
        *,
        step: int | None = None,
        dropout: float = 1.0,
        first_row: int = 0,
        interrupted: Callable[[], bool] | None = None,
    ) -> tuple[float, float, Floats]:
        """Return Σ weight·loss, Σ weight and the gradient (P,) of Σ weight·loss over the rows; no penalty, no divisor.

        With a ``step``, dropout draws that step's masks at ``dropout`` times its rates, ``first_row`` being the place
        of these rows in the step's minibatch; without, nothing is dropped. ``interrupted`` is asked as in ``run``.

        Raises
        ------
        KeyboardInterrupt
            If ``interrupted`` returns True: there are no sums then. What it raises itself passes through.
        """

    def descend(self, gradient: Floats, step: int, plan: StepPlan) -> None:
        """Move the weights by one step against ``gradient`` (of E), by the first values of ``plan``."""

    def logits(self, numbers: Any) -> Floats:
        """Return the network's logits (n, K) for rows of any number, nothing dropped out."""

    def close(self) -> None:
        """Give back threads and buffers; the session is over."""


class OpenSession(Protocol):
    """How an engine is entered: opens a session on ``weights`` and ``vectors``, which it will update in place."""

    def __call__(
        self,
        network: Network,
        source: Source,
        optimizer: Optimizer,
        settings: Settings,
        *,
        weights: Floats,
        vectors: tuple[Floats, ...],
    ) -> Session:
        """Open the session."""
