"""The order of rows is that of scikit-learn's stream, whatever epochs are asked for and however often."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import shuffle

from chainrule.errors import ModelFileError
from chainrule.training.shuffled_rows import ROWS_BETWEEN_MARKS, ShuffledRows
from chainrule.training.stream import checked_stream, stream_of, stream_state

N_EPOCHS = 12


def mark_bytes(n_rows):
    """Return what a mark takes: 625 words of the stream, and a word a row."""
    return 4 * (625 + n_rows)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.integers(1, 30),
    asked=st.lists(st.tuples(st.integers(0, N_EPOCHS - 4), st.integers(1, 4)), max_size=8),
    ended=st.integers(0, N_EPOCHS),
    n_marks=st.integers(0, 5),
)
@settings(deadline=None, max_examples=60)
def test_epochs_in_any_order_are_scikit_learns(seed, n_rows, asked, ended, n_marks):
    stream, orders, states = np.random.RandomState(seed), [], []
    rows = np.arange(n_rows)
    for _ in range(N_EPOCHS + 1):
        states.append(stream.get_state()[1].copy())
        rows = shuffle(rows, random_state=stream)
        orders.append(rows)
    given_stream = np.random.RandomState(seed)
    order = ShuffledRows(given_stream, n_rows, budget=n_marks * mark_bytes(n_rows))
    for first, n_epochs in asked:
        got = order.of_epochs(first, n_epochs)
        assert got.dtype == np.int64
        assert got.flags.c_contiguous
        np.testing.assert_array_equal(got, orders[first : first + n_epochs])
    untouched = given_stream.get_state()[1]
    np.testing.assert_array_equal(untouched, states[0])
    np.testing.assert_array_equal(order.stream_after(ended)[:-1], states[ended])


class Counting(ShuffledRows):
    """Counts how many epochs are shuffled."""

    shuffled = 0

    def _next(self):
        self.shuffled += 1
        return super()._next()


def test_late_epochs_are_near_a_mark_and_marks_stay_within_their_budget(monkeypatch):
    n_rows, n_epochs = 50, 1000
    monkeypatch.setattr("chainrule.training.shuffled_rows.ROWS_BETWEEN_MARKS", n_rows)
    order = Counting(np.random.RandomState(0), n_rows, budget=20 * mark_bytes(n_rows))
    first = [order.of_epochs(epoch, 1)[0].copy() for epoch in range(n_epochs)]
    assert order._marks.nbytes <= 20 * mark_bytes(n_rows)
    for epoch in (777, 3, 999, 500):
        order.shuffled = 0
        assert np.array_equal(order.of_epochs(epoch, 1)[0], first[epoch])
        assert order.shuffled <= 2 * n_epochs / 10


def test_marks_are_as_far_apart_as_takes_no_time_to_draw_again():
    n_rows, n_epochs = ROWS_BETWEEN_MARKS // 10, 100
    order = Counting(np.random.RandomState(0), n_rows)
    first = [order.of_epochs(epoch, 2)[0, :5].copy() for epoch in range(0, n_epochs, 2)]
    assert order.shuffled == n_epochs
    assert len(order._marks) == n_epochs / 10
    for epoch in (n_epochs - 4, 38, 90, 0):
        order.shuffled = 0
        assert np.array_equal(order.of_epochs(epoch, 1)[0, :5], first[epoch // 2])
        assert order.shuffled <= 10


def test_epochs_just_given_are_there_to_be_given_again():
    order = Counting(np.random.RandomState(0), 30)
    orders = order.of_epochs(5, 4).copy()
    order.shuffled = 0
    for first, n_epochs in ((5, 4), (6, 1), (7, 2), (5, 1), (8, 1)):
        assert np.array_equal(order.of_epochs(first, n_epochs), orders[first - 5 : first - 5 + n_epochs])
    assert order.shuffled == 0


def test_copies_and_pickles_hold_the_beginning_alone():
    order = ShuffledRows(np.random.RandomState(3), 100_000)
    expected = order.of_epochs(4, 1).copy()
    again = pickle.dumps(order)
    assert len(again) < 3000
    assert np.array_equal(pickle.loads(again).of_epochs(4, 1), expected)


@given(st.integers(0, 2**32 - 1), st.integers(0, 1300))
@settings(deadline=None, max_examples=20)
def test_a_stream_goes_on_from_its_state_through_a_file(seed, n_words):
    stream = np.random.RandomState(seed)
    stream.bytes(4 * n_words)
    stored = stream_state(stream).astype(np.int64)
    again = stream_of(checked_stream(stored))
    assert np.array_equal(again.random_sample(700), stream.random_sample(700))


def test_a_stream_put_elsewhere_keeps_the_normal_number_that_it_has_in_store():
    one, other = np.random.RandomState(0), np.random.RandomState(0)
    assert one.normal() == other.normal()
    stream_of(stream_state(one), one)
    assert one.normal() == other.normal()


NOT_STREAMS = [
    np.zeros(624, np.int64),
    np.zeros(625),
    np.full(625, -1),
    np.full(625, 2**32),
    np.full(625, 625),
    np.zeros((1, 625), np.int64),
]


@pytest.mark.parametrize("state", NOT_STREAMS)
def test_what_is_no_stream_is_refused(state):
    with pytest.raises(ModelFileError, match="not the state of a stream of random numbers"):
        checked_stream(state)
