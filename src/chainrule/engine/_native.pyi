"""The C++ core (``native/binding.cpp``). ``chainrule.engine.native`` is its face: arrays are checked and shaped there.

Arrays are without gaps; those of numbers are of one dtype, that of the weights. A ``ValueError`` names what does not
fit.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, type_check_only

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", bound=np.floating[Any])

Layer: TypeAlias = tuple[Any, ...]
"""("dense", n_in, n_out, weight_rate, bias_rate, weight_decay), ("activation", function) or ("dropout", rate)."""

Features: TypeAlias = NDArray[Any] | tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int64]]
"""An array (N, D) each of whose rows lies together, or a CSR matrix: values, columns, starts of the rows."""

Plan: TypeAlias = Sequence[NDArray[np.float64]]
"""Learning rate, momentum, weight decay, dropout, penalty and, unless it is the batch's weight, divisor: (T,) each."""

class Network:
    """A network as the core runs it: its layers fused into stages."""

    def __init__(
        self,
        n_inputs: int,
        layers: Sequence[Layer],
        loss: str,
        parameter: float,
        levels: Sequence[float],
        l1: float,
        l2: float,
    ) -> None: ...

@type_check_only
class _Session(Generic[Float]):
    def __init__(
        self,
        network: Network,
        numbers: Features,
        target: NDArray[Any],
        weight: NDArray[Float] | None,
        optimizer: str,
        optimizer_settings: Sequence[float],
        batch_size: int,
        seed: int,
        shuffle: bool,
        max_gradient_norm: float | None,
        n_threads: int,
        weights: NDArray[Float],
        vectors: Sequence[NDArray[Float]],
    ) -> None: ...
    def run(
        self,
        first_step: int,
        plan: Plan,
        report: NDArray[np.float64],
        orders: NDArray[np.int64] | None,
        interrupted: Callable[[], bool] | None,
    ) -> int:
        """Take as many steps as ``report`` (3, T) has columns and fill them; return how many were taken.

        ``orders`` (E, N), if given, are those of the rows in the E epochs that the steps touch.
        """

    def accumulate(
        self,
        rows: NDArray[np.uint32] | None,
        first: int,
        n: int,
        step: int,
        dropout: float,
        seed: int,
        first_row: int,
        gradient: NDArray[Float],
        interrupted: Callable[[], bool] | None,
    ) -> tuple[float, float]:
        """Return Σ error and Σ weight of ``rows``, or of ``n`` rows from ``first`` on, and write the gradient (P,).

        Raises KeyboardInterrupt if it was interrupted.
        """

    def descend(self, gradient: NDArray[Float], step: int, plan: Plan) -> None:
        """Move the weights by one step against a gradient of E (P,)."""

    def close(self) -> None:
        """End the threads and free the buffers."""

class Session32(_Session[np.float32]):
    """A session on float32 arrays."""

class Session64(_Session[np.float64]):
    """A session on float64 arrays."""

def logits(network: Network, numbers: Features, weights: NDArray[Float], out: NDArray[Float], n_threads: int) -> None:
    """Write the logits (N, K) of the features to ``out``."""

def instruction_set() -> str:
    """Return the name of the instruction set in use."""

def instruction_sets() -> list[str]:
    """Return the names of the instruction sets that this processor runs, the best one first."""
