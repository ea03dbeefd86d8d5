"""A fitted drop-in opens the steps of its own training, bit for bit."""

import pickle
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import shuffle

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import ModelFileError, ReplayError
from chainrule.glassbox.doctor import Level
from chainrule.network import LogLoss, SquaredError
from chainrule.storage import read_container, write_container
from chainrule.training import Callback

CLASSES = ("binary", "multiclass", "multilabel")
TASKS = (*CLASSES, "number", "numbers", "counts")
FORMATS = {
    "dense": lambda X: X,
    "csr": csr_matrix,
    "csc": csc_matrix,
    "columns": lambda X: pd.DataFrame(X).add_prefix("c"),
}
SOLVERS = (
    {"solver": "adam"},
    {"solver": "adam", "schedule": "cosine"},
    {"solver": "sgd", "momentum": 0.0},
    {"solver": "sgd", "nesterovs_momentum": False},
    {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1},
    {"solver": "momentum"},
    {"solver": "nesterov", "schedule": "one_cycle"},
    {"solver": "adamw"},
    {"solver": "rmsprop", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1},
    {"solver": "adagrad"},
    {"solver": "lbfgs"},
)
QUICK = {"hidden_layer_sizes": (6,), "batch_size": 16, "max_iter": 8, "random_state": 0}


class OwnLogLoss(LogLoss):
    """A loss of the user's own, which the native engine does not know."""


class OwnSquaredError(SquaredError):
    """A loss of the user's own, which the native engine does not know."""


class EveryState(Callback):
    """Keeps weights and vectors after every step that it is told of."""

    def __init__(self):
        self.states = {}

    def on_train_begin(self, run):
        self.on_steps_end(run)

    def on_steps_end(self, run):
        self.states[run.state.step] = [array.copy() for array in (run.state.weights, *run.state.vectors)]


@dataclass
class Case:
    """One combination of what a fit can be asked: how to make the estimator, and what to fit it to."""

    make: object
    X: object
    y: object
    weight: object
    options: dict
    warm: bool


def drawn_case(number, problem):
    """Return one of the combinations."""
    rng = np.random.default_rng(number)
    pick = lambda *values: values[rng.integers(len(values))]  # noqa: E731
    solver, task = SOLVERS[number % len(SOLVERS)], TASKS[number % len(TASKS)]
    is_lbfgs, (X, y, weight) = solver["solver"] == "lbfgs", problem(task, seed=number)
    params = QUICK | solver | {"activation": pick("relu", "tanh", "logistic", ["gelu", "elu"]), "n_threads": 1}
    params |= {"learning_rate_init": 0.02, "engine": pick("auto", "reference"), "warm_start": pick(False, False, True)}
    params |= {"hidden_layer_sizes": (6, 5), "batch_size": pick(7, 16, "auto"), "alpha": pick(0.0, 0.1)}
    if not is_lbfgs:
        params |= {"shuffle": pick(True, True, False), "early_stopping": pick(False, True), "dropout": pick(0.0, 0.2)}
        params |= {"max_grad_norm": pick(None, 0.5)}
    if task == "counts":
        params["loss"] = "poisson"
    elif task in ("binary", "number") and pick(False, True):
        params |= {"loss": OwnLogLoss() if task == "binary" else OwnSquaredError(), "engine": "reference"}
    X = FORMATS[pick(*FORMATS)](X.astype(pick(np.float32, np.float64)))
    options = {}
    if pick(False, False, True):
        options["eval_set"] = X[:20], y[:20]
        params["restore_best"] = not params.get("early_stopping", False)
    weight[::9] = 0.0
    cls = MLPClassifier if task in CLASSES else MLPRegressor
    stream = pick(None, int(rng.integers(2**31)))

    def make():
        state = {} if stream is None else {"random_state": np.random.RandomState(stream)}
        return cls(**params | state)

    return Case(make, X, y, pick(None, weight), options, params["warm_start"])


def fitted(case, fit_quietly, callbacks=None):
    """Return the estimator of a case, fitted; the one that is warm, twice."""
    model = case.make()
    for _ in range(2 if case.warm else 1):
        fit_quietly(model.fit, case.X, case.y, case.weight, callbacks=callbacks, **case.options)
    return model


