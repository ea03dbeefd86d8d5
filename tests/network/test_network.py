from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, csr_array

from chainrule.errors import ParameterError, ShapeError
from chainrule.network import (
    ACTIVATIONS,
    LOSSES,
    Activation,
    Context,
    CrossEntropy,
    Dense,
    Dropout,
    LogLoss,
    Network,
    Penalty,
    SquaredError,
    multilayer_perceptron,
)

TRAINING = Context(training=True, seed=3, step=9)


def a_network(loss="squared_error", activation="tanh", **settings):
    return multilayer_perceptron(4, (5, 3), 2, loss=loss, activation=activation, **settings)


def rows_and_target(draw_target, loss="squared_error", n=7, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)), draw_target(LOSSES[loss], n, 2, seed), rng.uniform(0.1, 2, n)


def test_worked_example_by_hand():
    """A row (1, 2) with target 4 through two rectifiers, of which the second is off; every number is on paper.

    z₁ = (1·1 + 2·1 + 0, 1·(-1) + 2·1 - 3) = (3, -2), a = (3, 0), o = 2·3 + 5·0 + 1 = 7, E = ½·3² = 4.5.
    δ₂ = 3; ∂E/∂a = 3·(2, 5) = (6, 15); δ₁ = (6, 0).
    """
    network = Network(2, (Dense(2, 2), Activation("relu"), Dense(2, 1)), SquaredError())
    weights = np.array([1, -1, 1, 1, 0, -3, 2, 5, 1], dtype=float)
    forward_pass = network.forward(weights, np.array([[1.0, 2.0]]))
    assert [z.tolist() for z in forward_pass.net_inputs] == [[[3, -2]], [[7]]]
    assert [a.tolist() for a in forward_pass.activations] == [[[3, 0]]]
    assert forward_pass.logits.tolist() == [[7]]
    backward_pass = network.backward(weights, forward_pass, np.array([[4.0]]))
    assert backward_pass.error == 4.5
    assert [delta.tolist() for delta in backward_pass.deltas] == [[[6, 0]], [[6, 15]], [[3]]]
    assert backward_pass.gradient.tolist() == [6, 0, 12, 0, 6, 0, 9, 0, 3]


def test_worked_example_with_weights_divisor_and_penalty():
    """o = 2x + 1 at x = 1, 3 with targets 1, 9: r = (2, -2), losses (2, 2).

    Row weights (3, 1): Σ w·loss = 8, divisor 4: 2. Σ w·r·x / 4 = (6 - 6)/4 = 0, Σ w·r / 4 = (6 - 2)/4 = 1.
    Penalty at half strength with l1 = 1, l2 = 4: ½·(2 + ½·4·4) = 5, on the weight ½·(1 + 4·2) = 4.5, on the bias 0.
    """
    network = Network(1, (Dense(1, 1),), SquaredError(), Penalty(l1=1, l2=4))
    weights, X, y, w = np.array([2.0, 1.0]), np.array([[1.0], [3.0]]), np.array([[1.0], [9.0]]), np.array([3.0, 1.0])
    backward_pass = network.backward(weights, network.forward(weights, X), y, w, penalty=0.5)
    assert (backward_pass.error, backward_pass.gradient.tolist()) == (7, [4.5, 1])
    assert backward_pass.deltas[0].tolist() == [[1.5], [-0.5]]
    halved = network.backward(weights, network.forward(weights, X), y, w, divisor=8, penalty=0)
    assert (halved.error, halved.gradient.tolist()) == (1, [0, 0.5])
    error, total, gradient = network.accumulate(weights, X, y, w)
    assert (error, total, gradient.tolist()) == (8, 4, [0, 4])


