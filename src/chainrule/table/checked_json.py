"""Plain JSON values read without trust: each reader checks one value and names its place when it does not fit."""

__all__ = ["Reader", "finite", "list_of", "one_of", "read_object", "require", "text", "truth", "whole"]

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chainrule.errors import ParameterError

T = TypeVar("T")
Reader = Callable[[Any, str], T]
"""(value, its place for error messages) → the value as its type; ParameterError if it does not fit."""


def require(condition: bool, where: str, rule: str, value: object) -> None:
    """Raise a `ParameterError` that names the place, the rule and the value, unless the condition holds."""
    if not condition:
        raise ParameterError(f"{where} must be {rule}. Got {value!r:.80} instead.")


def read_object(value: Any, where: str, spec: Mapping[str, Reader[Any]]) -> dict[str, Any]:
    """Read a JSON object that has exactly the entries of ``spec``, each by its reader."""
    fits = isinstance(value, dict) and value.keys() == spec.keys()
    require(fits, where, f"a JSON object with just the entries {', '.join(spec)}", value)
    return {name: read(value[name], f"{where}[{name!r}]") for name, read in spec.items()}


def text(value: Any, where: str) -> str:
    """Read a str."""
    require(isinstance(value, str), where, "a str", value)
    return str(value)


def truth(value: Any, where: str) -> bool:
    """Read true or false."""
    require(isinstance(value, bool), where, "true or false", value)
    return bool(value)


def whole(value: Any, where: str) -> int:
    """Read an int of 64 bits."""
    fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    require(fits, where, "an int of 64 bits", value)
    return int(value)


def finite(value: Any, where: str) -> float:
    """Read a finite number."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    require(number and abs(value) <= sys.float_info.max, where, "a finite number", value)
    return float(value)


def one_of(*choices: str) -> Reader[str]:
    """Return a reader of one of these."""

    def read(value: Any, where: str) -> str:
        require(isinstance(value, str) and value in choices, where, f"one of {', '.join(choices)}", value)
        return str(value)

    return read


def list_of(read_item: Reader[T]) -> Reader[list[T]]:
    """Return a reader of a list of such items."""

    def read(value: Any, where: str) -> list[T]:
        require(isinstance(value, list), where, "a list", value)
        return [read_item(item, f"{where}[{place}]") for place, item in enumerate(value)]

    return read
