"""The native engine: the same step as the reference engine's, in the C++ core (``native/``).

The data's way: here arrays are checked and brought into the shape that the core reads (nothing is copied that is there
already: rows of float32 or float64 that each lie together, CSR, int32 codes, targets in the dtype of the weights); the
core then works on them, on ``weights`` and on ``vectors`` in place, with the GIL released. It is held equal to the
reference engine by tests/engine: in float64 to 1e-10, and its bits do not depend on the number of threads.
"""

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import _native
from chainrule.engine.rows import RowsOfSteps
from chainrule.engine.session import Floats, Optimizer, Settings, Source, StepPlan, StepReport
from chainrule.errors import ParameterError, ShapeError
from chainrule.network import Activation, Dense, Dropout, Layer, Network, Penalty
from chainrule.network.losses import LOSSES, REPORTED_LOSSES, CrossEntropy, Huber, Loss, Quantile
from chainrule.network.random import ROW_ORDER, key

__all__ = ["NativeSession", "instruction_set", "instruction_sets", "native_logits", "unsupported"]

instruction_set = _native.instruction_set
"""Return the name of the instruction set in use: the best one, or what the environment's CHAINRULE_ISA says."""

instruction_sets = _native.instruction_sets
"""Return the names of the instruction sets that this processor runs, the best one first."""

try:
    instruction_set()
except ValueError as error:
    raise ParameterError(str(error)) from None

OPTIMIZER_SETTINGS: dict[str, tuple[str, ...]] = {
    "sgd": (),
    "momentum": (),
    "nesterov": (),
    "adagrad": ("epsilon",),
    "rmsprop": ("decay", "epsilon"),
    "adam": ("beta_1", "beta_2", "epsilon", "bias_correction"),
    "adamw": ("beta_1", "beta_2", "epsilon", "bias_correction"),
}
"""Settings that the core's formula of an optimizer reads; momentum and weight decay come with the step plan."""

WORK_OF_A_THREAD = 1.2e6  # multiplications and additions of a step that make a thread of its own pay
PREDICTION_OF_A_THREAD = 2e7  # the same for a prediction, whose threads are started for it


def unsupported(network: Network, optimizer: Optimizer | None = None) -> str | None:
    """Return the name of a class that the core does not know, a user's own, or None if it knows them all."""
    if optimizer is not None and not _is_own(optimizer):
        return type(optimizer).__name__
    if id(network) in _core_networks:
        return None
    others: list[object] = [
        part for part, own in ((network, Network), (network.penalty, Penalty)) if type(part) is not own
    ]
    others += [network.loss] if type(network.loss) not in (*LOSSES.values(), *REPORTED_LOSSES.values()) else []
    others += [layer for layer in network.layers if type(layer) not in (Dense, Activation, Dropout)]
    return type(others[0]).__name__ if others else None


def _is_own(optimizer: Optimizer) -> bool:
    return type(optimizer).__module__.startswith("chainrule.") and optimizer.kind in OPTIMIZER_SETTINGS


