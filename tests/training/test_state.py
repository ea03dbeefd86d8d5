import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ModelFileError, ParameterError
from chainrule.storage import read_container, write_container
from chainrule.training import TrainingState
from chainrule.training.history import history_from_parts, history_to_parts


def state_after(errors):
    """A state with an epoch for each error, its anchor set at the start of each epoch; weights hold the epoch."""
    state = TrainingState(np.zeros(1))
    assert state.set_anchor()
    for error in errors:
        state.weights[...] += 1
        state.close_epochs([{"epoch": state.epoch + 1, "train_error": error}])
        assert state.set_anchor() == (not state.has_grown)
    return state


# --- the anchor


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("shift", [0.0, 1.0, -0.5, -1.0, -100.0], ids=lambda shift: f"shift {shift}")
def test_the_anchor_moves_on_while_the_error_falls_or_wavers(scale, shift):
    errors = scale * (shift + np.array([1.0, 0.5, 0.2, 0.3, 0.1, 0.05, 0.15, 0.0]))
    for n in range(1, 9):
        assert state_after(errors[:n].tolist()).anchor.epoch == n


@pytest.mark.parametrize("start", [[1.0, 0.5], [1.0, -0.5, -2.0], [-1.0, -3.0], [-2.0], [1.0], [1e-6, 1e-7], [0.0]])
def test_the_anchor_stays_behind_when_the_error_explodes_and_moves_on_when_it_is_back(start):
    exploding = [1e3, 1e9, 1e30]
    state = state_after(start + exploding)
    assert state.anchor.epoch == len(start)
    assert state.anchor.weights.tolist() == [len(start)]
    assert state_after([*start, *exploding, min(start)]).anchor.epoch == len(start) + 4


def test_noise_around_zero_is_no_explosion():
    assert state_after([0.0, 0.0, 1e-17, 0.0, 3e-17]).anchor.epoch == 5


def test_going_back_leaves_what_was_at_the_anchor():
    state = state_after([-1.0, -2.0, 1e9, 1e20])
    assert (state.anchor.epoch, state.lowest_error) == (2, -2.0)
    state.rate_factor, state.recoveries, state.seconds = 0.5, 1, 9.0
    for _ in range(2):  # the anchor can be gone back to again
        state.go_to_anchor()
        assert state.history == [{"epoch": i + 1, "train_error": -1.0 - i} for i in range(2)]
        assert (state.epoch, state.weights.tolist(), state.lowest_error) == (2, [2.0], -2.0)
        assert (state.rate_factor, state.recoveries, state.seconds) == (0.5, 1, 9.0)
        assert not state.has_grown
        state.weights[...] += 1
        state.close_epochs([{"epoch": 3, "train_error": -3.0}])
        assert (state.anchor.epoch, len(state.history)) == (2, 3)


# --- the parts


def full_state(rows):
    state = TrainingState(np.arange(3.0), (np.ones(3), np.full(3, 2.0)), best_weights=np.arange(3.0) - 1)
    for one in rows:
        state.set_anchor()
        state.close_epochs([one])
    state.epoch_steps = np.ones((3, 2))
    return state


def row(epoch):
    return {
        "epoch": epoch,
        "step": 40 * epoch,
        "train_error": -1.0 / epoch,
        "validation_error": None,
        "learning_rate": 1e-3,
        "gradient_norm": 0.1 * epoch,
        "größe": None if epoch % 2 else float(epoch),
        "seconds": 0.1 * epoch,
    }


def assert_same_rows(rows, expected):
    """Same keys in the same order, and the same bits of the same plain types."""
    assert [[(k, type(v), v) for k, v in r.items()] for r in rows] == [
        [(k, type(v), v) for k, v in r.items()] for r in expected
    ]


