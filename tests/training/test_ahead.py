"""Going ahead over several epochs at once is the same training as epoch by epoch."""

import signal
import warnings
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings, Source
from chainrule.errors import DivergedError
from chainrule.network import multilayer_perceptron
from chainrule.training import (
    Adam,
    Callback,
    Constant,
    Cosine,
    Momentum,
    Recipe,
    ReduceOnPlateau,
    Stopping,
    TrainingState,
    Validation,
    train,
)

NETWORK = multilayer_perceptron(1, (), 1, loss="squared_error")


def source_of(n_rows):
    return Source(np.zeros((n_rows, 1)), np.zeros((n_rows, 1)))


class Watch(Callback):
    """Asks for the end of every epoch, and so keeps training from going ahead."""

    def on_epoch_end(self, run):
        assert run.state.epoch_steps.shape[1] == 0


class Keep(Callback):
    """Keeps the state as a file would, each time it is told of steps."""

    def __init__(self):
        self.parts = []

    def on_steps_end(self, run):
        values, arrays = run.state.to_parts()
        self.parts.append((values, {name: array.copy() for name, array in arrays.items()}))


def outcome(recipe, *, callbacks=(), session=None, rows=None, network=NETWORK, state=None):
    """Return all that training has come to but time and anchor, its warnings, and its error if it was one."""
    state = state or TrainingState(
        network.initialise(seed=0), tuple(np.zeros(network.layout.size) for _ in range(recipe.optimizer.n_vectors))
    )
    with warnings.catch_warnings(record=True) as said, pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("always")
        if session is not None:
            patch.setattr("chainrule.training.run.open_session", session.open)
        try:
            train(network, rows, recipe, state=state, callbacks=callbacks)
            error = None
        except DivergedError as diverged:
            error = str(diverged)
    values = {f.name: getattr(state, f.name) for f in fields(state) if f.name not in ("anchor", "seconds")}
    values["weights"] = state.weights.tolist()
    values["vectors"] = [vector.tolist() for vector in state.vectors]
    values["epoch_steps"] = str(state.epoch_steps.tolist())  # NaN is not equal to itself
    values["history"] = [row | {"seconds": None} for row in state.history]
    return values, [str(warning.message) for warning in said], error


@st.composite
def scripts(draw):
    """Errors that fall, waver, explode, and are not finite at a step while the learning rate is too high."""
    level = draw(st.sampled_from([1.0, -5.0, 0.0, 1e-3]))
    wavers = draw(st.lists(st.sampled_from([0.0, 0.1, -0.3, 0.5, 40.0, 1e9]), min_size=1, max_size=30))
    falls = draw(st.sampled_from([0.0, 0.01, 0.3]))
    breaks = draw(st.dictionaries(st.integers(0, 150), st.sampled_from([0.005, 0.003, 0.0006]), max_size=2))
    diverges = draw(st.sampled_from([np.nan, np.inf]))

    def script(step, rate):
        if rate > breaks.get(step, 1.0):
            return diverges
        return level - falls * step + wavers[step % len(wavers)]

    return script


recipes = st.builds(
    Recipe,
    optimizer=st.sampled_from([Adam(), Momentum()]),
    learning_rate=st.just(0.01),
    schedule=st.sampled_from([Constant(), Cosine()]),
    epochs=st.integers(1, 60),
    settings=st.builds(Settings, batch_size=st.sampled_from([1, 2, 3, 7])),
    stopping=st.builds(Stopping, patience=st.sampled_from([None, 1, 3, 10]), tol=st.sampled_from([0.0, 0.5])),
    max_recoveries=st.sampled_from([0, 1, 3]),
)


@settings(deadline=None, max_examples=300)
@given(recipe=recipes, script=scripts(), n_rows=st.integers(1, 7), resume_at=st.integers(0, 30))
def test_it_ends_in_the_same_state_as_epoch_by_epoch(scripted_session, recipe, script, n_rows, resume_at):
    """Whatever happens on the way, and from whatever state it goes on that a callback saw."""
    rows, kept = source_of(n_rows), Keep()
    expected = outcome(recipe, rows=rows, session=scripted_session(script), callbacks=[Watch()])
    assert outcome(recipe, rows=rows, session=scripted_session(script), callbacks=[kept]) == expected
    if kept.parts:
        state = TrainingState.from_parts(*kept.parts[resume_at % len(kept.parts)])
        values, _, error = outcome(recipe, rows=rows, session=scripted_session(script), state=state)
        assert (values, error) == (expected[0], expected[2])