def brought_back(model, way, path):
    """Return the model as it comes back from a pickle or a file."""
    if way == "pickle":
        return pickle.loads(pickle.dumps(model))
    model.save(path, include_record=way == "with keyframes")
    return chainrule.load(path)


@pytest.mark.parametrize("number", range(84))
def test_any_step_of_any_fit_is_repeated_bit_for_bit(number, problem, fit_quietly, tmp_path, monkeypatch):
    """Recorded with one thread, replayed with two, after a file or a pickle; the truth is what a callback saw."""
    case = drawn_case(number, problem)
    model = fitted(case, fit_quietly)
    has_own_loss = isinstance(model.get_params()["loss"], OwnLogLoss | OwnSquaredError)
    is_stream = not isinstance(model.random_state, int)
    way = ("pickle", "with keyframes", "without")[number % 3 if not (has_own_loss or is_stream) else 0]
    monkeypatch.setattr("chainrule.training.run.CHUNK_SECONDS", 0.0)
    seen = EveryState()
    assert np.array_equal(fitted(case, fit_quietly, [seen]).weights_, model.weights_)
    assert_same_states(model.run_, seen.states, model, number)
    back = brought_back(model, way, tmp_path / "m").set_params(n_threads=2)
    with pytest.raises(ReplayError, match=r"the training rows are not at hand.*model\.replay\(X, y\)"):
        _ = back.run_
    run = back.replay(case.X, case.y, case.weight)
    if case.warm and way != "with keyframes":
        with pytest.raises(ReplayError, match="began from given weights, and its keyframes were not kept"):
            run.step(0)
    else:
        assert_same_states(run, seen.states, back, number + 1)


def assert_same_states(run, states, model, seed):
    steps = {0, run.n_steps, run.kept_step, *np.random.default_rng(seed).integers(0, run.n_steps + 1, 4).tolist()}
    for step in sorted(steps, key=lambda step: step * 7919 % 101):  # in no order
        frame = run.state_before(step)
        for array, expected in zip((frame.weights, *frame.vectors), states[step], strict=True):
            np.testing.assert_array_equal(array, expected)
    assert np.array_equal(run.weights_before(run.kept_step), model.weights_)
    assert run.step(int(seed) % run.n_steps).rows.numbers.max() < 64


