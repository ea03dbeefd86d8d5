"""Odd sizes, odd layouts, odd dtypes: none of them changes what is computed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, csr_matrix

from chainrule.engine import Settings, Source
from chainrule.errors import ParameterError, ShapeError
from chainrule.network import CrossEntropy, LogLoss, Poisson, Quantile, SquaredError
from chainrule.training import Adam

WIDTHS = (1, 3, 17, 100, 257, 1024)


def assert_same(made, engine, plan, n_steps=3):
    reference, tested = made.open("reference"), made.open(engine)
    expected, got = reference.run(0, plan(n_steps, 7)), tested.run(0, plan(n_steps, 7))
    for column, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(column, other, rtol=1e-10)
    made.assert_close(tested.weights, reference.weights, rtol=1e-10)
    return tested.weights


def with_source(made, **parts):
    """Return the problem with some of its rows' arrays exchanged."""
    source = {"numbers": made.source.numbers, "target": made.source.target, "weight": made.source.weight} | parts
    return type(made)(made.network, Source(**source), made.settings, made.weights)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("next_width", WIDTHS)
def test_widths(width, next_width, problem, engine, plan):
    made = problem("DADAD", sizes=(width, next_width), n_rows=13, n_inputs=3, functions=("relu", "tanh"))
    assert_same(made, engine, plan, n_steps=2)


@pytest.mark.parametrize("n_inputs", WIDTHS)
def test_numbers_of_columns(n_inputs, problem, engine, plan):
    assert_same(problem("DAD", n_inputs=n_inputs, sizes=(5,), n_rows=11), engine, plan)
    assert_same(problem("D", n_inputs=n_inputs, n_outputs=1, n_rows=11), engine, plan)


@pytest.mark.parametrize("n_outputs", WIDTHS)
@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy(0.1), LogLoss(), Quantile()], ids=lambda loss: loss.kind)
def test_numbers_of_outputs(n_outputs, loss, problem, engine, plan):
    assert_same(problem("DAD", loss=loss, n_outputs=n_outputs, n_rows=9), engine, plan)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 255, 256, 257, 1000])
@pytest.mark.parametrize("n_rows", [1, 2, 256, 511])
def test_batch_sizes_and_last_batches(batch_size, n_rows, problem, engine, plan):
    made = problem("DAOD", sizes=(17,), n_rows=n_rows, settings=Settings(batch_size=batch_size, n_threads=2))
    assert_same(made, engine, plan, n_steps=4)


@settings(deadline=None, max_examples=60)
@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=3), batch=st.integers(1, 300), seed=st.integers(0, 99))
def test_any_sizes(sizes, batch, seed, problem, engine, plan):
    letters = "DA" * len(sizes) + "D"
    configuration = Settings(batch_size=batch, seed=seed)
    assert_same(problem(letters, sizes=sizes, n_rows=310, seed=seed, settings=configuration), engine, plan, n_steps=2)


def layouts(X):
    """Return the same numbers in other places of memory."""
    wide = np.zeros((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
    wide[::2, 1::3] = X
    shifted = np.zeros(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)  # off every alignment
    shifted[...] = X
    frozen = X.copy()
    frozen.flags.writeable = False
    return {
        "fortran": np.asfortranarray(X),
        "strided": wide[::2, 1::3],
        "backwards": X[::-1, ::-1].copy()[::-1, ::-1],
        "columns of a wider table": np.hstack([X, X])[:, : X.shape[1]],
        "shifted": shifted,
        "read-only": frozen,
    }


@pytest.mark.parametrize(
    "layout", ["fortran", "strided", "backwards", "columns of a wider table", "shifted", "read-only"]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layouts_in_memory_change_no_bit(layout, dtype, problem, engine, plan, bits):
    made = problem("DAOD", n_inputs=7, n_rows=37, n_outputs=3, weighted=True, dtype=dtype)
    parts = {
        "numbers": layouts(made.source.numbers)[layout],
        "target": layouts(made.source.target)[layout],
        "weight": layouts(made.source.weight[:, None])[layout][:, 0],
    }
    sessions = [made.open(engine, Adam()), with_source(made, **parts).open(engine, Adam())]
    for session in sessions:
        session.run(0, plan(12, 0))
    assert bits(sessions[0]) == bits(sessions[1])
    for name, part in parts.items():
        np.testing.assert_array_equal(part, getattr(made.source, name))


INTEGERS = (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_class_codes_of_every_integer_dtype(dtype, problem, engine, plan):
    made = problem(loss=CrossEntropy(), n_outputs=5, n_rows=25)
    expected = assert_same(made, engine, plan)
    got = assert_same(with_source(made, target=made.source.target.astype(dtype)), engine, plan)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", [*INTEGERS, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("loss", [SquaredError(), Poisson(), Quantile()], ids=lambda loss: loss.kind)
def test_numeric_targets_of_every_dtype(dtype, loss, problem, engine, plan):
    made = problem(loss=loss, n_outputs=2, n_rows=25)
    counts = np.random.default_rng(0).integers(0, 9, made.source.target.shape)
    expected = assert_same(with_source(made, target=counts.astype(np.float64)), engine, plan)
    got = assert_same(with_source(made, target=counts.astype(dtype)), engine, plan)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight_dtype", [np.float32, np.float64])
def test_row_weights_of_either_dtype(dtype, weight_dtype, problem, engine):
    made = problem(n_rows=23, weighted=True, dtype=dtype)
    halves = np.round(made.source.weight * 8) / 8  # the same number in both dtypes
    made = with_source(made, weight=halves.astype(weight_dtype))
    expected, got = (made.open(name).accumulate(slice(None)) for name in ("reference", engine))
    rtol = 1e-10 if dtype == np.float64 else 1e-4
    assert got[1] == expected[1] == halves.sum(dtype=np.float64)
    assert got[0] == pytest.approx(expected[0], rel=rtol)
    made.assert_close(got[2], expected[2], rtol=rtol)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_sparse_rows_are_the_dense_ones(data, problem, engine):
    n_rows, n_inputs = data.draw(st.integers(1, 30)), data.draw(st.sampled_from((1, 2, 9, 40)))
    seed, dtype = data.draw(st.integers(0, 999)), data.draw(st.sampled_from((np.float32, np.float64)))
    dense = problem(data.draw(st.sampled_from(("D", "DAD", "DAODAD"))), n_rows=n_rows, n_inputs=n_inputs, dtype=dtype)
    rng = np.random.default_rng(seed)
    filled = rng.uniform(size=(n_rows, n_inputs)) < data.draw(st.sampled_from((0.0, 0.1, 0.5, 1.0)))
    X = np.where(filled, dense.source.numbers, 0).astype(dtype)
    for matrix in sparse_forms(X, filled, rng):
        sparse = with_source(dense, numbers=matrix)
        expected = with_source(dense, numbers=X).open("reference").accumulate(slice(None), step=1)
        got = sparse.open(engine).accumulate(slice(None), step=1)
        rtol = 1e-10 if dtype == np.float64 else 1e-4
        assert got[0] == pytest.approx(expected[0], rel=rtol)
        dense.assert_close(got[2], expected[2], rtol=rtol)


def sparse_forms(X, filled, rng):
    """Yield X as CSR with either index dtype, with explicit zeros, with columns out of order."""
    plain = csr_matrix(X)
    yield plain
    yield csr_array((plain.data, plain.indices.astype(np.int64), plain.indptr.astype(np.int64)), shape=X.shape)
    yield csr_array((X.ravel(), np.tile(np.arange(X.shape[1]), len(X)), np.arange(len(X) + 1) * X.shape[1]), X.shape)
    columns = [rng.permutation(np.flatnonzero(row)) for row in filled]
    data = np.concatenate([X[i, row] for i, row in enumerate(columns)])
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in columns])])
    yield csr_array((data, np.concatenate(columns).astype(np.int32), indptr.astype(np.int32)), shape=X.shape)


