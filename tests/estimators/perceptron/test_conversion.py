"""The drop-in as scikit-learn's own network, and back."""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import ParameterError
from chainrule.network import CrossEntropy, Poisson, Quantile, SquaredError
from chainrule.training import AdamW

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "batch_size": 16}
TASKS = ("binary", "multiclass", "multilabel", "number", "numbers", "counts")


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
        ({"hidden_layer_sizes": (3, 3), "activation": ["tanh", "relu"]}, r"this model has \['relu', 'tanh'\]"),
        ({"loss": Quantile()}, r"cannot predict what this model does: it has loss=Quantile\(.*\) and 3 outputs"),
    ],
)
def test_what_scikit_learn_cannot_predict_is_refused(problem, params, message):
    X, y, _ = problem("number")
    with pytest.raises(ParameterError, match=message):
        MLPRegressor(**QUICK | params).fit(X, y).to_sklearn()


def test_two_outputs_for_two_classes_are_refused(problem):
    X, y, _ = problem("binary")
    with pytest.raises(ParameterError, match=r"it has loss=CrossEntropy\(.*\) and 2 outputs. Keep it with save"):
        MLPClassifier(**QUICK, loss=CrossEntropy()).fit(X, y).to_sklearn()


@pytest.mark.parametrize("loss", ["huber", "absolute_error", SquaredError(), Poisson()])
def test_a_loss_that_predicts_as_theirs_does_becomes_theirs(problem, loss):
    X, y, _ = problem("counts")
    model = MLPRegressor(**QUICK, loss=loss).fit(X, y)
    theirs = model.to_sklearn()
    assert theirs.loss == ("poisson" if isinstance(loss, Poisson) else "squared_error")
    np.testing.assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-12)


@pytest.mark.parametrize("params", [{"activation": "tanh"}, {"hidden_layer_sizes": (9, 9)}, {"loss": "poisson"}])
def test_what_is_set_after_fit_is_not_what_was_fitted(problem, params):
    X, y, _ = problem("number")
    model = MLPRegressor(**QUICK).fit(X, y).set_params(**params)
    theirs = model.to_sklearn()
    assert (theirs.activation, theirs.hidden_layer_sizes, theirs.loss) == ("relu", (8,), "squared_error")
    np.testing.assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-12)


def test_without_hidden_layers_any_activation_is_none(problem):
    X, y, _ = problem("number")
    for activation, expected in (("logistic", "logistic"), ("gelu", "relu"), ([], "relu")):
        model = MLPRegressor(**QUICK | {"hidden_layer_sizes": (), "activation": activation}).fit(X, y)
        assert model.to_sklearn().activation == expected


SOLVERS = {
    "adam": {"learning_rate_init": 0.02},
    "nesterov": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.02},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.01},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1},
}


@pytest.mark.parametrize("solver", SOLVERS)
def test_partial_fit_goes_on_after_a_conversion(problem, solver):
    """Three models that were one, after the same calls: never converted, converted, converted back."""
    X, y, weight = problem("multiclass")
    theirs = TheirClassifier(**QUICK | SOLVERS[solver])
    for _ in range(5):
        theirs.partial_fit(X, y, classes=[0, 1, 2])
    ours = MLPClassifier.from_sklearn(theirs)
    for model in (theirs, ours):
        model.partial_fit(X[:50], y[:50], weight[:50])
    back = ours.to_sklearn()
    for model in (theirs, ours, back):
        for _ in range(3):
            model.partial_fit(X, y)
    for model in (ours, back):
        np.testing.assert_allclose(model.loss_curve_, theirs.loss_curve_, rtol=1e-9)
        assert (model.t_, model._no_improvement_count) == (theirs.t_, theirs._no_improvement_count)


@pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"early_stopping": True}], ids=["adam", "lbfgs", "early"])
def test_a_warm_start_goes_on_after_a_conversion(problem, fit_quietly, params):
    X, y, _ = problem("number")
    theirs = TheirRegressor(**QUICK | params, warm_start=True)
    fit_quietly(theirs.fit, X, y)
    ours = MLPRegressor.from_sklearn(theirs)
    back = ours.to_sklearn()
    for model in (theirs, ours, back):
        fit_quietly(model.fit, X, y)
        assert model.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
        np.testing.assert_allclose(model.predict(X), theirs.predict(X), rtol=1e-5)


def test_a_warm_start_that_finds_no_better_score_ends_alike(problem, fit_quietly):
    X, y, _ = problem("number")
    model = MLPRegressor(**QUICK, early_stopping=True, warm_start=True)
    fit_quietly(model.fit, X, y)
    model.best_validation_score_ = 1.0
    theirs = model.to_sklearn()
    for one in (model, theirs):
        fit_quietly(one.fit, X, y)
    np.testing.assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-9)


def test_an_optimizer_that_scikit_learn_does_not_have_begins_anew(problem):
    X, y, _ = problem("number")
    theirs = MLPRegressor(**QUICK, solver="rmsprop").fit(X, y).to_sklearn()
    assert not hasattr(theirs, "_optimizer")
    assert theirs.partial_fit(X, y).n_iter_ == 1


def test_labels_that_are_text_are_kept(problem):
    X, y, _ = problem("multiclass")
    labels = np.array(["one", "two", "three"])[y]
    theirs = TheirClassifier(**QUICK).fit(X, labels)
    ours = MLPClassifier.from_sklearn(theirs)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_array_equal(ours.to_sklearn().predict(X), theirs.predict(X))
    assert ours.partial_fit(X, labels).loss_ == pytest.approx(theirs.partial_fit(X, labels).loss_, rel=1e-9)


def test_only_its_own_kind_is_converted(problem):
    X, y, _ = problem("binary")
    with pytest.raises(
        ParameterError, match="from_sklearn of MLPRegressor takes scikit-learn's MLPRegressor, got MLPCl"
    ):
        MLPRegressor.from_sklearn(TheirClassifier(**QUICK).fit(X, y))
