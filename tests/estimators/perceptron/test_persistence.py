"""The drop-in in files, and as scikit-learn's own networks."""

import json

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import ModelFileError, OutputError, ParameterError
from chainrule.network import CrossEntropy, Huber
from chainrule.storage import read_container, write_container
from chainrule.training import AdamW, WarmUp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "batch_size": 16}
TASKS = ("binary", "multiclass", "multilabel", "number", "numbers", "counts")


def assert_same(one, other, X):
    for method in ("predict", "predict_proba"):
        if hasattr(one, method):
            np.testing.assert_array_equal(getattr(one, method)(X), getattr(other, method)(X))


@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"early_stopping": True}], ids=["adam", "lbfgs", "early"])
@pytest.mark.parametrize("task", TASKS)
def test_a_loaded_model_predicts_the_same_bits(problem, pair, tmp_path, task, params):
    X, y, _ = problem(task)
    _, model = pair(task, **QUICK | params)
    model.fit(X.astype(np.float32), y)
    model.save(tmp_path / "model.chainrule")
    loaded = chainrule.load(tmp_path / "model.chainrule")
    assert_same(loaded, model, X.astype(np.float32))
    for name in vars(model):
        if name not in ("weights_", "network_", "_label_binarizer", "_optimizer", "_random_state", "_recording"):
            np.testing.assert_equal(getattr(loaded, name), getattr(model, name), err_msg=name)
    assert loaded.get_params() == model.get_params()
    if "solver" not in params and not params:
        loaded.partial_fit(X, y)
        assert loaded.n_iter_ == 1


def test_classes_of_text_names_of_columns_and_objects_are_kept(problem, tmp_path):
    pd = pytest.importorskip("pandas")
    X, y, _ = problem("multiclass")
    X = pd.DataFrame(X, columns=list("abcdef"))
    model = MLPClassifier(
        **QUICK, solver=AdamW(), schedule=WarmUp(epochs=2), loss=CrossEntropy(0.1), class_weight={"one": 2.0}
    )
    model.fit(X, np.array(["nil", "one", "two"])[y]).save(tmp_path / "m")
    loaded = chainrule.load(tmp_path / "m")
    assert_same(loaded, model, X)
    assert loaded.get_params() == model.get_params()
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        loaded.predict(X.to_numpy())


def test_a_random_state_is_not_kept(problem, tmp_path):
    X, y, _ = problem("number")
    MLPRegressor(**QUICK | {"random_state": np.random.RandomState(0)}).fit(X, y).save(tmp_path / "m")
    assert chainrule.load(tmp_path / "m").random_state is None


def test_other_peoples_files_are_left_alone(problem, tmp_path):
    X, y, _ = problem("number")
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(OutputError, match="exists and is no chainrule file"):
        MLPRegressor(**QUICK).fit(X, y).save(file)
    assert file.read_text() == "mine"


WRONG = {
    "estimator": lambda header: header.update(estimator="MLPTransformer"),
    "params": lambda header: header["params"].update(alpha=-1),
    "sizes": lambda header: header["params"].update(hidden_layer_sizes=[9]),
    "inputs": lambda header: header["fitted"].update(n_features_in_=7),
    "outputs": lambda header: header["fitted"].update(n_outputs_=2),
    "count": lambda header: header["fitted"].update(n_iter_=-1),
    "best": lambda header: header["fitted"].update(best_loss_="low"),
    "names": lambda header: header.update(names=["a", "b"]),
    "classes": lambda header: header["classes"]["classes"].update(values=[2, 1, 0]),
    "labels": lambda header: header.update(classes={"labels": 10**9, "sparse": False}),
    "missing": lambda header: header.pop("history"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_description_is_refused(problem, tmp_path, what):
    X, y, _ = problem("multiclass")
    MLPClassifier(**QUICK).fit(X, y).save(tmp_path / "m")
    header, arrays = read_container(tmp_path / "m", kind="model")
    header = json.loads(json.dumps(header))
    WRONG[what](header)
    for name in ("kind", "format"):
        header.pop(name, None)
    write_container(tmp_path / "wrong", header, arrays, kind="model")
    with pytest.raises(ModelFileError, match=r"cannot read .* as a chainrule model: its description is wrong"):
        chainrule.load(tmp_path / "wrong")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("task", TASKS)
def test_conversion_keeps_predictions(problem, pair, task, solver):
    X, y, _ = problem(task)
    theirs, ours = pair(task, **QUICK, solver=solver)
    theirs.fit(X, y)
    converted = type(ours).from_sklearn(theirs)
    assert converted.get_params() | theirs.get_params() == converted.get_params()
    np.testing.assert_allclose(converted.predict(X), theirs.predict(X), rtol=1e-12)
    assert converted.loss_ == theirs.loss_
    back = converted.to_sklearn()
    assert back.get_params() == theirs.get_params()
    np.testing.assert_array_equal(back.predict(X), theirs.predict(X))
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_allclose(converted.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)
        np.testing.assert_array_equal(back.predict_proba(X), theirs.predict_proba(X))


def test_a_converted_model_is_on_its_own(problem):
    X, y, _ = problem("number")
    theirs = TheirRegressor(**QUICK).fit(X, y)
    ours = MLPRegressor.from_sklearn(theirs)
    ours.coefs_[0][:] = 0.0
    ours.to_sklearn().coefs_[0][:] = 1.0
    assert theirs.coefs_[0].any()
    assert not ours.coefs_[0].any()
    ours.partial_fit(X, y)


def test_options_of_training_alone_are_left_out(problem):
    X, y, _ = problem("multiclass")
    model = MLPClassifier(
        **QUICK | {"hidden_layer_sizes": (4, 4)}, activation=["tanh"] * 2, dropout=0.2, solver="rmsprop"
    )
    theirs = model.fit(X, y).to_sklearn()
    assert (theirs.activation, theirs.solver) == ("tanh", "adam")
    np.testing.assert_allclose(theirs.predict_proba(X), model.predict_proba(X), rtol=1e-12)
    assert MLPClassifier(**QUICK, solver=AdamW()).fit(X, y).to_sklearn().solver == "adam"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"activation": "gelu"}, "scikit-learn's networks have one activation for all hidden layers, one of .*'gelu'"),
        ({"hidden_layer_sizes": (3, 3), "activation": ["tanh", "relu"]}, r"activation=\['tanh', 'relu'\]"),
        ({"loss": Huber()}, r"scikit-learn's MLPRegressor has no loss=Huber\(delta=1.0\); it has \("),
    ],
)
def test_what_scikit_learn_cannot_predict_is_refused(problem, params, message):
    X, y, _ = problem("number")
    with pytest.raises(ParameterError, match=message):
        MLPRegressor(**QUICK | params).fit(X, y).to_sklearn()


def test_only_its_own_kind_is_converted(problem):
    X, y, _ = problem("binary")
    with pytest.raises(
        ParameterError, match="from_sklearn of MLPRegressor takes scikit-learn's MLPRegressor, got MLPCl"
    ):
        MLPRegressor.from_sklearn(TheirClassifier(**QUICK).fit(X, y))