def test_sparse_rows_train_over_several_epochs(problem, engine, plan):
    made = problem("DAOD", n_rows=43, n_inputs=30, sparse=True, weighted=True)
    assert_same(made, engine, plan, n_steps=20)


@pytest.mark.parametrize("rows", [slice(3, 9), slice(None), slice(0, 20, 3), np.array([-1, 0, -20, 5, 5])], ids=str)
def test_rows_are_taken_as_numpy_takes_them(rows, problem, engine):
    made = problem(weighted=True)
    expected, got = (made.open(name).accumulate(rows) for name in ("reference", engine))
    assert got[0] == pytest.approx(expected[0], rel=1e-10)
    assert got[1] == pytest.approx(expected[1], rel=1e-14)
    made.assert_close(got[2], expected[2], rtol=1e-10)


@pytest.mark.parametrize("row", [20, -21, 2**40])
def test_a_row_that_is_not_there_is_an_index_error(row, problem, engine):
    session = problem(n_rows=20).open(engine)
    with pytest.raises(IndexError, match=str(row)):
        session.accumulate(np.array([0, row]))


BROKEN = {
    "columns": (ShapeError, r"X must have shape \(N, 4\)", lambda s: {"numbers": s.numbers[:, :3]}),
    "dtype": (ShapeError, "one dtype", lambda s: {"numbers": s.numbers.astype(np.float32)}),
    "target": (ShapeError, "target y must have shape", lambda s: {"target": s.target[:, :1]}),
    "row weights": (ShapeError, "Row weights must have shape", lambda s: {"weight": np.ones((s.n_rows, 1))}),
    "csc": (ShapeError, "must be CSR", lambda s: {"numbers": csr_array(s.numbers).tocsc()}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_fit_gets_the_references_words(what, problem, engine, plan):
    error, words, break_ = BROKEN[what]
    made = problem(n_rows=20)
    broken = with_source(made, **break_(made.source))
    for name in ("reference", engine):
        with pytest.raises(error, match=words):
            broken.open(name).run(0, plan(3, 0))


@pytest.mark.parametrize(
    ("loss", "value", "words"),
    [
        (CrossEntropy(), -1, "from 0 to 1"),
        (CrossEntropy(), 2, "from 0 to 1"),
        (LogLoss(), 1.5, r"in \[0, 1\]"),
        (LogLoss(), np.nan, r"in \[0, 1\]"),
        (Poisson(), -0.5, "at least 0"),
    ],
    ids=str,
)
def test_a_target_outside_its_domain_gets_the_references_words(loss, value, words, problem, engine, plan):
    made = problem(loss=loss, n_rows=20)
    made.source.target[11] = value
    for name in ("reference", engine):
        with pytest.raises(ParameterError, match=words):
            made.open(name).run(0, plan(3, 0))


def test_floats_are_no_class_codes(problem, engine, plan):
    made = problem(loss=CrossEntropy())
    broken = with_source(made, target=made.source.target.astype(float))
    for name in ("reference", engine):
        with pytest.raises(ParameterError, match="integer class codes"):
            broken.open(name).run(0, plan(3, 0))
