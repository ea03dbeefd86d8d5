"""The order of rows is that of scikit-learn's stream, whatever epochs are asked for and however often."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils import shuffle

from chainrule.training.shuffled_rows import ShuffledRows

N_EPOCHS = 12


@given(
    seed=st.integers(0, 2**32 - 1),
    n_rows=st.integers(1, 30),
    asked=st.lists(st.tuples(st.integers(0, N_EPOCHS - 4), st.integers(1, 4)), max_size=8),
    ended=st.integers(0, N_EPOCHS),
)
@settings(deadline=None, max_examples=60)
def test_epochs_in_any_order_are_scikit_learns(seed, n_rows, asked, ended):
    stream, orders, states = np.random.RandomState(seed), [], []
    rows = np.arange(n_rows)
    for _ in range(N_EPOCHS + 1):
        states.append(stream.get_state()[1].copy())
        rows = shuffle(rows, random_state=stream)
        orders.append(rows)
    given_stream = np.random.RandomState(seed)
    order = ShuffledRows(given_stream, n_rows)
    for first, n_epochs in asked:
        got = order.of_epochs(first, n_epochs)
        assert got.dtype == np.int64
        assert got.flags.c_contiguous
        np.testing.assert_array_equal(got, orders[first : first + n_epochs])
    untouched = given_stream.get_state()[1]
    np.testing.assert_array_equal(untouched, states[0])
    np.testing.assert_array_equal(order.stream_after(ended)[:-1], states[ended])
