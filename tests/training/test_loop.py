import _thread
import re
import threading
import time
from itertools import pairwise

import numpy as np
import pytest

from chainrule.engine import ENGINES, Settings, Source
from chainrule.engine.reference import ReferenceSession
from chainrule.errors import DivergedError, DivergenceWarning, ModelFileError, ParameterError, ShapeError
from chainrule.network import multilayer_perceptron
from chainrule.training import (
    LBFGS,
    SGD,
    Adam,
    Callback,
    Cosine,
    Momentum,
    Recipe,
    ReduceOnPlateau,
    StepDecay,
    Stopping,
    TrainingState,
    Validation,
    as_callbacks,
    train,
)

SETTINGS = Settings(batch_size=16, seed=7)


def recipe(**changes):
    return Recipe(**{"optimizer": Adam(), "learning_rate": 0.01, "epochs": 8, "settings": SETTINGS} | changes)


def test_training_descends_and_keeps_a_history_of_plain_rows(network, rows):
    training, validation = rows
    state = train(network, training, recipe(epochs=30), validation=Validation(validation))
    history = state.history
    assert len(history) == state.epoch == 30
    assert state.step == 30 * 4  # 60 rows, 16 at a time
    assert state.stop_reason == "max_iter"
    assert history[-1]["train_error"] < 0.5 * history[0]["train_error"]
    assert history[-1]["validation_error"] < history[0]["validation_error"]
    assert list(history[0]) == [
        "epoch",
        "step",
        "train_error",
        "validation_error",
        "learning_rate",
        "gradient_norm",
        "seconds",
    ]
    assert all(type(value) in (int, float) for row in history for value in row.values())
    assert [row["epoch"] for row in history] == list(range(1, 31))
    assert all(a["seconds"] <= b["seconds"] for a, b in pairwise(history))