def test_a_step_is_scikit_learns_update(problem, fit_quietly):
    """Adam, step by step, in NumPy alone: rows, loss, penalty, backward pass and change."""
    X, y, weight = problem("number", n_rows=50)
    model = MLPRegressor(hidden_layer_sizes=(4,), activation="tanh", batch_size=20, max_iter=3, random_state=7)
    fit_quietly(model.fit, X, y, weight)
    stream = np.random.RandomState(7)
    n_in, n_hidden = X.shape[1], 4
    w, order = [], np.arange(50)
    for a, b in ((n_in, n_hidden), (n_hidden, 1)):
        bound = np.sqrt(6.0 / (a + b))
        w += [stream.uniform(-bound, bound, (a, b)), stream.uniform(-bound, bound, b)]
    m, v, t = [np.zeros_like(one) for one in w], [np.zeros_like(one) for one in w], 0
    for _ in range(3):
        order = shuffle(order, random_state=stream)
        for rows in (order[:20], order[20:40], order[40:]):
            step = model.run_.step(t)
            assert step.rows.numbers.tolist() == rows.tolist()
            share = (weight[rows] / weight[rows].sum())[:, np.newaxis]
            hidden = np.tanh(X[rows] @ w[0] + w[1])
            residual = hidden @ w[2] + w[3] - y[rows, np.newaxis]
            penalty = 1e-4 / weight[rows].sum()
            squares = (w[0] ** 2).sum() + (w[2] ** 2).sum()
            E = 0.5 * (share * residual**2).sum() + 0.5 * penalty * squares
            d_hidden = (share * residual) @ w[2].T * (1 - hidden**2)
            gradient = [
                X[rows].T @ d_hidden + penalty * w[0],
                d_hidden.sum(axis=0),
                hidden.T @ (share * residual) + penalty * w[2],
                (share * residual).sum(axis=0),
            ]
            t += 1
            rate = 1e-3 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            m = [0.9 * a + 0.1 * g for a, g in zip(m, gradient, strict=True)]
            v = [0.999 * a + 0.001 * g**2 for a, g in zip(v, gradient, strict=True)]
            change = [-rate * a / (np.sqrt(b) + 1e-8) for a, b in zip(m, v, strict=True)]
            np.testing.assert_allclose(step.weights, flat(w), rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(step.backward.gradient, flat(gradient), rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(step.descent.change, flat(change), rtol=1e-8, atol=1e-13)
            assert step.error.value == pytest.approx(E, rel=1e-10)
            w = [a + b for a, b in zip(w, change, strict=True)]
    assert t == model.run_.n_steps == 9
    np.testing.assert_allclose(model.weights_, flat(w), rtol=1e-10, atol=1e-12)


def flat(arrays):
    return np.concatenate([array.ravel() for array in arrays])


@settings(deadline=None, max_examples=25)
@given(walk=st.lists(st.integers(0, 40), min_size=1, max_size=12), seed=st.integers(0, 5))
def test_steps_open_in_any_order(walk, seed):
    model, states = walked(seed)
    run = model.replay(*ROWS)
    for step in walk:
        np.testing.assert_array_equal(run.weights_before(step), states[step])


ROWS = (np.random.default_rng(0).normal(size=(60, 5)), np.random.default_rng(1).integers(0, 3, 60))
_walked: dict = {}


def walked(seed):
    """Return a model of 40 steps without keyframes, and its weights at each."""
    if seed not in _walked:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = MLPClassifier((6,), batch_size=8, max_iter=5, random_state=seed, record=False).fit(*ROWS)
        run = model.replay(*ROWS)
        _walked[seed] = model, {step: run.weights_before(step) for step in range(run.n_steps + 1)}
    return _walked[seed]


def test_rows_columns_labels_and_targets_go_by_their_names(problem, fit_quietly):
    X, y, _ = problem("multiclass")
    frame = pd.DataFrame(X, columns=["area", "rooms", "age", "x", "y", "z"]).assign(rooms=np.arange(64))
    labels = pd.Series(np.array(["nil", "one", "two"])[y], name="kind")
    step = fit_quietly(MLPClassifier(**QUICK).fit, frame, labels).run_.step(5)
    numbers = step.rows.numbers
    assert list(step.rows.columns) == [*frame.columns, "kind"]
    assert step.rows.columns["rooms"] == frame["rooms"][numbers].tolist()
    assert isinstance(step.rows.columns["rooms"][0], int)
    assert step.rows.columns["kind"] == labels[numbers].tolist()
    assert step.error.outputs == ["nil", "one", "two"]
    assert str(step.weight("hidden 1", 2, "age")) == "hidden 1 · neuron 2 ← age"


def test_plain_rows_are_called_by_their_numbers(problem, fit_quietly):
    X, y, _ = problem("numbers")
    step = fit_quietly(MLPRegressor(**QUICK).fit, X.tolist(), y.tolist()).run_.step(3)
    assert list(step.rows.columns) == [*(f"x{j}" for j in range(6)), "target 1", "target 2", "target 3"]
    assert step.rows.columns["x4"] == X[step.rows.numbers, 4].tolist()
    assert step.rows.columns["target 2"] == y[step.rows.numbers, 1].tolist()
    assert step.error.outputs == ["target 1", "target 2", "target 3"]
    assert step.weight("hidden 1", 1, "x3").row == 3


@pytest.mark.parametrize("layout", [csr_matrix, csc_matrix])
def test_sparse_rows_and_sparse_labels_are_shown(problem, fit_quietly, layout):
    X, y, _ = problem("multilabel")
    step = fit_quietly(MLPClassifier(**QUICK).fit, layout(X), csr_matrix(y)).run_.step(2)
    rows = step.rows
    assert rows.columns["target 3"] == y[rows.numbers, 2].tolist()
    for name, values in rows.columns.items():
        if name.startswith("x"):
            assert values == X[rows.numbers, int(name[1:])].tolist()


def test_early_stoppings_rows_are_not_trained_on_and_the_doctor_has_them(problem, fit_quietly):
    X, y, _ = problem("binary")
    model = fit_quietly(MLPClassifier(**QUICK, early_stopping=True, validation_fraction=0.25).fit, X, y)
    trained_on = set(model.run_.rows.tolist())
    assert len(trained_on) == 48
    kept_back = model._recording.at_hand.validation
    expected = X[sorted(set(range(64)) - trained_on)]
    assert sorted(map(tuple, kept_back.numbers)) == sorted(map(tuple, expected))
    again = pickle.loads(pickle.dumps(model))
    case_validation = again._rows_again(X, y, None).validation
    np.testing.assert_array_equal(case_validation.numbers, kept_back.numbers)
    np.testing.assert_array_equal(case_validation.target, kept_back.target)


def test_one_class_has_a_name(fit_quietly):
    X = np.random.default_rng(0).normal(size=(30, 3))
    run = fit_quietly(MLPClassifier(**QUICK).fit, X, np.full(30, "all")).run_
    assert run.step(1).error.outputs == ["all"]


def test_partial_fit_keeps_no_record_and_says_what_to_do(problem, fit_quietly, tmp_path):
    X, y, _ = problem("binary")
    model = fit_quietly(MLPClassifier(**QUICK).fit, X, y)
    assert model.run_.n_steps == 32
    model.partial_fit(X, y)
    for ask in (lambda: model.run_, lambda: model.replay(X, y), model.diagnose, model.plot_gradient_flow):
        with pytest.raises(ReplayError, match=r"partial_fit keeps no record of its steps.*Call fit.*warm_start=True"):
            ask()
    assert not hasattr(model, "run_")
    assert pickle.loads(pickle.dumps(model)).predict(X).tolist() == model.predict(X).tolist()
    model.save(tmp_path / "m", include_record=True)
    with pytest.raises(ReplayError, match="partial_fit keeps no record of its steps"):
        chainrule.load(tmp_path / "m").replay(X, y)
    header, arrays = read_container(tmp_path / "m", kind="model")
    for absence in (1, "\x1b[2J"):
        header["recording"]["absence"] = absence
        write_container(tmp_path / "m", header, arrays, kind="model")
        with pytest.raises(ModelFileError, match="absence of the recording is not a text"):
            chainrule.load(tmp_path / "m")
    assert fit_quietly(model.set_params(warm_start=True).fit, X, y).run_.n_steps == 32


def test_models_of_scikit_learn_have_no_record(problem, pair, fit_quietly):
    X, y, _ = problem("binary")
    theirs, _ = pair("binary", **QUICK)
    model = MLPClassifier.from_sklearn(fit_quietly(theirs.fit, X, y))
    with pytest.raises(ReplayError, match=r"scikit-learn's networks keep no record.*Fit the model here"):
        _ = model.run_


def test_a_clone_and_a_fresh_model_have_no_run(problem, fit_quietly):
    X, y, _ = problem("binary")
    model = fit_quietly(MLPClassifier(**QUICK).fit, X, y)
    for fresh in (clone(model), MLPClassifier()):
        with pytest.raises(NotFittedError):
            _ = fresh.run_
        with pytest.raises(NotFittedError):
            fresh.diagnose()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda X, y: (X + 1e-9, y), "another fingerprint"),
        (lambda X, y: (X, 1 - y), "another fingerprint"),
        (lambda X, y: (X[::-1], y[::-1]), "another fingerprint"),
        (lambda X, y: (X[:-1], y[:-1]), "it has 63 rows, and there were 64"),
    ],
)
@pytest.mark.parametrize("early", [False, True])
def test_another_table_is_refused(problem, fit_quietly, change, match, early):
    X, y, weight = problem("binary")
    model = fit_quietly(MLPClassifier(**QUICK, early_stopping=early).fit, X, y)
    with pytest.raises(ReplayError, match=f"this table is not the one.*{match}"):
        model.replay(*change(X, y))
    with pytest.raises(ReplayError, match="another fingerprint"):
        model.replay(X, y, weight)
    assert model.replay(X, y).step(3).index == 3


