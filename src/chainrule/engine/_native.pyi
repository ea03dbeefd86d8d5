"""The C++ core (``native/binding.cpp``). ``chainrule.engine.native`` is its face: arrays are checked and shaped there.

Arrays are of one dtype, that of the weights (float32 for ``Session32``, float64 for ``Session64``), and without gaps.
Features are an array (N, D) each of whose rows lies together, or the three arrays of a CSR matrix (values, int32
columns, int64 starts). A ``ValueError`` names what does not fit.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Layer: TypeAlias = (
    tuple[str, int, int, float, float, float]  # "dense", n_in, n_out, weight_rate, bias_rate, weight_decay
    | tuple[str, str]  # "activation", function
    | tuple[str, float]  # "dropout", rate
)
Features: TypeAlias = NDArray[Any] | tuple[NDArray[Any], ...]
Plan: TypeAlias = Sequence[
    NDArray[np.float64]
]  # learning_rate, momentum, weight_decay, dropout, penalty; divisor or not

class Network:
    """A network as the core runs it: its layers fused into stages."""

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Layer | tuple[Any, ...]],
        loss: str,
        parameter: float,
        levels: Sequence[float],
        l1: float,
        l2: float,
    ) -> None: ...

class _Session:
    def __init__(
        self,
        network: Network,
        numbers: Features,
        target: NDArray[Any],
        weight: NDArray[Any] | None,
        optimizer: str,
        optimizer_settings: Sequence[float],
        batch_size: int,
        seed: int,
        shuffle: bool,
        max_gradient_norm: float | None,
        n_threads: int,
        weights: NDArray[Any],
        vectors: Sequence[NDArray[Any]],
    ) -> None: ...
    def run(
        self, first_step: int, plan: Plan, report: NDArray[np.float64], interrupted: Callable[[], bool] | None
    ) -> int:
        """Take as many steps as ``report`` (3, T) has columns and fill them; return how many were taken."""

    def accumulate(
        self,
        rows: NDArray[np.uint32] | None,
        first: int,
        n: int,
        step: int,
        dropout: float,
        seed: int,
        first_row: int,
        gradient: NDArray[Any],
    ) -> tuple[float, float]:
        """Return Σ error and Σ weight of ``rows``, or of ``n`` rows from ``first`` on, and write the gradient (P,)."""

    def descend(self, gradient: NDArray[Any], step: int, plan: Plan) -> None:
        """Move the weights by one step against a gradient of E (P,)."""

    def close(self) -> None:
        """End the threads and free the buffers."""

class Session32(_Session):
    """A session on float32 arrays."""

class Session64(_Session):
    """A session on float64 arrays."""

def logits(network: Network, numbers: Features, weights: NDArray[Any], out: NDArray[Any], n_threads: int) -> None:
    """Write the logits (N, K) of the features."""

def instruction_set() -> str:
    """Return the name of the instruction set in use."""

def instruction_sets() -> list[str]:
    """Return the names of the instruction sets that this processor runs, the best one first."""
