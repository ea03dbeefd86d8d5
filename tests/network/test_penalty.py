import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from chainrule.errors import ParameterError
from chainrule.network import Dense, Layout, Penalty

LAYOUT = Layout((Dense(2, 2), Dense(2, 1)))
BIASES = [4, 5, 8]
strengths = st.floats(0, 10)


@settings(deadline=None, max_examples=100)
@given(strengths, strengths, arrays(np.float64, (9,), elements=st.floats(-10, 10, allow_subnormal=False)))
def test_formula_leaves_biases_alone(l1, l2, weights):
    error, gradient = Penalty(l1, l2)(weights, LAYOUT)
    expected = [0.0 if i in BIASES else l1 * np.sign(w) + l2 * w for i, w in enumerate(weights)]
    assert gradient.tolist() == expected
    total = sum(l1 * abs(w) + 0.5 * l2 * w * w for i, w in enumerate(weights) if i not in BIASES)
    assert error == pytest.approx(total, rel=1e-13, abs=1e-300)


def test_worked_example():
    weights = np.array([1, -2, 0, 3, 50, 60, 4, -5, 70], dtype=np.float32)
    error, gradient = Penalty(l1=2, l2=0.5)(weights, LAYOUT)
    assert error == 2 * (1 + 2 + 3 + 4 + 5) + 0.25 * (1 + 4 + 9 + 16 + 25)
    assert gradient.dtype == np.float32
    assert gradient.tolist() == [2.5, -3, 0, 3.5, 0, 0, 4, -4.5, 0]


def test_float32_sums_in_float64():
    layout = Layout((Dense(2000, 500),))
    error, _ = Penalty(l1=1)(np.full(layout.size, 0.1, dtype=np.float32), layout)
    assert error == pytest.approx(1e6 * float(np.float32(0.1)), rel=1e-12)


@pytest.mark.parametrize("name", ["l1", "l2"])
@pytest.mark.parametrize("value", [-1, np.nan, np.inf, 10**400, "1", True, None])
def test_out_of_range(name, value):
    with pytest.raises(ParameterError, match=rf"Penalty: {name} must be a number with 0 <= {name} < infinity\. Got"):
        Penalty(**{name: value})
