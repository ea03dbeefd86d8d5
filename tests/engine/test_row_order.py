"""Rows whose order comes from outside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings
from chainrule.engine.rows import RowsOfSteps
from chainrule.errors import ParameterError, ShapeError


class Orders:
    """Another permutation for each epoch."""

    def __init__(self, n_rows):
        self.n_rows = n_rows

    def of_epochs(self, first, n_epochs):
        epochs = range(first, first + n_epochs)
        return np.array([np.random.default_rng(epoch).permutation(self.n_rows) for epoch in epochs])


@given(n_rows=st.integers(2, 20), batch_size=st.integers(1, 19), epoch=st.integers(0, 3), position=st.integers(0, 19))
@settings(deadline=None, max_examples=60)
def test_a_step_takes_its_part_of_the_order_given(n_rows, batch_size, epoch, position):
    batch_size = min(batch_size, n_rows - 1)
    order = Orders(n_rows)
    chosen = Settings(batch_size=batch_size, order=order)
    position %= chosen.steps_per_epoch(n_rows)
    got = RowsOfSteps(chosen, n_rows).of_step(epoch * chosen.steps_per_epoch(n_rows) + position)
    expected = order.of_epochs(epoch, 1)[0][position * batch_size : (position + 1) * batch_size]
    np.testing.assert_array_equal(got, expected)


def test_the_orders_of_several_steps_are_those_of_the_epochs_they_touch():
    rows = RowsOfSteps(Settings(batch_size=4, order=Orders(10)), 10)  # three steps an epoch
    first, orders = rows.given_orders(2, 5)  # the last of epoch 0, all of 1, the first of 2
    assert first == 0
    np.testing.assert_array_equal(orders, Orders(10).of_epochs(0, 3))
    assert rows.given_orders(3, 3)[0] == 1
    assert rows.given_orders(3, 3)[1].shape == (1, 10)


@pytest.mark.parametrize(
    "chosen",
    [Settings(batch_size=4), Settings(batch_size=10, order=Orders(10)), Settings(batch_size=4, shuffle=False)],
    ids=["the seed's", "all rows", "the source's"],
)
def test_no_orders_are_asked_for_where_none_count(chosen):
    assert RowsOfSteps(chosen, 10).given_orders(0, 5) == (0, None)


def test_an_order_that_could_not_be_followed_is_refused():
    with pytest.raises(ParameterError, match="order has no effect with shuffle=False; leave one of them out"):
        Settings(batch_size=4, shuffle=False, order=Orders(10))


@pytest.mark.parametrize("wrong", [np.arange(9)[None], np.arange(10.0)[None], np.arange(20)[None, ::2]])
def test_an_order_of_the_wrong_shape_is_named(wrong):
    class Wrong:
        def of_epochs(self, first, n_epochs):
            return wrong

    rows = RowsOfSteps(Settings(batch_size=4, order=Wrong()), 10)
    with pytest.raises(ShapeError, match=r"must be C-contiguous int64 of shape \(1, 10\) \(epochs, rows\)"):
        rows.of_step(0)
    with pytest.raises(ShapeError, match=r"must be C-contiguous int64 of shape \(1, 10\) \(epochs, rows\)"):
        rows.given_orders(0, 1)
