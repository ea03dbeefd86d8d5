"""A fit that fails leaves everything as it was; what has no effect is refused; what only measures does not steer."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from chainrule import TableClassifier, TableRegressor
from chainrule.errors import ParameterError, TableError


def fail(run):
    raise MemoryError("on purpose")


def test_a_failed_first_fit_leaves_no_model(quick, diabetes):
    model = TableRegressor(**quick)
    with pytest.raises(MemoryError):
        model.fit(*diabetes, callbacks=fail)
    with pytest.raises(NotFittedError):
        model.predict(diabetes[0])


def test_a_failed_refit_leaves_the_old_model(quick, diabetes):
    X, y = diabetes
    model = TableRegressor(**quick, max_iter=3).fit(X, y)
    before = model.predict(X)
    with pytest.raises(MemoryError):
        model.fit(X * 100 + 5, -y, callbacks=fail)
    np.testing.assert_array_equal(model.predict(X), before)
    model.fit(X.to_numpy(), y)
    assert not hasattr(model, "feature_names_in_")


def test_an_eval_set_without_early_stopping_only_measures(quick, diabetes):
    X, y = diabetes
    settings = quick | {"max_iter": 12, "early_stopping": False}
    alone = TableRegressor(**settings).fit(X[:300], y[:300])
    for measured in (y[300:], -y[300:]):
        model = TableRegressor(**settings).fit(X[:300], y[:300], eval_set=(X[300:], measured))
        np.testing.assert_array_equal(model.weights_, alone.weights_)
        assert model.history_[0]["rmse"] > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"early_stopping": False, "n_iter_no_change": 5}, "n_iter_no_change has no effect with early_stopping=False"),
        ({"early_stopping": False, "tol": 0.1}, "tol has no effect with early_stopping=False"),
        (
            {"early_stopping": False, "validation_fraction": 0.1},
            "validation_fraction has no effect with early_stopping",
        ),
        ({"validation_fraction": 0.1}, "validation_fraction has no effect with an eval_set"),
        ({"early_stopping": False, "eval_metric": "rmse"}, "eval_metric='rmse' has no effect without validation rows"),
        ({"hidden_layer_sizes": (), "dropout": 0.1}, "dropout has no effect without hidden layers"),
        ({"hidden_layer_sizes": (), "activation": "tanh"}, "activation has no effect without hidden layers"),
        ({"solver": "lbfgs", "shuffle": False}, "shuffle has no effect with lbfgs"),
    ],
)
def test_options_without_effect_are_refused(quick, diabetes, settings, message):
    X, y = diabetes
    with pytest.raises(ParameterError, match=message):
        TableRegressor(**quick | settings).fit(X, y, eval_set=(X, y))


def test_rows_of_weight_zero_are_absent_everywhere(quick, diabetes):
    X, y = diabetes
    weight = np.ones(442)
    weight[5] = 0.0
    X_spoiled, y_spoiled = X.copy(), y.copy()
    X_spoiled.loc[5, "age"] = np.inf
    y_spoiled[5] = np.nan
    settings = quick | {"max_iter": 3}
    spoiled = TableRegressor(**settings).fit(X_spoiled, y_spoiled, weight, eval_set=(X_spoiled, y_spoiled, weight))
    keep = np.arange(442) != 5
    clean = TableRegressor(**settings).fit(X[keep], y[keep], eval_set=(X[keep], y[keep]))
    np.testing.assert_array_equal(spoiled.weights_, clean.weights_)
    expected = clean.score_table(X[keep], y[keep])
    assert clean.score_table(X_spoiled, y_spoiled, weight) == pytest.approx(expected)


def test_a_metric_that_is_not_defined_is_said(quick, cancer):
    X, y = cancer
    ones = y[y == 1].index
    with pytest.raises(ParameterError, match="eval_metric='roc_auc' is not defined on the validation rows"):
        TableClassifier(**quick, eval_metric="roc_auc").fit(X, y, eval_set=(X.loc[ones], y[ones]))
    with pytest.raises(ParameterError, match="eval_metric='roc_auc' needs a target of two classes"):
        TableClassifier(**quick, eval_metric="roc_auc").fit(X, np.arange(569) % 3)


def test_a_score_that_is_no_number_improves_nothing(quick, diabetes, tmp_path):
    scores = iter([np.nan, np.inf, 3.0, 1.0, 2.0])
    model = TableRegressor(**quick | {"max_iter": 5}, eval_metric=lambda *_: next(scores)).fit(*diabetes)
    assert model.best_epoch_ == 3
    assert [row["score"] for row in model.history_] == [None, None, 3.0, 1.0, 2.0]
    model.save(tmp_path / "model.chainrule")


def test_class_weights_may_not_take_everything(quick, cancer):
    X, y = cancer
    with pytest.raises(ParameterError, match=r"class_weight=\{0: 0, 1: 0\} gives no class a weight above 0"):
        TableClassifier(**quick, class_weight={0: 0, 1: 0}).fit(X, y)
    with pytest.raises(ParameterError, match=r"class_weight=\{0: 0\} leaves no row with a weight above 0"):
        TableClassifier(**quick, class_weight={0: 0}).fit(X, y, eval_set=(X[y == 0], y[y == 0]))


@pytest.mark.parametrize("n_rows", [90, 300])
def test_classes_of_different_types_are_named(quick, n_rows):
    y = np.array(["a", 1] * (n_rows // 2), dtype=object)
    with pytest.raises(TableError):
        TableClassifier(**quick).fit(np.random.default_rng(0).normal(size=(n_rows, 2)), y)


@pytest.mark.parametrize("place", [0, 150, 299])
def test_negative_counts_are_named_in_their_own_units(quick, place):
    X = np.random.default_rng(0).normal(size=(300, 2))
    y = np.full(300, 5.0)
    y[place] = -3.0
    with pytest.raises(TableError, match="loss='poisson' needs a target of at least 0, got -3; use"):
        TableRegressor(**quick, loss="poisson").fit(X, y)
    with pytest.raises(TableError, match="got -3"):
        TableRegressor(**quick, loss="poisson").fit(X, np.abs(y), eval_set=(X, y))


def test_threads_do_not_matter_to_the_validation_error_by_default(quick, diabetes):
    X, y = diabetes
    default = TableRegressor(**quick, max_iter=3).fit(X, y)
    one = TableRegressor(**quick, max_iter=3, n_threads=1).fit(X, y)
    assert [r["validation_error"] for r in default.history_] == [r["validation_error"] for r in one.history_]
    np.testing.assert_array_equal(default.predict(X), one.predict(X))
