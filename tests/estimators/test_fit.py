import _thread
import subprocess
import sys
import threading
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.metrics import accuracy_score, mean_squared_error

from chainrule import TableClassifier, TableRegressor
from chainrule.errors import DivergedError, DivergenceWarning, ParameterError, ShapeError, TableError
from chainrule.network import CrossEntropy, Huber, Quantile
from chainrule.training import Adam, Callback, Cosine, WarmUp


def test_a_raw_table_is_learned(quick, table, features):
    model = TableRegressor(**quick, max_iter=300).fit(features, table["price"])
    assert model.score(features, table["price"]) > 0.8
    assert model.feature_names_in_.tolist() == ["area", "town", "garden", "built"]
    assert {c.name: c.kind for c in model.encoder_.summary()} == {
        "area": "number",
        "town": "category",
        "garden": "boolean",
        "built": "date",
    }
    classifier = TableClassifier(**quick).fit(features, table["sold"])
    assert classifier.score(features, table["sold"]) > 0.85
    assert classifier.classes_.tolist() == ["no", "yes"]
    assert classifier.target_name_ == "sold"
    assert set(classifier.predict(features)) <= {"no", "yes"}


def test_pandas_polars_and_pyarrow_give_the_same_bits(quick, table, features):
    expected = TableRegressor(**quick, max_iter=5).fit(features, table["price"]).predict(features)
    for convert in (pl.DataFrame.to_pandas, pl.DataFrame.to_arrow):
        X = convert(features)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            model = TableRegressor(**quick, max_iter=5).fit(X, table["price"].to_pandas())
            np.testing.assert_array_equal(model.predict(X), expected)
        assert model.feature_names_in_.tolist() == features.columns


def test_same_seed_same_bits(quick, table, features):
    settings = quick | {"dropout": 0.1, "max_iter": 8}
    one, two = (TableRegressor(**settings).fit(features, table["price"]) for _ in range(2))
    np.testing.assert_array_equal(one.weights_, two.weights_)
    assert one.seed_ == 0
    other = TableRegressor(**settings | {"random_state": 1}).fit(features, table["price"])
    assert not np.array_equal(one.weights_, other.weights_)
    fresh = TableRegressor(**settings | {"random_state": None}).fit(features, table["price"])
    again = clone(fresh).set_params(random_state=fresh.seed_).fit(features, table["price"])
    np.testing.assert_array_equal(fresh.weights_, again.weights_)
    state = np.random.RandomState(3)
    drawn = TableRegressor(**settings | {"random_state": state}).fit(features, table["price"])
    assert drawn.seed_ == np.random.RandomState(3).randint(2**31 - 1)