class NativeSession:
    """A session (see ``chainrule.engine.session``) of the C++ core.

    Parameters
    ----------
    network, source, optimizer, settings
        What is trained, on which rows, how.
    weights : array (P,), float32 or float64
        Updated in place; its dtype is the dtype everything is computed in.
    vectors : tuple of arrays (P,)
        The optimizer's state, updated in place.

    Raises
    ------
    ShapeError, ParameterError
        If the source does not fit the network, or the target is outside the loss's domain.
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
        network.check_inputs(weights, source.numbers)
        network.loss.check_target(np.broadcast_to(weights[:1], (source.n_rows, network.n_outputs)), source.target)
        _check_state(weights, vectors)
        key(settings.seed, ROW_ORDER)  # raises where the seed is none
        self.network, self.source, self.optimizer, self.settings = network, source, optimizer, settings
        self.weights, self.vectors = weights, vectors
        self._rows = RowsOfSteps(settings, source.n_rows)
        self._dropout_rates = [layer.rate for layer in network.layers if isinstance(layer, Dropout)]
        self._threads = settings.n_threads or threads_for(_step_work(network, source, settings), WORK_OF_A_THREAD)
        config = optimizer.to_config()
        session: Any = _native.Session32 if weights.dtype == np.float32 else _native.Session64
        self._session = session(
            _core_network(network),
            _numbers(source.numbers),
            _target(network.loss, source.target, weights.dtype),
            _row_weight(source, weights.dtype),
            optimizer.kind,
            [float(config[name]) for name in OPTIMIZER_SETTINGS[optimizer.kind]],
            settings.batch_size,
            settings.seed,
            settings.shuffle,
            settings.max_gradient_norm,
            self._threads,
            weights,
            list(vectors),
        )

    def run(self, first_step: int, plan: StepPlan, interrupted: Callable[[], bool] | None = None) -> StepReport:
        """Take ``len(plan)`` descent steps; see ``chainrule.engine.session.Session.run``."""
        self._check_rate(plan.dropout)
        _, orders = self._rows.given_orders(first_step, len(plan))
        report = np.empty((3, len(plan)))
        taken = self._session.run(first_step, _columns(plan), report, orders, interrupted)
        return StepReport(*report[:, :taken])

    def _check_rate(self, factors: NDArray[np.float64]) -> None:
        if not self._dropout_rates:
            return
        rates = max(self._dropout_rates) * factors
        wrong = rates[~((rates >= 0) & (rates < 1))]
        if wrong.size:
            raise ParameterError(
                "Dropout: rate times Context.dropout must be a number from 0 to below 1. "
                f"Got {float(wrong[0])!r} instead."
            )

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
        """Sum error, weight and gradient over the rows; see ``chainrule.engine.session.Session.accumulate``."""
        gradient = np.empty_like(self.weights)
        numbers: NDArray[np.uint32] | None = None
        first, n = 0, 0
        if isinstance(rows, slice) and rows.step in (None, 1):
            first, stop, _ = rows.indices(self.source.n_rows)
            n = max(stop - first, 0)
        else:
            if isinstance(rows, slice):
                rows = np.arange(self.source.n_rows)[rows]
            n_rows = self.source.n_rows
            if rows.size and not -n_rows <= rows.min() <= rows.max() < n_rows:
                raise IndexError(f"rows must be from {-n_rows} to {n_rows - 1}. Got {rows.min()} to {rows.max()}.")
            numbers = np.where(rows < 0, rows + n_rows, rows).astype(np.uint32)
        factor = 0.0 if step is None else dropout
        self._check_rate(np.array([factor]))
        error, weight = self._session.accumulate(
            numbers, first, n, step or 0, factor, self.settings.seed, first_row, gradient, interrupted
        )
        return error, weight, gradient

    def descend(self, gradient: Floats, step: int, plan: StepPlan) -> None:
        """Move the weights against the gradient; see ``chainrule.engine.session.Session.descend``."""
        self._session.descend(np.ascontiguousarray(gradient, self.weights.dtype), step, _columns(plan))

    def logits(self, numbers: Any) -> Floats:
        """Return the logits of any rows; see ``chainrule.engine.session.Session.logits``."""
        return native_logits(self.network, self.weights, numbers, self.settings.n_threads)

    def close(self) -> None:
        """Give back threads and buffers; the session is over."""
        self._session.close()


def native_logits(network: Network, weights: Floats, numbers: Any, n_threads: int | None) -> Floats:
    """Return the logits (n, K) of the rows ``numbers`` (n, D)."""
    core = _core_network(network)
    network.check_inputs(weights, numbers)
    n_rows = numbers.shape[0]
    out: Floats = np.empty((n_rows, network.n_outputs), weights.dtype)
    if n_threads is None:
        n_threads = 1 if n_rows < 64 else threads_for(2.0 * n_rows * len(weights), PREDICTION_OF_A_THREAD)
    elif n_threads < 1:
        raise ParameterError(f"n_threads must be at least 1, or None. Got {n_threads!r}.")
    flat = weights if weights.flags.c_contiguous else np.ascontiguousarray(weights)
    _native.logits(core, _numbers(numbers), flat, out, n_threads)
    return out


def threads_for(work: float, work_of_a_thread: float) -> int:
    """Return how many threads that much work is shared by: at most one a core that this process may use."""
    return max(1, min(usable_cores(), int(work / work_of_a_thread)))


def usable_cores() -> int:
    """Return the cores of this process: those that it may run on, at most as many as OMP_NUM_THREADS says."""
    # joblib sets that variable in its workers, so that threads times workers do not exceed the machine.
    wish = os.environ.get("OMP_NUM_THREADS", "")
    cores = _cores_of(os.getpid())
    return min(cores, int(wish)) if wish.isdecimal() and int(wish) > 0 else cores


@lru_cache(maxsize=1)
def _cores_of(_process: int) -> int:
    """Return the cores that this process has by its affinity and by its container's quota."""
    from joblib import cpu_count  # scikit-learn's own count; imported here, as nothing else of it is needed

    return int(cpu_count())


