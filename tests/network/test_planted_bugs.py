"""More than two hundred ways to get backpropagation wrong, each of which the check must find."""
# ruff: noqa: ARG005 - every bug of a table takes the same arguments

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from chainrule.network import (
    ACTIVATIONS,
    LOSSES,
    Activation,
    Context,
    Dense,
    Dropout,
    Layer,
    Loss,
    Network,
    Penalty,
    SquaredError,
    check_gradient,
)

X = np.random.default_rng(0).uniform(-1, 1, (5, 3))
WEIGHT = np.array([0.5, 2.0, 1.0, 0.25, 3.0])
TRAINING = Context(training=True, seed=11, step=4)


@dataclass(frozen=True)
class WrongDense(Dense):
    """A square dense layer, so that wrong shapes cannot give a bug away."""

    bug: Callable | None = None

    def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
        d_inputs, (d_W,) = super().backward(parameters, cache, d_outputs, True)
        d_inputs, d_W = self.bug(d_inputs, d_W, parameters[0], cache, d_outputs)
        return d_inputs, (d_W,)


@dataclass(frozen=True)
class WrongActivation(Activation):
    bug: Callable | None = None

    def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
        return self.bug(ACTIVATIONS[self.function], *cache, d_outputs), ()


@dataclass(frozen=True)
class WrongDropout(Dropout):
    bug: Callable | None = None

    def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
        return self.bug(cache, d_outputs), ()


@dataclass(frozen=True)
class WrongLoss(Loss):
    kind = "wrong"
    right: Loss
    bug: Callable

    def rows(self, logits, y):
        return self.right.rows(logits, y)

    def __call__(self, logits, y, row_weight=None):
        error, d_logits = self.right(logits, y, row_weight)
        return error, self.bug(d_logits, row_weight)

    def check_target(self, logits, y):
        self.right.check_target(logits, y)


@dataclass(frozen=True)
class WrongNetwork(Network):
    bug: Callable | None = None

    def backward(self, weights, *arguments, divisor=None, penalty=1.0):
        backward_pass = super().backward(weights, *arguments, divisor=divisor, penalty=penalty)
        right = backward_pass.gradient
        d_penalty = penalty * self.penalty(weights, self.layout)[1]
        gradient = self.bug(right - d_penalty, d_penalty, weights, self.layout.decay_factors() == 0)
        return replace(backward_pass, gradient=gradient)


def with_bias(d_W, bias):
    return np.vstack([d_W[:-1], bias])


def with_matrix(d_W, matrix):
    return np.vstack([matrix, d_W[-1:]])


def scaled_at(array, place, factor=1.001):
    array = array.copy()
    array[place] *= factor
    return array


