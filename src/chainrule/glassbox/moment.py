"""The moment before a descent step: everything that the step is a function of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Batch, Settings, StepPlan
from chainrule.errors import ShapeError
from chainrule.glassbox.names import Names
from chainrule.network import Context, Network
from chainrule.training import LBFGS, Optimizer

__all__ = ["Floats", "Moment", "Originals"]

Floats = NDArray[np.floating[Any]]

Originals = Callable[[NDArray[np.int64]], Mapping[str, Sequence[Any]]]
"""From the numbers of rows in the table to their values as they were given: column name → one value a row."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Moment:
    """What one descent step is a function of, and what became of it.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer or LBFGS
    learning_rate : float
        η before any schedule.
    settings : Settings
        Seed and clipping are read.
    plan : StepPlan
        Of this one step.
    index : int
        The step's number t, from 0.
    weights : array (P,)
        Before the step, in the run's dtype.
    vectors : tuple of arrays (P,)
        The optimizer's state before the step.
    rows : array (n,) of int
        Which rows of the table the step takes, from 0.
    batch : Batch
        These rows.
    weights_after : array (P,), optional
        The run's own weights after the step.
    names : Names, optional
        By default, numbers only.
    originals : function, optional
        The rows' values as they were given.

    Raises
    ------
    ShapeError
        If the plan is not of one step, or weights, vectors and rows do not fit the network and the batch.
    """

    network: Network
    optimizer: Optimizer | LBFGS
    learning_rate: float
    settings: Settings
    plan: StepPlan
    index: int
    weights: Floats
    vectors: tuple[Floats, ...]
    rows: NDArray[np.int64]
    batch: Batch
    weights_after: Floats | None = None
    names: Names
    originals: Originals | None = None

    def __post_init__(self) -> None:
        shape = (self.network.layout.size,)
        if len(self.plan) != 1:
            raise ShapeError(f"the plan of a moment must be of 1 step, got {len(self.plan)}.")
        arrays = {"weights": self.weights, "weights_after": self.weights_after}
        arrays |= {f"vectors[{i}]": vector for i, vector in enumerate(self.vectors)}
        for name, array in arrays.items():
            if array is not None and array.shape != shape:
                raise ShapeError(f"{name} must have shape {shape}, one number a weight, got {array.shape}.")
        if len(self.rows) != self.batch.numbers.shape[0]:
            raise ShapeError(
                f"rows must name the {self.batch.numbers.shape[0]} rows of the batch, got {len(self.rows)}."
            )

    @property
    def context(self) -> Context:
        """What the forward pass is told: the masks of this step. L-BFGS drops nothing."""
        if isinstance(self.optimizer, LBFGS):
            return Context()
        return Context(True, self.settings.seed, self.index, float(self.plan.dropout[0]))

    @property
    def is_passed_over(self) -> bool:
        """Whether all rows have weight 0, so that the step changes nothing."""
        return self.batch.weight is not None and not self.batch.weight.any()

    @property
    def scales(self) -> dict[str, Any]:
        """``divisor`` and ``penalty`` of this step's E, as ``Network.backward`` takes them; 0 if it is passed over."""
        if self.is_passed_over:
            return {"divisor": 1.0, "penalty": 0.0}
        divisor = self.plan.divisor
        return {"divisor": None if divisor is None else float(divisor[0]), "penalty": float(self.plan.penalty[0])}
