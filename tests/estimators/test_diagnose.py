"""diagnose: of a fitted model, of a loaded one, of a table."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer, load_diabetes, load_linnerud, load_wine
from sklearn.exceptions import NotFittedError

import chainrule
from chainrule import TableClassifier, TableRegressor, diagnose
from chainrule.errors import DivergedError, ParameterError, ReplayError, ShapeError, TableError
from chainrule.glassbox.doctor import Level

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 40, "random_state": 0}


def wine(**more):
    X, y = load_wine(return_X_y=True, as_frame=True)
    return X.assign(**more), y


@pytest.mark.parametrize(
    ("estimator", "load"),
    [
        (TableClassifier, load_wine),
        (TableClassifier, load_breast_cancer),
        (TableRegressor, load_diabetes),
        (TableRegressor, load_linnerud),
    ],
)
def test_a_model_with_its_defaults_is_healthy(estimator, load):
    X, y = load(return_X_y=True, as_frame=True)
    model = estimator(random_state=0, hidden_layer_sizes=(32,)).fit(X, y)
    diagnosis = model.diagnose()
    assert diagnosis.level in (None, Level.NOTICE), str(diagnosis)
    assert diagnosis.n_rules == 26


def test_columns_of_the_table_go_by_their_own_names_and_rows():
    X, y = wine(copy=lambda X: 3 * X["ash"] - 1, answer=lambda X: np.arange(len(X)) // 60)
    model = TableClassifier(**SMALL).fit(X.assign(answer=y.to_numpy() * 2.5), y)
    found = {finding.rule: finding for finding in model.diagnose().all}
    assert found["duplicate_columns"].evidence.columns == ["ash", "copy"]
    assert found["leaking_columns"].evidence.columns == ["answer"]


def test_columns_that_the_encoder_dropped_are_not_spoken_of():
    X, y = wine(same=1, name=[f"bottle {i}" for i in range(178)])
    model = TableClassifier(**SMALL).fit(X, y)
    assert not {"constant_columns", "identifier_columns"} & {finding.rule for finding in model.diagnose().all}
    assert {"constant_columns", "identifier_columns"} <= {finding.rule for finding in diagnose(X, y).all}


def test_rows_that_conflict_are_named_by_their_place_in_the_table():
    X, y = wine()
    X.iloc[100:110], weight = X.iloc[:10].to_numpy(), np.ones(178)
    weight[:50:7] = 0.0
    model = TableClassifier(**SMALL, early_stopping=False).fit(X, y, sample_weight=weight)
    finding = next(f for f in model.diagnose().all if f.rule == "conflicting_labels")
    pairs = [row for row in range(10) if weight[row]]
    assert list(finding.evidence.rows) == [*pairs, *(100 + row for row in pairs)]


def test_a_fault_of_the_training_is_found_opened_and_cured():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = TableRegressor(**SMALL, learning_rate_init=1e-6).fit(X, y)
    finding = model.diagnose()[0]
    assert finding.rule == "learning_rate_too_small"
    assert finding.open().index == finding.evidence.step
    assert finding.try_cure().improvement > 0


def test_a_loaded_model_is_diagnosed_with_its_table(tmp_path):
    X, y = wine()
    model = TableClassifier(**SMALL).fit(X, y)
    model.save(tmp_path / "model.safetensors")
    loaded = chainrule.load(tmp_path / "model.safetensors")
    assert loaded.diagnose(X, y).to_dict() == model.diagnose().to_dict()
    assert pickle.loads(pickle.dumps(model)).diagnose(X, y).to_dict() == model.diagnose().to_dict()
    with pytest.raises(ReplayError, match="the training rows are not at hand"):
        loaded.diagnose()
    with pytest.raises(ParameterError, match="diagnose needs X and y together"):
        model.diagnose(X)


def test_a_model_that_is_not_fitted_is_not_diagnosed():
    with pytest.raises(NotFittedError):
        TableClassifier().diagnose()


@pytest.mark.parametrize("labels", [2, 3])
def test_sparse_tables_and_sets_of_labels_are_diagnosed(labels):
    X, y = load_breast_cancer(return_X_y=True)
    y = y if labels == 2 else np.column_stack([y, X[:, 0] > 15, X[:, 3] > 500]).astype(int)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = TableClassifier(**SMALL).fit(csr_array(np.maximum(X, 0)), y)
    assert model.diagnose().n_rules == 26


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, lambda columns: np.column_stack(list(columns.values()))])
def test_a_table_is_diagnosed_before_training(make):
    rng = np.random.default_rng(0)
    a = rng.normal(size=80)
    y = rng.normal(size=80)
    found = {f.rule: f.evidence.columns for f in diagnose(make({"a": a, "b": rng.normal(size=80), "c": 2 - a}), y)}
    assert list(found) == ["duplicate_columns"]
    assert found["duplicate_columns"] in (["a", "c"], ["0", "2"])


def test_text_dates_and_gaps_are_read():
    rng = np.random.default_rng(0)
    city = rng.choice(["Rome", "Oslo", None], size=90).tolist()
    frame = pl.DataFrame({"city": city, "day": pd.date_range("2024-01-01", periods=90), "x": rng.normal(size=90)})
    y = [None if i < 2 else {"Rome": "a", "Oslo": "b", None: "c"}[c] for i, c in enumerate(city)]
    found = {f.rule: f.evidence.columns for f in diagnose(frame, y).all}
    assert found["identifier_columns"] == ["day"]
    assert "leaking_columns" not in found  # a gap is no value that could tell
    known = frame.with_columns(pl.col("city").fill_null("Bonn"))
    found = {f.rule: f.evidence.columns for f in diagnose(known, y).all}
    assert found["leaking_columns"] == ["city"]


def test_sets_of_labels_and_a_task_of_ones_own():
    X, y = load_wine(return_X_y=True)
    assert diagnose(X, (y[:, None] == [0, 1]).astype(int)).subject == "a table of 178 rows and 13 columns"
    assert diagnose(X, y, task="regression").n_rules == diagnose(X, y).n_rules


def test_what_is_no_table_or_target_is_refused():
    X, y = load_wine(return_X_y=True)
    with pytest.raises(ParameterError, match='task must be "auto", "classification" or "regression", got \'ranking\''):
        diagnose(X, y, task="ranking")
    with pytest.raises(ShapeError, match="X has 178 rows and y has 5; give one target for each row"):
        diagnose(X, y[:5])
    with pytest.raises(TableError, match=r"diagnose needs a dense table; give X\.toarray\(\)"):
        diagnose(csr_array(X), y)
    with pytest.raises(TableError, match="diagnose needs a table"):
        diagnose("wine.csv", y)


@pytest.mark.filterwarnings("ignore::chainrule.errors.DivergenceWarning")
@pytest.mark.parametrize(("rate", "rule"), [(1e3, "learning_rate_too_large"), (1e150, "non_finite")])
def test_the_error_of_a_fit_that_is_given_up_has_the_training(rate, rule):
    X, y = load_diabetes(return_X_y=True)
    settings = SMALL | {"solver": "sgd", "activation": "identity", "learning_rate_init": rate}
    model = TableRegressor(**settings)
    with pytest.raises(DivergedError, match="Training diverged") as caught:
        model.fit(X, y)
    assert not hasattr(model, "network_")
    failed = caught.value.model
    assert failed.stop_reason_ == "diverged"
    assert failed.diagnose()[0].rule == rule
    assert np.isfinite(failed.run_.step(-1).weights).all()
    again = pickle.loads(pickle.dumps(failed)).replay(X, y)
    assert np.array_equal(again.step(-1).weights, failed.run_.step(-1).weights)


def test_rows_of_an_eval_set_are_there_for_the_doctor():
    X, y = load_diabetes(return_X_y=True)
    model = TableRegressor(**SMALL).fit(X[:300], y[:300], eval_set=(X[300:], y[300:]))
    validation = model._recording.at_hand.validation
    assert np.array_equal(validation.numbers, model.encoder_.transform(X[300:]))
    assert model._recording.at_hand.source.n_rows == 300
    assert model.replay(X[:300], y[:300]).step(0).index == 0
