"""The first of the proofs of backpropagation: the grid of differences, at 1e-9 for every layer of every network."""

import numpy as np
import pytest

from chainrule.network import (
    ACTIVATIONS,
    INITIALISERS,
    LOSSES,
    Activation,
    Context,
    CrossEntropy,
    Dense,
    Dropout,
    Huber,
    Network,
    Penalty,
    Quantile,
    SquaredError,
    check_gradient,
    multilayer_perceptron,
)

SCALES = (1.0, 1e-4, 1e-8)
PENALTIES = {"none": Penalty(), "l1": Penalty(l1=0.1), "l2": Penalty(l2=0.3)}
BOTH = Penalty(0.1, 0.3)
TRAINING = Context(training=True, seed=11, step=4, first_row=3)


def assert_passes(network, X, y, sample_weight=None, context=None):
    """Check at every scale of the loss; the penalty is scaled alike, so that it cannot hide the loss."""
    total = len(X) if sample_weight is None else sample_weight.sum()
    for scale in SCALES:
        report = check_gradient(
            network,
            X,
            y,
            sample_weight=sample_weight,
            divisor=total / scale,
            penalty=scale,
            context=context or Context(),
        )
        assert report.tolerance == 1e-9
        assert report.passed, str(report)
        assert sum(layer.n_weights for layer in report.layers) == network.layout.size


def rows(seed, n=4, width=2):
    return np.random.default_rng(seed).uniform(-1, 1, (n, width))


@pytest.mark.parametrize("weighted", [False, True], ids=["rows alike", "rows weighted"])
@pytest.mark.parametrize("penalty", sorted(PENALTIES))
@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_loss_penalty_and_row_weights(activation, loss, penalty, weighted, draw_target):
    network = multilayer_perceptron(2, (2,), 2, loss=loss, activation=activation, penalty=PENALTIES[penalty])
    weights = np.array([0.5, 2.0, 1.0, 0.0]) if weighted else None
    assert_passes(network, rows(1), draw_target(LOSSES[loss], 4, 2), weights)


@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_deeper_with_dropout_in_training(activation, loss, draw_target):
    network = multilayer_perceptron(2, (3, 2), 2, loss=loss, activation=activation, dropout=0.3, penalty=BOTH)
    assert_passes(network, rows(2), draw_target(LOSSES[loss], 4, 2), np.array([1, 3, 0.5, 1]), TRAINING)


@pytest.mark.parametrize(
    "loss",
    [Huber(0.3), CrossEntropy(0.1), CrossEntropy(0.9), Quantile((0.5,)), Quantile((0.05, 0.2, 0.6, 0.95))],
    ids=repr,
)
def test_losses_with_settings_of_their_own(loss, draw_target):
    network = multilayer_perceptron(2, (3,), 2, loss=loss, activation="mish")
    assert_passes(network, rows(3), draw_target(type(loss), 4, 2), np.array([1, 3, 0.5, 1]))


@pytest.mark.parametrize("initialiser", sorted(INITIALISERS))
def test_from_every_initialiser(initialiser, draw_target):
    network = multilayer_perceptron(2, (3,), 2, loss="cross_entropy", initialiser=initialiser, penalty=BOTH)
    assert_passes(network, rows(4), draw_target(CrossEntropy, 4, 2))


@pytest.mark.parametrize(
    "layers",
    [
        (Dense(2, 1),),
        (Dropout(0.4), Dense(2, 3), Activation("gelu"), Dense(3, 1)),
        (Activation("tanh"), Dense(2, 1)),
        (Dense(2, 2), Dense(2, 1)),
        (Dense(2, 3), Activation("tanh"), Activation("silu"), Dense(3, 1)),
        (Dense(2, 4), Dropout(0.2), Activation("elu"), Dropout(0.4), Dense(4, 1)),
        (Dense(2, 3), Activation("softplus"), Dense(3, 1), Activation("softplus")),
        (Dense(2, 3), Activation("selu"), Dense(3, 1), Dropout(0.2)),
        (
            Dense(2, 3),
            Activation("relu"),
            Dense(3, 3),
            Activation("relu"),
            Dense(3, 3),
            Activation("relu"),
            Dense(3, 1),
        ),
    ],
    ids=lambda layers: " ".join(layer.kind for layer in layers),
)
def test_layers_in_other_orders(layers):
    network = Network(2, layers, SquaredError(), BOTH)
    assert_passes(network, rows(5), rows(6, width=1), context=TRAINING)
