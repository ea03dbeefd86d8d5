"""Initialisers: how weights are drawn before training.

Each is a function ``(random, n_in, n_out) -> weights``, float64 of shape (n_in, n_out). Biases are not drawn; they
start at 0. Uniform on (-l, l) has variance l²/3, hence the factors 3 and 6 below.
"""

import math
from collections.abc import Callable

import numpy as np

from chainrule.network.layer import Array
from chainrule.network.random import CounterRandom

__all__ = [
    "INITIALISERS",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
    "zeros",
]


def _uniform(random: CounterRandom, n_in: int, n_out: int, variance: float) -> Array:
    limit = math.sqrt(3 * variance)
    return random.uniform(-limit, limit, (n_in, n_out))


def _normal(random: CounterRandom, n_in: int, n_out: int, variance: float) -> Array:
    return math.sqrt(variance) * random.normal((n_in, n_out))


def glorot_uniform(random: CounterRandom, n_in: int, n_out: int) -> Array:
    """Draw from U(-l, l), l = √(6/(n_in + n_out)): variance 2/(n_in + n_out). Glorot, Bengio, AISTATS 2010."""
    return _uniform(random, n_in, n_out, 2 / (n_in + n_out))


def glorot_normal(random: CounterRandom, n_in: int, n_out: int) -> Array:
    """Draw from N(0, σ²), σ² = 2/(n_in + n_out). Glorot, Bengio, AISTATS 2010."""
    return _normal(random, n_in, n_out, 2 / (n_in + n_out))


def he_uniform(random: CounterRandom, n_in: int, n_out: int) -> Array:
    """Draw from U(-l, l), l = √(6/n_in): variance 2/n_in. He et al., ICCV 2015."""
    return _uniform(random, n_in, n_out, 2 / n_in)


def he_normal(random: CounterRandom, n_in: int, n_out: int) -> Array:
    """Draw from N(0, σ²), σ² = 2/n_in. He et al., ICCV 2015."""
    return _normal(random, n_in, n_out, 2 / n_in)


def lecun_uniform(random: CounterRandom, n_in: int, n_out: int) -> Array:
    """Draw from U(-l, l), l = √(3/n_in): variance 1/n_in. LeCun et al., "Efficient BackProp", 1998."""
    return _uniform(random, n_in, n_out, 1 / n_in)


def lecun_normal(random: CounterRandom, n_in: int, n_out: int) -> Array:
    """Draw from N(0, σ²), σ² = 1/n_in. LeCun et al., "Efficient BackProp", 1998; what SELU assumes."""
    return _normal(random, n_in, n_out, 1 / n_in)


def orthogonal(random: CounterRandom, n_in: int, n_out: int) -> Array:
    """Draw uniformly among matrices with orthonormal rows or columns, whichever are fewer. Saxe et al., ICLR 2014.

    The Q of the QR decomposition of a normal matrix, each column's sign that of R's diagonal (Mezzadri 2007).
    """
    normal = random.normal((max(n_in, n_out), min(n_in, n_out)))
    q, r = np.linalg.qr(normal)
    q *= np.where(np.diag(r) < 0, -1.0, 1.0)
    return q if n_in >= n_out else np.ascontiguousarray(q.T)


def zeros(random: CounterRandom, n_in: int, n_out: int) -> Array:  # noqa: ARG001
    """Return zeros. Behind a hidden layer only: neurons that start alike stay alike."""
    return np.zeros((n_in, n_out))


INITIALISERS: dict[str, Callable[[CounterRandom, int, int], Array]] = {
    function.__name__: function
    for function in (
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        lecun_uniform,
        lecun_normal,
        orthogonal,
        zeros,
    )
}
