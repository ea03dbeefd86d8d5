"""What is printed, warned of and told to callbacks."""

import contextlib
import io
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier

from chainrule import MLPClassifier, MLPRegressor
from chainrule.training import Callback

QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "batch_size": 16}
ADAPTIVE = {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 1e-4}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"tol": 1.0, "n_iter_no_change": 2, "max_iter": 30},
        {"tol": 1.0, "n_iter_no_change": 2, "max_iter": 30, "early_stopping": True},
        {"tol": 1.0, "n_iter_no_change": 1, "max_iter": 60} | ADAPTIVE,
        {"tol": 1.0, "n_iter_no_change": 1, "max_iter": 60, "early_stopping": True} | ADAPTIVE,
    ],
)
def test_verbose_prints_what_scikit_learn_prints(problem, params):
    X, y, _ = problem("multiclass")
    printed = []
    for cls in (TheirClassifier, MLPClassifier):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            cls(**QUICK | params, verbose=True).fit(X, y)
        printed.append(out.getvalue())
    assert printed[0] == printed[1]
    assert printed[0].count("\n") >= 5


@pytest.mark.parametrize(
    ("params", "fit"),
    [
        ({}, "fit"),
        ({"solver": "lbfgs"}, "fit"),
        ({"solver": "lbfgs", "max_fun": 3, "max_iter": 100}, "fit"),
        ({"batch_size": 1000}, "fit"),
        ({"batch_size": 1000}, "partial_fit"),
        ({"tol": 1.0, "max_iter": 30}, "fit"),
    ],
)
def test_warnings_are_those_of_scikit_learn(problem, pair, params, fit):
    X, y, _ = problem("number")
    told = []
    for model in pair("number", **QUICK | params):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            getattr(model, fit)(X, y)
        told.append([(warning.category, str(warning.message)) for warning in caught])
    assert told[0] == told[1]


def test_a_column_as_target_is_warned_of(problem):
    from sklearn.exceptions import DataConversionWarning

    X, y, _ = problem("binary")
    with pytest.warns(DataConversionWarning, match="A column-vector y was passed when a 1d array was expected"):
        MLPClassifier(**QUICK | {"tol": 1.0, "max_iter": 50}).fit(X, y[:, None])


def test_ctrl_c_ends_training_with_a_warning(problem):
    X, y, _ = problem("number")

    def interrupt(run):
        run.stop("interrupted")

    with pytest.warns(UserWarning, match="Training interrupted by user."):
        model = MLPRegressor(**QUICK).fit(X, y, callbacks=interrupt)
    assert (model.n_iter_, model.stop_reason_) == (1, "interrupted")


def test_the_learning_curve_is_drawn(problem):
    pytest.importorskip("plotly")
    X, y, _ = problem("number")
    figure = MLPRegressor(**QUICK | {"tol": 1.0, "max_iter": 50}).fit(X, y).plot_learning_curve()
    assert "MLPRegressor" in figure.layout.title.text


class Listener:
    """A callback as scikit-learn 1.9 knows them; ``stop_after`` epochs it asks to stop."""

    def __init__(self, stop_after=None):
        self.seen, self.stop_after = [], stop_after

    def setup(self, estimator, context):
        self.seen.append("setup")

    def teardown(self, estimator, context):
        self.seen.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.seen.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.seen.append(f"end {context.task_name}")
        if fitted_estimator is not None:
            assert np.isfinite(fitted_estimator.predict(X)).all()
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after


@pytest.fixture
def listening():
    pytest.importorskip("sklearn.callback")
    return Listener


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_scikit_learns_callbacks_are_told(problem, listening, solver):
    X, y, weight = problem("number")
    model = MLPRegressor(**QUICK | {"max_iter": 3}, solver=solver).set_callbacks(listener := listening())
    with pytest.warns(ConvergenceWarning):
        model.fit(X, y, weight)
    epochs = ["begin epoch", "end epoch"] * 3
    assert listener.seen == ["setup", "begin fit", *epochs, "end fit", "teardown"]


def test_scikit_learns_callbacks_may_stop_training(problem, listening):
    X, y, _ = problem("number")
    model = MLPRegressor(**QUICK).set_callbacks(listener := listening(stop_after=2))
    assert model.fit(X, y).n_iter_ == 2
    assert listener.seen.count("begin epoch") == listener.seen.count("end epoch") == 2


def test_an_epoch_begun_for_nothing_is_ended(problem, listening):
    X, y, _ = problem("number")

    class Stop(Callback):
        def on_epoch_end(self, run):
            run.stop("enough")

    listener = listening()
    MLPRegressor(**QUICK | {"tol": 1.0, "n_iter_no_change": 1, "max_iter": 50}).set_callbacks(listener).fit(X, y)
    assert listener.seen.count("begin epoch") == listener.seen.count("end epoch")


def test_scikit_learns_callbacks_are_torn_down_where_fit_fails(problem, listening):
    X, y, _ = problem("number")
    model = MLPRegressor(**QUICK, loss="poisson").set_callbacks(listener := listening())
    with pytest.raises(ValueError, match="at least 0"):
        model.fit(X, y)
    assert listener.seen == ["setup", "teardown"]


def test_what_is_no_callback_of_scikit_learns_is_refused(listening):
    model = MLPRegressor().set_callbacks(listener := listening())
    with pytest.raises(TypeError, match="must be instances following the FitCallback protocol"):
        model.set_callbacks("progress")
    assert model._skl_callbacks == [listener]
    assert not hasattr(model.set_callbacks(), "_skl_callbacks")


def test_releases_of_scikit_learn_without_callbacks_offer_none(monkeypatch):
    monkeypatch.setattr("chainrule.estimators.perceptron.foreign_callbacks.find_spec", lambda _: None)
    assert not hasattr(MLPRegressor(), "set_callbacks")