def test_worked_examples_of_classes():
    zero = np.zeros(2)
    network = Network(1, (Dense(1, 1),), LogLoss())
    backward_pass = network.backward(zero, network.forward(zero, np.array([[3.0]])), np.array([[1.0]]))
    assert backward_pass.error == pytest.approx(np.log(2), rel=1e-15)
    assert backward_pass.gradient.tolist() == [-1.5, -0.5]
    network = Network(1, (Dense(1, 4),), CrossEntropy())
    zero = np.zeros(8)
    backward_pass = network.backward(zero, network.forward(zero, np.array([[2.0]])), np.array([1]))
    assert backward_pass.error == pytest.approx(np.log(4), rel=1e-15)
    assert backward_pass.gradient.tolist() == [0.5, -1.5, 0.5, 0.5, 0.25, -0.75, 0.25, 0.25]


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_float32_agrees_with_float64_and_stays_float32(loss, activation, draw_target):
    network = a_network(loss, activation, dropout=0.2, penalty=Penalty(0.01, 0.1))
    X, y, w = rows_and_target(draw_target, loss)
    weights = network.initialise(1)
    exact = network.backward(weights, network.forward(weights, X, TRAINING), y, w)
    weights32, X32, w32 = weights.astype(np.float32), X.astype(np.float32), w.astype(np.float32)
    rounded = network.backward(weights32, network.forward(weights32, X32, TRAINING), y, w32)
    assert rounded.gradient.dtype == np.float32
    assert all(delta.dtype == np.float32 for delta in rounded.deltas)
    assert rounded.error == pytest.approx(exact.error, rel=1e-5)
    for part in network.layout.layer_slices:
        largest = np.abs(exact.gradient[part]).max(initial=0)
        assert np.abs(rounded.gradient[part] - exact.gradient[part]).max(initial=0) <= 1e-4 * largest
    assert network.predict(weights32, X32).dtype == np.float32
    assert network.accumulate(weights32, X32, y, w, TRAINING)[2].dtype == np.float32


@pytest.mark.parametrize("loss", sorted(LOSSES))
@settings(deadline=None, max_examples=20)
@given(cut=st.integers(0, 7), seed=st.integers(0, 100))
def test_shards_add_up_to_the_minibatch(loss, cut, seed, draw_target):
    network = a_network(loss, "gelu", dropout=0.4)
    X, y, w = rows_and_target(draw_target, loss, seed=seed)
    weights = network.initialise(seed)
    whole = network.accumulate(weights, X, y, w, TRAINING)
    first = network.accumulate(weights, X[:cut], y[:cut], w[:cut], TRAINING)
    second = network.accumulate(weights, X[cut:], y[cut:], w[cut:], replace(TRAINING, first_row=cut))
    for part, other, total in zip(first, second, whole, strict=True):
        assert np.allclose(part + other, total, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_backward_is_accumulate_with_divisor_and_penalty(loss, draw_target):
    network = a_network(loss, penalty=Penalty(0.1, 0.2))
    X, y, w = rows_and_target(draw_target, loss)
    weights = network.initialise(5)
    for sample_weight, total in ((None, 7.0), (w, w.sum())):
        error, weight, gradient = network.accumulate(weights, X, y, sample_weight, TRAINING)
        backward_pass = network.backward(weights, network.forward(weights, X, TRAINING), y, sample_weight, penalty=3)
        penalty, d_penalty = network.penalty(weights, network.layout)
        assert weight == total
        assert backward_pass.error == pytest.approx(error / total + 3 * penalty, rel=1e-14)
        assert np.allclose(backward_pass.gradient, gradient / total + 3 * d_penalty, rtol=1e-12, atol=1e-15)
        assert network.error(weights, X, y, sample_weight, penalty=3, context=TRAINING) == backward_pass.error
        assert network.error(weights, X, y, sample_weight, divisor=2, penalty=0) == pytest.approx(error / 2, rel=1e-14)


@settings(deadline=None, max_examples=30)
@given(weights_of_rows=st.lists(st.integers(0, 3), min_size=7, max_size=7).filter(any), seed=st.integers(0, 100))
def test_an_integer_row_weight_is_a_repeated_row(weights_of_rows, seed, draw_target):
    network = a_network("cross_entropy")
    X, y, _ = rows_and_target(draw_target, "cross_entropy", seed=seed)
    weights, w = network.initialise(seed), np.array(weights_of_rows)
    weighted = network.backward(weights, network.forward(weights, X), y, w)
    X, y = np.repeat(X, w, axis=0), np.repeat(y, w)
    repeated = network.backward(weights, network.forward(weights, X), y)
    assert weighted.error == pytest.approx(repeated.error, rel=1e-13)
    assert np.allclose(weighted.gradient, repeated.gradient, rtol=1e-12, atol=1e-15)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 100), st.sampled_from([np.float32, np.float64]))
def test_sparse_rows_equal_dense_rows(seed, dtype):
    network = a_network("squared_error", dropout=0.3)
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(6, 4)) * (rng.random((6, 4)) < 0.5)).astype(dtype)
    y, weights = rng.normal(size=(6, 2)), network.initialise(seed, dtype)
    dense = network.accumulate(weights, X, y, None, TRAINING)
    sparse = network.accumulate(weights, csr_array(X), y, None, TRAINING)
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    assert sparse[0] == pytest.approx(dense[0], rel=tolerance)
    assert np.allclose(sparse[2], dense[2], rtol=tolerance, atol=tolerance)
    assert sparse[2].dtype == dtype
    assert np.allclose(network.predict(weights, csr_array(X)), network.predict(weights, X), atol=tolerance)


