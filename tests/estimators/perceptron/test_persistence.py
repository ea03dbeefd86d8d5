"""The drop-in in files."""

import json

import numpy as np
import pytest

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import ModelFileError, OutputError, ParameterError
from chainrule.network import CrossEntropy
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


TO_9, FROM_9 = {"n_out": 9}, {"n_in": 9}
WRONG = {
    "estimator": lambda header: header.update(estimator="MLPTransformer"),
    "params": lambda header: header["params"].update(alpha=-1),
    "sizes": lambda header: header["network"]["layers"][0].update(n_out=9),
    "loss": lambda header: header["network"].update(loss={"kind": "mean_squared_error"}),
    "network": lambda header: header.update(network=[]),
    "neurons": lambda header: [header["network"]["layers"][i].update(size) for i, size in ((0, TO_9), (2, FROM_9))],
    "narrow": lambda header: header["network"].update(n_inputs=5),
    "momentum": lambda header: header["optimizer"].update(optimizer="nesterov"),
    "wide": lambda header: header["network"]["layers"][-1].update(n_out=4),
    "optimizer": lambda header: header["optimizer"]["optimizer"]["object"].update(kind="adamax"),
    "memory": lambda header: header["optimizer"].update(optimizer={"object": {"kind": "lbfgs"}}),
    "vectors": lambda header: header["optimizer"].update(optimizer={"object": {"kind": "nesterov", "momentum": 1.5}}),
    "rate": lambda header: header["optimizer"].update(rate=-1.0),
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


@pytest.mark.parametrize("params", [{"activation": "tanh"}, {"hidden_layer_sizes": (9,)}, {"loss": "poisson"}])
def test_what_is_set_after_fit_does_not_change_the_network_in_the_file(problem, tmp_path, params):
    X, y, _ = problem("number")
    model = MLPRegressor(**QUICK).fit(X, y).set_params(**params)
    model.save(tmp_path / "m")
    loaded = chainrule.load(tmp_path / "m")
    assert_same(loaded, model, X)
    assert loaded.get_params() == model.get_params()
    assert (loaded.n_layers_, loaded.out_activation_) == (3, "identity")


@pytest.mark.parametrize(
    "params",
    [{}, {"solver": "adamw", "dropout": 0.2}, {"solver": "sgd", "learning_rate": "adaptive"}, {"solver": "rmsprop"}],
    ids=["adam", "adamw", "adaptive", "rmsprop"],
)
def test_training_goes_on_after_loading_with_the_same_bits(problem, tmp_path, params):
    X, y, _ = problem("multiclass")
    model = MLPClassifier(**QUICK | {"tol": 10.0, "n_iter_no_change": 1, "max_iter": 30} | params, warm_start=True)
    model.fit(X, y).partial_fit(X, y).save(tmp_path / "m")
    loaded = chainrule.load(tmp_path / "m")
    for method in ("partial_fit", "partial_fit", "fit"):
        for one in (model, loaded):
            getattr(one, method)(X, y)
        np.testing.assert_array_equal(loaded.weights_, model.weights_)
        assert loaded.loss_curve_ == model.loss_curve_


@pytest.mark.parametrize("vector", [np.zeros(3), np.full(83, np.nan), np.zeros(83, np.float32)])
def test_an_optimizer_that_does_not_fit_the_weights_is_refused(problem, tmp_path, vector):
    X, y, _ = problem("multiclass")
    model = MLPClassifier(**QUICK).fit(X, y)
    assert model.weights_.size == 83
    model.save(tmp_path / "m")
    header, arrays = read_container(tmp_path / "m", kind="model")
    header = {name: value for name, value in header.items() if name not in ("kind", "format")}
    write_container(tmp_path / "wrong", header, arrays | {"optimizer.1": vector}, kind="model")
    with pytest.raises(ModelFileError, match="the optimizer's state does not fit the weights"):
        chainrule.load(tmp_path / "wrong")


def test_an_optimizer_of_ones_own_is_in_no_file(problem, tmp_path):
    X, y, _ = problem("number")

    class Mine(AdamW):
        pass

    model = MLPRegressor(**QUICK, solver=Mine(), engine="reference").fit(X, y).set_params(solver="adam")
    with pytest.raises(ParameterError, match=r"is an object of your own \(Mine\), which a model file cannot hold"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_file_without_network_and_optimizer_is_read_by_its_parameters(problem, tmp_path):
    X, y, _ = problem("multiclass")
    model = MLPClassifier(**QUICK).fit(X, y)
    model.save(tmp_path / "m")
    header, arrays = read_container(tmp_path / "m", kind="model")
    older = {name: value for name, value in header.items() if name not in ("kind", "format", "network", "optimizer")}
    write_container(tmp_path / "older", older, arrays, kind="model")
    loaded = chainrule.load(tmp_path / "older")
    assert_same(loaded, model, X)
    assert loaded.partial_fit(X, y).n_iter_ == 1
