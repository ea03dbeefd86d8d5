import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from chainrule.network import INITIALISERS, CounterRandom
from chainrule.network.random import WEIGHTS

N_IN, N_OUT = 120, 60
VARIANCE = {"glorot": 2 / (N_IN + N_OUT), "he": 2 / N_IN, "lecun": 1 / N_IN}


def test_names():
    families = {f"{family}_{law}" for family in VARIANCE for law in ("uniform", "normal")}
    assert set(INITIALISERS) == families | {"orthogonal", "zeros"}


@pytest.mark.parametrize("family", sorted(VARIANCE))
@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_distribution(family, law):
    weights = INITIALISERS[f"{family}_{law}"](CounterRandom(1, WEIGHTS), N_IN, N_OUT)
    assert weights.shape == (N_IN, N_OUT)
    assert weights.dtype == np.float64
    deviation = np.sqrt(VARIANCE[family])
    if law == "normal":
        assert kstest(weights.ravel(), "norm", args=(0, deviation)).pvalue > 1e-3
    else:
        limit = np.sqrt(3) * deviation
        assert kstest(weights.ravel(), "uniform", args=(-limit, 2 * limit)).pvalue > 1e-3


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 2**64 - 1))
def test_orthogonal(n_in, n_out, seed):
    weights = INITIALISERS["orthogonal"](CounterRandom(seed, WEIGHTS), n_in, n_out)
    assert weights.shape == (n_in, n_out)
    product = weights.T @ weights if n_in >= n_out else weights @ weights.T
    assert np.abs(product - np.eye(min(n_in, n_out))).max() < 1e-13


def test_orthogonal_is_uniform_over_signs():
    """Without the correction of signs LAPACK's Q has a diagonal of one sign."""
    diagonals = [INITIALISERS["orthogonal"](CounterRandom(seed, WEIGHTS), 1, 1)[0, 0] for seed in range(400)]
    assert abs(np.mean(diagonals)) < 4 / np.sqrt(400)


def test_zeros():
    assert INITIALISERS["zeros"](CounterRandom(0, WEIGHTS), 3, 2).tolist() == [[0, 0]] * 3
