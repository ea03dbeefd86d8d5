"""Randomness as a function: SplitMix64 of a counter.

The i-th number of a stream is ``mix(key + (i + 1)·GOLDEN)``, where the key is a hash of (seed, stream, step). There is
no state to carry or to share: which rows a step takes and which units it drops follow from (seed, step) alone, in any
engine.

Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from chainrule.errors import ParameterError

__all__ = ["DROPOUT", "ROW_ORDER", "VALIDATION", "WEIGHTS", "CounterRandom", "bits", "key", "row_order", "uniform"]

# Streams: one number for each use of randomness, so that no two uses ever share their numbers.
ROW_ORDER, WEIGHTS, DROPOUT, VALIDATION = range(4)

GOLDEN = 0x9E3779B97F4A7C15
_FACTOR_1 = 0xBF58476D1CE4E5B9
_FACTOR_2 = 0x94D049BB133111EB
_MASK = 2**64 - 1
_MAX_ROWS = 2**32


def _mix_integer(z: int) -> int:
    z = ((z ^ (z >> 30)) * _FACTOR_1) & _MASK
    z = ((z ^ (z >> 27)) * _FACTOR_2) & _MASK
    return z ^ (z >> 31)


def key(seed: int, stream: int, *counters: int) -> np.uint64:
    """Return the key of the numbers that belong to (seed, stream, counters).

    Parameters
    ----------
    seed : int
        0 ≤ seed < 2**64.
    stream : int
        One of the stream constants of this module.
    *counters : int
        Usually the step; for dropout the step and the layer. Each is hashed in turn, so their order matters.

    Raises
    ------
    ParameterError
        If the seed is not an integer in that range.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or not 0 <= seed < 2**64:
        raise ParameterError(f"seed must be an integer with 0 <= seed < 2**64. Got {seed!r} instead.")
    hashed = int(seed)
    for counter in (stream, *counters):
        hashed = _mix_integer((hashed + GOLDEN) & _MASK) ^ int(counter)
    return np.uint64(_mix_integer((hashed + GOLDEN) & _MASK))


def bits(key: np.uint64 | int, start: int, n: int) -> NDArray[np.uint64]:
    """Return numbers ``start`` to ``start + n - 1`` of the key's stream, each 64 random bits, shape (n,)."""
    z = np.arange(start + 1, start + n + 1, dtype=np.uint64)
    z *= np.uint64(GOLDEN)
    z += np.uint64(key)
    z ^= z >> np.uint64(30)
    z *= np.uint64(_FACTOR_1)
    z ^= z >> np.uint64(27)
    z *= np.uint64(_FACTOR_2)
    z ^= z >> np.uint64(31)
    return z


def uniform(key: np.uint64 | int, start: int, n: int) -> NDArray[np.float64]:
    """Return numbers ``start`` to ``start + n - 1`` of the key's stream as floats in [0, 1), shape (n,)."""
    return _fractions(bits(key, start, n))


def _fractions(drawn: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return each number's upper 53 bits, which is what a float64 holds exactly, as a fraction of 1."""
    return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53


def row_order(seed: int, epoch: int, n: int) -> NDArray[np.int64]:
    """Return the order in which an epoch visits its rows: a permutation of 0 … n - 1, shape (n,).

    Each row's hash gives the upper 32 bits of a sort key and the row itself the lower 32, so that keys are unique and
    ties of the hash fall by row.

    Raises
    ------
    ParameterError
        If ``n`` does not fit into 32 bits.
    """
    if not 0 <= n <= _MAX_ROWS:
        raise ParameterError(f"n must be between 0 and 2**32 rows. Got {n!r} instead.")
    low = np.uint64(2**32 - 1)
    keys = bits(key(seed, ROW_ORDER, epoch), 0, n) & ~low
    keys |= np.arange(n, dtype=np.uint64)
    keys.sort()
    return (keys & low).astype(np.int64)


class CounterRandom:
    """The numbers of (seed, stream) one after another: what an initialiser draws from.

    Parameters
    ----------
    seed, stream : int
        As for :func:`key`.
    """

    def __init__(self, seed: int, stream: int) -> None:
        self._key = key(seed, stream, 0)
        self._drawn = 0

    def _next_bits(self, n: int) -> NDArray[np.uint64]:
        drawn = bits(self._key, self._drawn, n)
        self._drawn += n
        return drawn

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw uniformly from [low, high), as float64 of the given shape."""
        return (low + (high - low) * _fractions(self._next_bits(math.prod(shape)))).reshape(shape)

    def normal(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """Draw from N(0, 1) by inverting its distribution function, as float64 of the given shape."""
        # 52 bits plus a half: neither 0 nor 1, where the inverse is infinite, can come up.
        fractions = ((self._next_bits(math.prod(shape)) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
        normal: NDArray[np.float64] = ndtri(fractions)
        return normal.reshape(shape)
