"""The first step that is not finite: found, also where the run recovered, and opened."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.engine import Settings, Source
from chainrule.errors import DivergedError, DivergenceWarning
from chainrule.glassbox.doctor import examine, observe
from chainrule.glassbox.doctor.examination import Examination
from chainrule.network import multilayer_perceptron
from chainrule.training import LBFGS, SGD, Adam, Recipe, ReduceOnPlateau


def case_of(X, y, *, dtype=np.float64, weights=None, activation="relu", **settings):
    network = multilayer_perceptron(X.shape[1], (8,), y.shape[1], loss="squared_error", activation=activation)
    recipe = Recipe(**{"optimizer": SGD(), "epochs": 5, "settings": Settings(10)} | settings)
    start = network.initialise(0, dtype)
    if weights is not None:
        weights(network, start)
    return observe(network, Source(X.astype(dtype), y.astype(dtype)), recipe, weights=start)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 3)), rng.normal(size=(40, 1))


def non_finite(case):
    return next(finding for finding in examine(case).all if finding.rule == "non_finite")


def test_a_gap_in_the_inputs_is_found_in_its_row_and_column(rows):
    X, y = rows
    X[17, 2] = np.nan
    case = case_of(X, y)
    finding = non_finite(case)
    assert case.diverged
    assert (finding.evidence.rows, finding.evidence.columns) == ([17], ["input 3"])
    assert 17 in finding.open().rows.numbers
    assert finding.open().index == finding.evidence.step == case.run.n_steps


def test_a_target_that_is_infinite_is_found_in_its_row(rows):
    X, y = rows
    y[5] = np.inf
    finding = non_finite(case_of(X, y))
    assert finding.evidence.rows == [5]
    assert "first in the target" in finding.symptom


@pytest.mark.parametrize(
    ("place", "row", "factor"),
    [("the forward pass of hidden 1", 7, 1e300), ("the loss of output", 7, 1e200)],
)
def test_numbers_that_outgrow_the_dtype_are_found_in_their_layer_and_row(rows, place, row, factor):
    X, y = rows
    X[row] = 1.0
    X[row] *= factor

    def large(network, weights):
        if "forward" in place:
            weights *= 1e10

    finding = non_finite(case_of(X, y, weights=large))
    assert f"first in {place}" in finding.symptom
    assert finding.evidence.rows == [row]


def test_a_delta_that_outgrows_the_dtype_is_found_on_the_way_back(rows):
    X, y = rows
    y *= 1e19  # ½r² of 1e38 is within float32, and δ·W is not

    def large_output(network, weights):
        network.layout.views(weights)[-1][0][:-1] *= 1e22
        network.layout.views(weights)[0][0][:] = 0.0
        network.layout.views(weights)[0][0][-1] = 1e-22

    finding = non_finite(case_of(X, y, dtype=np.float32, weights=large_output))
    assert "first in the backward pass of hidden 1" in finding.symptom


def test_a_run_that_went_back_is_repeated_up_to_the_step_that_failed(rows):
    X, y = rows
    settings = {"learning_rate": 3.0, "max_recoveries": 6, "epochs": 60, "activation": "tanh"}
    with pytest.warns(DivergenceWarning):
        recovered = case_of(X, y, **settings)
    given_up = case_of(X, y, **settings | {"max_recoveries": 0})
    assert not recovered.diverged
    assert given_up.diverged
    first, last = Examination(recovered).failure, Examination(given_up).failure
    assert first.step == last.step
    assert first.weights.tobytes() == last.weights.tobytes()
    assert non_finite(recovered).open().index == first.step


def test_a_learning_rate_halved_on_a_plateau_is_no_failure(rows):
    X, y = rows
    schedule = ReduceOnPlateau(factor=0.5, patience=1)
    case = case_of(X, y, schedule=schedule, epochs=30, learning_rate=0.3)
    assert len(case.run.record.factors) > 1
    assert Examination(case).failure is None


def test_the_weights_before_the_failure_are_those_of_the_record(rows):
    X, y = rows
    case = case_of(X, y, learning_rate=40.0)
    run = case.run
    assert run.n_steps == Examination(case).failure.step
    assert np.isfinite(run.weights_before(run.n_steps)).all()
    assert run.step(run.n_steps - 1).next is not None


def test_lbfgs_that_cannot_begin_raises_as_training_does(rows):
    X, y = rows
    X[3, 1] = np.nan
    with pytest.raises(DivergedError):
        case_of(X, y, optimizer=LBFGS(), settings=Settings(40))


def test_a_run_given_up_in_a_later_epoch_keeps_its_history(rows):
    X, y = rows
    case = case_of(X, y, optimizer=Adam(), learning_rate=1e80, epochs=400)
    assert case.diverged
    assert len(case.history) == case.run.n_steps // 4
    assert replace(case, stop_reason=None).diverged is False
