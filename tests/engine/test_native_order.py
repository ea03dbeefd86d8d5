"""Rows in the order that the engine makes, or is given, as the reference takes them."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings, Source, StepPlan
from chainrule.errors import ShapeError
from chainrule.training import SGD, Adam


class Orders:
    """A permutation of one's own for every epoch."""

    def __init__(self, n_rows):
        self.n_rows = n_rows

    def of_epochs(self, first, n_epochs):
        epochs = range(first, first + n_epochs)
        return np.array([np.random.default_rng(epoch).permutation(self.n_rows) for epoch in epochs])


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_given_order_is_followed_over_epochs_and_calls(data, problems, engine, plan):
    made = data.draw(problems(n_rows=data.draw(st.integers(2, 40))))
    n_rows = made.source.n_rows
    batch_size = data.draw(st.integers(1, n_rows - 1))
    n_threads = data.draw(st.sampled_from((1, 2, 3)))
    configuration = Settings(batch_size, seed=3, order=Orders(n_rows), n_threads=n_threads)
    made, first_step, n_steps = replace(made, settings=configuration), data.draw(st.integers(0, 9)), 12
    reference, tested = made.open("reference"), made.open(engine)
    steps = replace(plan(n_steps, 0), learning_rate=np.zeros(n_steps))  # each step shows its own rows, and nothing else
    cut = data.draw(st.integers(0, n_steps))
    reports = [tested.run(first_step + a, steps.part(a, b)) for a, b in ((0, cut), (cut, n_steps))]
    expected = reference.run(first_step, steps)
    for column, other in zip(zip(*reports, strict=True), expected, strict=True):
        np.testing.assert_allclose(np.concatenate(column), other, rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_a_large_network_follows_a_given_order(n_threads, sparse, problem, engine, plan):
    configuration = Settings(batch_size=16, order=Orders(70), n_threads=n_threads)
    made = problem("DAD", n_rows=70, n_inputs=200, sizes=(300,), sparse=sparse, settings=configuration)
    reference, tested = made.open("reference", Adam(epsilon=1e-3)), made.open(engine, Adam(epsilon=1e-3))
    expected, got = reference.run(3, plan(20, 0)), tested.run(3, plan(20, 0))
    np.testing.assert_allclose(got.error, expected.error, rtol=1e-9)
    made.assert_close(tested.weights, reference.weights, rtol=1e-9)


@pytest.mark.parametrize("row", [-1, 20])
def test_an_order_that_names_a_row_that_is_not_there_is_refused(row, problem, engine, plan):
    if engine != "native":
        pytest.skip("NumPy takes -1 for the last row, and says itself what is beyond it")

    class Wrong:
        def of_epochs(self, first, n_epochs):
            return np.full((n_epochs, 20), row)

    made = problem(n_rows=20, settings=Settings(batch_size=8, order=Wrong()))
    with pytest.raises(ValueError, match="A row of an order is out of range"):
        made.open(engine).run(0, plan(2, 0))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_wrong_row_is_refused_by_the_steps_that_take_it(data, problems, engine, plan):
    if engine != "native":
        pytest.skip("NumPy says itself what is beyond the rows")
    n_rows = data.draw(st.integers(2, 20))
    made = data.draw(problems(n_rows=n_rows))
    batch_size = data.draw(st.integers(1, n_rows - 1))
    first_step, n_steps = data.draw(st.integers(0, 30)), data.draw(st.integers(1, 30))
    steps_per_epoch = -(-n_rows // batch_size)
    first_epoch, last_epoch = first_step // steps_per_epoch, (first_step + n_steps - 1) // steps_per_epoch
    epoch, place = data.draw(st.integers(first_epoch, last_epoch)), data.draw(st.integers(0, n_rows - 1))

    class Wrong:
        def of_epochs(self, first, n_epochs):
            orders = Orders(n_rows).of_epochs(first, n_epochs)
            orders[epoch - first, place] = n_rows
            return orders

    session = replace(made, settings=Settings(batch_size, order=Wrong(), n_threads=1)).open(engine)
    if first_step <= epoch * steps_per_epoch + place // batch_size < first_step + n_steps:
        with pytest.raises(ValueError, match="A row of an order is out of range"):
            session.run(first_step, plan(n_steps, 0))
    else:
        session.run(first_step, plan(n_steps, 0))


def test_an_order_of_another_shape_is_refused(problem, engine, plan):
    class Wrong:
        def of_epochs(self, first, n_epochs):
            return np.zeros((n_epochs, 19), np.int64)

    made = problem(n_rows=20, settings=Settings(batch_size=8, order=Wrong()))
    with pytest.raises(ShapeError, match=r"must be C-contiguous int64 of shape \(1, 20\)"):
        made.open(engine).run(0, plan(2, 0))


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("n_rows", [1 << 19, 700_000])
def test_many_rows_are_in_the_order_of_the_reference(n_rows, n_threads, problem, engine):
    made = problem("D", n_rows=2, n_inputs=1, n_outputs=1, settings=Settings(30_000, seed=5, n_threads=n_threads))
    X = np.random.default_rng(0).normal(size=(n_rows, 1))
    made = replace(made, source=Source(X, X[:, :1] ** 2))
    steps = StepPlan.constant(25, learning_rate=1e-3)
    reference, tested = made.open("reference", SGD()), made.open(engine, SGD())
    for first in (0, 30):
        expected, got = reference.run(first, steps), tested.run(first, steps)
        np.testing.assert_allclose(got.error, expected.error, rtol=1e-10)


@pytest.mark.slow
def test_the_time_to_order_rows_grows_as_their_number(problem, engine):
    def seconds_of_an_order(n_rows):
        made = problem("D", n_rows=2, n_inputs=1, n_outputs=1, dtype=np.float32, settings=Settings(1, n_threads=1))
        column = np.ones((n_rows, 1), np.float32)
        opened, step = (
            replace(made, source=Source(column, column)).open(engine),
            StepPlan.constant(1, learning_rate=0.0),
        )
        opened.run(0, step)  # its memory is touched now
        seconds = []
        for epoch in range(1, 6):
            started = time.thread_time()
            opened.run(epoch * n_rows, step)
            seconds.append(time.thread_time() - started)
        return min(seconds)

    # 16 times the rows: with a pass over all of them for each range it would be 16² times the hashing.
    assert seconds_of_an_order(1 << 24) < 16 * 2.2 * seconds_of_an_order(1 << 20)
