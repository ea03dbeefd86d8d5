"""What chainrule adds to scikit-learn's networks: each option has its effect, or is an error."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import ParameterError, ShapeError
from chainrule.network import Activation, CrossEntropy, Dropout, Huber, LogLoss, Quantile, SquaredError
from chainrule.training import AdamW, Callback, WarmUp

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "batch_size": 16}


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_class_weights_are_those_of_the_rows(problem, task):
    X, y, weight = problem(task)
    by_class = {c: 0.5 + c for c in np.unique(y)}
    weighted = MLPClassifier(**QUICK, class_weight=by_class).fit(X, y, weight)
    by_row = MLPClassifier(**QUICK).fit(X, y, weight * (0.5 + y))
    np.testing.assert_array_equal(weighted.weights_, by_row.weights_)
    balanced = MLPClassifier(**QUICK, class_weight="balanced").fit(X, y)
    counts = np.bincount(y)
    by_row = MLPClassifier(**QUICK).fit(X, y, (len(y) / (len(counts) * counts))[y])
    np.testing.assert_array_equal(balanced.weights_, by_row.weights_)


def test_dropout_drops_and_depends_on_the_seed(multiclass):
    def curve(**params):
        return MLPClassifier(**QUICK | params).fit(*multiclass).loss_curve_

    one = MLPClassifier(**QUICK, dropout=0.3).fit(*multiclass)
    assert [layer.rate for layer in one.network_.layers if isinstance(layer, Dropout)] == [0.3]
    assert one.loss_curve_ == curve(dropout=0.3)
    assert one.loss_curve_ != curve()
    assert one.loss_curve_ != curve(dropout=0.3, random_state=1)


def test_an_activation_for_each_layer(multiclass):
    model = MLPClassifier(**QUICK | {"hidden_layer_sizes": (8, 6)}, activation=["gelu", "tanh"]).fit(*multiclass)
    assert [layer.function for layer in model.network_.layers if isinstance(layer, Activation)] == ["gelu", "tanh"]
    same = MLPClassifier(**QUICK | {"hidden_layer_sizes": (8, 6)}, activation=["tanh"] * 2).fit(*multiclass)
    plain = MLPClassifier(**QUICK | {"hidden_layer_sizes": (8, 6)}, activation="tanh").fit(*multiclass)
    np.testing.assert_array_equal(same.weights_, plain.weights_)
    with pytest.raises(ParameterError, match="activation must be one name or one for each of the 1 hidden layers"):
        MLPClassifier(**QUICK, activation=["tanh", "relu"]).fit(*multiclass)
    with pytest.raises(ParameterError, match=r"function must be one of .* Got 'rellu' instead. Did you mean 'relu'"):
        MLPClassifier(**QUICK, activation=["rellu"]).fit(*multiclass)


def test_without_hidden_layers_there_is_no_activation_to_give(multiclass):
    fitted = [MLPClassifier(**QUICK | {"hidden_layer_sizes": ()}, activation=f).fit(*multiclass) for f in ([], "relu")]
    np.testing.assert_array_equal(fitted[0].weights_, fitted[1].weights_)


@pytest.mark.parametrize("solver", ["momentum", "nesterov", "adamw", "rmsprop", "adagrad", AdamW(weight_decay=0.1)])
def test_more_solvers(multiclass, solver):
    params = QUICK | {"max_iter": 30, "learning_rate_init": 0.01}
    model = MLPClassifier(**params, solver=solver).fit(*multiclass)
    assert model.loss_curve_[-1] < 0.9 * model.loss_curve_[0]
    assert model.network_.penalty.l2 == (0.0 if solver == "adamw" else 0.0001)


def test_momentum_by_another_name_is_sgd(multiclass):
    one = MLPClassifier(**QUICK, solver="momentum", momentum=0.7).fit(*multiclass)
    other = TheirClassifier(**QUICK, solver="sgd", momentum=0.7, nesterovs_momentum=False).fit(*multiclass)
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-9)


def test_adamw_decays_by_alpha(number):
    params = QUICK | {"max_iter": 1, "alpha": 0.5, "learning_rate_init": 0.01, "batch_size": 64}
    decayed, plain = (MLPRegressor(**params, solver=s).fit(*number) for s in ("adamw", AdamW(weight_decay=0.0)))
    start = MLPRegressor(**params | {"learning_rate_init": 1e-300}, solver="sgd").fit(*number)
    # One step: AdamW's change is Adam's, of size η, and −η·λ·w.
    np.testing.assert_allclose(np.abs(decayed.coefs_[0] - (1 - 0.01 * 0.5) * start.coefs_[0]), 0.01, rtol=1e-3)
    assert plain.network_.penalty.l2 == 0.5


@pytest.mark.parametrize("schedule", ["cosine", WarmUp(epochs=3)])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_schedule_sets_the_learning_rate(number, schedule, solver):
    scheduled = MLPRegressor(**QUICK, solver=solver, schedule=schedule).fit(*number)
    plain = MLPRegressor(**QUICK, solver=solver).fit(*number)
    ratios = [a["learning_rate"] / b["learning_rate"] for a, b in zip(scheduled.history_, plain.history_, strict=True)]
    last_steps = np.arange(4, 21, 4) - 1.0
    expected = (
        0.5 * (1 + np.cos(np.pi * last_steps / 20)) if schedule == "cosine" else np.minimum((last_steps + 1) / 12, 1)
    )
    np.testing.assert_allclose(ratios, expected, rtol=1e-12)


def test_gradients_are_clipped(number):
    params = QUICK | {"solver": "sgd", "momentum": 0.0, "max_iter": 1, "batch_size": 64}
    start = MLPRegressor(**params | {"learning_rate_init": 1e-300}).fit(*number)
    step = MLPRegressor(**params, max_grad_norm=0.01).fit(*number).weights_ - start.weights_
    assert np.linalg.norm(step) == pytest.approx(0.01 * 0.001, rel=1e-6)


def test_the_time_limit_ends_training(number):
    model = MLPRegressor(**QUICK | {"max_iter": 10**7, "tol": 0.0, "n_iter_no_change": np.inf}, time_limit=0.2)
    assert model.fit(*number).stop_reason_ == "time_limit"


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_validation_rows_are_measured(multiclass, solver):
    X, y = multiclass
    model = MLPClassifier(**QUICK, solver=solver).fit(X, y, eval_set=(X[:20], y[:20]))
    assert len(model.validation_curve_) == model.n_iter_
    chosen = model.predict_proba(X[:20])[np.arange(20), y[:20]]
    assert model.validation_curve_[-1] == pytest.approx(-np.log(chosen).mean(), rel=1e-9)
    by_name = MLPClassifier(**QUICK, solver=solver).fit(X, y, eval_set=[(X[:20], y[:20])], eval_metric="accuracy")
    assert by_name.validation_curve_[-1] == by_name.score(X[:20], y[:20])
    own = MLPClassifier(**QUICK, solver=solver)
    own.fit(X, y, eval_set=(X[:20], y[:20]), eval_metric=lambda t, p: -float(np.sum(t != p)))
    assert own.validation_curve_[-1] == -np.sum(y[:20] != own.predict(X[:20]))


def test_the_metrics_of_numbers(problem):
    X, y, weight = problem("numbers")
    model = MLPRegressor(**QUICK).fit(X, y, eval_set=(X[:20], y[:20], weight[:20]), eval_metric="r2")
    assert model.validation_curve_[-1] == pytest.approx(model.score(X[:20], y[:20], weight[:20]))
    own = MLPRegressor(**QUICK).fit(
        X, y[:, :1].ravel(), eval_set=(X, y[:, 0]), eval_metric=lambda t, p: -np.abs(t - p).max()
    )
    assert own.validation_curve_[-1] == -np.abs(y[:, 0] - own.predict(X)).max()


def test_early_stopping_goes_by_the_validation_rows_given(binary):
    X, y = binary
    model = MLPClassifier(**QUICK | {"max_iter": 30}, early_stopping=True).fit(X, y, eval_set=(X[:30], y[:30]))
    assert model.t_ == 64 * model.n_iter_  # no row was kept back
    assert model.best_validation_score_ == model.score(X[:30], y[:30])
    metric = MLPClassifier(**QUICK, early_stopping=True).fit(X, y, eval_metric="roc_auc")
    assert len(metric.validation_curve_) == len(metric.validation_scores_) == metric.n_iter_


@pytest.mark.parametrize("metric", [None, "r2", "rmse"])
def test_the_best_weights_are_restored(number, metric):
    X, y = number
    params = QUICK | {"max_iter": 25, "solver": "sgd", "learning_rate_init": 0.05, "momentum": 0.95}
    model = MLPRegressor(**params, restore_best=True).fit(X[:40], y[:40], eval_set=(X[40:], y[40:]), eval_metric=metric)
    curve = model.validation_curve_
    best = max(curve) if metric == "r2" else min(curve)
    assert curve[-1] != best
    rest = y[40:] - model.predict(X[40:])
    expected = {None: 0.5 * np.mean(rest**2), "rmse": np.sqrt(np.mean(rest**2)), "r2": model.score(X[40:], y[40:])}
    assert expected[metric] == pytest.approx(best, rel=1e-9)


def test_callbacks_are_told_and_may_stop(number):
    class Stop(Callback):
        def on_epoch_end(self, run):
            if run.state.epoch == 3:
                run.stop("enough")

    seen = []
    model = MLPRegressor(**QUICK).fit(*number, callbacks=[Stop(), lambda run: seen.append(run.state.epoch)])
    assert (model.stop_reason_, seen, model.n_iter_) == ("enough", [1, 2, 3], 3)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile", Huber(delta=0.3), Quantile(levels=(0.2, 0.8))])
def test_more_losses_for_numbers(problem, loss):
    X, y, _ = problem("numbers")
    model = MLPRegressor(**QUICK | {"max_iter": 20, "learning_rate_init": 0.02}, loss=loss).fit(X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert model.predict(X).shape == y.shape
    assert model.n_outputs_ == 3


def test_quantiles_rise_and_predict_is_the_middle_one(problem):
    X, y, _ = problem("numbers")
    model = MLPRegressor(**QUICK | {"max_iter": 60, "learning_rate_init": 0.02}, loss="quantile").fit(X, y)
    quantiles = model.predict_quantiles(X)
    assert quantiles.shape == (64, 3, 3)
    assert (np.diff(quantiles, axis=2) >= 0).all()
    raw = model._predicted(X).reshape(64, 3, 3)
    np.testing.assert_array_equal(model.predict(X), raw[:, :, 1])
    assert MLPRegressor(**QUICK, loss="quantile").fit(X, y[:, 0]).predict_quantiles(X).shape == (64, 3)
    with pytest.raises(ParameterError, match="predict_quantiles needs loss='quantile'; this model has loss='huber'"):
        MLPRegressor(**QUICK, loss="huber").fit(X, y).predict_quantiles(X)


def test_label_smoothing_and_a_softmax_for_two_classes(binary, multiclass):
    smooth = MLPClassifier(**QUICK, loss=CrossEntropy(label_smoothing=0.2)).fit(*multiclass)
    plain = MLPClassifier(**QUICK).fit(*multiclass)
    assert smooth.loss_curve_ != plain.loss_curve_
    two = MLPClassifier(**QUICK, loss=CrossEntropy()).fit(*binary)
    assert (two.n_outputs_, two.out_activation_) == (2, "softmax")
    np.testing.assert_allclose(two.predict_proba(binary[0]).sum(axis=1), 1.0)
    assert set(two.predict(binary[0])) <= {0, 1}


LBFGS = {"solver": "lbfgs"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (LBFGS | {"dropout": 0.1}, "dropout=0.1 has no effect with solver='lbfgs'; choose another solver, or leave it"),
        (LBFGS | {"schedule": "cosine"}, "schedule='cosine' has no effect with solver='lbfgs'"),
        (LBFGS | {"max_grad_norm": 1.0}, "max_grad_norm=1.0 has no effect with solver='lbfgs'"),
        ({"hidden_layer_sizes": (), "dropout": 0.1}, "dropout=0.1 has no effect without hidden layers"),
        ({"restore_best": True}, "restore_best=True has no effect without validation rows; give fit an eval_set"),
        ({"restore_best": True, "early_stopping": True}, "restore_best=True has no effect with early_stopping=True"),
        (
            {"solver": "sgd", "learning_rate": "adaptive", "schedule": "cosine"},
            "learning_rate='adaptive' has no effect with schedule='cosine'; leave one of them out",
        ),
    ],
)
def test_options_without_effect_are_errors(number, params, message):
    with pytest.raises(ParameterError, match=message):
        MLPRegressor(**QUICK | params).fit(*number)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_metric_needs_validation_rows(number, solver):
    model = MLPRegressor(**QUICK, solver=solver, early_stopping=solver == "lbfgs")
    with pytest.raises(
        ParameterError, match="eval_metric='r2' has no effect without validation rows; give fit an eval_"
    ):
        model.fit(*number, eval_metric="r2")


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (lambda m, X, y: m.fit(X, y, eval_set=X), r"eval_set must be a tuple \(X, y\) or .*, got ndarray"),
        (lambda m, X, y: m.fit(X, y, eval_set=(X,)), r"eval_set must be a tuple \(X, y\) or .*, got one of 1"),
        (lambda m, X, y: m.fit(X, y, eval_set=(X, y), eval_metric="accurcy"), "'accurcy'. Did you mean 'accuracy'"),
        (
            lambda m, X, y: m.fit(X, y, eval_set=(X, y), eval_metric=["roc_auc"]),
            r"eval_metric must be one of \['accuracy', 'log_loss', 'roc_auc'\] or a function .*, got \['roc_auc'\]",
        ),
        (
            lambda m, X, y: m.fit(X, y, eval_set=(X, y), eval_metric=lambda *_: None),
            "eval_metric must return a number, got None",
        ),
        (
            lambda m, X, y: m.fit(X, y, eval_set=(X[:1], y[:1]), eval_metric="roc_auc"),
            "'roc_auc' is not defined on the",
        ),
        (lambda m, X, y: m.fit(X, y, eval_set=(X, y + 9)), "`y` has classes not in `self.classes_`"),
        (
            lambda m, X, y: m.set_params(early_stopping=True, validation_fraction=0.01).fit(X, np.arange(len(y)) % 3),
            "The validation set is too small. Increase 'validation_fraction'",
        ),
        (
            lambda m, X, y: m.set_params(hidden_layer_sizes=(3, 0)).fit(X, y),
            r"hidden_layer_sizes must be > 0, got \[3, 0\]",
        ),
        (
            lambda m, X, y: m.set_params(hidden_layer_sizes=(3.7,)).fit(X, y),
            r"hidden_layer_sizes must be ints, the widths of the hidden layers. Got \(3.7,\)",
        ),
        (
            lambda m, X, y: m.set_params(warm_start=True).fit(X, y).fit(X, y + 1),
            "warm_start can only be used where `y` has the same classes as in the previous call to fit",
        ),
        (lambda m, X, y: m.partial_fit(X, y), "classes must be passed on the first call to partial_fit"),
        (lambda m, X, y: m.partial_fit(X, y, classes=[0, 1]).partial_fit(X, y + 1), "`y` has classes not in `self.cla"),
        (lambda m, X, y: m.fit(X, y, np.zeros(64)), "Sample weights must contain at least one non-zero number"),
        (
            lambda m, X, y: m.set_params(loss=SquaredError()).fit(X, y),
            "does not suit 2 classes; leave it at 'log_loss'",
        ),
        (lambda m, X, y: m.set_params(loss=LogLoss()).fit(X, np.arange(len(y)) % 3), "does not suit 3 classes"),
        (
            lambda m, X, y: m.set_params(loss=CrossEntropy()).fit(X, np.c_[y, 1 - y]),
            "does not suit several labels",
        ),
        (
            lambda m, X, y: m.set_params(class_weight={0: 2}).fit(X, np.c_[y, y]),
            "class_weight has no effect on several",
        ),
        (
            lambda m, X, y: m.set_params(class_weight={2: 1.0}).fit(X, y),
            r"class_weight names 2, which is not one of the classes \[0, 1\]",
        ),
        (
            lambda m, X, y: m.set_params(class_weight={0: -1.0}).fit(X, y),
            r"class_weight\[0\] must be a float in the range \[0, inf\). Got -1.0",
        ),
        (
            lambda m, X, y: m.set_params(class_weight={0: 0.0, 1: 0}).fit(X, y),
            "gives no class a weight above 0",
        ),
        (lambda m, X, y: m.set_params(class_weight="balanced").partial_fit(X, y, classes=[0, 1]), "has no meaning in"),
    ],
)
def test_errors_of_the_classifier(binary, fit, message):
    with pytest.raises((ParameterError, ShapeError, ValueError), match=message):
        fit(MLPClassifier(**QUICK), *binary)


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (
            lambda m, X, y: m.set_params(loss=LogLoss()).fit(X, y),
            "is for classes; use MLPClassifier, or 'squared_error'",
        ),
        (lambda m, X, y: m.set_params(loss="poisson").fit(X, y), "every value of the target y must be at least 0"),
        (
            lambda m, X, y: m.fit(X, y, eval_set=(X, np.c_[y, y])),
            "The y of eval_set must have the columns of that of fit, 1. Got 2",
        ),
    ],
)
def test_errors_of_the_regressor(number, fit, message):
    with pytest.raises((ParameterError, ShapeError), match=message):
        fit(MLPRegressor(**QUICK), *number)


def test_rows_of_no_weight_are_neither_trained_on_nor_judged_by_alone(binary):
    X, y = binary
    model = MLPClassifier(**QUICK, early_stopping=True).fit(X, y)
    is_trained_on = np.isin(np.arange(64), model._recording.at_hand.training)
    with pytest.raises(ParameterError, match="those of all rows kept back for early stopping are zero"):
        model.fit(X, y, is_trained_on)
    with pytest.raises(ParameterError, match="those of all rows left to train on are zero"):
        model.fit(X, y, ~is_trained_on)


def test_a_failing_fit_leaves_the_model_as_it_was(number):
    X, y = number
    model = MLPRegressor(**QUICK).fit(X, y)
    before = model.predict(X)

    def fail(run):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        model.fit(X[:, :3], y, callbacks=fail)
    np.testing.assert_array_equal(model.predict(X), before)


def test_what_diverges_is_an_error_or_ends_with_the_best_weights(number):
    X, y = number
    params = QUICK | {"solver": "sgd", "learning_rate_init": 3.0, "activation": "identity", "max_iter": 50}
    with pytest.raises(ValueError, match=r"Solver produced non-finite parameter weights. The input data may contain"):
        MLPRegressor(**params).fit(X, y)
    early = MLPRegressor(**params | {"learning_rate_init": 0.3, "n_iter_no_change": 60}, early_stopping=True)
    with pytest.warns(
        ConvergenceWarning, match=r"Training diverged: .* The weights of epoch \d+, the best one, are kept"
    ):
        early.fit(X, y)
    assert early.stop_reason_ == "diverged"
    assert np.isfinite(early.predict(X)).all()
