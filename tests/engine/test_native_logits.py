"""Logits of any rows: none, one, many, in any layout, by any number of threads."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix

from chainrule.engine import logits
from chainrule.errors import ShapeError
from chainrule.network import ACTIVATIONS

# float32: the largest fan-in below is 65, a sum of n terms is off by at most n·eps of its terms' sum (Higham, ch. 3).
RTOL = {np.float32: 65 * 2.0**-23, np.float64: 1e-12}


def assert_same_logits(made, numbers, engine, n_threads=None):
    dtype = made.weights.dtype.type
    exact = made.network.logits(made.weights.astype(np.float64), numbers.astype(np.float64))
    got = logits(made.network, made.weights, numbers, n_threads=n_threads, engine=engine)
    assert got.dtype == dtype
    assert got.shape == exact.shape
    if exact.size:
        np.testing.assert_allclose(got, exact, rtol=0, atol=4 * RTOL[dtype] * np.abs(exact).max())
    return got


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [0, 1, 2, 7, 255, 4097, 10_000])
def test_numbers_of_rows(n_rows, dtype, problem, engine):
    made = problem("DADAD", n_inputs=11, sizes=(64, 33), n_outputs=3, functions=("relu", "gelu"), dtype=dtype)
    X = np.random.default_rng(0).normal(size=(n_rows, 11)).astype(dtype)
    results = [assert_same_logits(made, X, engine, n_threads) for n_threads in (None, 1, 2, 3)]
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_any_network(data, problems, engine):
    made = data.draw(problems(dtype=data.draw(st.sampled_from((np.float32, np.float64))), n_inputs=5, sizes=(9, 17)))
    X = made.source.numbers
    assert_same_logits(made, X if isinstance(X, np.ndarray) else csr_matrix(X), engine)


@pytest.mark.parametrize("function", sorted(ACTIVATIONS))
def test_a_row_has_the_same_logits_alone_and_among_others(function, problem, engine):
    made = problem("DAODAD", n_inputs=8, n_rows=300, sizes=(50, 17), functions=(function,))
    X = made.source.numbers
    together = assert_same_logits(made, X, engine)
    alone = np.vstack([logits(made.network, made.weights, X[i : i + 1], engine=engine) for i in range(0, 300, 37)])
    np.testing.assert_allclose(alone, together[::37], rtol=0, atol=1e-13 * np.abs(together).max())


def test_nothing_is_dropped_and_a_session_says_the_same(problem, engine):
    made = problem("ODAOD", n_rows=60, rate=0.9)
    direct = assert_same_logits(made, made.source.numbers, engine)
    np.testing.assert_array_equal(made.open(engine).logits(made.source.numbers), direct)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layouts(dtype, problem, engine):
    made = problem("DAD", n_rows=50, n_inputs=6, dtype=dtype)
    X = made.source.numbers
    expected = assert_same_logits(made, X, engine)
    wide = np.zeros((100, 12), dtype)
    wide[::2, ::2] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    weights = made.weights.copy()
    weights.flags.writeable = False
    for other in (np.asfortranarray(X), wide[::2, ::2], X[::-1].copy()[::-1], frozen):
        np.testing.assert_array_equal(logits(made.network, weights, other, engine=engine), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [0, 1, 5000])
def test_sparse_rows(n_rows, dtype, problem, engine):
    made = problem("DAD", n_inputs=30, dtype=dtype)
    X = np.random.default_rng(1).normal(size=(n_rows, 30)).astype(dtype)
    X[np.abs(X) < 1] = 0
    X[n_rows // 2 : n_rows // 2 + 2] = 0
    for matrix in (csr_matrix(X), csr_array(X)):
        assert_same_logits(made, matrix, engine)


@pytest.mark.parametrize("break_", [lambda X: X[:, :3], lambda X: X[:, 0], lambda X: X.astype(np.float32)])
def test_rows_that_do_not_fit_get_the_references_words(break_, problem, engine):
    made = problem()
    with pytest.raises(ShapeError) as expected:
        logits(made.network, made.weights, break_(made.source.numbers), engine="reference")
    with pytest.raises(ShapeError) as got:
        logits(made.network, made.weights, break_(made.source.numbers), engine=engine)
    assert str(got.value) == str(expected.value)


def test_weights_that_do_not_fit_get_the_references_words(problem, engine):
    made = problem()
    with pytest.raises(ShapeError, match="weights must be float32 or float64 of shape"):
        logits(made.network, made.weights[:-1], made.source.numbers, engine=engine)


def test_a_row_through_very_many_weights_leaves_python_to_others(problem, engine):
    made = problem("DADAD", n_rows=1, n_inputs=4, sizes=(4096, 4096), dtype=np.float32)
    moments, over = [], threading.Event()

    def note():
        while not over.is_set():
            moments.append(time.perf_counter())
            time.sleep(0.0005)

    thread = threading.Thread(target=note)
    thread.start()
    calls = []
    for _ in range(10):
        started = time.perf_counter()
        logits(made.network, made.weights, made.source.numbers, engine=engine)
        calls.append((started, time.perf_counter()))
    over.set()
    thread.join()
    # Before and after the core is at work another thread may get its turn anyway: once each.
    assert max(sum(start < moment < end for moment in moments) for start, end in calls) > 2
