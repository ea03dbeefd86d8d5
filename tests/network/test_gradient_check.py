from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from chainrule.errors import ParameterError, ShapeError
from chainrule.network import (
    AbsoluteError,
    Activation,
    Context,
    CrossEntropy,
    Dense,
    Dropout,
    Huber,
    Network,
    Penalty,
    SquaredError,
    check_gradient,
    multilayer_perceptron,
)

X = np.random.default_rng(0).uniform(-1, 1, (5, 3))
Y = np.random.default_rng(1).uniform(-1, 1, (5, 2))
TANH = multilayer_perceptron(3, (4,), 2, loss="squared_error", activation="tanh")


@dataclass(frozen=True)
class OneWeightWrong(Network):
    """Its gradient is off by a factor in one weight."""

    index: int = 0
    factor: float = 1.001

    def backward(self, *arguments, **settings_):
        backward_pass = super().backward(*arguments, **settings_)
        gradient = backward_pass.gradient.copy()
        gradient[self.index] *= self.factor
        return replace(backward_pass, gradient=gradient)


@pytest.mark.parametrize("index", range(TANH.layout.size))
@pytest.mark.parametrize("scale", [1, 1e-4, 1e-8])
def test_fails_on_a_gradient_wrong_by_a_thousandth_in_one_weight(index, scale):
    settings_ = {"weights": TANH.initialise(3), "divisor": 5 / scale}
    assert check_gradient(TANH, X, Y, **settings_).passed
    wrong = OneWeightWrong(TANH.n_inputs, TANH.layers, TANH.loss, index=index)
    report = check_gradient(wrong, X, Y, **settings_)
    assert not report.passed
    assert report.worst.index == index
    assert report.worst.name == TANH.layout.locate(index)
    assert report.worst.analytic == pytest.approx(1.001 * report.worst.numeric, rel=1e-7)
    part = next(part for part in TANH.layout.layer_slices if part.start <= index < part.stop)
    gradient = TANH.backward(settings_["weights"], TANH.forward(settings_["weights"], X), Y, divisor=5 / scale).gradient
    largest = max(abs(gradient[part]).max(), abs(report.worst.analytic))
    assert report.largest_deviation == pytest.approx(0.001 * abs(gradient[index]) / largest, rel=1e-5)


@pytest.mark.parametrize("factor", [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_never_passes(factor):
    report = check_gradient(OneWeightWrong(TANH.n_inputs, TANH.layers, TANH.loss, index=2, factor=factor), X, Y)
    assert not report.passed
    assert report.worst.index == 2


def test_report_reads():
    report = check_gradient(TANH, X, Y)
    assert [layer.layer for layer in report.layers] == ["dense 1", "dense 2"]
    assert [layer.n_weights for layer in report.layers] == [16, 10]
    lines = str(report).splitlines()
    assert lines[0].startswith("Gradient check passed: largest deviation ")
    assert lines[0].endswith(", tolerance 1e-09; 0 rows moved away from a jump of a derivative.")
    assert lines[2].split()[:3] == ["dense", "1", "16"]
    assert report.layers[0].worst.name in lines[2]
    wrong = OneWeightWrong(TANH.n_inputs, TANH.layers, TANH.loss, index=4)
    failed = str(check_gradient(wrong, X, Y))
    assert failed.startswith("Gradient check FAILED: largest deviation ")
    assert "dense 1 · weight of input 2 to neuron 1: " in failed


def test_arguments_stay_as_they_were():
    network = multilayer_perceptron(3, (4,), 2, loss="absolute_error", activation="relu", penalty=Penalty(l1=1))
    weights, rows, target = np.zeros(network.layout.size), X.copy(), Y.copy()
    for array in (weights, rows, target):
        array.setflags(write=False)
    assert check_gradient(network, rows, target, weights=weights).passed


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6), activation=st.sampled_from(["relu", "leaky_relu", "elu", "selu"]))
def test_any_point_is_moved_away_from_kinks(seed, activation):
    """Rows on purpose where many net inputs and residuals are at their jumps."""
    rng = np.random.default_rng(seed)
    network = multilayer_perceptron(2, (3,), 1, loss=Huber(0.5), activation=activation, penalty=Penalty(l1=0.1))
    weights = rng.choice([-1.0, 0.5, 1.0], network.layout.size)  # none that the L1 penalty moves
    rows = rng.choice([-1.0, 0.0, 0.5, 1.0], (4, 2))
    target = network.logits(weights, rows) + rng.choice([-0.5, 0.5], (4, 1))
    report = check_gradient(network, rows, target, weights=weights, seed=seed)
    assert report.passed, str(report)
    assert report.moved_rows == 4


def test_a_row_at_a_kink_under_a_loss_of_classes():
    """Inputs are moved and class codes are not."""
    network = Network(1, (Dense(1, 1), Activation("relu"), Dense(1, 2)), CrossEntropy())
    rows, codes = np.array([[1.0], [2.0], [-3.0]]), np.array([0, 1, 1])
    report = check_gradient(network, rows, codes, weights=np.array([1.0, -1.0, 1.0, -2.0, 0.3, 0.0]))
    assert (report.passed, report.moved_rows) == (True, 1)


