"""scikit-learn's contract for estimators: every check, none expected to fail; and its tools, each used once."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
from joblib import Parallel, cpu_count, delayed
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_inplace_ensure_writeable,
    check_param_validation,
    parametrize_with_checks,
)

from chainrule import MLPClassifier, MLPRegressor
from chainrule.engine.native import threads_for

QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "tol": 0, "n_iter_no_change": np.inf}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks([MLPClassifier(), MLPRegressor()])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check", [check_param_validation, check_dataframe_column_names_consistency, check_inplace_ensure_writeable]
)
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_scikit_learns_further_checks(cls, check):
    check(cls.__name__, cls())


@pytest.mark.parametrize(
    ("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)], ids=["classes", "numbers"]
)
def test_every_parameter_of_scikit_learn_has_its_name_and_default(ours, theirs):
    expected = theirs().get_params()
    got = ours().get_params()
    assert {name: got[name] for name in expected} == expected


@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_every_parameter_has_a_constraint(cls):
    assert cls().get_params().keys() == cls._parameter_constraints.keys()
    assert cls(alpha=0.25)._settings() == cls(alpha=0.25).get_params()


def test_positions_are_those_of_scikit_learn():
    assert MLPClassifier((5,), "tanh").get_params()["activation"] == "tanh"
    assert MLPRegressor("poisson", (5,), "tanh").get_params()["hidden_layer_sizes"] == (5,)
    with pytest.raises(TypeError, match="positional argument"):
        MLPClassifier((5,), "tanh", "sgd")


@pytest.fixture
def iris():
    return load_iris(return_X_y=True)


@pytest.mark.parametrize(
    "again",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.copy,
        copy.deepcopy,
        lambda model: joblib.load(_dumped(model)),
    ],
    ids=["pickle", "copy", "deepcopy", "joblib"],
)
def test_copies_predict_the_same_and_their_weights_write_through(iris, again):
    X, y = iris
    model = MLPClassifier(**QUICK).fit(X, y)
    copied = again(model)
    np.testing.assert_array_equal(copied.predict_proba(X), model.predict_proba(X))
    copied.coefs_[0][:] = 0.0
    copied.intercepts_[1] = np.array([0.0, 100.0, 0.0])
    assert (copied.predict(X) == 1).all()


def _dumped(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return file


def test_a_deep_copy_is_on_its_own(iris):
    model = MLPClassifier(**QUICK).fit(*iris)
    before = model.weights_.copy()
    copied = copy.deepcopy(model)
    copied.coefs_[0][:] = 0.0
    copied.partial_fit(*iris)
    np.testing.assert_array_equal(model.weights_, before)


def test_partial_fit_after_a_pickle_goes_on_with_the_same_bits(iris):
    model = MLPClassifier(**QUICK).fit(*iris)
    copied = pickle.loads(pickle.dumps(model))
    for one in (model, copied):
        one.partial_fit(*iris)
    np.testing.assert_array_equal(model.weights_, copied.weights_)


def test_clone_is_unfitted(iris):
    cloned = clone(MLPClassifier(**QUICK, dropout=0.5).fit(*iris))
    assert cloned.dropout == 0.5
    assert not hasattr(cloned, "coefs_")


def test_grid_search_in_two_processes_chooses_as_scikit_learn_does(iris):
    grid = {"hidden_layer_sizes": [(4,), (8,)], "learning_rate_init": [0.001, 0.05]}
    scores = [
        GridSearchCV(cls(max_iter=10, random_state=0), grid, cv=3, n_jobs=jobs)
        .fit(*iris)
        .cv_results_["mean_test_score"]
        for cls, jobs in ((MLPClassifier, 2), (TheirClassifier, None))
    ]
    np.testing.assert_array_equal(scores[0], scores[1])


def test_workers_share_the_cores():
    everything = {"work": 1e18, "work_of_a_thread": 1.0}
    threads = Parallel(n_jobs=2, backend="loky")(delayed(threads_for)(**everything) for _ in range(4))
    assert sum(threads) / 2 <= max(2, cpu_count())
    assert threads_for(**everything) <= cpu_count()


def test_a_pipeline_routes_sample_weight(iris):
    X, y = iris
    weight = np.where(y == 2, 0.0, 1.0)
    with config_context(enable_metadata_routing=True):
        model = MLPClassifier(**QUICK | {"max_iter": 60, "learning_rate_init": 0.01})
        model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False), model.set_fit_request(sample_weight=True)
        )
        pipeline.fit(X, y, sample_weight=weight)
        scores = cross_val_score(pipeline, X, y, params={"sample_weight": weight}, cv=3)
    assert set(pipeline.predict(X)) == {0, 1}
    assert np.isfinite(scores).all()


def test_calibration(iris):
    X, y = iris
    calibrated = CalibratedClassifierCV(MLPClassifier(**QUICK), cv=2).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1.0)


def test_inspection(iris):
    X, y = iris
    model = MLPClassifier(**QUICK | {"max_iter": 40, "learning_rate_init": 0.02}).fit(X, y)
    assert permutation_importance(model, X, y, n_repeats=3, random_state=0).importances_mean.max() > 0.1
    numbers = MLPRegressor(**QUICK).fit(X, y)
    assert partial_dependence(numbers, X, [2], kind="average")["average"].shape[0] == 1
