"""The derivation without numbers, and that what it says is so."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.glassbox.derivation import theory
from chainrule.network import (
    LOSSES,
    Activation,
    Dense,
    Dropout,
    LogLoss,
    Network,
    Penalty,
    SquaredError,
    multilayer_perceptron,
)
from chainrule.training import LBFGS, OPTIMIZERS, SGD, AdamW


def words_of(derivation):
    return " ".join(str(derivation).split())


def test_it_has_the_core_ideas_in_order():
    network = multilayer_perceptron(3, (4,), 1, loss="squared_error", dropout=0.2, penalty=Penalty(0.1, 0.1))
    assert [link.title for link in theory(network, AdamW()).links] == [
        "The error, a function of all weights",
        "The forward pass",
        "The bias",
        "The loss of a row",
        "The gradient at the output",
        "The chain rule",
        "δ, layer by layer",
        "Gradient descent",
        "The optimizer: adamw",
        "Is E convex?",
    ]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_it_has_no_numbers_and_one_form(data, steps):
    step = data.draw(steps())
    derivation = step.derive("theory")
    assert all(equation.result is None for equation in derivation.equations)
    assert all(len(equation.sides) == 2 for equation in derivation.equations)
    text = str(derivation)
    assert not re.search(r"\d\.\d", text)
    assert derivation.to_latex()
    assert derivation.to_html()


@pytest.mark.parametrize("kind", sorted(LOSSES))
def test_the_loss_follows_the_task(kind):
    text = words_of(theory(multilayer_perceptron(3, (4,), 3, loss=kind), SGD()))
    task = {
        "squared_error": "For numbers.",
        "absolute_error": "For numbers with outliers.",
        "huber": "For numbers with outliers.",
        "quantile": "For quantiles.",
        "poisson": "For counts.",
        "log_loss": "For two classes, or several labels",
        "cross_entropy": "For several classes.",
    }
    assert task[kind] in text


@pytest.mark.parametrize("optimizer", [*(kind() for kind in OPTIMIZERS.values()), LBFGS()], ids=lambda one: one.kind)
def test_the_optimizer_in_use_is_explained(optimizer):
    text = words_of(theory(multilayer_perceptron(3, (4,), 1, loss="squared_error"), optimizer))
    assert f"The optimizer: {optimizer.kind}" in text
    assert ("Weight decay λ" in text) == (optimizer.kind == "adamw")


def test_delta_goes_back_through_every_layer():
    network = Network(2, (Dense(2, 3), Activation("relu"), Dropout(0.1), Dense(3, 4), Dense(4, 1)), SquaredError())
    text = str(theory(network, SGD()))
    for line in (
        "δ⁽²⁾ⱼ = Σₖ w⁽³⁾ⱼ→ₖ·δ⁽³⁾ₖ",
        "∂E/∂a\N{COMBINING TILDE}⁽¹⁾ⱼ = Σₖ w⁽²⁾ⱼ→ₖ·δ⁽²⁾ₖ",
        "∂E/∂a⁽¹⁾ⱼ = qⱼ·∂E/∂a\N{COMBINING TILDE}⁽¹⁾ⱼ",
        "δ⁽¹⁾ⱼ = φ′(z⁽¹⁾ⱼ)·∂E/∂a⁽¹⁾ⱼ",
    ):
        assert line in text


DATA = np.random.default_rng(0)
X, Y = DATA.normal(size=(40, 2)), (DATA.normal(size=(40, 2)) > 0).astype(float)


def test_two_hidden_neurons_can_be_exchanged_and_half_way_the_error_is_higher():
    network = multilayer_perceptron(2, (2,), 1, loss="squared_error", activation="tanh")
    assert "exchange two hidden neurons" in words_of(theory(network, SGD()))
    target = np.abs(X[:, :1])  # needs both neurons: one bends at 0 from either side
    weights = network.initialise(0)
    for _ in range(3000):
        weights -= 0.3 * network.backward(weights, network.forward(weights, X), target).gradient
    hidden, output = network.layout.layer_slices[0], network.layout.layer_slices[2]
    exchanged = weights.copy()
    exchanged[hidden] = weights[hidden].reshape(3, 2)[:, ::-1].ravel()
    exchanged[output] = weights[output][[1, 0, 2]]
    assert network.error(exchanged, X, target) == pytest.approx(network.error(weights, X, target), rel=1e-12)
    assert network.error((weights + exchanged) / 2, X, target) > 2 * network.error(weights, X, target)


@settings(deadline=None, max_examples=100)
@given(kind=st.sampled_from(sorted(LOSSES)), seed=st.integers(0, 2**32 - 1), share=st.floats(0, 1))
def test_without_a_hidden_layer_the_error_is_convex(kind, seed, share):
    rng = np.random.default_rng(seed)
    loss = LOSSES[kind]()
    network = Network(2, (Dense(2, loss.n_logits(2)),), loss, Penalty(0.1, 0.1))
    assert words_of(theory(network, SGD())).endswith("half-way between two such choices E is higher.")
    y = rng.integers(0, 2, 40) if kind == "cross_entropy" else Y
    u, v = rng.normal(size=(2, network.layout.size))
    chord = share * network.error(u, X, y) + (1 - share) * network.error(v, X, y)
    assert network.error(share * u + (1 - share) * v, X, y) <= chord * (1 + 1e-12)


def test_other_networks_need_not_have_a_convex_error():
    single = Network(2, (Dense(2, 1), Activation("tanh"), Dense(1, 1)), SquaredError())
    assert "a product of two weights is not convex in both" in words_of(theory(single, SGD()))
    bent = Network(2, (Dense(2, 1), Activation("logistic")), LogLoss())
    assert "bends E" in words_of(theory(bent, SGD()))
