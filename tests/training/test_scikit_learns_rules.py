"""Rules that training has for repeating scikit-learn: patience, learning rate, penalty and means as it has them.

``tests/estimators/perceptron`` holds them all together to scikit-learn itself.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings, Source
from chainrule.errors import ParameterError
from chainrule.network import Penalty, multilayer_perceptron
from chainrule.training import (
    LBFGS,
    SGD,
    DivideWhenPatienceEnds,
    InverseScaling,
    Recipe,
    Stopping,
    TrainingState,
    train,
)
from chainrule.training.judging import judge


def theirs(scores, *, greater, tol):
    """scikit-learn's count of epochs without improvement, after each score (``_update_no_improvement_count``)."""
    best, count, counts = (-np.inf if greater else np.inf), 0, []
    for score in scores:
        waits = score < best + tol if greater else score > best - tol
        count = count + 1 if waits else 0
        best = max(best, score) if greater else min(best, score)
        counts.append(count)
    return counts


@given(
    scores=st.lists(
        st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.3, 0.30000000000000004, 0.5, 1.0]), min_size=1, max_size=12
    ),
    greater=st.booleans(),
    tol=st.sampled_from([0.0, 0.05, 0.1, 0.25]),
)
@settings(deadline=None, max_examples=200)
def test_patience_against_the_best(scores, greater, tol):
    state = TrainingState(np.zeros(1))
    recipe = Recipe(stopping=Stopping(greater_is_better=greater, tol=tol, against_best=True))
    counts = []
    for score in scores:
        judge(state, recipe, [score])
        counts.append(state.patience_epochs)
    assert counts == theirs(scores, greater=greater, tol=tol)


@given(rate=st.floats(1e-7, 10.0), patience=st.integers(1, 3))
@settings(deadline=None, max_examples=60)
def test_the_rate_is_divided_each_time_patience_ends_down_to_the_least(rate, patience):
    recipe = Recipe(
        optimizer=SGD(),
        learning_rate=rate,
        schedule=DivideWhenPatienceEnds(),
        stopping=Stopping(patience=patience, against_best=True),
    )
    state, expected, epochs = TrainingState(np.zeros(1)), rate, 0
    judge(state, recipe, [1.0])
    while expected > 1e-6:
        for _ in range(patience):
            judge(state, recipe, [2.0])
        expected /= 5.0
        epochs += patience
        assert rate * state.plateau_factor == pytest.approx(expected, rel=1e-12)
        assert state.patience_epochs == 0
    for _ in range(patience):
        judge(state, recipe, [2.0])
    assert state.patience_epochs == patience
    assert rate * state.plateau_factor == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: DivideWhenPatienceEnds(divisor=1.0),
            "divisor of schedule 'divide_when_patience_ends' must be above 1",
        ),
        (
            lambda: DivideWhenPatienceEnds(least=-1.0),
            "least of schedule 'divide_when_patience_ends' must be at least 0",
        ),
        (lambda: LBFGS(error_tol=-1.0), "error_tol of lbfgs must be at least 0, got -1.0"),
    ],
)
def test_settings_out_of_range_are_named(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


@pytest.fixture
def problem():
    rng = np.random.default_rng(1)
    network = multilayer_perceptron(3, (4,), 1, activation="tanh", loss="squared_error", penalty=Penalty(l2=0.3))
    source = Source(rng.normal(size=(10, 3)), rng.normal(size=(10, 1)), rng.uniform(0.1, 2.0, 10))
    return network, source, network.initialise(seed=2)


@pytest.mark.parametrize("engine", ["reference", "auto"])
def test_the_penalty_has_a_schedule(problem, engine):
    network, source, weights = problem
    recipe = Recipe(
        optimizer=SGD(),
        learning_rate=0.1,
        penalty=InverseScaling(power=1.0),
        epochs=3,
        settings=Settings(batch_size=4, shuffle=False),
    )
    state = train(network, source, recipe, weights=weights, engine=engine)
    w = weights.copy()
    for t in range(9):
        batch = source.take(slice(t % 3 * 4, t % 3 * 4 + 4))
        forward_pass = network.forward(w, batch.numbers)
        penalty = 1 / (1 + t)
        w = w - 0.1 * network.backward(w, forward_pass, batch.target, batch.weight, penalty=penalty).gradient
    np.testing.assert_allclose(state.weights, w, rtol=1e-11)


def test_the_penalty_of_lbfgs_has_its_schedules_first_value(problem):
    network, source, weights = problem
    halved = multilayer_perceptron(3, (4,), 1, activation="tanh", loss="squared_error", penalty=Penalty(l2=0.15))

    class Half(InverseScaling):
        def factors(self, steps, clock):
            return np.full_like(steps, 0.5)

    one = train(network, source, Recipe(optimizer=LBFGS(), penalty=Half(), epochs=4), weights=weights)
    other = train(halved, source, Recipe(optimizer=LBFGS(), epochs=4), weights=weights)
    np.testing.assert_allclose(one.weights, other.weights, rtol=1e-9)


def test_an_epochs_error_as_the_mean_over_rows(problem):
    network, source, weights = problem
    weight = source.weight.copy()
    weight[:4] = 0.0  # the first batch is passed over, and counts no rows
    source = Source(source.numbers, source.target, weight)
    recipe = Recipe(
        optimizer=SGD(),
        learning_rate=1e-300,
        mean_over_rows=True,
        epochs=1,
        settings=Settings(batch_size=4, shuffle=False),
    )
    state = train(network, source, recipe, weights=weights)
    errors = [
        network.error(weights, source.numbers[part], source.target[part], weight[part])
        for part in (slice(4, 8), slice(8, 10))
    ]
    assert state.history[0]["train_error"] == pytest.approx((4 * errors[0] + 2 * errors[1]) / 6, rel=1e-12)


def test_lbfgs_stops_where_the_error_falls_too_little(problem):
    network, source, weights = problem
    early = train(network, source, Recipe(optimizer=LBFGS(error_tol=0.1), epochs=200), weights=weights)
    late = train(network, source, Recipe(optimizer=LBFGS(error_tol=1e-12), epochs=200), weights=weights)
    assert early.stop_reason == "converged"
    assert early.epoch < late.epoch
