"""Settings of layers, losses and the penalty as plain JSON values, and back. The way back trusts nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TypeVar

from chainrule.errors import ParameterError, nearest
from chainrule.network._checks import check_choice

__all__ = ["build", "check_names", "describe", "settings"]

T = TypeVar("T")


def settings(described: Any) -> dict[str, Any]:
    """Return a dataclass's fields as JSON values (a tuple becomes a list)."""
    values = {field.name: getattr(described, field.name) for field in fields(described)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def describe(described: Any) -> dict[str, Any]:
    """Return ``{"kind": ..., **settings}`` of a layer or loss."""
    return {"kind": described.kind, **settings(described)}


def check_names(owner: str, config: object, expected: Iterable[str]) -> dict[str, Any]:
    """Return ``config`` if it is a dict with exactly the expected names; else raise ParameterError."""
    if not isinstance(config, dict):
        raise ParameterError(f"{owner}: the settings must be a dict of names and values. Got {config!r} instead.")
    expected = list(expected)
    for name in config:
        if name not in expected:
            raise ParameterError(f"{owner}: unknown setting {name!r}.{nearest(name, expected)}")
    for name in expected:
        if name not in config:
            raise ParameterError(f"{owner}: setting {name!r} is missing.")
    return config


def build(owner: str, known: Mapping[str, type[T]], config: object) -> T:
    """Return the layer or loss that :func:`describe` described.

    Raises
    ------
    ParameterError
        If it is no dict, its kind is not among ``known``, a name is unknown or missing, or a value breaks its rule.
    """
    if not isinstance(config, dict) or "kind" not in config:
        raise ParameterError(f"{owner}: the settings must be a dict with a 'kind'. Got {config!r} instead.")
    check_choice(owner, "kind", config["kind"], known)
    cls = known[config["kind"]]
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    values = check_names(config["kind"], {name: v for name, v in config.items() if name != "kind"}, names)
    return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})