def test_same_arguments_same_bits_and_another_seed_other_bits(network, rows):
    weights = network.initialise(seed=0)
    first, again = (train(network, rows[0], recipe(), weights=weights).weights for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = train(network, rows[0], recipe(settings=Settings(batch_size=16, seed=8)), weights=weights).weights
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(weights, network.initialise(seed=0))  # what was given is not changed


def test_the_first_train_error_is_the_mean_of_the_minibatches(rows):
    network = multilayer_perceptron(4, (8,), 1, activation="tanh", loss="squared_error")
    weight = np.random.default_rng(1).uniform(0.1, 3.0, 60)
    source = Source(rows[0].numbers, rows[0].target, weight)
    weights = network.initialise(seed=0)
    state = train(network, source, recipe(epochs=1, learning_rate=1e-300), weights=weights)
    expected = network.error(weights, source.numbers, source.target, weight)
    assert state.history[0]["train_error"] == pytest.approx(expected, rel=1e-12)


def test_the_best_weights_are_restored(network, rows):
    training, validation = rows
    seen = []
    state = train(
        network,
        training,
        recipe(epochs=40, learning_rate=0.3, stopping=Stopping(monitor="validation_error", patience=6)),
        validation=Validation(validation),
        callbacks=lambda run: seen.append(run.state.weights.copy()),
    )
    errors = [row["validation_error"] for row in state.history]
    best = int(np.argmin(errors))
    assert state.best_epoch == best + 1 < len(errors)
    np.testing.assert_array_equal(state.weights, seen[best])
    assert network.error(state.weights, validation.numbers, validation.target) == pytest.approx(errors[best])


def test_patience_counts_epochs_without_enough_improvement(network, rows):
    stopping = Stopping(monitor="validation_error", patience=3, tol=10.0)
    state = train(network, rows[0], recipe(stopping=stopping), validation=Validation(rows[1]))
    assert state.stop_reason == "early_stopping"
    assert state.epoch == 4  # the first epoch counts as improvement, then three that do not


def test_a_metric_of_the_users_choice_decides(network, rows):
    scores = iter([1.0, 3.0, 2.0, 3.0, None, 0.0, 0.0, 0.0])
    stopping = Stopping(monitor="mine", greater_is_better=True, patience=4)
    validation = Validation(rows[1], lambda _: {"mine": next(scores)})
    state = train(network, rows[0], recipe(stopping=stopping), validation=validation)
    assert (state.best_epoch, state.best_score, state.epoch) == (2, 3.0, 6)
    assert [row["mine"] for row in state.history] == [1.0, 3.0, 2.0, 3.0, None, 0.0]


def test_monitoring_what_is_not_measured_is_an_error(network, rows):
    with pytest.raises(
        ParameterError, match=r"Cannot monitor 'validation_error': this training measures \['train_error'"
    ):
        train(network, rows[0], recipe(stopping=Stopping(monitor="validation_error")))
    with pytest.raises(ParameterError, match="Cannot monitor 'accuracy'"):
        train(network, rows[0], recipe(stopping=Stopping(monitor="accuracy")), validation=Validation(rows[1]))


def test_validation_rows_have_weights(network, rows):
    source = rows[1]
    weight = np.linspace(0.0, 2.0, 20)
    state = train(
        network,
        rows[0],
        recipe(epochs=1),
        validation=Validation(Source(source.numbers, source.target, weight)),
    )
    expected = network.error(state.weights, source.numbers, source.target, weight)
    assert state.history[0]["validation_error"] == pytest.approx(expected, rel=1e-12)


def test_plateau_lowers_the_learning_rate(network, rows):
    stopping = Stopping(monitor="mine")
    validation = Validation(rows[1], lambda _: {"mine": 1.0})
    schedule = ReduceOnPlateau(factor=0.5, patience=2, floor=0.2)
    state = train(network, rows[0], recipe(stopping=stopping, schedule=schedule), validation=validation)
    rates = [row["learning_rate"] for row in state.history]
    assert rates == pytest.approx([0.01, 0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025, 0.002], rel=1e-12)


def test_time_limit(network, rows):
    started = time.perf_counter()
    state = train(network, rows[0], recipe(epochs=10**6, time_limit=0.3))
    assert state.stop_reason == "time_limit"
    assert 0.3 <= time.perf_counter() - started < 5
    assert state.epoch >= 1


@pytest.mark.parametrize(
    ("seconds", "lengths"),
    [(1.0, [1, 1, 1, 1]), (0.03, [1, 3, 3, 3]), (0.003, [1, 8, 8, 8]), (0.0003, [1, 26, 26, 26])],
    ids=["1 s", "30 ms", "3 ms", "0.3 ms"],
)
def test_short_steps_are_taken_in_chunks_and_long_ones_a_few_at_a_time(seconds, lengths, scripted_session, monkeypatch):
    now = 0.0

    def script(step, rate):
        nonlocal now
        now += seconds
        return 1.0

    session = scripted_session(script)
    monkeypatch.setattr("chainrule.training.run.open_session", session.open)
    monkeypatch.setattr("chainrule.training.run.perf_counter", lambda: now)
    rows = Source(np.zeros((200, 1)), np.zeros((200, 1)))
    train(multilayer_perceptron(1, (), 1, loss="squared_error"), rows, Recipe(epochs=1, settings=Settings(1)))
    assert session.lengths[:4] == lengths


def test_ctrl_c_ends_cleanly_with_the_best_weights(network, rows):
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    stopping = Stopping(monitor="validation_error")
    state = train(network, rows[0], recipe(epochs=10**6, stopping=stopping), validation=Validation(rows[1]))
    assert state.stop_reason == "interrupted"
    best = min(row["validation_error"] for row in state.history)
    assert network.error(state.weights, rows[1].numbers, rows[1].target) == pytest.approx(best)


def test_a_second_ctrl_c_interrupts_at_once(network, rows):
    class Stuck(Callback):
        def on_steps_end(self, run):
            _thread.interrupt_main()
            time.sleep(0.01)
            _thread.interrupt_main()
            time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt):
        train(network, rows[0], recipe(), callbacks=[Stuck()])


def test_training_works_in_another_thread(network, rows):
    result = []
    thread = threading.Thread(target=lambda: result.append(train(network, rows[0], recipe())))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(result[0].weights, train(network, rows[0], recipe()).weights)


@pytest.mark.parametrize("reason", ["", 5, None])
def test_a_reason_to_stop_is_a_word(network, rows, reason):
    with pytest.raises(ParameterError, match="the reason to stop must be a str that is not empty"):
        train(network, rows[0], recipe(), callbacks=lambda run: run.stop(reason))


def test_stopping_before_the_first_step_still_takes_some(network, rows):
    class Never(Callback):
        def on_train_begin(self, run):
            run.stop("never")

    state = train(network, rows[0], recipe(), callbacks=[Never()])
    assert (state.stop_reason, state.epoch, state.step) == ("never", 1, 1)


def test_the_history_tells_the_learning_rate_of_its_own_steps(network, rows):
    state = train(network, rows[0], recipe(epochs=3, schedule=StepDecay(epochs=1, factor=0.1)))
    assert [row["learning_rate"] for row in state.history] == pytest.approx([1e-2, 1e-3, 1e-4])


def test_a_state_of_another_optimizer_is_refused(network, rows):
    state = train(network, rows[0], recipe(optimizer=Momentum(), epochs=1))
    state.stop_reason = None
    with pytest.raises(ShapeError, match=r"adam needs 2 state vectors of shape \(49,\), got \[\(49,\)\]"):
        train(network, rows[0], recipe(), state=state)


