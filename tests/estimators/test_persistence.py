import json
import pickle
from dataclasses import dataclass
from typing import ClassVar

import joblib
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.metrics import max_error

import chainrule
from chainrule import TableClassifier, TableRegressor
from chainrule.errors import ModelFileError, OutputError, ParameterError
from chainrule.estimators.persistence import load
from chainrule.network import CrossEntropy, Quantile, SquaredError
from chainrule.storage import read_container, write_container
from chainrule.training import LBFGS, Adam, Constant, WarmUp

RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=(120, 3))

MODELS = {
    "regression": (TableRegressor, {}, NUMBERS, NUMBERS[:, 0]),
    "several targets": (TableRegressor, {"columns": {0: "category"}}, NUMBERS.round(), NUMBERS[:, :2]),
    "poisson": (TableRegressor, {"loss": "poisson"}, NUMBERS, np.exp(NUMBERS[:, 0])),
    "quantiles": (TableRegressor, {"loss": Quantile(levels=(0.2, 0.8))}, NUMBERS, NUMBERS[:, 0]),
    "objects": (
        TableRegressor,
        {"solver": Adam(beta_2=0.99), "schedule": WarmUp(epochs=2)},
        NUMBERS.astype(np.float32),
        NUMBERS[:, 0],
    ),
    "lbfgs": (TableRegressor, {"solver": LBFGS(memory=3)}, NUMBERS, NUMBERS[:, 0]),
    "sparse": (TableRegressor, {}, csr_matrix(NUMBERS * (NUMBERS > 0)), NUMBERS[:, 0]),
    "two classes of text": (
        TableClassifier,
        {"class_weight": {"b": 2.0}},
        NUMBERS,
        np.where(NUMBERS[:, 0] > 0, "b", "a"),
    ),
    "truths": (TableClassifier, {"class_weight": {True: 2.0}}, NUMBERS, NUMBERS[:, 0] > 0),
    "several classes": (
        TableClassifier,
        {"loss": CrossEntropy(label_smoothing=0.1), "class_weight": "balanced"},
        NUMBERS,
        RNG.integers(3, 6, 120),
    ),
    "sets of labels": (TableClassifier, {}, NUMBERS, (NUMBERS > 0).astype(int)),
}


def fitted(name):
    cls, settings, X, y = MODELS[name]
    return cls(hidden_layer_sizes=(5,), max_iter=3, random_state=0, **settings).fit(X, y), X


def answers(model, X):
    given = [model.predict(X)]
    if hasattr(model, "predict_proba"):
        given.append(model.predict_proba(X))
    if isinstance(model.loss, Quantile):
        given.append(model.predict_quantiles(X))
    return given


