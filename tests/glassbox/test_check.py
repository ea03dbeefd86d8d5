import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Batch, Settings, Source, StepPlan
from chainrule.errors import ParameterError
from chainrule.glassbox import Moment, Names, Step
from chainrule.network import LOSSES, Dense, Penalty, multilayer_perceptron
from chainrule.training import SGD, Adam, Recipe


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(sorted(LOSSES)), st.sampled_from(["relu", "tanh", "elu", "gelu"]), st.booleans(), st.integers(0, 99)
)
def test_the_gradient_of_any_step_holds(recorded_run, loss, activation, penalised, seed):
    rng = np.random.default_rng(seed)
    n_outputs = 3 if loss == "cross_entropy" else 1
    network = multilayer_perceptron(
        3, (5,), n_outputs, loss=loss, activation=activation, dropout=0.3, penalty=Penalty(l1=0.01 * penalised)
    )
    y = rng.integers(0, 3, 24) if loss == "cross_entropy" else rng.integers(0, 2, (24, 1)).astype(float)
    source = Source(rng.normal(size=(24, 3)), y, rng.uniform(0.5, 2.0, 24))
    step = recorded_run(network, source, Recipe(Adam(), epochs=2, settings=Settings(10, seed=seed))).step(4)
    check = step.check(n_weights=8, seed=seed)
    assert len(check.weights) == 8
    assert check.passed, str(check)
    for one in check.weights:
        assert one.analytic == step.backward.gradient[one.weight.index]


def step_of(network, X, y, weights=None):
    batch = Batch(X, y, None)
    return Step(
        Moment(
            network=network,
            optimizer=SGD(),
            learning_rate=0.1,
            settings=Settings(len(X)),
            plan=StepPlan.constant(1, learning_rate=0.1),
            index=0,
            weights=network.initialise(0) if weights is None else weights,
            vectors=(),
            rows=np.arange(len(X)),
            batch=batch,
            names=Names(network),
        )
    )


@pytest.mark.parametrize("wrong_by", [0.0, 1e-3])
def test_a_wrong_gradient_fails(monkeypatch, wrong_by):
    """A gradient that is wrong by a thousandth is found, by every weight of the layer."""
    backward = Dense.backward

    def planted(self, *arguments, **options):
        d_inputs, (d_W,) = backward(self, *arguments, **options)
        return d_inputs, (d_W * (1 + wrong_by),)

    monkeypatch.setattr(Dense, "backward", planted)
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(3, (), 1, loss="squared_error")
    check = step_of(network, rng.normal(size=(9, 3)), rng.normal(size=(9, 1))).check()
    assert check.passed == (wrong_by == 0.0)
    assert ("DIFFERS" in str(check)) == (wrong_by > 0.0)
    assert ("FAILED" in str(check)) == (wrong_by > 0.0)


def test_a_jump_of_a_derivative_is_stayed_away_from():
    """z of the row is w: at 5e-5 only the shifts of 1e-5 and less stay on its side of ReLU's kink; at 0, none."""
    network = multilayer_perceptron(1, (1,), 1, loss="squared_error")
    for w, shift, at_kink in ((0.5, 1e-3, False), (5e-5, 1e-5, False), (0.0, 1e-6, True)):
        weights = np.array([w, 0.0, 1.0, 0.0])
        [found] = step_of(network, np.ones((1, 1)), np.array([[3.0]]), weights).check([0]).weights
        assert (found.shift, found.crosses_kink) == (shift, at_kink)
        assert found.passed
    assert "at a kink" in str(step_of(network, np.ones((1, 1)), np.array([[3.0]]), weights).check([0]))


def test_the_kink_of_a_penalty_is_stayed_away_from():
    network = multilayer_perceptron(1, (), 1, loss="squared_error", penalty=Penalty(l1=1.0))
    step = step_of(network, np.ones((1, 1)), np.array([[3.0]]), np.array([0.0, 0.0]))
    assert [one.crosses_kink for one in step.check([0, 1]).weights] == [True, False]


def test_nan_never_passes():
    network = multilayer_perceptron(1, (), 1, loss="squared_error")
    step = step_of(network, np.array([[np.nan]]), np.array([[3.0]]))
    assert not step.check().passed


def test_one_weight_needs_no_list_and_none_is_a_mistake(run):
    step = run.step(3)
    weight = step.weight("output", "a", "bias")
    for given_ in (weight, weight.name, weight.index, np.int64(weight.index)):
        [checked] = step.check(given_).weights
        assert checked.weight == weight
    with pytest.raises(ParameterError, match="weights must name at least one weight, got none"):
        step.check([])


def test_weights_are_drawn_or_chosen(run):
    step = run.step(0)
    drawn = [one.weight.index for one in step.check(n_weights=5).weights]
    assert drawn == sorted(set(drawn))
    assert len(drawn) == 5
    assert drawn == [one.weight.index for one in step.check(n_weights=5).weights]
    assert drawn != [one.weight.index for one in step.check(n_weights=5, seed=1).weights]
    chosen = step.check([3, "output · a ← bias"]).weights
    assert [str(one.weight) for one in chosen] == ["hidden 1 · neuron 4 ← age", "output · a ← bias"]


@pytest.mark.parametrize("n_weights", [0, -1, 1.5, True])
def test_numbers_of_weights_that_are_none(run, n_weights):
    with pytest.raises(ParameterError, match="n_weights must be an int of at least 1, got"):
        run.step(0).check(n_weights=n_weights)
