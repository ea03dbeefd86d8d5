"""Rules that parameters must keep, with one wording for all (scikit-learn's): checked at the start of ``fit``."""

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np

from chainrule.errors import ParameterError, nearest

__all__ = ["AnyOf", "Instance", "Number", "OneOf", "Rule", "Sizes", "check_parameters"]


class Rule(Protocol):
    """A rule for one value."""

    def accepts(self, value: Any) -> bool:
        """Return whether the value keeps the rule."""

    def __str__(self) -> str:
        """Return the rule in words that follow "must be"."""


@dataclass(frozen=True)
class Number:
    """A finite number in an interval; ``open`` leaves the ends out, infinite ends are always out."""

    low: float = -np.inf
    high: float = np.inf
    integer: bool = False
    open: str = ""

    def accepts(self, value: Any) -> bool:
        """Return whether the value keeps the rule; a bool is not a number here."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, Integral if self.integer else Real):
            return False
        number = int(value) if isinstance(value, Integral) else float(value)
        above = number > self.low if "low" in self.open else number >= self.low
        below = number < self.high if "high" in self.open else number <= self.high
        return above and below and abs(number) != np.inf

    def __str__(self) -> str:
        left = "(" if "low" in self.open or self.low == -np.inf else "["
        right = ")" if "high" in self.open or self.high == np.inf else "]"
        return f"{'an int' if self.integer else 'a float'} in the range {left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True)
class OneOf:
    """One of some plain values."""

    values: tuple[Any, ...]

    def accepts(self, value: Any) -> bool:
        """Return whether the value keeps the rule; True is not 1. NumPy's str and bool are plain ones."""
        value = value.item() if isinstance(value, np.str_ | np.bool_) else value
        return any(type(value) is type(one) and value == one for one in self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return repr(self.values[0])
        return "one of {" + ", ".join(repr(v) for v in self.values) + "}"


@dataclass(frozen=True)
class Instance:
    """An object of a class; ``words`` says which."""

    classes: tuple[type, ...]
    words: str

    def accepts(self, value: Any) -> bool:
        """Return whether the value keeps the rule."""
        return isinstance(value, self.classes)

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Sizes:
    """A sequence of widths of hidden layers, possibly empty."""

    def accepts(self, value: Any) -> bool:
        """Return whether the value keeps the rule."""
        if not isinstance(value, list | tuple | np.ndarray):
            return Number(1, integer=True).accepts(value)
        return all(Number(1, integer=True).accepts(size) for size in value)

    def __str__(self) -> str:
        return "a tuple of ints of at least 1, the widths of the hidden layers"


@dataclass(frozen=True)
class AnyOf:
    """Whatever keeps one of several rules."""

    rules: tuple[Rule, ...]

    def accepts(self, value: Any) -> bool:
        """Return whether the value keeps the rule."""
        return any(rule.accepts(value) for rule in self.rules)

    def __str__(self) -> str:
        words = [str(rule) for rule in self.rules]
        return f"{', '.join(words[:-1])} or {words[-1]}"


def check_parameters(owner: str, values: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
    """Check parameters against their rules.

    Raises
    ------
    ParameterError
        Naming the parameter, its rule and the value, and the nearest name where it is a name.
    """
    for name, rule in rules.items():
        value = values[name]
        if not rule.accepts(value):
            hint = nearest(value, _names(rule)) if isinstance(value, str) else ""
            raise ParameterError(f"The {name!r} parameter of {owner} must be {rule}. Got {value!r} instead.{hint}")


def _names(rule: Rule) -> list[str]:
    if isinstance(rule, AnyOf):
        return [name for part in rule.rules for name in _names(part)]
    return [v for v in rule.values if isinstance(v, str)] if isinstance(rule, OneOf) else []
