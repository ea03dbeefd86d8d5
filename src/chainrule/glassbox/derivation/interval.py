"""Intervals: what a formula allows when each of its numbers is known to within a rounding."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isnan

import numpy as np
from scipy.special import expit, ndtr

__all__ = ["FUNCTIONS", "Interval"]

ROUNDING = 2.0**-51
TINY = 5e-324  # the smallest float64


@dataclass(frozen=True)
class Interval:
    """All numbers from ``low`` to ``high``; every operation includes what float64 itself rounds away.

    Parameters
    ----------
    low, high : float
        low ≤ high.
    """

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __neg__(self) -> "Interval":
        return Interval(-self.high, -self.low)

    def __add__(self, other: "Interval") -> "Interval":
        return _around(self.low + other.low, self.high + other.high)

    def __mul__(self, other: "Interval") -> "Interval":
        ends = [a * b if a and b else 0.0 for a in (self.low, self.high) for b in (other.low, other.high)]
        return _around(min(ends), max(ends))

    def __truediv__(self, other: "Interval") -> "Interval":
        if 0.0 in other:
            return Interval(-inf, inf)
        ends = [a / b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(-inf, inf) if any(map(isnan, ends)) else _around(min(ends), max(ends))

    def __pow__(self, exponent: int) -> "Interval":
        """Return the power with a whole exponent of at least 0."""
        base = abs(self) if exponent % 2 == 0 else self
        with np.errstate(over="ignore"):
            return _around(float(np.float64(base.low) ** exponent), float(np.float64(base.high) ** exponent))

    def __abs__(self) -> "Interval":
        ends = sorted((abs(self.low), abs(self.high)))
        return Interval(0.0 if 0.0 in self else ends[0], ends[1])

    def through(self, rising: Callable[[float], float]) -> "Interval":
        """Return what a rising function makes of it."""
        with np.errstate(all="ignore"):
            return _around(float(rising(self.low)), float(rising(self.high)))


def _around(low: float, high: float) -> Interval:
    """Return the interval widened by float64's rounding; where an end is lost in overflow, all numbers."""
    ends = low - ROUNDING * abs(low) - TINY, high + ROUNDING * abs(high) + TINY
    return Interval(-inf, inf) if isnan(ends[0]) or isnan(ends[1]) else Interval(*ends)


NORMAL_TAIL = Interval(1 - 1e-12, 1 + 1e-12)  # SciPy's Φ loses digits in its left tail: its argument is squared there


def _root(of: Interval) -> Interval:
    return Interval(max(of.low, 0.0), of.high).through(np.sqrt)


FUNCTIONS: dict[str, Callable[[Interval], Interval]] = {
    "abs": abs,
    "root": _root,
    "exp": lambda of: of.through(np.exp),
    "ln": lambda of: Interval(max(of.low, 0.0), of.high).through(np.log),
    "tanh": lambda of: of.through(np.tanh),
    "cosh": lambda of: abs(of).through(np.cosh),
    "σ": lambda of: of.through(expit),
    "Φ": lambda of: of.through(ndtr) * NORMAL_TAIL,
}
"""The functions that formulas with numbers may use: σ is the logistic function, Φ the normal distribution's."""
