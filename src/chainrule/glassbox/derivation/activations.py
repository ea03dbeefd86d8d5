"""The slope φ′(z) of each activation function, as a formula in z."""

from collections.abc import Callable

from chainrule.glassbox.derivation.expression import Expression, Function, Numeral, Quantity
from chainrule.glassbox.derivation.facts import letter
from chainrule.glassbox.derivation.number import Number
from chainrule.network.activations import SELU_ALPHA, SELU_SCALE

__all__ = ["SLOPES", "SLOPE_WORDS", "slope"]

Z = Expression


def _function(name: str) -> Callable[[Expression], Function]:
    return lambda argument: Function(name, argument)


_exp, _ln, _tanh, _cosh, _sigma, _normal, _root = map(_function, ("exp", "ln", "tanh", "cosh", "σ", "Φ", "root"))


def _selu_left(z: Z) -> Expression:
    return letter("λ", SELU_SCALE) * letter("α", SELU_ALPHA) * _exp(z)


def _gelu(z: Z) -> Expression:
    pi = letter("π", 3.141592653589793)
    return _normal(z) + z * _exp(-(z**2 / 2)) / _root(2 * pi)


def _mish(z: Z) -> Expression:
    softplus = _ln(1 + _exp(z))
    return _tanh(softplus) + z * _sigma(z) / _cosh(softplus) ** 2


def _constant(value: float) -> Callable[[Z], Expression]:
    return lambda _: Numeral(Number.given(value))


SLOPES: dict[str, tuple[Callable[[Z], Expression], Callable[[Z], Expression]]] = {
    #             z ≤ 0                         z > 0
    "identity": (_constant(1), _constant(1)),
    "relu": (_constant(0), _constant(1)),
    "leaky_relu": (_constant(0.01), _constant(1)),
    "elu": (_exp, _constant(1)),
    "selu": (_selu_left, lambda _: letter("λ", SELU_SCALE)),
    "gelu": (_gelu, _gelu),
    "silu": (lambda z: _sigma(z) + z * _sigma(z) * _sigma(-z),) * 2,
    "mish": (_mish, _mish),
    "tanh": (lambda z: 1 / _cosh(z) ** 2,) * 2,
    "logistic": (lambda z: _sigma(z) * _sigma(-z),) * 2,
    "softplus": (_sigma, _sigma),
}
"""φ′ by the name of φ, on either side of 0; at 0 it is the slope from the left."""

SLOPE_WORDS = {
    "identity": "the identity has slope 1 everywhere",
    "relu": "relu, max(z, 0), passes on what is above 0 and nothing else",
    "leaky_relu": "leaky_relu is z above 0, and 0.01·z below",
    "elu": "elu is z above 0, and exp(z) − 1 below",
    "selu": "selu is λ·z above 0, and λ·α·(exp(z) − 1) below",
    "gelu": "gelu is z·Φ(z), with the distribution function Φ of the normal distribution",
    "silu": "silu is z·σ(z), with σ(z) = 1/(1 + exp(−z))",
    "mish": "mish is z·tanh(ln(1 + exp(z))), and σ(z) = 1/(1 + exp(−z)) is the slope of ln(1 + exp(z))",
    "tanh": "the slope of a = tanh(z) is 1/cosh²(z), which is 1 − a²: near 0 where tanh is saturated",
    "logistic": "φ is σ(z) = 1/(1 + exp(−z)); its slope is a·(1 − a): a quarter at most, near 0 where it is saturated",
    "softplus": "softplus is ln(1 + exp(z)), with slope σ(z) = 1/(1 + exp(−z))",
}
"""What each function is."""


def slope(function: str, z: Quantity, value: float) -> Expression:
    """Return φ′ at a net input whose value is ``value``, as a formula in z."""
    return SLOPES[function][int(value > 0)](z)