def test_sparse_rows_that_do_not_fit():
    network = Network(2, (Dropout(0.5), Dense(2, 1)), SquaredError())
    weights = network.initialise()
    with pytest.raises(ShapeError, match=r"must be CSR and meet a dense layer first\. Got csr before 'dropout'"):
        network.forward(weights, csr_array(np.eye(2)))
    with pytest.raises(ShapeError, match=r"must be CSR .* Got coo before 'dense'; convert with X\.tocsr\(\)"):
        Network(2, (Dense(2, 1),), SquaredError()).forward(weights, coo_array(np.eye(2)))


def test_forward_pass_holds_every_layer_and_logits_the_last():
    network = a_network("cross_entropy", dropout=0.5)
    weights, X = network.initialise(2), np.random.default_rng(0).normal(size=(6, 4))
    forward_pass = network.forward(weights, X, TRAINING)
    assert [outputs.shape[1] for outputs in forward_pass.outputs] == [5, 5, 5, 3, 3, 3, 2]
    assert len(forward_pass.net_inputs) == 3
    assert len(forward_pass.activations) == 2
    assert forward_pass.activations[0] is forward_pass.outputs[1]
    assert forward_pass.net_inputs[2] is forward_pass.logits
    assert np.array_equal(network.logits(weights, X, TRAINING), forward_pass.logits)
    assert not np.array_equal(network.logits(weights, X), forward_pass.logits)
    assert np.allclose(network.predict(weights, X).sum(axis=1), 1)


def test_dropout_layers_of_one_network_draw_different_masks():
    network = Network(1, (Dense(1, 50), Dropout(0.5), Dropout(0.5), Dense(50, 1)), SquaredError())
    forward_pass = network.forward(np.ones(network.layout.size), np.ones((20, 1)), TRAINING)
    first, second = (forward_pass.caches[layer] > 0 for layer in (1, 2))
    assert abs((first & second).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 1000)


def test_layers_before_the_first_with_weights_have_no_delta():
    network = Network(2, (Dropout(0.5), Activation("tanh"), Dense(2, 1)), SquaredError())
    weights = network.initialise()
    backward_pass = network.backward(weights, network.forward(weights, np.ones((3, 2)), TRAINING), np.ones((3, 1)))
    assert backward_pass.deltas[:2] == (None, None)
    assert backward_pass.deltas[2].shape == (3, 1)


def test_a_layer_below_the_first_dense_is_not_asked_for_its_inputs_gradient():
    asked = []

    @dataclass(frozen=True)
    class Asked(Dense):
        def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
            asked.append((self.n_in, needs_d_inputs))
            return super().backward(parameters, cache, d_outputs, needs_d_inputs)

    network = Network(2, (Asked(2, 3), Asked(3, 1)), SquaredError())
    weights = network.initialise()
    network.backward(weights, network.forward(weights, np.ones((3, 2))), np.ones((3, 1)))
    assert asked == [(3, True), (2, False)]


def test_passes_leave_their_arguments_alone_and_each_other():
    network = a_network("huber", "selu", dropout=0.3)
    rng = np.random.default_rng(0)
    weights, X, y, w = network.initialise(), rng.normal(size=(5, 4)), rng.normal(size=(5, 2)), rng.uniform(1, 2, 5)
    for array in (weights, X, y, w):
        array.setflags(write=False)
    forward_pass = network.forward(weights, X, TRAINING)
    before = network.backward(weights, forward_pass, y, w).gradient
    network.predict(weights, -X)
    assert np.array_equal(network.backward(weights, forward_pass, y, w).gradient, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initialise_is_a_function_of_the_seed(dtype):
    network = a_network()
    first, again, other = (network.initialise(seed, dtype) for seed in (1, 1, 2))
    assert first.dtype == dtype
    assert first.shape == (network.layout.size,)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(network.initialise(1).astype(dtype), first)
    of_layers = [views[0][:-1] for views in network.layout.views(first) if views]
    assert not np.array_equal(of_layers[0].ravel()[:6], of_layers[1].ravel()[:6])


def test_initialise_gives_each_layer_its_own_inputs():
    @dataclass(frozen=True)
    class Centring(Dense):
        """Biases such that the net inputs of the sample have mean 0."""

        kind: ClassVar[str] = "centring"

        def initialise(self, random, sample):
            (W,) = super().initialise(random, None)
            W[-1] = -(sample @ W[:-1]).mean(axis=0)
            return (W,)

    network = Network(3, (Centring(3, 4), Activation("tanh"), Centring(4, 2)), SquaredError())
    X = np.random.default_rng(0).normal(2, 1, (20, 3))
    weights = network.initialise(0, sample=X)
    for z in network.forward(weights, X).net_inputs:
        assert np.abs(z.mean(axis=0)).max() < 1e-14


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e308])
def test_a_diverging_network_is_seen_in_error_and_gradient_and_does_not_warn(bad, draw_target):
    for loss in sorted(LOSSES):
        network = a_network(loss, "relu", penalty=Penalty(l2=1))
        X, y, _ = rows_and_target(draw_target, loss)
        weights = np.full(network.layout.size, bad)
        backward_pass = network.backward(weights, network.forward(weights, X), y)
        assert not np.isfinite(backward_pass.error)
        assert not np.isfinite(backward_pass.gradient).all()
        assert not np.isfinite(network.error(weights, X, y))