def test_callbacks_are_told_every_event_in_order(network, rows):
    told = []

    class Listener(Callback):
        def on_train_begin(self, run):
            told.append("begin")

        def on_steps_end(self, run):
            told.append("steps")

        def on_epoch_end(self, run):
            told.append("epoch")
            if run.state.epoch == 2:
                run.stop("enough")

        def on_train_end(self, run):
            told.append("end")

    state = train(network, rows[0], recipe(), callbacks=[Listener(), lambda _: told.append("function")])
    assert state.stop_reason == "enough"
    without_repeats = [event for event, before in zip(told, ["", *told], strict=False) if event != before]
    assert without_repeats == ["begin", *["steps", "epoch", "function"] * 2, "end"]


def test_a_callback_may_stop_within_an_epoch(network, rows):
    stopped = []

    class Stop(Callback):
        def on_steps_end(self, run):
            run.stop()

        def on_stop(self, run):
            stopped.append(run.state.epoch_steps.shape[1])

    state = train(network, rows[0], recipe(), callbacks=[Stop()])
    assert state.stop_reason == "callback"
    assert stopped == [1]
    assert (state.epoch, state.step) == (1, 1)


@pytest.mark.parametrize("wrong", [3, "print", [None], Callback])
def test_callbacks_of_another_kind_are_refused(wrong):
    with pytest.raises(ParameterError, match=r"callbacks must be chainrule.training.Callback objects or functions"):
        as_callbacks(wrong)


# --- diverging runs


def test_a_diverging_run_goes_back_with_half_the_learning_rate(rows):
    linear = multilayer_perceptron(4, (), 1, loss="squared_error")
    settings = Settings(batch_size=60)
    diverging = Recipe(optimizer=SGD(), learning_rate=3.0, epochs=3000, settings=settings, max_recoveries=3)
    with pytest.warns(DivergenceWarning) as said:
        state = train(linear, rows[0], diverging)
    assert re.search(r"not finite at step \d+ .*learning rate 3 → 1.5 \(try 1 of 3\)", str(said[0].message))
    assert 1 <= state.recoveries <= 3
    assert np.isfinite(state.weights).all()
    assert state.history[-1]["learning_rate"] == 3.0 / 2**state.recoveries


@pytest.mark.filterwarnings("ignore::chainrule.errors.DivergenceWarning")
@pytest.mark.parametrize("tries", [0, 3])
def test_a_hopeless_run_is_an_error_with_advice(network, rows, tries):
    source = Source(rows[0].numbers, rows[0].target * 1e200)
    with pytest.raises(
        DivergedError, match=r"not finite at step 1 \(epoch 1\).*learning rate was .*max_grad_norm"
    ) as info:
        train(network, source, recipe(max_recoveries=tries))
    assert ("after 3 halvings" in str(info.value)) == (tries == 3)


def test_a_validation_error_that_is_not_finite_counts_as_diverging(network, rows):
    broken = Source(rows[1].numbers, np.full((20, 1), 1e200))
    with pytest.raises(DivergedError, match="not finite at step 4"):
        train(network, rows[0], recipe(), validation=Validation(broken))
    with pytest.raises(DivergedError, match="validation error is not finite"):
        train(network, rows[0], Recipe(optimizer=LBFGS(), epochs=3), validation=Validation(broken))


# --- going on from a state


@pytest.mark.parametrize("stop_at", [1, 2, 5, 9, 14])
@pytest.mark.parametrize("optimizer", [Adam(), Momentum()], ids=["adam", "momentum"])
def test_a_stopped_run_goes_on_to_the_same_bits(network, rows, optimizer, stop_at):
    """The state goes through its parts, as through a file, in the middle of an epoch too (4 steps an epoch)."""
    asked = recipe(
        optimizer=optimizer,
        schedule=Cosine(),
        stopping=Stopping(monitor="validation_error", patience=5),
        max_recoveries=1,
    )
    validation = Validation(rows[1])
    whole = train(network, rows[0], asked, validation=validation)
    parts = []

    class Kill(Callback):
        def on_steps_end(self, run):
            if run.state.step >= stop_at:
                values, arrays = run.state.to_parts()
                parts.append((values, {k: v.copy() for k, v in arrays.items()}))
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(network, rows[0], asked, validation=validation, callbacks=[Kill()])
    resumed = train(network, rows[0], asked, validation=validation, state=TrainingState.from_parts(*parts[0]))
    np.testing.assert_array_equal(resumed.weights, whole.weights)
    drop_seconds = [{k: v for k, v in row.items() if k != "seconds"} for row in whole.history]
    assert [{k: v for k, v in row.items() if k != "seconds"} for row in resumed.history] == drop_seconds
    assert resumed.best_epoch == whole.best_epoch


def test_a_finished_run_stays_finished(network, rows):
    state = train(network, rows[0], recipe())
    kept = state.weights.copy()
    assert train(network, rows[0], recipe(), state=state) is state
    np.testing.assert_array_equal(state.weights, kept)