def test_a_table_that_cannot_be_split_as_it_was_is_refused(problem, fit_quietly):
    X, y, _ = problem("binary")
    model = fit_quietly(MLPClassifier(**QUICK, early_stopping=True).fit, X, y)
    other = np.zeros_like(y)
    other[3] = 1
    with pytest.raises(ReplayError, match=r"this table is not the one of fit: it cannot be split as that was \("):
        model.replay(X, other)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_table_changed_after_fit_is_noticed(problem, fit_quietly, when):
    X, y, _ = problem("number")
    model = fit_quietly(MLPRegressor(**QUICK).fit, X, y)
    expected = fit_quietly(MLPRegressor(**QUICK).fit, X.copy(), y).run_.step(20).weights
    if when == "after":
        assert np.array_equal(model.run_.step(2).index, 2)
    X *= 2
    if when == "before":
        with pytest.raises(ReplayError, match=r"the table was changed after fit.*model\.replay\(X, y\)"):
            _ = model.run_
        X /= 2
        assert np.array_equal(model.run_.step(20).weights, expected)
    else:
        step = model.run_.step(20)
        assert np.array_equal(step.weights, expected)
        with pytest.raises(ReplayError, match="the table was changed after fit"):
            _ = step.rows


def test_a_pickle_made_after_the_table_was_changed_still_knows_the_right_one(problem, fit_quietly):
    X, y, _ = problem("number")
    given = X.copy()
    model = fit_quietly(MLPRegressor(**QUICK).fit, given, y)
    given *= 2
    back = pickle.loads(pickle.dumps(model))
    with pytest.raises(ReplayError, match="this table is not the one"):
        back.replay(given, y)
    assert back.replay(X, y).step(7).index == 7