# Each takes (d_inputs, d_W, W, inputs, d_outputs) and returns (d_inputs, d_W), one of them wrong.
OF_PARAMETERS = {
    "forgotten bias": lambda dx, dW, W, x, d: (dx, with_bias(dW, 0 * dW[-1])),
    "bias of the mean row": lambda dx, dW, W, x, d: (dx, with_bias(dW, d.mean(axis=0))),
    "bias of the first row": lambda dx, dW, W, x, d: (dx, with_bias(dW, d[0])),
    "bias counted twice": lambda dx, dW, W, x, d: (dx, with_bias(dW, 2 * dW[-1])),
    "bias row first": lambda dx, dW, W, x, d: (dx, np.roll(dW, 1, axis=0)),
    "transposed": lambda dx, dW, W, x, d: (dx, with_matrix(dW, d.T @ x)),
    "wrong sign": lambda dx, dW, W, x, d: (dx, -dW),
    "neurons shifted by one": lambda dx, dW, W, x, d: (dx, np.roll(dW, 1, axis=1)),
    "inputs shifted by one": lambda dx, dW, W, x, d: (dx, with_matrix(dW, np.roll(x, 1, axis=1).T @ d)),
    "last row forgotten": lambda dx, dW, W, x, d: (dx, with_matrix(dW, x[:-1].T @ d[:-1])),
    "first row doubled": lambda dx, dW, W, x, d: (dx, with_matrix(dW, x.T @ d + x[:1].T @ d[:1])),
    "rows shifted by one": lambda dx, dW, W, x, d: (dx, with_matrix(dW, np.roll(x, 1, axis=0).T @ d)),
    "divided by the rows": lambda dx, dW, W, x, d: (dx, dW / len(x)),
    "outputs for inputs": lambda dx, dW, W, x, d: (dx, with_matrix(dW, (x @ W[:-1] + W[-1]).T @ d)),
    "clipped": lambda dx, dW, W, x, d: (dx, np.clip(dW, -np.abs(dW).max() / 2, np.abs(dW).max() / 2)),
    "a thousandth in one weight": lambda dx, dW, W, x, d: (dx, scaled_at(dW, (1, 1))),
    "a thousandth in one bias": lambda dx, dW, W, x, d: (dx, scaled_at(dW, (-1, 2))),
}
OF_INPUTS = {
    "not transposed": lambda dx, dW, W, x, d: (d @ W[:-1], dW),
    "wrong sign back": lambda dx, dW, W, x, d: (-dx, dW),
    "off by the bias row": lambda dx, dW, W, x, d: (d @ W[1:].T, dW),
    "weights left out": lambda dx, dW, W, x, d: (d, dW),
    "one input forgotten": lambda dx, dW, W, x, d: (scaled_at(dx, (slice(None), 0), 0), dW),
    "one row forgotten": lambda dx, dW, W, x, d: (scaled_at(dx, -1, 0), dW),
    "rows mixed up": lambda dx, dW, W, x, d: (np.roll(dx, 1, axis=0), dW),
    "a thousandth back": lambda dx, dW, W, x, d: (1.001 * dx, dW),
    "a thousandth in one back": lambda dx, dW, W, x, d: (scaled_at(dx, (slice(None), 0)), dW),
    "weights of after a step": lambda dx, dW, W, x, d: (d @ (W - 0.01 * dW)[:-1].T, dW),
}
# Each takes (the function, z, a, ∂E/∂a).
OF_ACTIVATIONS = {
    "left out": lambda f, z, a, d: d,
    "slope at the activation": lambda f, z, a, d: f.phi_prime(a, f.phi(a)) * d,
    "slope of the neighbour": lambda f, z, a, d: np.roll(f.phi_prime(z, a), 1, axis=1) * d,
    "slope of another row": lambda f, z, a, d: np.roll(f.phi_prime(z, a), 1, axis=0) * d,
    "slope at minus z": lambda f, z, a, d: f.phi_prime(-z, f.phi(-z)) * d,
    "wrong sign": lambda f, z, a, d: f.phi_prime(z, a) * -d,
    "a thousandth": lambda f, z, a, d: 1.001 * f.phi_prime(z, a) * d,
    "activation for slope": lambda f, z, a, d: a * d,
}
# Where these are no bugs: φ′ is 1 everywhere, or depends on the sign of z alone, or is even.
NO_BUG = {
    "identity": {
        "left out",
        "slope at the activation",
        "slope of the neighbour",
        "slope of another row",
        "slope at minus z",
    },
    "relu": {"slope at the activation"},
    "leaky_relu": {"slope at the activation"},
    "tanh": {"slope at minus z"},
    "logistic": {"slope at minus z"},
}
OF_LOSSES = {
    "wrong sign": lambda d, w: -d,
    "a thousandth": lambda d, w: 1.001 * d,
    "forgotten row weights": lambda d, w: d / w[:, None],
    "row weights twice": lambda d, w: d * w[:, None],
    "row weights of other rows": lambda d, w: d / w[:, None] * np.roll(w, 1)[:, None],
    "mean over outputs": lambda d, w: d / d.shape[1],
    "outputs mixed up": lambda d, w: np.roll(d, 1, axis=1),
    "only the first output": lambda d, w: d * (np.arange(d.shape[1]) == 0),
    "rows mixed up": lambda d, w: np.roll(d, 1, axis=0),
}
OF_DROPOUT = {
    "mask left out": lambda mask, d: d,
    "not scaled back": lambda mask, d: (mask > 0) * d,
    "scaled twice": lambda mask, d: mask * mask * d,
    "mask of another row": lambda mask, d: np.roll(mask, 1, axis=0) * d,
    "what was dropped": lambda mask, d: (mask == 0) * d,
}
# Each takes (gradient of the loss, gradient of the penalty, weights, which are biases).
OF_NETWORKS = {
    "penalty forgotten": lambda g, p, w, b: g,
    "penalty twice": lambda g, p, w, b: g + 2 * p,
    "penalty's wrong sign": lambda g, p, w, b: g - p,
    "biases penalised": lambda g, p, w, b: g + p + 0.3 * w * b,
    "l1 without its sign": lambda g, p, w, b: g + 0.1 * ~b + (p - 0.1 * np.sign(w) * ~b),
    "divided twice": lambda g, p, w, b: g / WEIGHT.sum() + p,
    "divided by the rows": lambda g, p, w, b: g * WEIGHT.sum() / len(WEIGHT) + p,
    "penalty divided": lambda g, p, w, b: g + p / len(WEIGHT),
    "a thousandth of the penalty": lambda g, p, w, b: g + 1.001 * p,
    "layers swapped": lambda g, p, w, b: np.roll(g, len(g) // 2) + p,
}


PLAIN = Dense(3, 3)
SQUARED = SquaredError()


def network_of(hidden: Layer, *, first: Layer = PLAIN, last: Layer = PLAIN, loss: Loss = SQUARED):
    return Network(3, (first, hidden, last), loss)


def planted():
    """Yield (name, network, kind of its loss) of every bug."""
    tanh = Activation("tanh")
    for name, bug in OF_PARAMETERS.items():
        yield f"first dense: {name}", network_of(tanh, first=WrongDense(3, 3, bug=bug)), "squared_error"
        yield f"last dense: {name}", network_of(tanh, last=WrongDense(3, 3, bug=bug)), "squared_error"
    for name, bug in OF_INPUTS.items():
        for function in ("tanh", "relu", "gelu"):
            wrong = network_of(Activation(function), last=WrongDense(3, 3, bug=bug))
            yield f"dense after {function}: {name}", wrong, "squared_error"
    for function in sorted(ACTIVATIONS):
        for name, bug in OF_ACTIVATIONS.items():
            if name not in NO_BUG.get(function, ()):
                yield f"{function}: {name}", network_of(WrongActivation(function, bug=bug)), "squared_error"
    for kind in sorted(LOSSES):
        right = LOSSES[kind]()
        for name, bug in OF_LOSSES.items():
            last = Dense(3, right.n_logits(3))
            yield f"{kind}: {name}", network_of(tanh, last=last, loss=WrongLoss(right, bug)), kind
    for name, bug in OF_DROPOUT.items():
        yield f"dropout: {name}", network_of(WrongDropout(0.5, bug=bug)), "squared_error"
    for name, bug in OF_NETWORKS.items():
        right = network_of(tanh)
        yield f"network: {name}", WrongNetwork(3, right.layers, right.loss, Penalty(0.1, 0.3), bug=bug), "squared_error"


BUGS = list(planted())


def check(network, kind, draw_target):
    return check_gradient(
        network, X, draw_target(LOSSES[kind], 5, 3), sample_weight=WEIGHT, penalty=1.0, context=TRAINING, seed=2
    )


def test_there_are_more_than_a_hundred_and_all_differ():
    assert len({name for name, _, _ in BUGS}) == len(BUGS) > 200


@pytest.mark.parametrize(("network", "kind"), [bug[1:] for bug in BUGS], ids=[bug[0] for bug in BUGS])
def test_a_planted_bug_is_found(network, kind, draw_target):
    report = check(network, kind, draw_target)
    assert not report.passed, str(report)


@pytest.mark.parametrize("kind", sorted(LOSSES))
@pytest.mark.parametrize(
    "hidden", [Activation(function) for function in sorted(ACTIVATIONS)] + [Dropout(0.5)], ids=repr
)
def test_without_a_bug_the_same_networks_pass(hidden, kind, draw_target):
    right = LOSSES[kind]()
    last = WrongDense(3, right.n_logits(3), bug=lambda dx, dW, *_: (dx, dW))
    loss = right if hasattr(right, "kinks") else WrongLoss(right, lambda d, _: d)
    report = check(network_of(hidden, last=last, loss=loss), kind, draw_target)
    assert report.passed, str(report)
