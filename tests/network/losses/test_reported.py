"""The losses of the drop-in: told as scikit-learn's own functions tell them, with the gradient of the plain loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, softmax
from sklearn.neural_network._base import LOSS_FUNCTIONS

from chainrule.network import CrossEntropy, LogLoss, Poisson, SquaredError
from chainrule.network.losses import (
    ClippedCrossEntropy,
    ClippedLogLoss,
    MeanSquaredError,
    PoissonDeviance,
)

CASES = {
    "log_loss": (ClippedCrossEntropy(), CrossEntropy(), lambda z: softmax(z, axis=1)),
    "binary_log_loss": (ClippedLogLoss(), LogLoss(), expit),
    "squared_error": (MeanSquaredError(), SquaredError(), lambda z: z),
    "poisson": (PoissonDeviance(), Poisson(), np.exp),
}


def drawn(name, seed, n_outputs, scale):
    """Logits, a target for the loss, and the same target as scikit-learn has it (N, K)."""
    rng = np.random.default_rng(seed)
    logits = scale * rng.uniform(-1, 1, size=(9, n_outputs))
    if name == "log_loss":
        codes = rng.integers(0, n_outputs, 9)
        return logits, codes, np.eye(n_outputs)[codes]
    y = {
        "binary_log_loss": rng.integers(0, 2, logits.shape),
        "squared_error": rng.normal(size=logits.shape),
        "poisson": rng.poisson(1.5, logits.shape),
    }[name].astype(float)
    return logits, y, y


@pytest.mark.parametrize("name", CASES)
@given(seed=st.integers(0, 10**6), n_outputs=st.integers(1, 4), scale=st.sampled_from((0.5, 3.0, 8.0)))
@settings(deadline=None, max_examples=40)
def test_the_error_is_that_of_scikit_learn(name, seed, n_outputs, scale):
    loss, _, output = CASES[name]
    logits, y, indicator = drawn(name, seed, n_outputs + (name == "log_loss"), scale)
    weight = np.random.default_rng(seed + 1).uniform(0.1, 2, 9)
    expected = LOSS_FUNCTIONS[name](indicator, output(logits), weight)
    # Theirs takes the logarithm of 1 - p, which is known to 2⁻⁵³·e^8 at logits of 8.
    assert loss(logits, y, weight)[0] / weight.sum() == pytest.approx(expected, rel=1e-11, abs=1e-12)


@pytest.mark.parametrize("name", ["log_loss", "binary_log_loss"])
def test_certain_predictions_are_told_as_by_scikit_learn(name):
    loss, _, output = CASES[name]
    logits, y, indicator = drawn(name, 5, 3, 1000.0)
    logits[np.abs(logits) < 100] = 100.0
    expected = LOSS_FUNCTIONS[name](indicator, output(logits))
    assert loss(logits, y)[0] / len(y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_the_gradient_is_that_of_the_plain_loss(name, scale):
    loss, plain, _ = CASES[name]
    logits, y, _ = drawn(name, 3, 3, scale if name != "poisson" else 1.0)
    np.testing.assert_array_equal(loss.rows(logits, y)[1], plain.rows(logits, y)[1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_probabilities_count_as_no_nearer_to_0_and_1_than_epsilon(dtype, sign):
    epsilon = np.finfo(dtype).eps.astype(np.float64)
    told = -np.log1p(-epsilon) if sign > 0 else -np.log(epsilon)
    logit = dtype(sign * 1000.0)
    binary, _ = ClippedLogLoss().rows(np.array([[logit]]), np.array([[1]], dtype))
    of_classes, _ = ClippedCrossEntropy().rows(np.array([[logit, 0]], dtype), np.array([0]))
    np.testing.assert_allclose([binary[0], of_classes[0]], told, rtol=epsilon)


def test_the_rounding_of_a_certain_prediction_that_is_wrong_is_told_too():
    # It decides where L-BFGS goes from a point far away. Here 1 - p has two or three binary digits.
    logits = np.linspace(33.0, 35.0, 50)[:, None]
    losses, _ = ClippedLogLoss().rows(logits, np.zeros((50, 1)))
    expected = [LOSS_FUNCTIONS["binary_log_loss"](np.zeros((1, 1)), expit(logit[None])) for logit in logits]
    np.testing.assert_allclose(losses, expected, rtol=1e-15)
    assert np.abs(losses - logits[:, 0]).max() > 0.1


def test_probabilities_further_from_0_and_1_count_as_they_are():
    binary, _ = ClippedLogLoss().rows(np.array([[30.0]]), np.array([[1.0]]))
    of_classes, _ = ClippedCrossEntropy().rows(np.array([[-30.0, 0.0]]), np.array([0]))
    np.testing.assert_allclose([binary[0], of_classes[0]], [np.log1p(np.exp(-30)), np.log1p(np.exp(30))], rtol=1e-14)


def test_the_deviance_is_zero_where_the_mean_is_the_count():
    counts = np.array([[0.0, 1.0, 7.0]])
    losses, _ = PoissonDeviance().rows(np.log(np.maximum(counts, 1e-300)), counts)
    np.testing.assert_allclose(losses, 0, atol=1e-14)


def test_the_squared_error_is_told_as_the_mean_over_outputs():
    losses, slope = MeanSquaredError().rows(np.array([[1.0, 2.0]]), np.array([[0.0, 0.0]]))
    np.testing.assert_array_equal(losses, [1.25])
    np.testing.assert_array_equal(slope, [[1.0, 2.0]])
