"""The drop-in gives scikit-learn's numbers, over a generated grid of what can be asked of both.

The grid: solver × activation × task × early stopping × sample weights × sparse × warm start. The first weights are
equal bit for bit; losses, scores and predictions to rounding that has grown over 20 epochs.
"""

from itertools import combinations, product

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix

SOLVERS = {
    "adam": {"solver": "adam", "learning_rate_init": 0.02},
    "constant": {"solver": "sgd", "learning_rate_init": 0.01},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.02, "power_t": 0.3},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "learning_rate_init": 0.01, "tol": 0.05},
    "lbfgs": {"solver": "lbfgs"},
}
TASKS = ("binary", "multiclass", "multilabel", "number", "numbers", "counts")
FORMATS = {"dense": lambda X: X, "csr": csr_matrix, "csc": csc_matrix}


def cases():
    """Yield (solver, activation, task, early stopping, weighted, format, warm start)."""
    grid = product(SOLVERS, ("relu", "tanh", "logistic", "identity"), TASKS, (False, True), (False, True))
    for i, (solver, activation, task, early, weighted) in enumerate(grid):
        # Formats and warm starts take turns, and a quarter is left out, at paces that share no divisor with the sizes.
        if (solver != "lbfgs" or not early) and i % 13 % 4 != 3:
            yield solver, activation, task, early, weighted, tuple(FORMATS)[i % 7 % 3], i % 11 % 2 == 0


CASES = list(cases())


def test_the_grid_is_as_large_as_promised_and_has_every_pair():
    assert len(CASES) == len(set(CASES)) >= 300
    values = [sorted({case[k] for case in CASES}, key=str) for k in range(7)]
    for a, b in combinations(range(7), 2):
        missing = set(product(values[a], values[b])) - {(case[a], case[b]) for case in CASES}
        assert missing == ({("lbfgs", True)} if (a, b) == (0, 3) else set())  # lbfgs knows no early stopping


def compare(theirs, ours, X, y, weight, *, fit_quietly, times):
    for _ in range(times):
        fit_quietly(theirs.fit, X, y, weight)
        fit_quietly(ours.fit, X, y, weight)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.t_ == theirs.t_
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-6)
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-4, atol=1e-6)


def compare_curves(theirs, ours):
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    for name in ("best_loss_", "best_validation_score_"):
        expected = getattr(theirs, name)
        assert getattr(ours, name) == (None if expected is None else pytest.approx(expected, rel=1e-6))
    if theirs.validation_scores_ is None:
        assert ours.validation_scores_ is None
    else:
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, rtol=1e-6)


@pytest.mark.parametrize(
    ("number", "solver", "activation", "task", "early", "weighted", "layout", "warm"),
    [(i, *case) for i, case in enumerate(CASES)],
)
def test_the_numbers_are_those_of_scikit_learn(
    problem, pair, fit_quietly, number, solver, activation, task, early, weighted, layout, warm
):
    X, y, weight = problem(task)
    params = {"hidden_layer_sizes": (7, 5), "batch_size": 16, "n_iter_no_change": 3, "tol": 1e-3, "random_state": 3}
    params |= SOLVERS[solver] | {"activation": activation, "early_stopping": early, "warm_start": warm}
    params["max_iter"] = 20 if solver != "lbfgs" else 10 if warm else 20
    theirs, ours = pair(task, **params, engine="reference" if number % 8 == 0 else "auto")
    compare(
        theirs,
        ours,
        FORMATS[layout](X),
        y,
        weight if weighted else None,
        fit_quietly=fit_quietly,
        times=2 if warm else 1,
    )
    if solver != "lbfgs":
        compare_curves(theirs, ours)


@pytest.mark.parametrize("solver", ["adam", "constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("task", ["multiclass", "binary", "number"])
def test_partial_fit_goes_on_as_scikit_learn_does(problem, pair, solver, task):
    X, y, weight = problem(task)
    theirs, ours = pair(
        task, hidden_layer_sizes=(6,), batch_size=20, random_state=1, n_iter_no_change=2, **SOLVERS[solver]
    )
    classes = {} if task == "number" else {"classes": np.unique(y)}
    for i, n_rows in enumerate((64, 35, 64, 41, 64, 64, 64, 20)):
        for model in (theirs, ours):
            model.partial_fit(X[:n_rows], y[:n_rows], weight[:n_rows] if i % 2 else None, **classes)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert (ours.t_, ours.n_iter_) == (theirs.t_, theirs.n_iter_)
    for one, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "adaptive"])