def test_predictions_do_not_depend_on_the_other_rows(quick, table, features):
    model = TableClassifier(**quick, max_iter=5).fit(features, table["sold"])
    together = model.predict_proba(features)
    alone = np.vstack([model.predict_proba(features[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, together[:5], rtol=1e-12)
    assert np.allclose(together.sum(axis=1), 1)
    np.testing.assert_allclose(model.predict_log_proba(features), np.log(together))


def test_several_classes_and_label_smoothing(quick, iris):
    X, y = iris
    model = TableClassifier(**quick, loss=CrossEntropy(label_smoothing=0.1)).fit(X, y)
    assert model.predict_proba(X).shape == (150, 3)
    assert model.score(X, y) > 0.9
    assert model.predict_proba(X).max() < 0.99


def test_sets_of_labels(quick):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    Y = (X > 0).astype(int)
    model = TableClassifier(**quick, max_iter=150).fit(X, Y)
    assert model.predict(X).shape == (200, 3)
    assert model.predict(X).dtype.kind == "i"
    assert (model.predict(X) == Y).mean() > 0.9
    assert model.score(X, Y) == accuracy_score(Y, model.predict(X)) == model.score_table(X, Y)["accuracy"]
    assert model.classes_.tolist() == [0, 1, 2]
    with pytest.raises(ParameterError, match="class_weight has no effect on sets of labels"):
        TableClassifier(**quick, class_weight="balanced").fit(X, Y)
    with pytest.raises(ParameterError, match="loss='cross_entropy' does not suit sets of labels"):
        TableClassifier(**quick, loss="cross_entropy").fit(X, Y)


def test_several_targets(quick, diabetes):
    X, y = diabetes
    Y = np.column_stack([y, 1000.0 - 3.0 * y])
    model = TableRegressor(**quick).fit(X, Y)
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.4
    frame = TableRegressor(**quick).fit(X, pd.DataFrame({"a": y, "b": 1000.0 - 3.0 * y}))
    np.testing.assert_array_equal(frame.predict(X), model.predict(X))


def test_regression_units_do_not_matter(quick, diabetes):
    X, y = diabetes
    plain = TableRegressor(**quick, dtype="float64", max_iter=10).fit(X, y).predict(X)
    scaled = TableRegressor(**quick, dtype="float64", max_iter=10).fit(X, y * 2.0**40 + 2.0**45).predict(X)
    np.testing.assert_allclose((scaled - 2.0**45) / 2.0**40, plain, rtol=1e-5)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", Huber(delta=0.5), "poisson"])
def test_losses_of_regression(quick, diabetes, loss):
    X, y = diabetes
    model = TableRegressor(**quick, loss=loss).fit(X, y)
    assert model.score(X, y) > 0.35
    if loss == "poisson":
        assert (model.predict(X) > 0).all()


def test_quantiles(quick, diabetes):
    X, y = diabetes
    model = TableRegressor(**quick, loss=Quantile(levels=(0.1, 0.5, 0.9)), max_iter=400).fit(X, y)
    quantiles = model.predict_quantiles(X)
    assert quantiles.shape == (442, 3)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert 0.65 < np.mean((quantiles[:, 0] <= y) & (y <= quantiles[:, 2])) < 0.95
    assert np.corrcoef(model.predict(X), quantiles[:, 1])[0, 1] > 0.99
    two = TableRegressor(**quick, loss=Quantile(levels=(0.25, 0.75)), max_iter=3).fit(X, np.column_stack([y, -y]))
    assert two.predict_quantiles(X).shape == (442, 2, 2)
    with pytest.raises(ParameterError, match="predict_quantiles needs loss='quantile'; this model has loss='auto'"):
        TableRegressor(**quick, max_iter=1).fit(X, y).predict_quantiles(X)


def test_small_tables_take_full_batches_and_keep_no_rows_back(quick, iris):
    X, y = iris[0][:99], iris[1][:99]
    model = TableClassifier(**quick).fit(X, y)
    assert model.validation_metrics_ is None
    assert all(row["validation_error"] is None for row in model.history_)
    assert model.history_[-1]["step"] == model.n_iter_
    assert model.weights_.dtype == np.float64
    more = TableClassifier(**quick, max_iter=2).fit(iris[0][:100], iris[1][:100])
    assert more.history_[0]["validation_error"] is not None


def test_dtype_follows_the_number_of_rows(quick):
    X = np.random.default_rng(0).normal(size=(1000, 2))
    settings = quick | {"max_iter": 1}
    assert TableRegressor(**settings).fit(X, X[:, 0]).weights_.dtype == np.float32
    assert TableRegressor(**settings).fit(X[1:], X[1:, 0]).weights_.dtype == np.float64
    assert TableRegressor(**settings, solver="lbfgs").fit(X, X[:, 0]).weights_.dtype == np.float64
    assert TableRegressor(**settings, dtype="float64").fit(X, X[:, 0]).weights_.dtype == np.float64


def test_rows_of_weight_zero_are_as_absent(quick, table, features):
    keep = np.arange(300) % 3 > 0
    weight = np.where(keep, 2.5, 0.0)
    settings = quick | {"max_iter": 6}
    absent = TableRegressor(**settings).fit(features.filter(keep), table["price"].filter(keep))
    spoiled = table["price"].to_numpy() * np.where(keep, 1.0, 1e9)
    weighted = TableRegressor(**settings).fit(features, spoiled, sample_weight=weight)
    np.testing.assert_array_equal(absent.weights_, weighted.weights_)


def test_class_weights_are_row_weights(quick):
    rng = np.random.default_rng(0)
    X = rng.random((400, 6)) < 0.5  # truths are encoded alike whatever the row weights
    y = (X.sum(axis=1) + rng.normal(size=400) > 3.5).astype(int)
    settings = quick | {"max_iter": 15, "early_stopping": False}
    mapped = TableClassifier(**settings, class_weight={0: 4.0}).fit(X, y)
    weighted = TableClassifier(**settings).fit(X, y, sample_weight=np.where(y == 0, 4.0, 1.0))
    np.testing.assert_allclose(mapped.weights_, weighted.weights_, rtol=1e-7, atol=1e-10)
    balanced = TableClassifier(**settings, class_weight="balanced").fit(X, y)
    counts = np.bincount(y)
    by_hand = TableClassifier(**settings, class_weight={c: 400 / (2 * counts[c]) for c in (0, 1)}).fit(X, y)
    np.testing.assert_allclose(balanced.weights_, by_hand.weights_, rtol=1e-9, atol=1e-12)
    plain = TableClassifier(**settings).fit(X, y)
    assert mapped.predict_proba(X)[:, 0].mean() > plain.predict_proba(X)[:, 0].mean() + 0.1


def test_your_own_validation_rows(quick, diabetes):
    X, y = diabetes
    model = TableRegressor(**quick, max_iter=30).fit(X[:300], y[:300], eval_set=(X[300:], y[300:]))
    assert model.validation_metrics_["rmse"] == pytest.approx(
        mean_squared_error(y[300:], model.predict(X[300:])) ** 0.5, rel=1e-6
    )
    listed = TableRegressor(**quick, max_iter=30).fit(X[:300], y[:300], eval_set=[(X[300:], y[300:], np.ones(142))])
    np.testing.assert_array_equal(listed.weights_, model.weights_)
    measured = TableRegressor(**quick, max_iter=30, early_stopping=False)
    measured.fit(X[:300], y[:300], eval_set=(X[300:], y[300:]))
    assert measured.best_epoch_ == measured.n_iter_ == 30
    with pytest.raises(ShapeError, match=r"eval_set must be a tuple \(X, y\) or \(X, y, sample_weight\), got int"):
        TableRegressor(**quick).fit(X, y, eval_set=3)


def test_the_stop_metric_is_the_users_choice(quick, cancer):
    X, y = cancer
    model = TableClassifier(**quick, eval_metric="roc_auc", max_iter=40).fit(X, y)
    areas = [row["roc_auc"] for row in model.history_]
    assert areas[model.best_epoch_ - 1] == max(areas)
    assert model.validation_metrics_["roc_auc"] == max(areas)

    def fewest_missed(y_true, y_pred):
        return -np.sum((y_true == 0) & (y_pred == 1))

    own = TableClassifier(**quick, eval_metric=fewest_missed, max_iter=40).fit(X, y)
    scores = [row["score"] for row in own.history_]
    assert own.validation_metrics_["score"] == max(scores)
    with pytest.raises(ParameterError, match="eval_metric='accuracy' has no effect without validation rows"):
        TableClassifier(**quick, eval_metric="accuracy", early_stopping=False).fit(X, y)


def test_callbacks_and_history(quick, diabetes):
    X, y = diabetes
    epochs = []

    class Stop(Callback):
        def on_epoch_end(self, run):
            if run.state.epoch == 3:
                run.stop("seen enough")

    model = TableRegressor(**quick).fit(X, y, callbacks=[Stop(), lambda run: epochs.append(run.state.epoch)])
    assert epochs == [1, 2, 3]
    assert model.stop_reason_ == "seen enough"
    assert set(model.history_[0]) >= {"epoch", "train_error", "validation_error", "rmse", "mae", "r2", "learning_rate"}


def test_ctrl_c_keeps_the_best_weights(quick, table, features):
    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    model = TableRegressor(**quick | {"max_iter": 10**6}, n_iter_no_change=10**6).fit(features, table["price"])
    assert model.stop_reason_ == "interrupted"
    assert model.predict(features).shape == (300,)
    assert model.validation_metrics_["rmse"] == pytest.approx(
        next(row["rmse"] for row in model.history_ if row["epoch"] == model.best_epoch_)
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "learning_rate_init": 0.05},
        {"solver": "momentum", "momentum": 0.8, "learning_rate_init": 0.01},
        {"solver": "nesterov", "learning_rate_init": 0.01},
        {"solver": "adagrad", "learning_rate_init": 0.05},
        {"solver": "rmsprop"},
        {"solver": "adam"},
        {"solver": "adamw", "weight_decay": 0.1},
        {"solver": Adam(beta_2=0.95)},
        {"solver": "lbfgs", "alpha": 0.01},
        {"schedule": "cosine", "max_iter": 40},
        {"schedule": Cosine(floor=0.1)},
        {"schedule": WarmUp(epochs=3)},
        {"schedule": "reduce_on_plateau"},
        {"batch_size": 7, "shuffle": False},
        {"max_grad_norm": 0.5},
        {"l1": 1e-3, "alpha": 1e-3},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": 8},
        {"hidden_layer_sizes": np.array([8, 4]), "activation": "selu", "initialiser": "orthogonal"},
        {"n_threads": 1, "engine": "reference"},
    ],
    ids=lambda settings: "-".join(f"{k}={v}" for k, v in settings.items())[:60],
)
def test_every_setting_trains(quick, diabetes, settings):
    X, y = diabetes
    assert TableRegressor(**quick | settings).fit(X, y).score(X, y) > 0.25


def test_sparse_rows(quick):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 40)) * (rng.random((300, 40)) < 0.2)
    y = X[:, 0] - 2 * X[:, 1]
    model = TableRegressor(**quick, max_iter=100).fit(csr_matrix(X), y)
    assert model.score(csr_matrix(X), y) > 0.7
    np.testing.assert_allclose(model.predict(X), model.predict(csr_matrix(X)), rtol=1e-9)


