"""Losses that report another error than they descend, scikit-learn's: told as the reference tells them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings, Source, open_session
from chainrule.network import Network
from chainrule.network.dense import Dense
from chainrule.network.losses import (
    REPORTED_LOSSES,
    ClippedCrossEntropy,
    ClippedLogLoss,
    MeanSquaredError,
    PoissonDeviance,
)
from chainrule.training import SGD, Adam

TOLERANCE = {"f4": 1e-5, "f8": 1e-10}


def sums_of(network, X, y, weight, engine):
    """Return Σ error and the gradient of one layer that hands the logits X through."""
    W = np.vstack([np.eye(X.shape[1]), np.zeros(X.shape[1])]).astype(X.dtype).ravel()
    opened = open_session(
        network, Source(X, y, weight), SGD(), Settings(batch_size=len(X)), weights=W, vectors=(), engine=engine
    )
    error, _, gradient = opened.accumulate(slice(None))
    return error, gradient


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@settings(deadline=None, max_examples=60)
@given(
    data=st.data(), kind=st.sampled_from(sorted(REPORTED_LOSSES)), n_rows=st.integers(1, 40), seed=st.integers(0, 99)
)
def test_every_reported_loss_is_the_references_from_0_to_certainty(data, dtype, kind, n_rows, seed, engine):
    rng = np.random.default_rng(seed)
    n_outputs = data.draw(st.integers(1 if kind != "clipped_cross_entropy" else 2, 9))
    scale = data.draw(st.sampled_from((0.0, 1.0, 8.0) if kind == "poisson_deviance" else (0.0, 1.0, 30.0, 500.0)))
    X = (scale * rng.normal(size=(n_rows, n_outputs))).astype(dtype)
    y = {
        "clipped_cross_entropy": rng.integers(0, n_outputs, n_rows),
        "clipped_log_loss": rng.integers(0, 2, X.shape).astype(float),
        "poisson_deviance": rng.poisson(1.0, X.shape).astype(float),
    }.get(kind, rng.normal(size=X.shape))
    weight = rng.uniform(0, 2, n_rows).astype(dtype) if data.draw(st.booleans()) else None
    network = Network(n_outputs, (Dense(n_outputs, n_outputs),), REPORTED_LOSSES[kind]())
    error, gradient = sums_of(network, X, y, weight, engine)
    expected, expected_gradient = sums_of(network, X, y, weight, "reference")
    atol = TOLERANCE[dtype] * n_rows * 1e-5
    if kind == "clipped_log_loss" and dtype == "f4":  # 1 - p may be another by the last digit of p
        atol += float((np.finfo(dtype).eps * np.exp(np.minimum(X[(X > 0) & (y == 0)], 20)) * 2).sum())
    assert error == pytest.approx(expected, rel=TOLERANCE[dtype], abs=atol)
    # A gradient is a sum over the rows, of numbers that may cancel.
    terms = (n_rows if weight is None else weight.sum()) * max(1.0, np.abs(X).max())
    bound = TOLERANCE[dtype] * max(np.abs(expected_gradient).max(), terms)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=0, atol=bound)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_a_probability_of_0_or_1_is_told_as_if_it_were_not(dtype, engine):
    epsilon = np.finfo(dtype).eps
    sure = np.array([[900.0, 0.0], [0.0, 900.0]], dtype)
    network = Network(2, (Dense(2, 2),), ClippedCrossEntropy())
    right, wrong = (sums_of(network, sure, codes, None, engine)[0] for codes in (np.array([0, 1]), np.array([1, 0])))
    assert right == pytest.approx(-2 * np.log1p(-float(epsilon)), rel=1e-6)
    assert wrong == pytest.approx(-2 * np.log(float(epsilon)), rel=1e-6)


def test_the_rounding_of_a_certain_prediction_that_is_wrong_is_told_as_the_reference_tells_it(engine):
    logits, network = np.linspace(33.0, 37.0, 100), Network(1, (Dense(1, 1),), ClippedLogLoss())
    told = [
        [sums_of(network, z[None, None], np.zeros((1, 1)), None, name)[0] for z in logits]
        for name in (engine, "reference")
    ]
    np.testing.assert_allclose(told[0], told[1], rtol=1e-10)
    assert np.abs(told[0] - logits)[:50].max() > 0.1


@pytest.mark.parametrize("loss", [ClippedCrossEntropy(), ClippedLogLoss(), MeanSquaredError(), PoissonDeviance()])
def test_a_run_reports_what_the_reference_reports(loss, problem, engine, plan):
    made = problem("DADD", loss=loss, n_outputs=3, weighted=True, n_rows=40)
    reference, tested = made.open("reference", Adam()), made.open(engine, Adam())
    for column, other in zip(tested.run(0, plan(12, 0)), reference.run(0, plan(12, 0)), strict=True):
        np.testing.assert_allclose(column, other, rtol=1e-10)
    made.assert_close(tested.weights, reference.weights, rtol=1e-10)