def assert_same(model, again, X):
    for one, other in zip(answers(model, X), answers(again, X), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", MODELS)
def test_predictions_after_load_are_the_same_bits(name, tmp_path):
    model, X = fitted(name)
    model.save(tmp_path / "model.chainrule")
    again = chainrule.load(tmp_path / "model.chainrule")
    assert type(again) is type(model)
    assert_same(model, again, X)
    assert {k: str(v) for k, v in again.get_params().items()} == {k: str(v) for k, v in model.get_params().items()}
    assert again.describe() == model.describe()
    refitted = again.fit(X, MODELS[name][3])
    np.testing.assert_array_equal(refitted.weights_, model.weights_)
    again.save(tmp_path / "again.chainrule")


@pytest.mark.parametrize("name", MODELS)
def test_pickle_and_joblib_keep_the_same_bits(name, tmp_path):
    model, X = fitted(name)
    assert_same(model, pickle.loads(pickle.dumps(model)), X)
    joblib.dump(model, tmp_path / "model.joblib")
    assert_same(model, joblib.load(tmp_path / "model.joblib"), X)


def test_a_raw_table_comes_back(quick, table, features, tmp_path):
    model = TableClassifier(**quick, max_iter=3).fit(features, table["sold"])
    model.save(tmp_path / "m.chainrule")
    again = chainrule.load(tmp_path / "m.chainrule")
    assert_same(model, again, features)
    assert again.target_name_ == "sold"
    assert again.feature_names_in_.tolist() == features.columns
    assert again.encoder_.summary() == model.encoder_.summary()


def test_what_a_file_cannot_hold_comes_back_as_documented(quick, diabetes, tmp_path):
    X, y = diabetes
    model = TableRegressor(**quick | {"random_state": np.random.RandomState(5)}, eval_metric=max_error, max_iter=2)
    model.fit(X, y).save(tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.eval_metric == "error"
    assert again.random_state == model.seed_


@dataclass(frozen=True)
class MyAdam(Adam):
    """Has a name of ours, and would come back as another class."""


@dataclass(frozen=True)
class MySchedule(Constant):
    kind: ClassVar[str] = "mine"


@dataclass(frozen=True)
class MySquaredError(SquaredError):
    kind: ClassVar[str] = "mine"


@pytest.mark.parametrize(
    ("name", "value"), [("solver", MyAdam()), ("schedule", MySchedule()), ("loss", MySquaredError())]
)
def test_an_object_of_the_users_own_is_refused_at_saving(quick, diabetes, tmp_path, name, value):
    model = TableRegressor(**quick, max_iter=1, **{name: value}).fit(*diabetes)
    (tmp_path / "m").write_bytes(b"before")
    message = rf"{name}=My.* is an object of your own \(My\w+\), which a model file cannot hold.* pickle or joblib"
    with pytest.raises(ParameterError, match=message):
        model.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == b"before"


def test_the_history_comes_back_in_the_same_bits(quick, diabetes, tmp_path):
    model = TableRegressor(**quick, early_stopping=True, max_iter=3).fit(*diabetes)
    model.save(tmp_path / "m")
    assert repr(load(tmp_path / "m").history_) == repr(model.history_)


def test_a_history_of_many_epochs_is_saved_and_loaded(quick, diabetes, tmp_path):
    model = TableRegressor(**quick, max_iter=1).fit(*diabetes)
    row = model.history_[0]
    model.history_ = [row | {"epoch": epoch, "step": 3 * epoch} for epoch in range(1, 50_001)]
    model.n_iter_ = model.best_epoch_ = 50_000
    model.save(tmp_path / "m")
    assert load(tmp_path / "m").history_ == model.history_


def test_the_file_holds_no_training_row(quick, tmp_path):
    X = NUMBERS.copy()
    X[7] = 12345.678987654321
    TableRegressor(**quick, max_iter=1).fit(X, NUMBERS[:, 0]).save(tmp_path / "m")
    raw = (tmp_path / "m").read_bytes()
    assert np.float64(12345.678987654321).tobytes() not in raw
    assert b"12345.678987" not in raw


def test_an_unfitted_model_cannot_be_saved(tmp_path):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="not fitted yet"):
        TableRegressor().save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_failed_save_keeps_the_previous_model(quick, diabetes, tmp_path, monkeypatch):
    model = TableRegressor(**quick, max_iter=1).fit(*diabetes)
    model.save(tmp_path / "m")
    before = (tmp_path / "m").read_bytes()

    def fail(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        model.save(tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == before


def test_a_file_of_another_kind_is_not_replaced(quick, diabetes, tmp_path):
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(OutputError, match="exists and is no chainrule file; name another file, or delete it first"):
        TableRegressor(**quick, max_iter=1).fit(*diabetes).save(tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "a,b\n1,2\n"


@pytest.fixture
def saved(quick, iris, tmp_path):
    """A model file's path, header and arrays."""
    path = tmp_path / "m.chainrule"
    TableClassifier(**quick, n_bins=0, max_iter=2).fit(*iris).save(path)
    return path, *read_container(path)


def change(tree, keys, value):
    """A copy of the JSON tree with the value at the end of the keys replaced."""
    tree = json.loads(json.dumps(tree))
    place = tree
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    return tree


HOSTILE = [
    (["estimator"], "os.system"),
    (["estimator"], ["TableClassifier"]),
    (["estimator"], "TableRegressor"),
    (["params", "hidden_layer_sizes"], "rm -rf"),
    (["params", "solver"], {"object": {"kind": "os.system"}}),
    (["params", "solver"], {"object": {"kind": "adam", "beta_1": 5}}),
    (["params", "solver"], {"object": 3}),
    (["params", "no_such"], 1),
    (["params", "loss"], {"object": {"kind": ["x"]}}),
    (["params", "dropout"], {"object": {"kind": "adam"}}),
    (["params"], None),
    (["encoder"], {}),
    (["encoder"], None),
    (["target", "kind"], "NoTarget"),
    (["target", "kind"], "NumberTarget"),
    (["target"], []),
    (["network", "n_inputs"], 7),
    (["network", "n_inputs"], 10**12),
    (["network", "n_inputs"], "4"),
    (["network", "layers"], []),
    (["network", "layers", 0, "n_out"], 10**9),
    (["network", "layers", 0, "kind"], "__import__"),
    (["network", "loss", "kind"], "squared_error"),
    (["network"], 3),
    (["target", "classes", "values"], [0, 1, 2, 3]),
    (["network", "loss", "label_smoothing"], 0.5),
    (["fitted"], {}),
    (["fitted", "history_"], "x"),
    (["fitted", "history_"], []),
    (["fitted", "history_"], [1, 2]),
    (["fitted", "history_"], {}),
    (["fitted", "history_"], {"epoch": "int"}),
    (["fitted", "history_", "epoch"], "object"),
    (["fitted", "history_", "weights"], "float"),
    (["fitted", "n_iter_"], -3),
    (["fitted", "best_epoch_"], 99),
    (["fitted", "seed_"], "0"),
    (["fitted", "target_name_"], ["x"]),
    (["fitted", "fit_seconds_"], "long"),
]


@pytest.mark.parametrize(("keys", "value"), HOSTILE, ids=str)
def test_a_hostile_description_is_refused(saved, keys, value):
    path, header, arrays = saved
    write_container(path, change(header, keys, value), arrays)
    with pytest.raises(ModelFileError, match="as a chainrule model: its description is wrong"):
        load(path)


@pytest.mark.parametrize(
    "weights",
    [np.zeros(3), np.zeros((131, 1)), np.full(131, np.nan), np.zeros(131, np.float32), np.zeros(131, np.int64)],
    ids=str,
)
def test_weights_that_do_not_fit_are_refused(saved, weights):
    path, header, arrays = saved
    assert arrays["weights"].shape == (131,)
    write_container(path, header, {"weights": weights})
    with pytest.raises(ModelFileError, match="do not fit"):
        load(path)
    write_container(path, header, {})
    with pytest.raises(ModelFileError, match="missing 'weights'"):
        load(path)


@pytest.mark.parametrize(
    "column",
    [
        np.zeros(3),
        np.zeros(1),
        np.zeros(0),
        np.zeros((2, 1)),
        np.array(2.0),
        np.zeros(2, np.float32),
        np.zeros(2, np.int64),
        np.array([1.0, 1.5]),
        np.array([1.0, np.inf]),
    ],
    ids=repr,
)
def test_a_history_that_does_not_fit_is_refused(saved, column):
    path, header, arrays = saved
    assert arrays["history.epoch"].tolist() == [1.0, 2.0]
    write_container(path, header, arrays | {"history.epoch": column})
    with pytest.raises(ModelFileError, match=r"its description is wrong .*history"):
        load(path)
    write_container(path, header, {"weights": arrays["weights"]})
    with pytest.raises(ModelFileError, match=r"its description is wrong .*history"):
        load(path)
    too_long = {name: np.append(array, array[-1]) for name, array in arrays.items() if name != "weights"}
    write_container(path, header, too_long | {"weights": arrays["weights"]})
    with pytest.raises(ModelFileError, match="history does not fit the number of epochs"):
        load(path)


def test_a_checkpoint_is_not_a_model(quick, diabetes, tmp_path):
    TableRegressor(**quick, max_iter=1).fit(*diabetes, checkpoint=tmp_path / "c")
    with pytest.raises(ModelFileError, match="'checkpoint'"):
        load(tmp_path / "c")


def test_loading_does_not_unpickle(saved, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("unpickled")

    monkeypatch.setattr(pickle, "load", refuse)
    monkeypatch.setattr(pickle, "loads", refuse)
    monkeypatch.setattr(pickle, "Unpickler", refuse)
    assert type(load(saved[0])) is TableClassifier
