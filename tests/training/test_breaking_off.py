"""Training that is broken off in the middle of a call of the engine, with no step of it completed or with some."""

import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from chainrule.engine import Settings
from chainrule.engine.reference import ReferenceSession
from chainrule.errors import DivergenceWarning
from chainrule.training import Callback, Recipe, Stopping, TrainingState, Validation, train

RECIPE = Recipe(epochs=6, settings=Settings(batch_size=16))  # 4 steps an epoch of 60 rows


class Impatient:
    """A session that asks whether it is interrupted before every step, as a fast engine asks inside of a long one."""

    def __init__(self, before_step):
        self.before_step = before_step

    def open(self, network, source, optimizer, settings, *, weights, vectors, engine):
        self.reference = ReferenceSession(network, source, optimizer, settings, weights=weights, vectors=vectors)
        self.logits = self.reference.logits
        return self

    def run(self, first_step, plan, interrupted=None):
        reports = []
        for i in range(len(plan)):
            self.before_step(first_step + i)
            if interrupted is not None and interrupted():
                break
            reports.append(self.reference.run(first_step + i, plan.part(i, i + 1)))
        columns = [np.concatenate(column) for column in zip(*reports, strict=True)] or np.empty((3, 0))
        return type(self.reference.run(0, plan.part(0, 0)))(*columns)

    def close(self):
        pass


class Listen(Callback):
    """Notes events, and keeps the state of ``on_stop`` as a file would."""

    def __init__(self):
        self.events, self.parts = [], None

    def on_epoch_end(self, run):
        self.events.append(run.state.epoch)

    def on_stop(self, run):
        self.events.append("stop")
        values, arrays = run.state.to_parts()
        self.parts = values, {name: array.copy() for name, array in arrays.items()}

    def on_train_end(self, run):
        self.events.append("end")


def trained(network, rows, before_step, recipe=RECIPE, **options):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainrule.training.run.open_session", Impatient(before_step).open)
        return train(network, rows, recipe, **options)


def press_at(step):
    """Return a function that presses Ctrl-C before a step, once."""
    pressed = []

    def before_step(now):
        if now == step and not pressed:
            pressed.append(signal.raise_signal(signal.SIGINT))

    return before_step


@pytest.mark.parametrize("step", range(1, 13))
def test_the_steps_completed_are_kept_and_training_goes_on_to_the_same_bits(network, rows, step):
    training, validation = rows
    whole = train(network, training, RECIPE, engine="reference", validation=Validation(validation))
    listen = Listen()
    state = trained(network, training, press_at(step), validation=Validation(validation), callbacks=[listen])
    epochs, rest = divmod(step, 4)
    assert (state.stop_reason, state.step) == ("interrupted", step)
    assert state.epoch == len(state.history) == epochs + (rest > 0), "an epoch without a step has no row"
    closing = [epochs + 1] if rest else []
    assert listen.events == [*range(1, epochs + 1), "stop", *closing, "end"]
    assert state.history[-1]["step"] == step

    stopped = TrainingState.from_parts(*listen.parts)
    assert (stopped.step, stopped.epoch, stopped.epoch_steps.shape) == (step, epochs, (3, rest))
    resumed = train(network, training, RECIPE, engine="reference", validation=Validation(validation), state=stopped)
    np.testing.assert_array_equal(resumed.weights, whole.weights)
    assert [row["train_error"] for row in resumed.history] == [row["train_error"] for row in whole.history]


def test_an_epoch_without_a_step_leaves_the_weights_of_the_one_before(network, rows):
    stopping = Stopping(monitor="validation_error")
    seen = []
    state = trained(
        network,
        rows[0],
        press_at(8),
        Recipe(epochs=6, settings=RECIPE.settings, stopping=stopping),
        validation=Validation(rows[1]),
        callbacks=lambda run: seen.append(run.state.weights.copy()),
    )
    assert state.epoch == 2
    np.testing.assert_array_equal(state.weights, seen[state.best_epoch - 1])


def test_ctrl_c_before_the_first_step_is_complete_leaves_nothing_to_keep(network, rows):
    state = TrainingState(network.initialise(seed=0), tuple(np.zeros((2, network.layout.size))))
    before = state.weights.copy()
    listen = Listen()
    with pytest.raises(KeyboardInterrupt):
        trained(network, rows[0], press_at(0), state=state, callbacks=[listen])
    assert (state.step, state.epoch, state.stop_reason, state.history) == (0, 0, None, [])
    np.testing.assert_array_equal(state.weights, before)
    assert listen.events == []
    np.testing.assert_array_equal(
        train(network, rows[0], RECIPE, state=state, engine="reference").weights,
        train(network, rows[0], RECIPE, weights=before, engine="reference").weights,
    )