def test_rows_are_neither_copied_nor_pickled(fit_quietly):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 20)), rng.normal(size=3000)
    model = fit_quietly(MLPRegressor(**QUICK | {"batch_size": 500, "max_iter": 2}).fit, X, y)
    assert model._recording.at_hand.source.numbers is X
    assert np.shares_memory(model._recording.at_hand.source.target, y)
    without = fit_quietly(MLPRegressor(**QUICK | {"batch_size": 500, "max_iter": 2}, record=False).fit, X, y)
    sizes = [len(pickle.dumps(one)) for one in (model, without)]
    assert sizes[0] <= sizes[1] + 500 < X.nbytes / 20
    assert model.run_.step(4).index == 4
    assert len(pickle.dumps(model)) == sizes[0]


@pytest.mark.parametrize("record", ["full", "auto", False])
def test_what_record_keeps(problem, fit_quietly, record):
    X, y, _ = problem("number")
    model = fit_quietly(MLPRegressor(**QUICK | {"max_iter": 40}, record=record).fit, X, y)
    assert (len(model._recording.run.keyframes) > 0) == (record is not False)
    if record is False:
        with pytest.raises(ReplayError, match="not kept with record=False"):
            _ = model.run_
    run = model.replay(X, y)
    assert np.array_equal(run.weights_before(run.n_steps), model.weights_)


def test_large_tables_are_not_kept(problem, fit_quietly, monkeypatch):
    X, y, _ = problem("number")
    kept = []
    for budget in (X.nbytes + y.nbytes - 1, X.nbytes + y.nbytes, 10**6):
        monkeypatch.setattr("chainrule.estimators.recording.BUDGET", budget)
        monkeypatch.setattr("chainrule.estimators.perceptron.base.MARKS_BUDGET", 0)
        model = fit_quietly(MLPRegressor(**QUICK).fit, X, y, eval_set=(X, y))
        at_hand = model._recording.at_hand
        kept.append((at_hand is not None, at_hand is not None and at_hand.validation is not None))
        assert model.replay(X, y).step(2).index == 2
    assert kept == [(False, False), (True, False), (True, True)]


def test_keyframes_in_a_folder(problem, fit_quietly, tmp_path):
    X, y, _ = problem("number")
    model = fit_quietly(MLPRegressor(**QUICK, record=tmp_path / "k").fit, X, y)
    files = {path.name for path in (tmp_path / "k" / "run-1").iterdir()}
    assert files == {f"keyframe-{step}.chainrule" for step in model.run_.record.keyframes.steps}
    in_memory = fit_quietly(MLPRegressor(**QUICK).fit, X, y)
    assert np.array_equal(model.run_.step(9).descent.after, in_memory.run_.step(9).descent.after)
    model.save(tmp_path / "m")
    assert chainrule.load(tmp_path / "m").record == "auto"