def _step_work(network: Network, source: Source, settings: Settings) -> float:
    """Return the multiplications and additions of a step: three products of two each for every weight and row."""
    rows = min(settings.batch_size, source.n_rows)
    numbers: Any = source.numbers
    if isinstance(numbers, np.ndarray):
        return 6.0 * rows * network.layout.size
    first = network.layout.layer_slices[0]
    n_first = first.stop - first.start
    filled: float = numbers.nnz / (numbers.shape[0] * numbers.shape[1])
    return float(6 * rows * (network.layout.size - n_first * (1 - filled)))


# By id, since hashing a network takes longer than predicting a row.
_core_networks: dict[int, tuple[ref[Network], Any]] = {}


def _core_network(network: Network) -> Any:
    """Return the core's description of a network, made once for as long as the network lives."""
    known = _core_networks.get(id(network))
    if known is not None and known[0]() is network:
        return known[1]
    layers = [_described(layer) for layer in network.layers]
    loss, penalty = network.loss, network.penalty
    levels = list(loss.levels) if isinstance(loss, Quantile) else []
    core = _native.Network(network.n_inputs, layers, loss.kind, _parameter(loss), levels, penalty.l1, penalty.l2)
    number = id(network)
    _core_networks[number] = (ref(network, lambda _: _core_networks.pop(number, None)), core)
    return core


def _described(layer: Layer) -> tuple[Any, ...]:
    if isinstance(layer, Dense):
        (W,) = layer.parameters()
        return (layer.kind, layer.n_in, layer.n_out, W.rate, W.bias_rate, W.decay)
    if isinstance(layer, Activation):
        return (layer.kind, layer.function)
    assert isinstance(layer, Dropout)
    return (layer.kind, layer.rate)


def _parameter(loss: Loss) -> float:
    if isinstance(loss, Huber):
        return loss.delta
    return loss.label_smoothing if isinstance(loss, CrossEntropy) else 0.0


def _check_state(weights: Floats, vectors: tuple[Floats, ...]) -> None:
    """Raise ShapeError unless the core can work on the arrays in place."""
    for name, array in (("weights", weights), *((f"vectors[{i}]", vector) for i, vector in enumerate(vectors))):
        if array.dtype != weights.dtype or not array.flags.c_contiguous:
            raise ShapeError(f"{name} must be a {weights.dtype} array without gaps. Got {array.dtype}; take a copy.")
        if not array.flags.writeable:
            raise ShapeError(f"{name} must be writeable, to be updated in place. Got a read-only array; take a copy.")


def _row_weight(source: Source, dtype: Any) -> Floats | None:
    if source.weight is None:
        return None
    if source.weight.shape != (source.n_rows,):
        raise ShapeError(f"Row weights must have shape ({source.n_rows},), one a row. Got {source.weight.shape}.")
    return np.ascontiguousarray(source.weight, dtype)


def _numbers(numbers: Any) -> Any:
    """Return features as the core reads them: rows that lie together, or the three arrays of CSR."""
    if not isinstance(numbers, np.ndarray):
        arrays = ((numbers.data, None), (numbers.indices, np.int32), (numbers.indptr, np.int64))
        return tuple(np.ascontiguousarray(array, dtype) for array, dtype in arrays)
    itemsize = numbers.itemsize
    if numbers.strides[1] != itemsize or numbers.strides[0] % itemsize or not numbers.flags.aligned:
        return np.ascontiguousarray(numbers)
    return numbers


def _target(loss: Loss, target: NDArray[Any], dtype: Any) -> NDArray[Any]:
    return np.ascontiguousarray(target, np.int32 if isinstance(loss, CrossEntropy) else dtype)


def _columns(plan: StepPlan) -> list[NDArray[np.float64]]:
    columns = [plan.learning_rate, plan.momentum, plan.weight_decay, plan.dropout, plan.penalty]
    if plan.divisor is not None:
        columns.append(plan.divisor)
    return [np.ascontiguousarray(column, np.float64) for column in columns]