@pytest.mark.parametrize("step", [0, 1, 4])
def test_the_time_limit_breaks_a_step_off_but_not_the_first(network, rows, step):
    recipe = Recipe(epochs=6, settings=RECIPE.settings, time_limit=0.5)

    def before_step(now):
        if now == step:
            time.sleep(0.6)

    listen = Listen()
    state = trained(network, rows[0], before_step, recipe, callbacks=[listen])
    assert (state.stop_reason, state.step) == ("time_limit", max(step, 1))
    assert listen.events == (["stop", 1, "end"] if step < 4 else [1, "stop", "end"])


def test_a_callback_that_stops_a_resumed_run_takes_no_more_steps(network, rows):
    class Stop(Callback):
        def on_train_begin(self, run):
            run.stop("seen")

    listen = Listen()
    trained(network, rows[0], press_at(6), callbacks=[listen])
    state = train(network, rows[0], RECIPE, state=TrainingState.from_parts(*listen.parts), callbacks=[Stop()])
    assert (state.stop_reason, state.step, state.epoch) == ("seen", 6, 2)


def test_ctrl_c_in_an_epoch_that_is_gone_back_from_ends_before_it(network, rows, monkeypatch):
    """The validation error after Ctrl-C is not finite: the run ends at the start of that epoch, not inside of it."""

    class Diverges(Impatient):
        def open(self, *args, **options):
            super().open(*args, **options)
            logits, factors = self.logits, iter([1.0, np.nan])
            self.logits = lambda numbers: logits(numbers) * next(factors)
            return self

    listen = Listen()
    recipe = Recipe(epochs=6, settings=RECIPE.settings, max_recoveries=1)
    monkeypatch.setattr("chainrule.training.run.open_session", Diverges(press_at(7)).open)
    with pytest.warns(DivergenceWarning, match="end of epoch 1"):
        state = train(network, rows[0], recipe, validation=Validation(rows[1]), callbacks=[listen])
    assert (state.stop_reason, state.epoch, state.step) == ("interrupted", 1, 4)
    assert listen.events == [1, "stop", "stop", "end"]
    assert listen.parts[0]["step"] == 4


@pytest.mark.parametrize("step", range(1, 8))
def test_a_second_ctrl_c_in_the_middle_of_a_step_leaves_a_state_to_go_on_from(network, rows, step):
    whole = train(network, rows[0], RECIPE, engine="reference")
    state = TrainingState(network.initialise(seed=0), tuple(np.zeros((2, network.layout.size))))

    def press_twice(now):
        if now == step:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        trained(network, rows[0], press_twice, state=state, callbacks=[Listen()])  # which keeps it from going ahead
    assert state.step == step
    assert 4 * state.epoch + state.epoch_steps.shape[1] == step
    resumed = train(network, rows[0], RECIPE, engine="reference", state=state)
    np.testing.assert_array_equal(resumed.weights, whole.weights)
    assert [row["train_error"] for row in resumed.history] == [row["train_error"] for row in whole.history]


def test_a_second_ctrl_c_in_the_middle_of_going_ahead_comes_between_epochs(network, rows, monkeypatch):
    monkeypatch.setattr("chainrule.training.run.CHUNK_SECONDS", 10.0)  # far ahead, however slow the machine is
    recipe = replace(RECIPE, epochs=200)
    whole = train(network, rows[0], recipe, engine="reference")
    state = TrainingState(network.initialise(seed=0), tuple(np.zeros((2, network.layout.size))))
    pressed = []

    def press_twice(now):
        if now >= 50 and not pressed:
            pressed.extend(signal.raise_signal(signal.SIGINT) for _ in range(2))

    with pytest.raises(KeyboardInterrupt):
        trained(network, rows[0], press_twice, recipe, state=state)
    assert state.step > 50
    assert (len(state.history), state.step % 4) == (state.epoch, 0)
    resumed = train(network, rows[0], recipe, engine="reference", state=state)
    np.testing.assert_array_equal(resumed.weights, whole.weights)