# --- diverging


@pytest.mark.filterwarnings("ignore::chainrule.errors.DivergenceWarning")
@pytest.mark.parametrize("rate", [1e3, 1e30, 1e150])
@pytest.mark.parametrize("solver", ["sgd", "momentum", "adam", "rmsprop"])
def test_no_learning_rate_makes_a_model_of_nan(quick, diabetes, solver, rate):
    X, y = diabetes
    model = TableRegressor(**quick | {"max_iter": 30}, solver=solver, learning_rate_init=rate)
    try:
        model.fit(X, y)
    except DivergedError as error:
        assert "learning rate was" in str(error)  # noqa: PT017  # either outcome is right
    else:
        assert np.isfinite(model.predict(X)).all()


def test_going_back_is_said(quick, diabetes):
    X, y = diabetes
    settings = quick | {
        "hidden_layer_sizes": (),
        "solver": "sgd",
        "batch_size": 442,
        "early_stopping": False,
        "schedule": "constant",
    }
    with pytest.warns(DivergenceWarning, match="Went back to the end of epoch"):
        TableRegressor(**settings | {"learning_rate_init": 2.0, "max_iter": 500}).fit(X, y)


# --- what is refused


@pytest.mark.parametrize(
    ("fit", "error", "message"),
    [
        (lambda m, X, y: m.fit(X, y[:10]), ValueError, "inconsistent numbers of samples: X has 442 rows, y has 10"),
        (lambda m, X, _: m.fit(X, None), ValueError, "requires y to be passed, but the target y is None"),
        (lambda m, _, y: m.fit("table.csv", y), TableError, "read_table"),
        (lambda m, X, y: m.fit(pl.from_pandas(X).lazy(), y), TableError, "collect"),
        (lambda m, X, y: m.fit(pd.concat([X, X], axis=1), y), TableError, "age"),
        (lambda m, X, y: m.fit(X, [*map(str, y[:100]), "abc", *y[101:]]), TableError, r"row 100 .* holds 'abc'"),
        (lambda m, X, _: m.fit(X, "age"), TableError, r"y must be the target's values, got 'age'; .* table\['age'\]"),
        (lambda m, X, y: m.fit(X, y, sample_weight="w"), TableError, "sample_weight must be numbers, got 'w'"),
        (lambda m, X, y: m.fit(X, y, sample_weight=-np.ones(442)), TableError, r"non-negative: row 0 .* has -1"),
        (
            lambda m, X, y: m.fit(X, y, sample_weight=np.full(442, np.nan)),
            TableError,
            "must be finite: row 0 .* has nan",
        ),
        (lambda m, X, y: m.fit(X, y, sample_weight=np.zeros(442)), TableError, "must not all be zero"),
        (lambda m, X, y: m.fit(X, y, sample_weight=np.ones(3)), ShapeError, r"shape == \(3,\), expected \(442,\)"),
        (lambda m, X, y: m.fit(X, y, sample_weight=np.ones((442, 2))), ShapeError, "must be 1D array or scalar"),
        (lambda m, X, y: m.fit(X[:1], y[:1]), TableError, "at least two rows of non-zero weight, got n_samples = 1"),
        (
            lambda m, X, y: m.fit(X, np.where(y > 300, np.inf, y)),
            TableError,
            r"y contains infinity in 14 of 442 rows, first in row 9",
        ),
        (
            lambda m, X, y: m.fit(X, np.where(y > 300, np.nan, y)),
            TableError,
            r"y contains missing \(NaN\) in 14 of 442 rows, first in row 9",
        ),
        (lambda m, X, y: m.fit(X[:0], y[:0]), ValueError, "0 rows"),
        (lambda m, X, y: m.fit(X.assign(age=[np.inf, *X["age"][1:]]), y), TableError, "column 'age'"),
        (lambda m, X, y: m.fit(X * 0, y), TableError, "constant"),
        (lambda m, X, y: m.fit(X, y, callbacks=3), ParameterError, "callbacks must be"),
        (lambda m, X, y: m.fit(X, y, checkpoint=3), ParameterError, "checkpoint must be a path or a Checkpoint, got 3"),
        (lambda m, X, y: m.set_params(loss="poisson").fit(X, y - 1000), TableError, "loss='poisson' needs a target"),
        (lambda m, X, y: m.set_params(loss=CrossEntropy()).fit(X, y), ParameterError, "is for classes"),
    ],
)
def test_bad_rows_are_named(quick, diabetes, fit, error, message):
    X, y = diabetes
    with pytest.raises(error, match=message):
        fit(TableRegressor(**quick), X, y)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(150), "one class only, 0.0: a classifier needs at least two"),
        (np.linspace(0, 1, 150), "Unknown label type"),
        (np.arange(300).reshape(150, 2) % 3, "several columns of classes"),
    ],
)
def test_bad_classes_are_named(quick, iris, y, message):
    with pytest.raises(TableError, match=message):
        TableClassifier(**quick).fit(iris[0], y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({7: 1.0}, r"class_weight names 7, which is not one of the classes \[0, 1, 2\]"),
        ({0: -1.0}, r"class_weight\[0\] must be a float in the range \[0, inf\). Got -1.0 instead"),
    ],
)
def test_bad_class_weights_are_named(quick, iris, weights, message):
    with pytest.raises(ParameterError, match=message):
        TableClassifier(**quick, class_weight=weights).fit(*iris)