@pytest.mark.parametrize(
    ("weights", "X", "message"),
    [
        (
            np.zeros(9),
            np.zeros((2, 4)),
            r"weights must be float32 or float64 of shape \(10,\)\. Got float64 of shape \(9,",
        ),
        (np.zeros((10, 1)), np.zeros((2, 4)), r"weights must be .* Got float64 of shape \(10, 1\)"),
        (np.zeros(10, dtype=int), np.zeros((2, 4), dtype=int), r"weights must be float32 or float64 .* Got int64"),
        (np.zeros(10), np.zeros((2, 3)), r"X must have shape \(N, 4\)\. Got \(2, 3\)\."),
        (np.zeros(10), np.zeros(4), r"X must have shape \(N, 4\)\. Got \(4,\)\."),
        (np.zeros(10), np.zeros((2, 4), dtype=np.float32), r"one dtype\. Got float32 and float64; convert X\."),
        (np.zeros(10), np.zeros((2, 4), dtype=int), r"one dtype\. Got int64 and float64; convert X\."),
    ],
)
def test_shapes_and_dtypes_that_do_not_fit(weights, X, message):
    network = Network(4, (Dense(4, 2),), SquaredError())
    with pytest.raises(ShapeError, match=message):
        network.forward(weights, X)
    with pytest.raises(ShapeError, match=message):
        network.predict(weights, X)


@pytest.mark.parametrize("divisor", [0, -1, np.nan])
def test_divisor_out_of_range(divisor):
    network = Network(1, (Dense(1, 1),), SquaredError())
    weights, X, y = np.zeros(2), np.ones((2, 1)), np.ones((2, 1))
    message = r"divisor of the error must be above 0; it is the sum of the row weights\. Got"
    with pytest.raises(ParameterError, match=message):
        network.backward(weights, network.forward(weights, X), y, divisor=divisor)
    with pytest.raises(ParameterError, match=message):
        network.error(weights, X, y, np.zeros(2))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, (Dense(1, 1),), SquaredError()), ParameterError, "Network: n_inputs must be an integer from 1"),
        ((1, [Dense(1, 1)], SquaredError()), ParameterError, "Network: layers must be a tuple of layers"),
        ((1, (Dense(1, 1), "relu"), SquaredError()), ParameterError, "Network: layers must be a tuple of layers"),
        ((1, (), SquaredError()), ParameterError, "at least one layer with weights, such as Dense"),
        ((1, (Activation("relu"),), SquaredError()), ParameterError, "at least one layer with weights"),
        ((1, (Dense(1, 1),), "huber"), ParameterError, r"Network: loss must be a Loss, .* Got 'huber' instead"),
        ((1, (Dense(1, 1),), SquaredError(), 0.1), ParameterError, r"Network: penalty must be a Penalty\. Got 0\.1"),
        ((2, (Dense(1, 1),), SquaredError()), ShapeError, r"Dense\(n_in=1, n_out=1\) takes 1 inputs\. Got 2\."),
        ((1, (Dense(1, 3), Dense(2, 1)), SquaredError()), ShapeError, r"takes 2 inputs\. Got 3\."),
    ],
)
def test_networks_that_are_none(arguments, error, message):
    with pytest.raises(error, match=message):
        Network(*arguments)


def test_summary():
    network = multilayer_perceptron(
        10, (300,), 3, loss="cross_entropy", activation="selu", dropout=0.1, penalty=Penalty(0, 0.001)
    )
    assert network.summary().splitlines() == [
        "layer             outputs      weights",
        "input                  10            0",
        "dense 1               300        3,300   initialiser lecun_normal",
        "activation 1          300            0   function selu",
        "dropout 1             300            0   rate 0.1",
        "dense 2                 3          903   initialiser glorot_uniform",
        "loss cross_entropy, label_smoothing 0.0; penalty l1 0, l2 0.001",
        "4,203 weights, biases among them",
    ]
