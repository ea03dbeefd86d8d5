"""The activation functions: a table of φ and φ′, to be audited on one screen.

φ(z) and φ′(z, a), with a = φ(z) at hand, are elementwise, keep the dtype, and are exact to rounding, without overflow,
for every z up to half the dtype's range; where φ′ is a sum, to rounding of its terms. φ of NaN is NaN.
At a kink φ′ is the derivative from the left.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from chainrule.network.layer import Array

__all__ = ["ACTIVATIONS", "ActivationFunction"]

# Klambauer et al., "Self-normalizing neural networks", NeurIPS 2017: the fixed point of mean 0 and variance 1.
SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


@dataclass(frozen=True)
class ActivationFunction:
    """φ with its derivative.

    Parameters
    ----------
    name : str
        Its name in settings.
    phi : callable
        φ(z) → a, elementwise.
    phi_prime : callable
        φ′(z, a), elementwise; booleans where it is 0 or 1 only.
    kinks : tuple of float
        The z at which φ, φ′ or φ″ jumps.
    """

    name: str
    phi: Callable[[Array], Array]
    phi_prime: Callable[[Array, Array], Array]
    kinks: tuple[float, ...] = ()


def _exp_left(z: Array) -> Array:
    """Return eᶻ left of 0, and 1 right of it."""
    return np.exp(np.minimum(z, 0))


def _expm1_left(z: Array) -> Array:
    """Return eᶻ - 1 left of 0, and 0 right of it."""
    return np.expm1(np.minimum(z, 0))


def _normal_slope(z: Array) -> Array:
    """Return z times the density of N(0, 1): beyond 40 it is 0 in double precision, and z² may overflow."""
    z = np.clip(z, -40, 40)
    return z * np.exp(-0.5 * z * z) * (1 / math.sqrt(2 * math.pi))


def _softplus(z: Array) -> Array:
    """Return ln(1 + eᶻ) as max(z, 0) + ln(1 + e^-|z|), which cannot overflow."""
    a: Array = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
    return a


def _mish(z: Array) -> Array:
    """Return z·tanh(ln(1 + e)), e = eᶻ; that tanh is n/(n + 2) with n = e(e + 2), and 1 beyond z = 40."""
    e = np.exp(np.minimum(z, 40))
    n = e * (e + 2)
    a: Array = z * (n / (n + 2))
    return a


def _mish_prime(z: Array) -> Array:
    """Return n/(n + 2) + z·4e(1 + e)/(n + 2)², the fraction in two factors because (n + 2)² may overflow."""
    z = np.minimum(z, 40)
    e = np.exp(z)
    n = e * (e + 2)
    slope: Array = n / (n + 2) + z * (4 * e / (n + 2)) * ((1 + e) / (n + 2))
    return slope


def _tanh_prime(z: Array) -> Array:
    """Return sech²z as 4e/(1 + e)², e = e^-2|z|: 1 - tanh²z would cancel where tanh is near its limits."""
    e = np.exp(-2 * np.abs(z))
    slope: Array = 4 * e / ((1 + e) * (1 + e))
    return slope


ACTIVATIONS = {
    function.name: function
    for function in (
        #                  name        φ(z)                                    φ′(z, a)                    kinks
        ActivationFunction("identity", lambda z: z, lambda z, _: np.ones_like(z)),
        ActivationFunction("relu", lambda z: np.maximum(z, 0), lambda z, _: z > 0, (0.0,)),
        ActivationFunction(
            "leaky_relu",
            lambda z: np.maximum(z, 0.01 * z),
            lambda z, _: np.where(z > 0, z.dtype.type(1), z.dtype.type(0.01)),
            (0.0,),
        ),
        ActivationFunction("elu", lambda z: np.maximum(z, 0) + _expm1_left(z), lambda z, _: _exp_left(z), (0.0,)),
        ActivationFunction(
            "selu",
            lambda z: SELU_SCALE * (np.maximum(z, 0) + SELU_ALPHA * _expm1_left(z)),
            lambda z, _: SELU_SCALE * np.where(z > 0, 1, SELU_ALPHA * _exp_left(z)),
            (0.0,),
        ),
        # GELU is z·Φ(z) with the normal distribution function Φ itself, not its tanh approximation.
        ActivationFunction("gelu", lambda z: z * ndtr(z), lambda z, _: ndtr(z) + _normal_slope(z)),
        ActivationFunction("silu", lambda z: z * expit(z), lambda z, a: expit(z) + a * expit(-z)),
        ActivationFunction("mish", _mish, lambda z, _: _mish_prime(z)),
        ActivationFunction("tanh", lambda z: np.tanh(z), lambda z, _: _tanh_prime(z)),
        ActivationFunction("logistic", lambda z: expit(z), lambda z, a: a * expit(-z)),
        ActivationFunction("softplus", _softplus, lambda z, _: expit(z)),
    )
}
