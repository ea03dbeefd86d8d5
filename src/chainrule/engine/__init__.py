"""Where a network runs: the one place that chooses between executors of the same step."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from warnings import warn

from chainrule.engine.session import (
    Batch,
    DescentStep,
    Floats,
    OpenSession,
    Optimizer,
    RowOrder,
    Session,
    Settings,
    Source,
    StepPlan,
    StepReport,
)
from chainrule.errors import EngineWarning, ParameterError, nearest
from chainrule.network import Network

__all__ = [
    "ENGINES",
    "Batch",
    "DescentStep",
    "Engine",
    "Optimizer",
    "RowOrder",
    "Session",
    "Settings",
    "Source",
    "StepPlan",
    "StepReport",
    "logits",
    "open_session",
]


class Engine(NamedTuple):
    """An executor: how to open a session of it, how to get logits, and which class of a network it does not know."""

    open_session: OpenSession
    logits: Callable[[Network, Floats, Any, int | None], Floats]
    unsupported: Callable[[Network, Optimizer | None], str | None]


def _native_engine() -> Engine:
    from chainrule.engine.native import NativeSession, native_logits, unsupported

    return Engine(NativeSession, native_logits, unsupported)


def _reference_engine() -> Engine:
    from chainrule.engine.reference import ReferenceSession, tiled_logits

    return Engine(ReferenceSession, tiled_logits, lambda *_: None)


ENGINES: dict[str, Callable[[], Engine]] = {"native": cache(_native_engine), "reference": cache(_reference_engine)}
"""How to get an engine by its name, the preferred one first. An engine that cannot be had raises ImportError."""


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
        If there is no engine of that name, or it cannot run this network.
    """
    chosen = _chosen(engine, network, optimizer)
    return chosen.open_session(network, source, optimizer, settings, weights=weights, vectors=vectors)


def logits(
    network: Network, weights: Floats, numbers: Any, *, n_threads: int | None = None, engine: str = "auto"
) -> Floats:
    """Return the logits (n, K) of a trained network for rows ``numbers`` (n, D), by the engine named.

    Raises
    ------
    ParameterError
        If there is no engine of that name, or it cannot run this network.
    """
    return _chosen(engine, network, None).logits(network, weights, numbers, n_threads)


def _chosen(name: str, network: Network, optimizer: Optimizer | None) -> Engine:
    """Return the engine to use: the one place where it is chosen."""
    if name == "auto":
        engine = _best()
        return engine if engine.unsupported(network, optimizer) is None else ENGINES["reference"]()
    if name not in ENGINES:
        known = ["auto", *ENGINES]
        raise ParameterError(f"engine must be one of {known}, got {name!r}.{nearest(str(name), known)}")
    try:
        engine = ENGINES[name]()
    except ImportError as error:
        raise ParameterError(
            f"engine={name!r} cannot be had here ({error}). Use engine='auto', which takes the reference engine then."
        ) from error
    if (other := engine.unsupported(network, optimizer)) is not None:
        raise ParameterError(
            f"engine={name!r} knows chainrule's own layers, losses and optimizers only. Got {other}. "
            "Use engine='auto' or engine='reference'."
        )
    return engine


@cache
def _best() -> Engine:
    """Return the first engine that can be had, found once; the native core's absence is said then."""
    try:
        return ENGINES["native"]()
    except ImportError as error:
        warn(
            f"chainrule's native core cannot be imported ({error}), so that everything runs on the reference engine: "
            "the same results, many times slower. Install chainrule again with a C++ compiler at hand.",
            EngineWarning,
            stacklevel=4,
        )
        return ENGINES["reference"]()