def test_only_rows_at_a_kink_are_moved():
    """|o - y| with o = 2x: the second row lies on its target, the first and third are far away."""
    network = Network(1, (Dense(1, 1),), AbsoluteError())
    rows, target = np.array([[1.0], [1.0], [1.0]]), np.array([[5.0], [2.0], [-3.0]])
    report = check_gradient(network, rows, target, weights=np.array([2.0, 0.0]))
    assert report.passed
    assert report.moved_rows == 1
    far = check_gradient(network, rows[[0, 2]], target[[0, 2]], weights=np.array([2.0, 0.0]))
    assert (far.passed, far.moved_rows) == (True, 0)


def test_without_the_move_a_kink_would_show(monkeypatch):
    network = Network(1, (Dense(1, 1),), AbsoluteError())
    monkeypatch.setattr("chainrule.network.gradient_check._move_away", lambda *_: 0)
    rows, target = np.array([[1.0], [1.0]]), np.array([[5.0], [2.0005]])
    assert not check_gradient(network, rows, target, weights=np.array([2.0, 0.0])).passed


def test_weights_near_zero_are_moved_under_an_l1_penalty_only():
    layers, target = (Dense(3, 2),), Y
    weights = np.full(8, 1e-4)
    weights[:3] = -1e-4
    assert check_gradient(Network(3, layers, SquaredError(), Penalty(l1=1)), X, target, weights=weights).passed


def test_rows_that_cannot_be_moved():
    network = Network(1, (Dense(1, 1), Activation("relu"), Dense(1, 1)), SquaredError())
    message = r"with step 10 rows \[0, 1\] could not be moved away from a jump of a derivative\. Give fewer rows"
    with pytest.raises(ParameterError, match=message):
        check_gradient(network, np.ones((2, 1)), np.ones((2, 1)), step=10)


def test_a_layer_without_any_gradient_is_held_against_the_network():
    """A rectifier that is off on every row: the first layer's gradient is 0, the last layer's bias has one."""
    network = Network(1, (Dense(1, 1), Activation("relu"), Dense(1, 1)), SquaredError())
    weights, rows, target = np.array([1.0, -9.0, 1.0, 0.0]), np.array([[1.0], [2.0]]), np.array([[1.0], [2.0]])
    report = check_gradient(network, rows, target, weights=weights)
    assert report.passed
    assert [layer.largest_gradient for layer in report.layers] == [0, 1.5]


def test_a_layer_whose_gradient_is_forgotten_is_found():
    @dataclass(frozen=True)
    class Forgotten(Dense):
        def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
            d_inputs, (d_W,) = super().backward(parameters, cache, d_outputs, needs_d_inputs)
            return d_inputs, (0 * d_W,)

    for layers in ((Forgotten(3, 4), Dense(4, 2)), (Dense(3, 4), Forgotten(4, 2)), (Forgotten(3, 4), Forgotten(4, 2))):
        assert not check_gradient(Network(3, layers, SquaredError()), X, Y).passed


def test_an_error_without_any_gradient_passes():
    network = Network(1, (Dense(1, 1),), SquaredError())
    zero = np.zeros((2, 1))
    assert check_gradient(network, zero, zero, weights=np.zeros(2)).passed
    assert check_gradient(network, zero, np.array([[-3.0], [3.0]]), weights=np.zeros(2)).passed


def test_sparse_rows_take_the_sparse_path():
    seen = []

    @dataclass(frozen=True)
    class Seen(Dense):
        def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
            seen.append(type(cache))
            return super().backward(parameters, cache, d_outputs, needs_d_inputs)

    assert check_gradient(Network(3, (Seen(3, 2),), SquaredError()), csr_array(X * (X > 0)), Y).passed
    assert seen == [csr_array]


def test_n_weights_draws_from_every_layer():
    report = check_gradient(TANH, X, Y, n_weights=3)
    assert report.passed
    assert [layer.n_weights for layer in report.layers] == [3, 3]
    found = {check_gradient(TANH, X, Y, n_weights=1, seed=seed).layers[0].worst.index for seed in range(20)}
    assert len(found) > 5


def test_default_weights_have_biases_that_are_not_zero(monkeypatch):
    seen = []
    forward = Network.forward

    def seeing(self, weights, *arguments):
        seen.append(weights)
        return forward(self, weights, *arguments)

    monkeypatch.setattr(Network, "forward", seeing)
    check_gradient(TANH, X, Y, n_weights=1)
    assert (seen[0] != 0).all()


def test_dropout_is_checked_at_its_fixed_mask():
    network = Network(3, (Dense(3, 6), Activation("tanh"), Dropout(0.5), Dense(6, 2)), SquaredError())
    report = check_gradient(network, X, Y, context=Context(training=True, seed=1, step=2))
    assert report.passed
    assert report.worst != check_gradient(network, X, Y).worst


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"step": 0}, r"check_gradient: step must be a number above 0\. Got 0 instead"),
        ({"step": np.nan}, "check_gradient: step must be a number above 0"),
        ({"tolerance": -1e-9}, "check_gradient: tolerance must be a number above 0"),
        ({"n_weights": 0}, "check_gradient: n_weights must be an integer from 1"),
    ],
)
def test_settings_out_of_range(settings_, message):
    with pytest.raises(ParameterError, match=message):
        check_gradient(TANH, X, Y, **settings_)


def test_shapes_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"X must have shape \(N, 3\)\. Got \(5, 2\)\."):
        check_gradient(TANH, X[:, :2], Y)
    with pytest.raises(ShapeError, match=r"the target y must have shape \(5, 2\)\. Got \(5, 1\)\."):
        check_gradient(TANH, X, Y[:, :1])
