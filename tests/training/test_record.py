"""What is recorded of a run, and every step of it repeated, bit for bit."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from chainrule.engine import Settings, Source
from chainrule.errors import DivergedError, DivergenceWarning, ModelFileError, ParameterError, ReplayError
from chainrule.network import multilayer_perceptron
from chainrule.training import (
    LBFGS,
    OPTIMIZERS,
    Callback,
    Constant,
    Cosine,
    Momentum,
    OneCycle,
    Recipe,
    ReduceOnPlateau,
    Stopping,
    Validation,
    train,
)
from chainrule.training.fingerprint import digest, source_fingerprint
from chainrule.training.keyframes import Keyframe, Keyframes
from chainrule.training.record import Recorder, RunRecord
from chainrule.training.record_parts import record_from_parts, record_to_parts
from chainrule.training.replay import Replay
from chainrule.training.surroundings import Surroundings

SCHEDULES = {"constant": Constant(), "cosine": Cosine(), "one_cycle": OneCycle()}
ENGINES = ["native", "reference"]


class EveryState(Callback):
    """Keeps the weights and vectors wherever it can see them; what is undone is overwritten by what comes instead."""

    def __init__(self):
        self.weights, self.vectors, self.rates = {}, {}, {}

    def _keep(self, run):
        step = run.state.step
        self.weights[step] = run.state.weights.copy()
        self.vectors[step] = tuple(vector.copy() for vector in run.state.vectors)

    def on_train_begin(self, run):
        self._keep(run)

    def on_steps_end(self, run):
        self._keep(run)
        self.rates[run.state.step - 1] = run.learning_rate


@pytest.fixture
def step_by_step(monkeypatch):
    """Make every step a chunk of its own from now on, so that callbacks see each."""

    def switch():
        monkeypatch.setattr("chainrule.training.run.CHUNK_SECONDS", 0.0)

    return switch


def network_of(dropout=0.2):
    return multilayer_perceptron(4, (7, 5), 3, loss="cross_entropy", dropout=dropout)


def source_of(n_rows, dtype=np.float64, *, weighted=False, seed=0):
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.5, 2.0, n_rows).astype(dtype) if weighted else None
    return Source(rng.normal(size=(n_rows, 4)).astype(dtype), rng.integers(0, 3, n_rows), weight)


def recorded(network, source, recipe, *, keyframes=None, share=0.01, callbacks=(), **options):
    """Train; return the record and the state."""
    recorder = Recorder(Keyframes(2**16) if keyframes is None else keyframes, share=share)
    weights = options.pop("weights", None)
    if weights is None and "state" not in options:
        weights = network.initialise(recipe.settings.seed, source.numbers.dtype)
    state = train(network, source, recipe, weights=weights, callbacks=[recorder, *callbacks], **options)
    return recorder.record, state


def through_a_file(record, *, with_keyframes):
    """Return a record as it comes back from a file: through JSON, and through arrays of the same bits."""
    values, arrays = record_to_parts(record, with_keyframes=with_keyframes)
    return record_from_parts(json.loads(json.dumps(values)), {name: array.copy() for name, array in arrays.items()})


CASES = [
    (kind, dropout, engine, with_keyframes)
    for kind in (*OPTIMIZERS, "lbfgs")
    for dropout in (0.0, 0.25)
    for engine in ENGINES
    for with_keyframes in (False, True)
    if not (kind == "lbfgs" and dropout)
]


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_random_step_is_repeated_bit_for_bit(number, step_by_step):
    """Recorded with one thread, replayed with two, after a file: all optimizers, both engines, dropout on and off."""
    kind, dropout, engine, with_keyframes = CASES[number]
    rng = np.random.default_rng(number)
    dtype = rng.choice([np.float32, np.float64])
    network = network_of(dropout)
    source = source_of(int(rng.integers(20, 120)), dtype, weighted=bool(rng.integers(2)), seed=number)
    settings_ = Settings(int(rng.integers(3, 40)), seed=number, shuffle=bool(rng.integers(4)), n_threads=1)
    recipe = Recipe(optimizer=LBFGS(), epochs=9, settings=settings_)
    if kind != "lbfgs":
        settings_ = replace(settings_, max_gradient_norm=rng.choice([None, 0.5]))
        schedule = SCHEDULES[str(rng.choice(list(SCHEDULES)))]
        recipe = Recipe(OPTIMIZERS[kind](), 0.02, schedule, epochs=9, settings=settings_)
    record, state = recorded(network, source, recipe, engine=engine)
    step_by_step()
    seen = EveryState()
    recorded(network, source, recipe, engine=engine, callbacks=[seen])
    replay = Replay(through_a_file(record, with_keyframes=with_keyframes), network, source, engine=engine, n_threads=2)
    assert record.n_steps == state.step
    for step in {*rng.integers(0, state.step + 1, 4).tolist(), 0, state.step}:
        before = replay.before(step)
        assert np.array_equal(before.weights, seen.weights[step]), step
        for vector, expected in zip(before.vectors, seen.vectors[step], strict=True):
            assert np.array_equal(vector, expected)
    replay.close()


@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_any_walk_through_a_run_gives_the_same_states(data):
    network, source = network_of(), source_of(50)
    recipe = Recipe(epochs=6, settings=Settings(8, seed=1))
    kept = data.draw(st.sampled_from([0, 3 * 2**11, 2**20]))
    record, _ = recorded(network, source, recipe, keyframes=Keyframes(kept), share=1.0)
    reference = Replay(record, network, source)
    expected = {step: reference.before(step).weights for step in range(record.n_steps + 1)}
    replay = Replay(record.without_keyframes() if data.draw(st.booleans()) else record, network, source)
    for step in data.draw(st.lists(st.integers(0, record.n_steps), min_size=1, max_size=12)):
        assert np.array_equal(replay.before(step).weights, expected[step])


def test_the_rate_of_every_step_is_known(step_by_step):
    network, source = network_of(), source_of(40)
    validation = Validation(source_of(30, seed=5))
    recipe = Recipe(
        learning_rate=0.05,
        schedule=ReduceOnPlateau(patience=1, factor=0.5),
        epochs=15,
        settings=Settings(16),
        stopping=Stopping("validation_error"),
    )
    step_by_step()
    seen = EveryState()
    record, _ = recorded(network, source, recipe, validation=validation, callbacks=[seen])
    assert len(record.factors) > 3
    rates = [record.plan_of(step).learning_rate[0] for step in range(record.n_steps)]
    assert rates == [seen.rates[step] for step in range(record.n_steps)]
    replay = Replay(record.without_keyframes(), network, source)
    assert all(np.array_equal(replay.before(step).weights, seen.weights[step]) for step in seen.weights)


def test_the_kept_step_is_where_the_weights_returned_are():
    network, source = network_of(), source_of(40)
    recipe = Recipe(
        learning_rate=0.1, epochs=30, settings=Settings(16), stopping=Stopping("validation_error", patience=4)
    )
    record, state = recorded(network, source, recipe, validation=Validation(source_of(30, seed=5)))
    assert 0 < record.kept_step < record.n_steps == state.step
    replay = Replay(record, network, source)
    assert np.array_equal(replay.before(record.kept_step).weights, state.weights)
    assert not np.array_equal(replay.before(record.n_steps).weights, state.weights)


class Explosion(Callback):
    """Makes the error of one step infinite, once, by the weights."""

    def __init__(self, at):
        self.at = at

    def on_steps_end(self, run):
        if run.state.step >= self.at and run.state.recoveries == 0:
            run.state.weights[:] = np.inf


def test_what_a_diverged_run_undid_is_not_in_its_record(step_by_step):
    network, source = network_of(), source_of(40)
    recipe = Recipe(epochs=8, settings=Settings(8, seed=2), max_recoveries=1)
    step_by_step()
    seen = EveryState()
    with pytest.warns(DivergenceWarning, match="Went back to the end of epoch 2"):
        record, state = recorded(
            network, source, recipe, keyframes=Keyframes(None), share=1.0, callbacks=[Explosion(13), seen]
        )
    assert record.factors == [(0, 1.0), (10, 0.5)]
    assert record.n_steps == state.step == 40
    replay = Replay(record.without_keyframes(), network, source)
    for step in range(41):
        assert np.array_equal(replay.before(step).weights, seen.weights[step])
        assert np.array_equal(record.keyframes.before(step).weights, seen.weights[step])


class Halt(Callback):
    def __init__(self, at):
        self.at = at

    def on_steps_end(self, run):
        if run.state.step >= self.at:
            run.stop("halted")

    def on_stop(self, run):
        self.parts = run.state.to_parts()


def halted(network, source, recipe, at):
    """Return the state of a run that was broken off inside an epoch."""
    from chainrule.training import TrainingState

    halt = Halt(at)
    recorded(network, source, recipe, callbacks=[halt])
    return TrainingState.from_parts(*halt.parts)


def test_the_record_of_a_resumed_run_begins_where_it_went_on(step_by_step):
    network, source = network_of(), source_of(40)
    recipe = Recipe(epochs=8, settings=Settings(8, seed=2))
    step_by_step()
    seen = EveryState()
    recorded(network, source, recipe, callbacks=[seen])
    record, _ = recorded(network, source, recipe, state=halted(network, source, recipe, 12))
    assert (record.first_step, record.n_steps) == (12, 40)
    replay = Replay(record, network, source)
    assert np.array_equal(replay.before(20).weights, seen.weights[20])
    with pytest.raises(ParameterError, match="recorded from step 12 to 40, got 11"):
        replay.before(11)
    with pytest.raises(ReplayError, match=r"began at step 12, from a checkpoint.*include_record=True"):
        Replay(record.without_keyframes(), network, source).before(20)
    again = Replay(through_a_file(record, with_keyframes=True), network, source)
    assert np.array_equal(again.before(31).weights, seen.weights[31])


def test_a_resumed_run_that_goes_back_before_its_beginning_is_recorded_from_there(step_by_step):
    network, source = network_of(), source_of(40)
    recipe = Recipe(epochs=8, settings=Settings(8, seed=2), max_recoveries=1)
    step_by_step()
    state, seen = halted(network, source, recipe, 12), EveryState()
    with pytest.warns(DivergenceWarning, match="end of epoch 2"):
        record, _ = recorded(network, source, recipe, state=state, callbacks=[Explosion(14), seen])
    assert (record.first_step, record.factors) == (10, [(10, 0.5)])
    replay = Replay(record, network, source)
    assert np.array_equal(replay.before(33).weights, seen.weights[33])


def test_full_keeps_every_chunk_and_a_budget_thins(step_by_step):
    network, source = network_of(), source_of(40)
    recipe = Recipe(epochs=8, settings=Settings(8))
    step_by_step()
    full, _ = recorded(network, source, recipe, keyframes=Keyframes(None), share=1.0)
    assert full.keyframes.steps == list(range(41))
    size = full.keyframes.before(0).nbytes
    thin, _ = recorded(network, source, recipe, keyframes=Keyframes(5 * size), share=1.0)
    assert thin.keyframes.nbytes <= 5 * size
    assert {0, 40} <= set(thin.keyframes.steps)
    none, _ = recorded(network, source, recipe, keyframes=Keyframes(0))
    assert len(none.keyframes) == 0
    assert none.checkpoints == [0, 40]


def test_a_replay_that_cannot_begin_says_so():
    network, source = network_of(), source_of(40)
    recipe = Recipe(epochs=2, settings=Settings(8))
    weights = network.initialise(99)
    record, _ = recorded(network, source, recipe, weights=weights)
    assert np.array_equal(Replay(record, network, source).before(0).weights, weights)
    with pytest.raises(ReplayError, match="began from given weights, and its keyframes were not kept"):
        Replay(record.without_keyframes(), network, source).before(3)


def other_row(source):
    numbers = source.numbers.copy()
    numbers[0, 0] += 1e-9
    return replace(source, numbers=numbers)


@pytest.mark.parametrize("kind", ["adam", "lbfgs"])
@pytest.mark.parametrize("engine", ENGINES)
def test_another_table_is_noticed(kind, engine):
    network, source = network_of(0.0), source_of(40)
    optimizer = LBFGS() if kind == "lbfgs" else OPTIMIZERS[kind]()
    record, _ = recorded(network, source, Recipe(optimizer, epochs=5, settings=Settings(8)), engine=engine)
    other = Replay(record.without_keyframes(), network, other_row(source), engine=engine)
    with pytest.raises(
        ReplayError, match=r"gives other weights at step \d+ than were recorded.*other rows or settings"
    ):
        other.before(3)
    assert source_fingerprint(other_row(source)) != source_fingerprint(source)
    with pytest.raises(ReplayError, match="was trained on 40 rows, got 39"):
        Replay(record, network, Source(source.numbers[1:], source.target[1:]))


def test_what_differs_in_the_surroundings_is_said():
    network, source = network_of(), source_of(40)
    record, _ = recorded(network, source, Recipe(epochs=5, settings=Settings(8)), engine="native")
    assert record.surroundings.engine == "native"
    record = replace(
        record.without_keyframes(),
        surroundings=replace(record.surroundings, chainrule="0.0.1", processor="abacus"),
        digests={0: record.digests[0], 25: "0" * 64},
    )
    with pytest.raises(
        ReplayError, match=r"chainrule 0\.0\.1, now .*; engine native, now reference; processor abacus, "
    ):
        Replay(record, network, source, engine="reference").before(3)


class Meddler(Callback):
    def on_steps_end(self, run):
        run.state.weights += 1e-3


def test_a_callback_that_changed_the_weights_is_noticed():
    network, source = network_of(), source_of(40)
    record, _ = recorded(network, source, Recipe(epochs=5, settings=Settings(8)), callbacks=[Meddler()])
    with pytest.raises(ReplayError, match="a callback that changed the weights"):
        Replay(record, network, source).before(7)


def test_an_error_that_is_not_finite_is_noticed():
    network, source = network_of(), source_of(40)
    record, _ = recorded(network, source, Recipe(epochs=5, settings=Settings(8)))
    numbers = np.full_like(source.numbers, np.inf)
    replay = Replay(record.without_keyframes(), network, replace(source, numbers=numbers))
    with pytest.raises(ReplayError, match="gives an error at step 0 that is not finite"):
        replay.before(3)
    with pytest.raises(ReplayError, match="gives an error at step 0 that is not finite"):
        replay.before(3)


def test_lbfgs_that_ends_too_early_is_noticed():
    network, source = network_of(0.0), source_of(40)
    record, _ = recorded(network, source, Recipe(LBFGS(), epochs=5, settings=Settings(8)))
    short = replace(record.without_keyframes(), digests={0: record.digests[0]}, n_steps=10)
    with pytest.raises(ReplayError, match="ends before iteration 9"):
        Replay(short, network, source).before(9)


@pytest.mark.parametrize("step", [-1, 26, 1.0, "3", True])
def test_steps_that_are_none(step):
    network, source = network_of(), source_of(40)
    record, _ = recorded(network, source, Recipe(epochs=5, settings=Settings(8)))
    with pytest.raises(ParameterError, match=r"from step 0 to 25, got|must be an int, got"):
        Replay(record, network, source).before(step)


@pytest.fixture
def parts():
    record, _ = recorded(network_of(), source_of(40), Recipe(epochs=5, settings=Settings(8, seed=7)))
    return record_to_parts(record, with_keyframes=True)


def test_a_record_comes_back_from_its_parts(parts):
    values, arrays = parts
    record = record_from_parts(values, arrays)
    again, frames = record_to_parts(record, with_keyframes=True)
    assert again == values
    assert all(np.array_equal(frames[name], arrays[name]) for name in arrays)
    assert frames.keys() == arrays.keys()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_steps", -1),
        ("n_steps", 2.0),
        ("n_rows", 0),
        ("kept_step", 26),
        ("first_step", 3),
        ("factors", [[3, 1.0], [0, 1.0]]),
        ("factors", [[99, 1.0]]),
        ("factors", 3),
        ("digests", {}),
        ("digests", {"0": 5}),
        ("keyframes", [7]),
        ("keyframes", None),
        ("recipe", {}),
        ("recipe", None),
        ("surroundings", {"engine": "native"}),
        ("fingerprint", 3),
    ],
)
def test_parts_that_are_no_record_are_refused(parts, name, value):
    values, arrays = parts
    with pytest.raises(ModelFileError, match="this is not the record of a run"):
        record_from_parts(values | {name: value}, arrays)
    without = {key: value for key, value in values.items() if key != name}
    with pytest.raises(ModelFileError, match="this is not the record of a run"):
        record_from_parts(without, arrays)


def test_a_recipe_of_an_unknown_optimizer_is_refused(parts):
    values, arrays = parts
    recipe = values["recipe"] | {"optimizer": {"kind": "quantum"}}
    with pytest.raises(ModelFileError, match="this is not the record of a run"):
        record_from_parts(values | {"recipe": recipe}, arrays)


def test_checksums_see_every_bit():
    weights = np.zeros(4, np.float32)
    one_bit = weights.copy()
    one_bit.view(np.uint32)[2] = 1
    assert len({digest(weights), digest(one_bit), digest(weights[:3])}) == 3
    assert digest(weights) == digest(weights.copy())
    source = source_of(10, weighted=True)
    others = [
        replace(source, weight=None),
        replace(source, target=(source.target + 1) % 3),
        replace(source, numbers=source.numbers.astype(np.float32)),
        replace(source, numbers=source.numbers[:, ::-1].copy()),
    ]
    assert len({source_fingerprint(one) for one in (source, *others)}) == 5


@pytest.mark.parametrize("layout", [np.asarray, csr_array])
def test_of_large_tables_a_part_is_read_the_ends_too(layout):
    X = np.ones((300_000, 4))
    source = Source(layout(X), np.zeros((300_000, 1)))
    same, fingerprint = Source(layout(X.copy()), np.zeros((300_000, 1))), source_fingerprint(source)
    assert source_fingerprint(same) == fingerprint
    for rows in (slice(0, 1), slice(-1, None), slice(1000, 1500), slice(None, None, 2)):
        other = X.copy()
        other[rows] += 1e-9
        assert source_fingerprint(Source(layout(other), source.target)) != fingerprint
    small = Source(np.ones((1000, 4)), np.zeros((1000, 1)))
    for row in range(0, 1000, 97):
        other = small.numbers.copy()
        other[row, 2] = 2.0
        assert source_fingerprint(replace(small, numbers=other)) != source_fingerprint(small)


def test_the_record_of_a_run_that_is_given_up_ends_before_the_step_that_was_not_finite():
    network, source = multilayer_perceptron(4, (5,), 3, activation="identity", loss="squared_error"), source_of(40)
    source = replace(source, target=np.eye(3)[source.target])
    recorder, recipe = Recorder(Keyframes(2**16)), Recipe(Momentum(), 3.0, epochs=30, settings=Settings(8))
    with pytest.raises(DivergedError, match=r"not finite at step (\d+)") as caught:
        train(network, source, recipe, callbacks=[recorder])
    record, state = recorder.record, recorder.given_up
    failing = int(re.search(r"step (\d+)", str(caught.value))[1])
    assert record.n_steps == failing - 1 == record.keyframes.steps[-1]
    replay = Replay(record.without_keyframes(), network, source)
    assert np.array_equal(replay.before(record.n_steps).weights, state.weights)


def test_surroundings_tell_what_differs():
    here = Surroundings("1", "2", "native", "x86_64 with avx2")
    assert here.differences(here) == []
    assert here.differences(replace(here, numpy="3")) == ["numpy 2, now 3"]


def test_keyframes_and_records_are_plain():
    record, _ = recorded(network_of(), source_of(40), Recipe(epochs=2, settings=Settings(8)))
    assert isinstance(record, RunRecord)
    assert all(isinstance(frame, Keyframe) for frame in record.keyframes)
