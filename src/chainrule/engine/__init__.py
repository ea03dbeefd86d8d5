"""Where a network runs: the one place that chooses between executors of the same step."""

from collections.abc import Callable
from typing import Any, NamedTuple

from chainrule.engine.reference import ReferenceSession, tiled_logits
from chainrule.engine.session import (
    Batch,
    DescentStep,
    Floats,
    OpenSession,
    Optimizer,
    Session,
    Settings,
    Source,
    StepPlan,
    StepReport,
)
from chainrule.errors import ParameterError, nearest
from chainrule.network import Network

__all__ = [
    "ENGINES",
    "Batch",
    "DescentStep",
    "Engine",
    "Optimizer",
    "Session",
    "Settings",
    "Source",
    "StepPlan",
    "StepReport",
    "logits",
    "open_session",
]


class Engine(NamedTuple):
    """An executor: how to open a session of it, and how to get logits from trained weights."""

    open_session: OpenSession
    logits: Callable[[Network, Floats, Any, int | None], Floats]


ENGINES: dict[str, Engine] = {"reference": Engine(ReferenceSession, tiled_logits)}
"""Engines by name, the preferred one first."""


def open_session(
    network: Network,
    source: Source,
    optimizer: Optimizer,
    settings: Settings,
    *,
    weights: Floats,
    vectors: tuple[Floats, ...],
    engine: str = "auto",
) -> Session:
    """Open a session of the engine named, or of the best one there is (``"auto"``).

    Raises
    ------
    ParameterError
        If there is no engine of that name.
    """
    return _chosen(engine).open_session(network, source, optimizer, settings, weights=weights, vectors=vectors)


def _chosen(engine: str) -> Engine:
    names = list(ENGINES)
    name = names[0] if engine == "auto" else engine
    if name not in ENGINES:
        known = ["auto", *names]
        raise ParameterError(f"engine must be one of {known}, got {engine!r}.{nearest(str(engine), known)}")
    return ENGINES[name]


def logits(
    network: Network, weights: Floats, numbers: Any, *, n_threads: int | None = None, engine: str = "auto"
) -> Floats:
    """Return the logits (n, K) of a trained network for rows ``numbers`` (n, D), by the engine named.

    Raises
    ------
    ParameterError
        If there is no engine of that name.
    """
    return _chosen(engine).logits(network, weights, numbers, n_threads)