def test_parts_that_are_not_a_state_are_refused():
    with pytest.raises(ModelFileError, match="not a training state"):
        TrainingState.from_parts({}, {})
    values, arrays = TrainingState(np.zeros(3)).to_parts()
    with pytest.raises(ModelFileError, match="not a training state"):
        TrainingState.from_parts(values | {"unknown": 1}, arrays)


# --- what is refused


def test_settings_out_of_range_are_named(network, rows):
    with pytest.raises(ParameterError, match="learning_rate must be positive and finite, got 0"):
        recipe(learning_rate=0)
    with pytest.raises(ParameterError, match="epochs must be at least 1, got 0"):
        recipe(epochs=0)
    with pytest.raises(ParameterError, match="schedule has no effect with lbfgs"):
        Recipe(optimizer=LBFGS(), schedule=Cosine())
    with pytest.raises(ParameterError, match="max_gradient_norm has no effect with lbfgs"):
        Recipe(optimizer=LBFGS(), settings=Settings(batch_size=1, max_gradient_norm=1.0))
    with pytest.raises(ShapeError, match=r"weights must have shape \(49,\), one for each parameter, got \(3,\)"):
        train(network, rows[0], recipe(), weights=np.zeros(3))
    with pytest.raises(ParameterError, match=r"engine must be one of .*, got 'natve'"):
        train(network, rows[0], recipe(), engine="natve")
    assert "reference" in ENGINES


# --- lbfgs


def test_lbfgs_converges_and_says_so(rows):
    linear = multilayer_perceptron(4, (), 1, loss="squared_error")
    state = train(linear, rows[0], Recipe(optimizer=LBFGS(), epochs=200), validation=Validation(rows[1]))
    assert state.stop_reason == "converged"
    X = np.hstack([rows[0].numbers, np.ones((60, 1))])
    expected = np.linalg.lstsq(X, rows[0].target, rcond=None)[0]
    np.testing.assert_allclose(state.weights, expected.ravel(), atol=1e-4)
    assert state.history[-1]["learning_rate"] is None


def test_lbfgs_at_a_minimum_has_a_history_too(rows):
    linear = multilayer_perceptron(4, (), 1, loss="squared_error")
    source = Source(rows[0].numbers, np.zeros((60, 1)))
    state = train(linear, source, Recipe(optimizer=LBFGS()), weights=np.zeros(5))
    assert (state.stop_reason, state.epoch, state.step) == ("converged", 1, 0)
    assert state.history[0]["train_error"] == 0.0


def test_lbfgs_stops_by_rule_and_restores_the_best(network, rows):
    scores = iter([1.0, 2.0, 0.5, 0.4, 0.3, 0.2])
    stopping = Stopping(monitor="mine", greater_is_better=True, patience=3)
    seen = []
    state = train(
        network,
        rows[0],
        Recipe(optimizer=LBFGS(), epochs=50, stopping=stopping),
        validation=Validation(rows[1], lambda _: {"mine": next(scores)}),
        callbacks=lambda run: seen.append(run.state.weights.copy()),
    )
    assert (state.stop_reason, state.epoch, state.best_epoch) == ("early_stopping", 5, 2)
    np.testing.assert_array_equal(state.weights, seen[1])


@pytest.mark.parametrize("after", [1, 7])
def test_ctrl_c_within_an_iteration_of_lbfgs(rows, after, monkeypatch):
    """Before E was evaluated once there is nothing to keep; then the last iteration's weights are."""
    linear = multilayer_perceptron(4, (), 1, loss="squared_error")
    calls = []
    accumulate = ReferenceSession.accumulate

    def interrupting(self, *args, **options):
        calls.append(1)
        if len(calls) == after:
            _thread.interrupt_main()
        return accumulate(self, *args, **options)

    monkeypatch.setattr(ReferenceSession, "accumulate", interrupting)
    if after == 1:
        with pytest.raises(KeyboardInterrupt):
            train(linear, rows[0], Recipe(optimizer=LBFGS(tol=0.0)), engine="reference")
    else:
        seen = []
        state = train(
            linear,
            rows[0],
            Recipe(optimizer=LBFGS(tol=0.0)),
            callbacks=lambda run: seen.append(run.state.weights.copy()),
            engine="reference",
        )
        assert state.stop_reason == "interrupted"
        np.testing.assert_array_equal(state.weights, seen[-1])


def test_lbfgs_says_why_scipy_ended(network, rows):
    state = train(network, rows[0], Recipe(optimizer=LBFGS(max_evaluations=3)))
    assert state.stop_reason == "max_evaluations"


def test_lbfgs_says_when_the_start_is_not_finite(network, rows):
    with pytest.raises(DivergedError, match="not finite for lbfgs"):
        train(network, Source(rows[0].numbers, rows[0].target * 1e200), Recipe(optimizer=LBFGS()))
