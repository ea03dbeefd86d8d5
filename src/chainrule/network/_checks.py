"""The rules that settings of layers and losses share, each with its error."""

import sys
from collections.abc import Iterable

from chainrule.errors import ParameterError, nearest

__all__ = ["check_choice", "check_number", "check_size"]

# Far above any table, and small enough that a product of two sizes cannot exhaust anything before it is checked.
MAX_SIZE = 2**24


def check_size(owner: str, name: str, value: object) -> None:
    """Raise ParameterError unless ``value`` is an integer from 1 to 2**24."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_SIZE:
        raise ParameterError(f"{owner}: {name} must be an integer from 1 to {MAX_SIZE}. Got {value!r} instead.")


def check_number(
    owner: str, name: str, value: object, *, rule: str, low: float, high: float = sys.float_info.max
) -> None:
    """Raise ParameterError with ``rule`` unless ``value`` is a finite number with low ≤ value < high."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and low <= value < high):  # type: ignore[operator]
        raise ParameterError(f"{owner}: {name} must be a number {rule}. Got {value!r} instead.")


def check_choice(owner: str, name: str, value: object, known: Iterable[str]) -> None:
    """Raise ParameterError, with the nearest known name, unless ``value`` is among ``known``."""
    known = sorted(known)
    if not isinstance(value, str) or value not in known:
        hint = nearest(value, known) if isinstance(value, str) else ""
        raise ParameterError(f"{owner}: {name} must be one of {', '.join(known)}. Got {value!r} instead.{hint}")