def test_the_rule_of_the_parameter(problem):
    X, y, _ = problem("number")
    for wrong in ("fulll", True, None):
        with pytest.raises(ValueError, match="The 'record' parameter of MLPRegressor must be"):
            MLPRegressor(record=wrong).fit(X, y)


def test_parameters_changed_after_fit_do_not_change_the_run(problem, fit_quietly):
    X, y, _ = problem("binary")
    model = fit_quietly(MLPClassifier(**QUICK, early_stopping=True, dropout=0.1).fit, X, y)
    before = model.run_.step(4).weights
    model.set_params(max_iter=3, learning_rate_init=1.0, batch_size=7, solver="sgd", early_stopping=False, dropout=0.0)
    model.set_params(shuffle=False, random_state=5, validation_fraction=0.4)
    assert np.array_equal(model.run_.step(4).weights, before)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).replay(X, y).step(4).weights, before)


def test_a_warm_start_begins_where_it_began(problem, fit_quietly):
    X, y, _ = problem("number")
    model = fit_quietly(MLPRegressor(**QUICK, warm_start=True).fit, X, y)
    begun = model.weights_.copy()
    fit_quietly(model.fit, X, y)
    assert np.array_equal(model.run_.step(0).weights, begun)
    model.coefs_[0][:] = 0.5
    begun = model.weights_.copy()
    assert np.array_equal(fit_quietly(model.fit, X, y).run_.step(0).weights, begun)


def test_a_fit_that_diverged_and_ended_with_its_best_weights_opens(fit_quietly):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 4)), rng.normal(size=100)
    params = QUICK | {"batch_size": 45, "solver": "sgd", "momentum": 0.0, "activation": "identity", "max_iter": 40}
    model = fit_quietly(MLPRegressor(**params, learning_rate_init=1.0, early_stopping=True).fit, X, y)
    assert model.stop_reason_ == "diverged"
    run = model.run_
    best = int(np.nanargmax(model.validation_scores_)) + 1
    assert run.kept_step == 2 * best < run.n_steps
    assert np.array_equal(run.weights_before(run.kept_step), model.weights_)
    last = run.step(-1)
    assert np.isfinite(last.weights).all()
    assert np.abs(last.descent.after).max() > 1e50
    assert model.diagnose()[0].rule == "learning_rate_too_large"
    assert pickle.loads(pickle.dumps(model)).replay(X, y).step(-1).index == last.index


def test_callbacks_after_training_see_the_weights_that_restore_best_keeps(problem, fit_quietly):
    X, y, _ = problem("number")
    seen = []

    class AtTheEnd(Callback):
        def on_train_end(self, run):
            seen.append(run.state.weights.copy())

    model = MLPRegressor(**QUICK | {"learning_rate_init": 0.3}, restore_best=True)
    fit_quietly(model.fit, X, y, eval_set=(X[:9], y[:9] + 1), callbacks=[AtTheEnd()])
    best = int(np.argmin(model.validation_curve_))
    assert best < 7, "the last epoch must not be the best, or the test tells nothing"
    assert model.run_.kept_step == 4 * (best + 1)
    np.testing.assert_array_equal(seen[0], model.weights_)
    np.testing.assert_array_equal(model.run_.weights_before(model.run_.kept_step), model.weights_)