def test_columns_of_another_table_are_refused(quick, table, features):
    model = TableRegressor(**quick, max_iter=1).fit(features, table["price"])
    with pytest.raises(ValueError, match="Feature names must be in the same order as they were in fit"):
        model.predict(features.select("town", "area", "garden", "built"))
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        model.predict(features.drop("town"))
    with pytest.raises(TableError, match=r"column 'area'.*'big'"):
        model.predict(features.with_columns(area=pl.lit("big")))
    numbers = TableRegressor(**quick, max_iter=1).fit(np.eye(5), np.arange(5.0))
    with pytest.raises(ValueError, match="X has 3 features, but TableRegressor is expecting 5 features as input"):
        numbers.predict(np.ones((2, 3)))


WITHOUT_PANDAS = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "pyarrow"):
            raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, NotInstalled())
import polars as pl
from chainrule import TableClassifier
table = pl.DataFrame({"a": [float(i % 7) for i in range(120)], "b": ["x", "y", "z"] * 40, "c": [True, False] * 60})
model = TableClassifier(max_iter=2, hidden_layer_sizes=(4,), random_state=0).fit(table, table["b"])
assert model.feature_names_in_.tolist() == ["a", "b", "c"]
assert model.predict(table).shape == (120,)
"""


def test_tables_need_neither_pandas_nor_pyarrow():
    subprocess.run([sys.executable, "-W", "error", "-c", WITHOUT_PANDAS], check=True)
