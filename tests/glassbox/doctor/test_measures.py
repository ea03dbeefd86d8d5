"""What rules measure, against independent computations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import xlogy

from chainrule.engine import Batch, Settings
from chainrule.glassbox.doctor.base_rate import base_error, least_error
from chainrule.glassbox.doctor.curvature import extreme_curvatures
from chainrule.glassbox.doctor.passes import SamplePass
from chainrule.network import CrossEntropy, Dense, LogLoss, Quantile, multilayer_perceptron
from chainrule.training import LBFGS, Momentum


def gradient_of_row(passes, i):
    """Return the gradient of row i's part in the mean, by a pass of that row alone."""
    batch = passes.batch
    weight = np.ones(len(batch.target)) if batch.weight is None else batch.weight
    alone = passes.network.forward(passes.weights, batch.numbers[[i]])
    return passes.network.backward(
        passes.weights, alone, batch.target[[i]], weight[[i]], divisor=weight.sum(), penalty=0.0
    ).gradient


@pytest.mark.parametrize("weighted", [False, True])
def test_row_norms_and_noise_are_those_of_single_rows_gradients(small_run, weighted):
    weight = np.random.default_rng(0).uniform(0.5, 2.0, 24) if weighted else None
    passes = small_run(hidden=(5, 4), weight=weight).probes[1].before
    rows = np.array([gradient_of_row(passes, i) for i in range(24)])
    assert_allclose(passes.row_norms, np.linalg.norm(rows, axis=1), rtol=1e-12)
    covariance = np.cov(24 * rows.T, bias=True)
    assert_allclose(passes.noise, np.trace(covariance), rtol=1e-10)


def test_a_row_norm_of_sparse_inputs_is_that_of_dense_ones(small_run):
    from scipy.sparse import csr_array

    passes = small_run().probes[0].before
    sparse = passes.batch._replace(numbers=csr_array(passes.batch.numbers))
    assert_allclose(SamplePass(passes.network, passes.weights, sparse).row_norms, passes.row_norms, rtol=1e-12)


def test_there_is_no_noise_where_all_rows_are_alike():
    network = multilayer_perceptron(1, (), 1, loss="squared_error")
    passes = SamplePass(network, np.zeros(2), Batch(np.ones((8, 1)), np.full((8, 1), 4.0), None))
    assert passes.noise <= 1e-12 * np.sum(passes.backward.gradient**2)


def test_overshoot_of_a_parabola_is_the_step_over_the_way_to_its_bottom(small_run):
    """Without a hidden layer E is a parabola: α = η·gᵀHg/gᵀg − 1, H being the mean of [x, 1][x, 1]ᵀ a target."""
    for rate in (0.05, 0.5, 3.0):
        probe = small_run(hidden=(), batch=24, learning_rate=rate).probes[0]
        X = np.column_stack([probe.step.inputs, np.ones(24)])
        G = probe.step.backward_pass.gradient.reshape(5, 2)
        expected = rate * np.sum(G * (X.T @ X / 24 @ G)) / np.sum(G * G) - 1
        assert_allclose(probe.overshoot, expected, rtol=1e-10)
        assert (probe.own_rise > 0) == (expected > 1)


def test_overshoot_says_nothing_of_a_step_uphill(small_run):
    probes = small_run(optimizer=Momentum(momentum=0.99), learning_rate=0.2, batch=24, epochs=60).probes
    uphill = [p for p in probes if p.step.backward_pass.gradient @ p.step.descent.change >= 0]
    assert uphill
    assert all(np.isnan(p.overshoot) for p in uphill)


def test_the_rises_are_differences_of_e(small_run):
    probe = small_run().probes[2]
    before, after, sample = probe.step.weights, probe.step.descent.after, probe.before.batch
    network = probe.step.moment.network
    own = [network.error(w, probe.step.inputs, probe.step.moment.batch.target) for w in (before, after)]
    everyone = [network.error(w, sample.numbers, sample.target) for w in (before, after)]
    assert_allclose([probe.own_rise, probe.sample_rise], [own[1] - own[0], everyone[1] - everyone[0]], rtol=1e-9)
    assert_allclose(probe.update_ratio, np.linalg.norm(after - before) / np.linalg.norm(before), rtol=1e-9)


def test_the_flow_is_what_the_weights_behind_leave_of_the_output_s_delta(small_run):
    passes = small_run(activation="identity").probes[0].before
    W = passes.weights_of(2)[:-1]
    delta = passes.delta(2)
    assert_allclose(passes.flow, np.linalg.norm(delta @ W.T) / np.linalg.norm(delta), rtol=1e-12)
    assert small_run(hidden=()).probes[0].before.flow == 1.0


