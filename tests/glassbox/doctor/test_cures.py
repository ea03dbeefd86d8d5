"""Cures: each is a training that takes place, the ones that matter help, and what they change is what they say."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from chainrule.engine import Settings, Source
from chainrule.errors import ParameterError
from chainrule.glassbox.doctor import Case, examine, examine_columns
from chainrule.glassbox.doctor import changes as c
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Training
from chainrule.network import Dense, Penalty, multilayer_perceptron
from chainrule.training import SGD, Constant, Momentum, Nesterov, Recipe, Stopping
from chainrule.training.foreign_schedules import PenaltyOfBatch

HELPS = [
    "dead_units",
    "error_at_start",
    "exploding_gradients",
    "learning_rate_too_large",
    "learning_rate_too_small",
    "oscillation",
    "poor_initialisation",
    "saturated_units",
    "stopped_too_early",
    "symmetric_units",
    "unscaled_columns",
    "target_scale",
    "vanishing_gradients",
]
SYMPTOM_GOES = ["class_imbalance", "constant_columns", "duplicate_columns", "identifier_columns", "stopped_too_late"]


@pytest.mark.parametrize("rule", HELPS)
def test_a_cure_that_matters_lowers_the_error(found, rule):
    _, finding = found(rule, 1 if rule == "error_at_start" else 0)
    trial = finding.try_cure(seconds=5.0)
    assert trial.improvement > 0.05
    assert "the error is lower by" in trial.verdict
    assert len(trial.cured) == max(len(trial.original) // 2, 1)
    assert all(np.isfinite(trial.cured))


@pytest.mark.parametrize("rule", SYMPTOM_GOES)
def test_a_cure_takes_the_symptom_away(found, rule):
    _, finding = found(rule)
    trial = finding.try_cure()
    assert trial.gone
    assert "the symptom is gone" in trial.verdict
    stored = json.loads(json.dumps(trial.to_dict(), allow_nan=False))
    assert stored["gone"]
    assert stored["verdict"] in str(trial)


def test_a_run_that_diverged_trains_with_its_cure(found):
    _, finding = found("non_finite")
    trial = finding.try_cure()
    assert trial.original == []
    assert trial.verdict == "it trains, and the original did not; the symptom is gone"
    assert "–" in str(trial)


def test_a_cured_run_that_diverges_says_so(found):
    _, finding = found("non_finite", 1)
    trial = finding.try_cure()
    assert trial.diverged
    assert trial.verdict == "the cured run diverged"
    assert trial.improvement == -np.inf


def test_a_trial_is_judged_by_validation_rows_where_there_are_some(found):
    _, finding = found("overfitting")
    trial = finding.try_cure()
    assert trial.measured_on == "validation"
    assert trial.improvement > 0


def test_a_worse_error_is_called_higher(found):
    _, finding = found("leaking_columns")
    assert "the error is higher by" in finding.try_cure().verdict


def test_a_cure_that_is_no_setting_cannot_be_tried(found):
    _, finding = found("conflicting_labels")
    with pytest.raises(ParameterError, match="the cure of conflicting_labels is no setting of the training: Look at"):
        finding.try_cure()


def test_what_was_found_in_a_table_cannot_be_tried(planted):
    _, y, raw, _ = planted.table("wine")
    (finding,) = examine_columns(Columns(names=[f"x{j}" for j in range(13)], values=raw, target=y))
    with pytest.raises(ParameterError, match="unscaled_columns was found in a table: there is no run to fork"):
        finding.try_cure()
    with pytest.raises(ParameterError, match="unscaled_columns is not seen in a single step"):
        finding.open()
    assert not finding.to_dict()["can_try_cure"]


def test_seconds_are_above_zero(found):
    _, finding = found("learning_rate_too_small")
    with pytest.raises(ParameterError, match=r"seconds must be above 0, got 0\."):
        finding.try_cure(seconds=0)


@pytest.fixture
def training():
    rng = np.random.default_rng(0)
    X = 5.0 + 3.0 * rng.normal(size=(30, 3))
    network = multilayer_perceptron(3, (4,), 1, loss="squared_error", activation="tanh", initialiser="zeros")
    y = 7.0 + 2.0 * rng.normal(size=(30, 1))
    recipe = Recipe(optimizer=Momentum(), learning_rate=0.1, settings=Settings(4))
    return Training(
        network=network,
        source=Source(X[:20], y[:20]),
        recipe=recipe,
        weights=network.initialise(0),
        validation=Source(X[20:], y[20:]),
    )


def test_rates_batches_clipping_and_momentum(training):
    assert c.learning_rate_times(0.1)(training).recipe.learning_rate == pytest.approx(0.01)
    assert c.batch_size_times(3)(training).recipe.settings.batch_size == 12
    assert c.batch_size_times(16)(training).recipe.settings.batch_size == 20
    assert c.gradient_clipped(1.0)(training).recipe.settings.max_gradient_norm == 1.0
    assert c.less_momentum(training).recipe.optimizer == Momentum(momentum=0.5)
    nesterov = Training(**vars(training) | {"recipe": Recipe(optimizer=Nesterov())})
    assert c.less_momentum(nesterov).recipe.optimizer == Nesterov(momentum=0.5)
    plain = Training(**vars(training) | {"recipe": Recipe(optimizer=SGD(), learning_rate=0.3)})
    assert c.less_momentum(plain).recipe.learning_rate == pytest.approx(0.1)
    assert c.keeping_best(training).recipe.stopping == Stopping(monitor="validation_error")


def test_weights_and_layers(training):
    fresh = c.fresh_weights(training)
    dense = [layer.initialiser for layer in fresh.network.layers if isinstance(layer, Dense)]
    assert (dense, fresh.weights) == (["glorot_uniform", "glorot_uniform"], None)
    relu = c.with_activation("relu")(training).network
    assert relu == multilayer_perceptron(3, (4,), 1, loss="squared_error", activation="relu")
    wide = c.wider_layers(Training(**vars(training) | {"network": training.network}))
    assert [layer.n_out for layer in wide.network.layers if isinstance(layer, Dense)] == [64, 64, 1]
    assert wide.network.loss == training.network.loss
    scaled = replace(training, recipe=replace(training.recipe, penalty=PenaltyOfBatch()))
    held_back = c.more_penalty(scaled)
    assert (held_back.network.penalty, held_back.recipe.penalty) == (Penalty(l2=0.1), Constant())


def test_inputs_and_targets_are_scaled_by_the_training_rows(training):
    for changed, part in ((c.scaled_inputs(training), "numbers"), (c.scaled_target(training), "target")):
        given, values = getattr(training.source, part), getattr(changed.source, part)
        assert_allclose(values.mean(axis=0), 0.0, atol=1e-12)
        assert_allclose(values.std(axis=0), 1.0)
        held_out = (getattr(training.validation, part) - given.mean(axis=0)) / given.std(axis=0)
        assert_allclose(getattr(changed.validation, part), held_out)
    constant = Training(**vars(training) | {"source": Source(np.ones((5, 3)), np.ones((5, 1))), "validation": None})
    assert not c.scaled_inputs(constant).source.numbers.any()
    assert not c.scaled_target(constant).source.target.any()


def test_columns_and_rows_are_left_out(training):
    without = c.without_inputs([1])(training)
    assert not without.source.numbers[:, 1].any()
    assert (without.validation.numbers[:, [0, 2]] == training.validation.numbers[:, [0, 2]]).all()
    assert c.without_rows([0, 3])(training).source.n_rows == 18


def test_balanced_classes_weigh_alike(training):
    y = np.array([0] * 15 + [1] * 4 + [2])
    source = c.balanced_classes(Training(**vars(training) | {"source": Source(np.ones((20, 3)), y)})).source
    assert_allclose(np.bincount(y, weights=source.weight), 20 / 3)


def test_a_case_may_be_without_validation(planted):
    case = planted.planted()["learning_rate_too_large"][0].observe()
    alone = Case(run=case.run, history=case.history)
    assert not alone.diverged
    assert examine(alone)[0].rule == "learning_rate_too_large"