def test_the_doctor_names_a_planted_fault_and_leaves_a_healthy_fit_alone(fit_quietly):
    from sklearn.datasets import load_iris
    from sklearn.preprocessing import StandardScaler

    X, y = load_iris(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    settings_ = {"hidden_layer_sizes": (20,), "random_state": 0, "batch_size": 30}
    broken = fit_quietly(MLPClassifier(**settings_, learning_rate_init=10, max_iter=60).fit, X, y).diagnose()
    assert broken[0].rule == "learning_rate_too_large"
    assert broken[0].open().index >= 0
    healthy = fit_quietly(MLPClassifier(**settings_, learning_rate_init=0.01, max_iter=60, tol=1e-3).fit, X, y)
    assert healthy.diagnose().level in (None, Level.NOTICE), str(healthy.diagnose())
    again = pickle.loads(pickle.dumps(healthy)).diagnose(X, y)
    assert [finding.rule for finding in again] == [finding.rule for finding in healthy.diagnose()]


def test_cures_are_tried_on_the_rows_and_batches_of_the_changed_training(problem, fit_quietly):
    X, y, weight = problem("number")
    model = fit_quietly(MLPRegressor(**QUICK | {"learning_rate_init": 3.0, "max_iter": 30}).fit, X, y, weight)
    cured = [finding.try_cure(seconds=5) for finding in model.diagnose() if finding.cure.change is not None]
    assert cured
    assert all(len(trial.cured) for trial in cured)


ORIGIN, ORDER = "record.origin", "record.order"


@pytest.mark.parametrize(
    "change",
    [
        lambda recording, _: recording["origin"].update(n_rows="many"),
        lambda recording, _: recording["origin"].update(dtype="int8"),
        lambda recording, _: recording["run"]["recipe"]["schedule"]["schedule"].pop("kind"),
        lambda _, arrays: arrays.update({ORIGIN: np.zeros(624, np.int64)}),
        lambda _, arrays: arrays.update({ORIGIN: np.zeros(625)}),
        lambda _, arrays: arrays.update({ORDER: np.full(625, 625)}),
        lambda _, arrays: arrays.update({ORDER: np.full(625, -1)}),
        lambda _, arrays: arrays.pop(ORIGIN),
    ],
)
def test_a_recording_that_is_none_is_refused(problem, fit_quietly, tmp_path, change):
    X, y, _ = problem("number")
    fit_quietly(MLPRegressor(**QUICK).fit, X, y).save(tmp_path / "m")
    header, arrays = read_container(tmp_path / "m", kind="model")
    change(header["recording"], arrays)
    write_container(tmp_path / "m", header, arrays, kind="model")
    with pytest.raises(ModelFileError, match="its description is wrong"):
        chainrule.load(tmp_path / "m")


def test_files_from_before_records_have_none(problem, fit_quietly, tmp_path):
    X, y, _ = problem("number")
    fit_quietly(MLPRegressor(**QUICK).fit, X, y).save(tmp_path / "m")
    header, arrays = read_container(tmp_path / "m", kind="model")
    for name in ("recording", "target_name"):
        header.pop(name)
    header["params"].pop("record")
    write_container(tmp_path / "m", header, arrays, kind="model")
    with pytest.raises(ReplayError, match="holds no record of its training: its file is older"):
        chainrule.load(tmp_path / "m").replay(X, y)


@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_the_error_of_a_fit_that_is_given_up_has_the_training(problem, fit_quietly, solver):
    X, y, _ = problem("number")
    params = QUICK | {"solver": solver, "activation": "identity", "max_iter": 40}
    model = fit_quietly(MLPRegressor(**params).fit, X, y)
    before = dict(vars(model))
    y = y.copy()
    if solver == "sgd":
        model.set_params(learning_rate_init=5.0)
    else:
        y[3] = 1e300
    match = "Solver produced non-finite parameter weights"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=match) as caught:
        fit_quietly(model.fit, X, y)
    model.set_params(learning_rate_init=before["learning_rate_init"])
    assert vars(model) == before
    failed = caught.value.model
    assert failed.stop_reason_ == "diverged"
    assert np.isfinite(failed.run_.weights_before(failed.run_.n_steps)).all()
    if solver == "sgd":
        assert failed.run_.n_steps > 0
        assert np.isfinite(failed.run_.step(-1).weights).all()
        assert failed.diagnose()[0].rule == "learning_rate_too_large"
        assert pickle.loads(pickle.dumps(failed)).replay(X, y).step(0).index == 0


def test_a_replay_goes_by_the_network_that_was_fitted(binary, fit_quietly):
    model = MLPClassifier((8,), activation="logistic", max_iter=5, random_state=0, record=False)
    fit_quietly(model.fit, *binary)
    expected = model.replay(*binary).step(3).error.value
    model.set_params(activation="relu", hidden_layer_sizes=(3,), loss="cross_entropy", random_state=5)
    assert model.replay(*binary).step(3).error.value == expected
