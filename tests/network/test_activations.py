import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from chainrule.network import ACTIVATIONS

SELU_SCALE, SELU_ALPHA = (
    mpmath.mpf("1.0507009873554804934193349852946"),
    mpmath.mpf("1.6732632423543772848170429916717"),
)


def softplus(z):
    return mp.log1p(mp.exp(z))


def elu(z, scale=1, alpha=1):
    return scale * (z if z > 0 else alpha * mp.expm1(z))


REFERENCE = {
    "identity": lambda z: z,
    "relu": lambda z: max(z, mp.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else z * mp.mpf(0.01),
    "elu": elu,
    "selu": lambda z: elu(z, SELU_SCALE, SELU_ALPHA),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "silu": lambda z: z / (1 + mp.exp(-z)),
    "mish": lambda z: z * mp.tanh(softplus(z)),
    "tanh": mp.tanh,
    "logistic": lambda z: 1 / (1 + mp.exp(-z)),
    "softplus": softplus,
}
points = st.one_of(st.floats(-40, 40), st.floats(-1e4, 1e4), st.sampled_from([0.0, -1e4, 1e4, 1e-300, -1e-300]))


def test_all_eleven_are_there():
    assert set(ACTIVATIONS) == set(REFERENCE)
    assert all(name == function.name for name, function in ACTIVATIONS.items())


@pytest.mark.parametrize("name", sorted(REFERENCE))
@settings(deadline=None, max_examples=60)
@given(z=points)
def test_phi_is_exact_to_rounding(name, z):
    with mp.workdps(60):
        true = REFERENCE[name](mp.mpf(z))
        for dtype, relative, floor in ((np.float64, 1e-12, 1e-300), (np.float32, 3e-5, 1e-37)):
            rounded = np.array([z], dtype=dtype)
            reference = true if dtype == np.float64 else REFERENCE[name](mp.mpf(float(rounded[0])))
            a = ACTIVATIONS[name].phi(rounded)
            assert a.dtype == dtype
            assert abs(mp.mpf(float(a[0])) - reference) <= relative * abs(reference) + floor


@pytest.mark.parametrize("name", sorted(REFERENCE))
@settings(deadline=None, max_examples=60)
@given(z=points)
def test_phi_prime_is_the_derivative_of_phi(name, z):
    function = ACTIVATIONS[name]
    with mp.workdps(60):
        # One-sided, away from a kink; at a kink from the left, as promised.
        side = 1 if z > 0 else -1
        true = mp.diff(REFERENCE[name], mp.mpf(z), direction=side)
        for dtype, tolerance in ((np.float64, 1e-14), (np.float32, 1e-5)):
            rounded = np.array([z], dtype=dtype)
            if dtype == np.float32:
                side = 1 if rounded[0] > 0 else -1
                true = mp.diff(REFERENCE[name], mp.mpf(float(rounded[0])), direction=side)
            slope = function.phi_prime(rounded, function.phi(rounded))
            assert slope.dtype in (dtype, np.bool_)
            assert abs(mp.mpf(float(slope[0])) - true) <= tolerance


@pytest.mark.parametrize("name", ["tanh", "logistic", "softplus", "elu", "selu"])
@settings(deadline=None, max_examples=60)
@given(z=st.one_of(st.floats(-40, 40), st.sampled_from([-18.0, 18.0, -36.0, 36.0])))
def test_phi_prime_is_exact_however_small(name, z):
    """Relative to φ′ itself: where φ is near its limit, φ′ is small and must not be a difference of rounded numbers."""
    function = ACTIVATIONS[name]
    for dtype, tolerance in ((np.float64, 1e-14), (np.float32, 3e-6)):
        rounded = np.array([z], dtype=dtype)
        with mp.workdps(60):
            x = mp.mpf(float(rounded[0]))
            true = mp.diff(REFERENCE[name], x, direction=1 if x > 0 else -1)
            slope = mp.mpf(float(function.phi_prime(rounded, function.phi(rounded))[0]))
            assert abs(slope - true) <= tolerance * true


@pytest.mark.parametrize("name", sorted(REFERENCE))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_finite_net_input_gives_a_wrong_value_or_a_warning(name, dtype):
    largest = np.finfo(dtype).max / 2  # SELU's own values are larger than z
    z = np.array([-largest, largest], dtype=dtype)
    a = ACTIVATIONS[name].phi(z)
    slope = ACTIVATIONS[name].phi_prime(z, a)
    with mp.workdps(400):
        true = [REFERENCE[name](mp.mpf(-1e5)), REFERENCE[name](mp.mpf(1e5))]
    linear = [abs(value) > 100 for value in true]  # where φ grows like z, else it has reached its limit
    assert [bool(abs(value) > 1e30) for value in a] == linear
    assert np.isfinite(a).all()
    assert ((slope >= -1e-6) & (slope <= 1.06)).all()


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_phi_of_nan_is_nan(name):
    assert np.isnan(ACTIVATIONS[name].phi(np.array([np.nan]))).all()


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_kinks_are_exactly_where_a_derivative_jumps(name):
    """Left and right of 0, φ and its first two derivatives agree unless 0 is declared a kink."""
    with mp.workdps(60):
        sides = [[mp.diff(REFERENCE[name], side * mp.mpf("1e-15"), n) for n in (0, 1, 2)] for side in (-1, 1)]
        jumps = any(abs(left - right) > 1e-6 for left, right in zip(*sides, strict=True))
    assert ACTIVATIONS[name].kinks == ((0.0,) if jumps else ())
