"""Row orders of other generators: as those of the Mersenne Twister are, but for the record."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import MLPClassifier
from chainrule.errors import ParameterError, ReplayError
from chainrule.estimators.perceptron.drawn_rows import DrawnRows, go_on_after
from chainrule.training.shuffled_rows import ShuffledRows


@given(asked=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=1, max_size=8), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=50)
def test_any_epochs_in_any_order_are_those_of_shuffled_rows(asked, seed):
    random = np.random.RandomState(seed)
    drawn, shuffled = DrawnRows(random, 7), ShuffledRows(random, 7)
    for first, n_epochs in asked:
        np.testing.assert_array_equal(drawn.of_epochs(first, n_epochs), shuffled.of_epochs(first, n_epochs))
    streams = np.random.RandomState(1), np.random.RandomState(2)
    for order, stream in zip((drawn, shuffled), streams, strict=True):
        go_on_after(order, asked[0][0], stream)
    assert streams[0].randint(2**31, size=3).tolist() == streams[1].randint(2**31, size=3).tolist()


def test_shuffled_rows_are_the_mersenne_twisters_alone():
    with pytest.raises(ParameterError, match=r"must be a RandomState of the Mersenne Twister.*one of PCG64"):
        ShuffledRows(np.random.RandomState(np.random.PCG64(0)), 7)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("record", ["auto", False])
def test_what_they_drew_is_not_recorded(problem, record):
    X, y, _ = problem("binary")
    model = MLPClassifier(max_iter=3, random_state=np.random.RandomState(np.random.PCG64(0)), record=record).fit(X, y)
    with pytest.raises(ReplayError, match="another generator than the Mersenne Twister, whose place no record holds"):
        _ = model.run_
