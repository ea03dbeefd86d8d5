"""What a derivation says, and of what it is refused."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from chainrule.engine import Settings, StepPlan
from chainrule.errors import ParameterError
from chainrule.network import (
    ACTIVATIONS,
    AbsoluteError,
    Activation,
    Dense,
    Dropout,
    Network,
    Penalty,
    Quantile,
    SquaredError,
    multilayer_perceptron,
)
from chainrule.network.losses import MeanSquaredError, PoissonDeviance
from chainrule.training import LBFGS, SGD, Adam, AdamW, Momentum

NETWORK = multilayer_perceptron(2, (2,), 1, loss="squared_error", activation="tanh")


@pytest.fixture
def worked_example(open_step):
    """The 2-2-2 network of logistic units with a squared loss that is passed around most."""
    network = Network(2, (Dense(2, 2), Activation("logistic"), Dense(2, 2), Activation("logistic")), SquaredError())
    weights = np.array([0.15, 0.25, 0.20, 0.30, 0.35, 0.35, 0.40, 0.50, 0.45, 0.55, 0.60, 0.60])
    plan = {"X": np.array([[0.05, 0.10]]), "y": np.array([[0.01, 0.99]])}
    return open_step(network, SGD(), weights=weights, plan=StepPlan.constant(1, learning_rate=0.5), **plan)


@pytest.mark.parametrize(
    ("weight", "gradient", "after"),
    # Matt Mazur, "A step by step backpropagation example" (2015): ∂E/∂w₅ and ∂E/∂w₁, and w₁ … w₈ after the step.
    [
        ("output · neuron 1 ← hidden 1 · neuron 1", "0.0821670", "0.358916"),
        ("output · neuron 1 ← hidden 1 · neuron 2", "0.0826676", "0.408666"),
        ("output · neuron 2 ← hidden 1 · neuron 1", "−0.0226025", "0.511301"),
        ("output · neuron 2 ← hidden 1 · neuron 2", "−0.0227402", "0.561370"),
        ("hidden 1 · neuron 1 ← input 1", "0.000438568", "0.149781"),
        ("hidden 1 · neuron 1 ← input 2", "0.000877135", "0.199561"),
        ("hidden 1 · neuron 2 ← input 1", "0.000497713", "0.249751"),
        ("hidden 1 · neuron 2 ← input 2", "0.000995425", "0.299502"),
    ],
)
def test_the_worked_example_that_is_passed_around_most(worked_example, equations_of, weight, gradient, after):
    results = {left: sides[-1] for left, *sides in equations_of(str(worked_example.derive(weight)))}
    shown = {left: value for left, value in results.items() if left in ("E", "∂E/∂w", "w′")}
    error, slope, new = shown.values()
    assert error.startswith("0.298371")
    assert slope.startswith(gradient[:-1])
    assert new.startswith(after[:-1])


def test_the_sequence_goes_from_the_error_back_to_the_weight_and_on_to_its_change(open_step):
    network = multilayer_perceptron(
        3, (4,), 2, loss="log_loss", activation="tanh", dropout=0.5, penalty=Penalty(l2=0.1)
    )
    step = open_step(network, AdamW(), settings=Settings(6, max_gradient_norm=1e-3))
    assert [link.title for link in step.derive(0, row=0).links] == [
        "The error of this minibatch",
        "The loss of row 0",
        "Back from E to output neuron 1",
        "Back through the weights of output",
        "Back through dropout",
        "Back through the activation tanh",
        "The gradient of the weight",
        "Clipping",
        "The descent by adamw",
        "Weight decay",
        "The weight after the step",
    ]


def test_a_bias_is_the_weight_of_a_constant_input_and_does_not_decay(open_step):
    derivation = open_step(NETWORK, AdamW()).derive("hidden 1 · neuron 2 ← bias")
    text = str(derivation)
    assert "∂E/∂w = Σ_rows δ⁽¹⁾₂\n" in text
    assert "A bias is the weight of an input that is always 1" in text
    assert "Weight decay" not in text


def test_the_divisor_is_the_number_of_rows_or_the_sum_of_their_weights_or_given(open_step):
    plan = StepPlan.constant(1, learning_rate=0.1)
    given = replace(plan, divisor=np.array([5.5]))
    for text, divisor, arguments in (
        ("over the number d of rows", "/6\n", {"plan": plan}),
        ("d is the sum of these weights", "/3\n", {"plan": plan, "row_weight": np.full(6, 0.5)}),
        ("the divisor d that this training was given", "/5.5\n", {"plan": given, "row_weight": np.full(6, 0.5)}),
    ):
        derivation = str(open_step(NETWORK, SGD(), **arguments).derive(0))
        assert text in " ".join(derivation.split())
        assert derivation.count(divisor) == 2  # in E and in the gradient at the output


def test_an_output_on_its_target_has_no_slope(open_step):
    zeros = {"weights": np.zeros(3), "y": np.zeros((6, 1))}
    for loss in (AbsoluteError(), Quantile((0.3,))):
        text = str(open_step(Network(2, (Dense(2, 1),), loss), SGD(), **zeros).derive(0))
        assert "δ⁽¹⁾₁ = 0/d\n         = 0/6\n         = 0\n" in text


def test_dropout_that_drops_nothing_is_left_out(open_step):
    network = Network(2, (Dense(2, 3), Dropout(0.0), Dense(3, 1)), SquaredError())
    text = str(open_step(network, SGD()).derive(0))
    assert "dropout" not in text
    assert "δ⁽¹⁾₁ = Σₖ w⁽²⁾₁→ₖ·δ⁽²⁾ₖ" in text


def test_a_dropped_unit_passes_nothing_back(open_step):
    network = Network(2, (Dense(2, 30), Dropout(0.5), Dense(30, 1)), SquaredError())
    step = open_step(network, SGD(), n=1)
    dropped = int(np.flatnonzero(step.forward_pass.caches[1][0] == 0)[0])
    text = str(step.derive(dropped))
    assert "the unit is dropped: nothing comes back through it" in text
    assert "δ⁽¹⁾" in text


def test_the_loss_that_scikit_learn_reports_is_derived_by_the_one_it_descends(open_step, equations_of):
    for loss, other in ((MeanSquaredError(), "mean_squared_error"), (PoissonDeviance(), "poisson_deviance")):
        step = open_step(Network(2, (Dense(2, 3),), loss), SGD())
        text = str(step.derive(0))
        assert f"Reported is {other}, which has the same gradient." in " ".join(text.split())
        assert {left: sides[-1] for left, *sides in equations_of(text)}["E"][:6] != f"{step.error.value:.6f}"[:6]


def test_lbfgs_says_why_it_has_no_formula_of_one_weight(open_step):
    text = " ".join(str(open_step(NETWORK, LBFGS()).derive(0)).split())
    assert "L-BFGS has no formula for one weight alone" in text
    assert "Δw = w′ − w" in text


def test_a_rate_of_its_own_is_in_the_learning_rate_and_said(open_step, monkeypatch):
    step = open_step(NETWORK, SGD())
    assert "factor on the learning rate" not in " ".join(str(step.derive(0)).split())
    factors = np.arange(1.0, 10.0)
    monkeypatch.setattr(type(NETWORK.layout), "rate_factors", lambda _: factors)
    assert "factor on the learning rate" not in " ".join(str(step.derive(0)).split())
    text = " ".join(str(open_step(NETWORK, SGD()).derive(1)).split())
    assert "η has this weight's own factor on the learning rate in it." in text
    assert "−0.02·" in text


@pytest.mark.parametrize("function", sorted(ACTIVATIONS))
@pytest.mark.parametrize("scale", [1e-9, 1.0, 40.0, 800.0])
def test_the_slope_of_every_activation_is_right_near_0_and_far_from_it(
    open_step, equations_of, violation, function, scale
):
    network = Network(1, (Dense(1, 2), Activation(function), Dense(2, 1)), SquaredError())
    for sign in (-1.0, 1.0):
        weights = np.array([sign * scale * 1.2345678, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0])
        text = str(open_step(network, SGD(), weights=weights, X=np.ones((2, 1))).derive(0))
        slopes = [sides for left, *sides in equations_of(text) if left.startswith("φ′")]
        assert len(slopes) == 1
        found = [violation(sides[1], sides[2]) for sides in slopes if len(sides) == 3]
        assert found in ([], [None])


@dataclass(frozen=True)
class Cubed(SquaredError):  # noqa: N818  # a loss
    kind: ClassVar[str] = "cubed"


@dataclass(frozen=True)
class Signed(SGD):
    kind: ClassVar[str] = "signed"


@dataclass(frozen=True)
class Scaled(Dense):
    kind: ClassVar[str] = "scaled"


@dataclass(frozen=True)
class Tilted(Penalty):
    pass


@pytest.mark.parametrize(
    ("network", "optimizer", "message"),
    [
        (
            Network(2, (Scaled(2, 1),), SquaredError()),
            SGD(),
            r"dense, activation and dropout layers\. Got Scaled\(.* as 'scaled 1'",
        ),
        (Network(2, (Dense(2, 1),), Cubed()), SGD(), r"derive knows the losses absolute_error, .*\. Got Cubed\(\)"),
        (Network(2, (Dense(2, 1),), SquaredError(), Tilted()), SGD(), r"the penalty Penalty\(l1, l2\)\. Got Tilted"),
        (
            Network(2, (Dense(2, 1),), SquaredError()),
            Signed(),
            r"derive knows the optimizers adagrad, .*\. Got Signed\(\)",
        ),
    ],
)
def test_what_is_not_chainrules_own_is_refused(open_step, network, optimizer, message):
    step = open_step(network, optimizer)
    for what in (0, "theory"):
        with pytest.raises(ParameterError, match=message):
            step.derive(what)


def test_a_row_of_another_step_is_refused(open_step):
    with pytest.raises(ParameterError, match=r"row must be one of step 6: 0, 3, 6, 9, 12, …\. Got 1\."):
        open_step(NETWORK, SGD()).derive(0, row=1)
    with pytest.raises(ParameterError, match=r"row must be one of step 6: 0, 3\. Got 17\."):
        open_step(NETWORK, SGD(), n=2).derive(0, row=17)


def test_a_row_has_no_effect_on_the_theory(open_step):
    with pytest.raises(ParameterError, match=r'row has no effect with "theory".* Got 3'):
        open_step(NETWORK, SGD()).derive("theory", row=3)


def test_a_weight_that_is_not_there_is_refused(open_step):
    with pytest.raises(ParameterError, match="a weight's index must be an int from 0 to 8, got 99"):
        open_step(NETWORK, SGD()).derive(99)


def test_a_step_that_was_passed_over_is_refused(open_step):
    with pytest.raises(ParameterError, match="step 6 was passed over, since all of its rows have weight 0"):
        open_step(NETWORK, SGD(), row_weight=np.zeros(6)).derive(0)


def test_the_run_is_left_as_it_was(open_step):
    step = open_step(NETWORK, Momentum())
    before = step.moment.weights.copy(), step.moment.vectors[0].copy()
    step.derive(0)
    np.testing.assert_array_equal(step.moment.weights, before[0])
    np.testing.assert_array_equal(step.moment.vectors[0], before[1])


def test_a_derivation_says_the_same_every_time(open_step):
    assert str(open_step(NETWORK, Adam()).derive(1)) == str(open_step(NETWORK, Adam()).derive(1))