@settings(deadline=None, max_examples=15)
@given(
    optimizer=st.sampled_from([Adam(), Momentum()]),
    batch_size=st.sampled_from([4, 9, 20]),
    patience=st.sampled_from([None, 2]),
    rate=st.sampled_from([0.01, 0.3, 1e8]),
)
def test_a_network_is_trained_to_the_same_bits(optimizer, batch_size, patience, rate):
    rng = np.random.default_rng(1)
    rows = Source(X := rng.normal(size=(20, 3)), X[:, :1] - np.sin(X[:, 1:2]))
    network = multilayer_perceptron(3, (4,), 1, activation="relu", loss="squared_error", dropout=0.1)
    recipe = Recipe(
        optimizer=optimizer,
        learning_rate=rate,
        schedule=Cosine(),
        epochs=40,
        settings=Settings(batch_size=batch_size),
        stopping=Stopping(patience=patience),
        max_recoveries=2,
    )
    results = [outcome(recipe, rows=rows, network=network, callbacks=watch) for watch in ([], [Watch()])]
    assert results[0] == results[1]


def falling(step, rate):
    return -float(step)


def test_a_small_table_is_trained_in_a_few_calls(scripted_session):
    session = scripted_session(falling)
    values, _, _ = outcome(Recipe(epochs=1000, settings=Settings(batch_size=2)), rows=source_of(6), session=session)
    assert values["step"] == sum(session.lengths) == 3000
    assert len(session.lengths) < 60
    assert len(values["history"]) == 1000


@pytest.mark.parametrize(
    "options",
    [
        {"callbacks": [Watch()]},
        {"callbacks": lambda _: None},
        {"schedule": ReduceOnPlateau()},
        {"stopping": Stopping(monitor="gradient_norm")},
    ],
    ids=lambda options: next(iter(options)),
)
def test_it_does_not_go_ahead_where_something_happens_at_the_end_of_epochs(scripted_session, options):
    options = dict(options)
    callbacks, session = options.pop("callbacks", None), scripted_session(falling)
    recipe = Recipe(epochs=50, settings=Settings(batch_size=2), **options)
    outcome(recipe, rows=source_of(6), session=session, callbacks=callbacks)
    assert max(session.lengths) == 3


def test_it_does_not_go_ahead_of_validation(network, rows):
    recipe = Recipe(epochs=30, settings=Settings(batch_size=60))
    seen = []
    train(network, rows[0], recipe, validation=Validation(rows[1], lambda _: seen.append(1) or {"mine": len(seen)}))
    assert len(seen) == 30


def test_times_in_the_history_never_go_back_and_share_a_call_evenly(scripted_session):
    session = scripted_session(falling)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chainrule.training.run.open_session", session.open)
        state = train(NETWORK, source_of(6), Recipe(epochs=300, settings=Settings(batch_size=6)))
    seconds = np.array([row["seconds"] for row in state.history])
    assert (np.diff(seconds) > 0).all()
    assert seconds[-1] <= state.seconds
    longest = int(np.argmax(session.lengths))  # a step is an epoch here
    first = sum(session.lengths[:longest])
    assert session.lengths[longest] > 30
    assert np.ptp(np.diff(seconds[first : first + session.lengths[longest]])) < 1e-12


def test_ctrl_c_while_ahead_ends_at_the_end_of_an_epoch(scripted_session):
    """The call of the engine is short; what it has done is kept, and there is no row of an epoch without a step."""

    def script(step, rate):
        if step == 100:
            signal.raise_signal(signal.SIGINT)
        return -float(step)

    told = []

    class Listen(Callback):
        def on_stop(self, run):
            told.append((run.state.epoch, run.state.epoch_steps.shape[1]))

    session = scripted_session(script)
    recipe = Recipe(epochs=10**6, settings=Settings(batch_size=2))
    values, _, _ = outcome(recipe, rows=source_of(6), session=session, callbacks=[Listen()])
    assert values["stop_reason"] == "interrupted"
    assert values["step"] == sum(session.lengths) == 3 * values["epoch"] > 100
    assert told == [(values["epoch"], 0)]
    assert len(values["history"]) == values["epoch"]