def test_partial_fit_after_fit_goes_on_with_its_optimizer(problem, pair, fit_quietly, solver):
    X, y, _ = problem("multiclass")
    theirs, ours = pair("multiclass", batch_size=20, random_state=1, max_iter=9, n_iter_no_change=2, **SOLVERS[solver])
    for model in (theirs, ours):
        fit_quietly(model.fit, X, y)
        model.set_params(learning_rate_init=0.5)  # an optimizer that exists already does not look
        for _ in range(4):
            model.partial_fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_first_weights_are_equal_bit_for_bit(problem, pair, fit_quietly, dtype, activation):
    X, y, _ = problem("multiclass")
    params = {"hidden_layer_sizes": (7, 5), "activation": activation, "learning_rate_init": 1e-300, "max_iter": 1}
    theirs, ours = pair("multiclass", solver="sgd", random_state=5, **params)
    for model in (theirs, ours):
        fit_quietly(model.fit, X.astype(dtype), y)
    for one, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert one.dtype == other.dtype == dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("generator", [np.random.MT19937, np.random.PCG64, np.random.Philox])
@pytest.mark.parametrize("early", [False, True])
def test_a_random_state_is_left_where_scikit_learn_leaves_it(problem, pair, fit_quietly, early, generator):
    X, y, _ = problem("binary")
    streams = np.random.RandomState(generator(8)), np.random.RandomState(generator(8))
    params = {"max_iter": 40, "batch_size": 16, "n_iter_no_change": 2, "tol": 0.01, "early_stopping": early}
    theirs, ours = pair("binary", **params)
    for model, stream in zip((theirs, ours), streams, strict=True):
        model.set_params(random_state=stream)
        for _ in range(2):
            fit_quietly(model.fit, X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert streams[0].randint(2**31, size=3).tolist() == streams[1].randint(2**31, size=3).tolist()


def test_no_random_state_is_the_global_one(problem, pair, fit_quietly):
    X, y, _ = problem("number")
    curves = []
    for model in pair("number", max_iter=3):
        np.random.seed(11)
        curves.append([fit_quietly(model.fit, X, y).loss_curve_, np.random.random()])
    np.testing.assert_allclose(curves[0][0], curves[1][0], rtol=1e-9)
    assert curves[0][1] == curves[1][1]


@pytest.mark.parametrize("task", ["binary", "number", "numbers"])
@pytest.mark.parametrize("batch_size", ["auto", 1, 64])
@pytest.mark.parametrize("shuffle", [False, True])
def test_other_batches(problem, pair, fit_quietly, task, batch_size, shuffle):
    X, y, weight = problem(task)
    params = {"hidden_layer_sizes": (), "batch_size": batch_size, "shuffle": shuffle, "max_iter": 6, "alpha": 0.5}
    theirs, ours = pair(task, random_state=0, **params)
    compare(theirs, ours, X, y, weight, fit_quietly=fit_quietly, times=1)
    compare_curves(theirs, ours)


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "number", "numbers", "counts"])
def test_float32_stays_float32(problem, pair, fit_quietly, task):
    X, y, _ = problem(task)
    theirs, ours = pair(task, hidden_layer_sizes=(7,), batch_size=16, max_iter=5, random_state=0)
    X = X.astype(np.float32)
    for model in (theirs, ours):
        fit_quietly(model.fit, X, y if task in ("binary", "multiclass", "multilabel") else y.astype(np.float32))
    assert {array.dtype for array in ours.coefs_ + ours.intercepts_} == {np.dtype(np.float32)}
    method = "predict_proba" if hasattr(ours, "predict_proba") else "predict"
    for rows in (X, X.astype(np.float64)):
        got, expected = getattr(ours, method)(rows), getattr(theirs, method)(rows)
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("momentum", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(problem, pair, fit_quietly, momentum, nesterov):
    X, y, _ = problem("multiclass")
    params = {"momentum": momentum, "nesterovs_momentum": nesterov, "learning_rate_init": 0.001, "max_iter": 10}
    theirs, ours = pair("multiclass", solver="sgd", random_state=0, batch_size=16, **params)
    compare(theirs, ours, X, y, None, fit_quietly=fit_quietly, times=1)
    compare_curves(theirs, ours)


def test_patience_without_end(problem, pair, fit_quietly):
    X, y, _ = problem("binary")
    theirs, ours = pair("binary", n_iter_no_change=np.inf, tol=10.0, max_iter=15, random_state=0)
    compare(theirs, ours, X, y, None, fit_quietly=fit_quietly, times=1)
    assert ours.n_iter_ == 15


@pytest.mark.parametrize("rate", [1e-6 * 5**4, 2e-5])
def test_the_adaptive_rate_ends_training_where_theirs_does(problem, pair, fit_quietly, rate):
    X, y, _ = problem("binary")
    params = {"learning_rate": "adaptive", "learning_rate_init": rate, "tol": 1.0, "n_iter_no_change": 1}
    theirs, ours = pair("binary", solver="sgd", max_iter=60, random_state=0, **params)
    compare(theirs, ours, X, y, None, fit_quietly=fit_quietly, times=1)
    assert 1 < ours.n_iter_ < 60
    assert ours.stop_reason_ == "early_stopping"