@pytest.mark.parametrize("n_epochs", [1, 2, 50_000])
def test_a_state_comes_back_from_a_file_however_long_its_history(tmp_path, n_epochs):
    state = full_state([row(epoch) for epoch in range(1, n_epochs + 1)])
    write_container(tmp_path / "c", *state.to_parts(), kind="checkpoint")
    again = TrainingState.from_parts(*read_container(tmp_path / "c", kind="checkpoint"))
    for one, other in ((again, state), (again.anchor, state.anchor)):
        assert_same_rows(one.history, other.history)
        for name in ("weights", "epoch_steps", "best_weights"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        np.testing.assert_array_equal(one.vectors, other.vectors)
    assert (again.epoch, again.anchor.epoch) == (n_epochs, n_epochs - 1)


def test_all_arrays_are_copied():
    values, arrays = full_state([row(1), row(2)]).to_parts()
    again = TrainingState.from_parts(values, arrays)
    own = [a for s in (again, again.anchor) for a in (s.weights, *s.vectors, s.epoch_steps, s.best_weights)]
    assert not any(np.shares_memory(one, array) for one in own for array in arrays.values())


cells = st.one_of(st.none(), st.floats(allow_nan=False), st.just(-0.0))
whole = st.one_of(st.none(), st.integers(-(2**53), 2**53))


@settings(deadline=None, max_examples=100)
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, max_size=5),
    data=st.data(),
    length=st.integers(1, 6),
)
def test_rows_of_any_names_and_numbers_come_back(names, data, length):
    # An int is told from a float by the column: it holds either, beside None.
    kinds = [data.draw(st.sampled_from([cells, whole])) for _ in names]
    rows = [{name: data.draw(kind) for name, kind in zip(names, kinds, strict=True)} for _ in range(length)]
    columns, arrays = history_to_parts(rows)
    again = history_from_parts(json.loads(json.dumps(columns)), arrays)
    assert all(name.isascii() for name in arrays)
    assert len(arrays) == len(names)
    assert_same_rows(again, rows if names else [])
    assert repr(again) == repr(rows if names else [])  # -0.0 equals 0.0


def test_a_metric_that_a_row_lacks_is_none_there():
    columns, arrays = history_to_parts([{"a": 1}, {"a": 2, "b": 0.5}, {"a": 3, "b": float("nan")}])
    assert history_from_parts(columns, arrays) == [{"a": 1, "b": None}, {"a": 2, "b": 0.5}, {"a": 3, "b": None}]


def test_text_in_a_history_cannot_be_stored():
    with pytest.raises(ParameterError, match=r"Column 'note' of the history must hold numbers to be stored. Got 'x'"):
        history_to_parts([{"epoch": 1, "note": "x"}])


# --- parts that are not a state's


@pytest.mark.parametrize("epoch", [-1, 3, 10**30, 1.0, True, None, "x"])
@pytest.mark.parametrize("owner", ["state", "anchor"])
def test_an_epoch_that_the_history_does_not_hold_is_refused(owner, epoch):
    values, arrays = full_state([row(1), row(2)]).to_parts()
    (values if owner == "state" else values["anchor"])["epoch"] = epoch
    with pytest.raises(ModelFileError, match=r"epoch .* does not go with a history of 2 rows"):
        TrainingState.from_parts(values, arrays)


def test_a_state_whose_history_goes_on_after_it_is_refused():
    values, arrays = full_state([row(1), row(2)]).to_parts()
    with pytest.raises(ModelFileError, match="epoch 1 does not go with a history of 2 rows"):
        TrainingState.from_parts(values | {"epoch": 1}, arrays)


HOSTILE_COLUMNS = [
    (np.array([1.0]), "differ in length"),
    (np.array([[1.0, 2.0]]), "not a float64 array of one dimension"),
    (np.array(1.0), "not a float64 array of one dimension"),
    (np.array([1, 2]), "not a float64 array of one dimension"),
    (np.array([1, 2], np.float32), "not a float64 array of one dimension"),
    (np.array([1.5, 2.0]), "does not hold whole numbers"),
    (np.array([1.0, np.inf]), "does not hold whole numbers"),
]


@pytest.mark.parametrize(("array", "message"), HOSTILE_COLUMNS, ids=repr)
def test_a_hostile_column_is_refused(array, message):
    values, arrays = full_state([row(1), row(2)]).to_parts()
    with pytest.raises(ModelFileError, match=message):
        TrainingState.from_parts(values, arrays | {"history.epoch": array})


@pytest.mark.parametrize(
    "columns", [None, 3, "epoch", ["epoch"], [{}], [], {"epoch": "str"}, {"epoch": ["int"]}, {"no": "int"}]
)
def test_hostile_columns_are_refused(columns):
    values, arrays = full_state([row(1), row(2)]).to_parts()
    with pytest.raises(ModelFileError, match="history"):
        TrainingState.from_parts(values | {"history": columns}, arrays)
