"""Parameters as plain JSON values, and back: what a model file keeps of them."""

from collections.abc import Callable
from dataclasses import fields
from os import PathLike
from typing import Any

import numpy as np

from chainrule.errors import ModelFileError, ParameterError
from chainrule.network import LOSSES, Loss
from chainrule.training import LBFGS, OPTIMIZERS, SCHEDULES, Optimizer, Schedule

__all__ = ["known_class", "parameter_of", "plain_parameter"]

OBJECTS: dict[str, dict[str, type[Any]]] = {
    "solver": {**OPTIMIZERS, LBFGS.kind: LBFGS},
    "schedule": {**SCHEDULES},
    "loss": {**LOSSES},
}


def known_class(known: dict[str, Any], name: Any, what: str) -> Any:
    """Return the class of a name; ModelFileError if there is none."""
    if not isinstance(name, str) or name not in known:
        raise ModelFileError(f"unknown {what} {name!r}")
    return known[name]


def plain_parameter(name: str, value: Any, *, seed: int | None) -> Any:
    """Return a parameter as a JSON value; objects become ``{"object": settings}``, dicts lists of pairs.

    A ``RandomState`` becomes ``seed``.

    Raises
    ------
    ParameterError
        If it is an object of the user's own class.
    """
    if isinstance(value, Optimizer | LBFGS | Schedule | Loss):
        _check_ours(name, value)
    if isinstance(value, Optimizer | LBFGS | Schedule):
        return {"object": value.to_config()}
    if isinstance(value, Loss):
        return {"object": {"kind": value.kind, **{f.name: getattr(value, f.name) for f in fields(value)}}}  # type: ignore[arg-type]
    if isinstance(value, np.random.RandomState):
        return seed
    if isinstance(value, PathLike):  # the folder of record: a file moves, and the folder stays
        return "auto"
    if name == "eval_metric" and not isinstance(value, str):
        return "error"
    if isinstance(value, dict):
        return {"pairs": [[_scalar(k), _scalar(v)] for k, v in value.items()]}
    if isinstance(value, list | tuple | np.ndarray):
        return [_scalar(v) for v in value]
    return _scalar(value)


def _check_ours(name: str, value: Any) -> None:
    """Refuse what ``load`` could not rebuild, before anything is written."""
    known = OBJECTS[name]
    if type(value) not in known.values():
        raise ParameterError(
            f"{name}={value!r} is an object of your own ({type(value).__name__}), which a model file cannot hold: it "
            f"holds no code. Use one of {sorted(known)}, or keep this model with pickle or joblib."
        )


def _scalar(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def parameter_of(name: str, value: Any) -> Any:
    """Return the parameter that ``plain_parameter`` wrote."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict) and set(value) == {"pairs"}:
        return dict(value["pairs"])
    if isinstance(value, dict):
        config = dict(value["object"])
        make: Callable[..., Any] = known_class(OBJECTS.get(name, {}), config.pop("kind"), name)
        return make(**{k: tuple(v) if isinstance(v, list) else v for k, v in config.items()})
    return value