def test_dead_and_saturated_units_are_those_whose_slope_is_zero(small_run):
    passes = small_run(activation="relu").probes[0].before
    w = passes.weights.copy()
    passes.network.layout.views(w)[0][0][-1, :2] = -1e3
    (slopes,) = SamplePass(passes.network, w, passes.batch).slopes
    z = passes.batch.numbers @ passes.network.layout.views(w)[0][0][:-1] + passes.network.layout.views(w)[0][0][-1]
    assert slopes.dead.tolist() == (z <= 0).all(axis=0).tolist()
    assert slopes.saturated_share == 0.0
    passes = small_run(activation="tanh").probes[0].before
    w = passes.weights.copy()
    passes.network.layout.views(w)[0][0][-1, :2] = 50.0
    (slopes,) = SamplePass(passes.network, w, passes.batch).slopes
    assert slopes.saturated_share == pytest.approx(2 / 5)


def entropy(p):
    return float(-xlogy(p, p).sum())


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=8, max_size=40), st.floats(0.0, 0.3))
def test_the_base_error_of_classes_is_the_entropy_of_their_shares(codes, smoothing):
    y = np.array([0, 1, 2, 3, *codes])
    network = multilayer_perceptron(2, (), 4, loss=CrossEntropy(label_smoothing=smoothing))
    shares = (1 - smoothing) * np.bincount(y) / len(y) + smoothing / 4
    batch = Batch(np.zeros((len(y), 2)), y, None)
    assert_allclose(base_error(network, batch), entropy(shares), rtol=1e-4)
    sure = np.full(4, smoothing / 4)
    sure[0] += 1 - smoothing
    assert_allclose(least_error(network, batch), entropy(sure), atol=1e-3)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_the_base_error_of_numbers_is_that_of_the_mean_or_the_quantiles(seed, scale, shift):
    y = shift + scale * np.random.default_rng(seed).normal(size=(41, 2))
    w = np.random.default_rng(seed + 1).uniform(0.5, 2.0, 41)
    batch = Batch(np.zeros((41, 2)), y, w)
    squared = multilayer_perceptron(2, (), 2, loss="squared_error")
    mean = np.average(y, axis=0, weights=w)
    assert_allclose(base_error(squared, batch), np.average(0.5 * ((y - mean) ** 2).sum(axis=1), weights=w), rtol=1e-4)
    assert least_error(squared, batch) == 0.0
    absolute = multilayer_perceptron(2, (), 2, loss="absolute_error")
    median = np.abs(y - np.median(y, axis=0)).sum(axis=1).mean()
    assert_allclose(base_error(absolute, batch._replace(weight=None)), median, rtol=1e-9)


def test_the_base_error_of_quantiles_and_of_labels():
    y = np.random.default_rng(0).normal(size=(101, 1))
    network = multilayer_perceptron(2, (), 1, loss=Quantile(levels=(0.25, 0.75)))
    best = sum(np.maximum(t * (y - np.quantile(y, t)), (t - 1) * (y - np.quantile(y, t))).mean() for t in (0.25, 0.75))
    assert_allclose(base_error(network, Batch(np.zeros((101, 2)), y, None)), best, rtol=0.02)
    labels = (np.random.default_rng(1).random((50, 3)) < (0.1, 0.5, 0.8)).astype(float)
    network = multilayer_perceptron(2, (), 3, loss=LogLoss())
    p = labels.mean(axis=0)
    assert_allclose(base_error(network, Batch(np.zeros((50, 2)), labels, None)), entropy(p) + entropy(1 - p), rtol=1e-4)


def test_there_is_no_base_error_of_a_target_that_is_not_finite():
    network = multilayer_perceptron(2, (), 1, loss="squared_error")
    batch = Batch(np.zeros((3, 2)), np.array([[1.0], [np.nan], [2.0]]), None)
    assert np.isnan(base_error(network, batch))
    assert np.isnan(least_error(network, batch))


def test_curvatures_are_the_extreme_eigenvalues_of_the_hessian(small_run):
    passes = small_run(hidden=(2,), activation="tanh").probes[0].before
    n = len(passes.weights)

    def gradient(w):
        return SamplePass(passes.network, w, passes.batch).backward.gradient

    h = 1e-5
    hessian = np.array(
        [(gradient(passes.weights + h * e) - gradient(passes.weights - h * e)) / (2 * h) for e in np.eye(n)]
    )
    eigenvalues = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    low, high = extreme_curvatures(passes)
    assert_allclose(high, eigenvalues[-1], rtol=1e-3)
    assert eigenvalues[0] - 1e-6 <= low <= eigenvalues[0] + 0.02 * high


def test_what_is_left_of_the_base_error_is_zero_for_a_perfect_fit_and_one_for_the_base_rate(small_run):
    examination = small_run(hidden=(32,), optimizer=LBFGS(), epochs=400, settings=Settings(24))
    assert examination.remaining < 0.02
    assert small_run(hidden=(), learning_rate=1e-9).remaining > 0.5
    assert examination.probes[0].index == 0
    assert len(examination.probes) <= 4


def test_initial_gains_are_those_of_he_and_glorot():
    """Of He's weights the gain forward is √2: far from what the rule about initialisation calls small or large."""
    network = multilayer_perceptron(100, (200,), 1, loss="squared_error")
    W = network.layout.views(network.initialise(0))[0][0][:-1]
    assert isinstance(network.layers[0], Dense)
    assert_allclose(np.sqrt((W**2).mean() * 100), np.sqrt(2), rtol=0.02)
