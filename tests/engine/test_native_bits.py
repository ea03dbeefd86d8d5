"""A run is a function: the same bits whatever the threads, however the steps are cut into calls."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings
from chainrule.network import CrossEntropy, Penalty, SquaredError
from chainrule.network.random import DROPOUT, key
from chainrule.network.random import bits as random_bits
from chainrule.training import SGD, Adam, Momentum

SHAPES = {
    "tiny": {"n_rows": 64, "n_inputs": 5, "sizes": (8,), "batch": 16},
    "one row a step": {"n_rows": 6, "n_inputs": 3, "sizes": (300,), "batch": 1},
    "wide": {"n_rows": 1500, "n_inputs": 64, "sizes": (256, 256), "batch": 512},
    "odd": {"n_rows": 700, "n_inputs": 301, "sizes": (97,), "batch": 257},
    "all rows": {"n_rows": 5000, "n_inputs": 20, "sizes": (64,), "batch": 5000},
    "sparse": {"n_rows": 2000, "n_inputs": 400, "sizes": (50,), "batch": 500, "sparse": True},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_threads_do_not_change_a_bit(shape, dtype, problem, engine, plan, bits):
    sizes = SHAPES[shape]
    made = problem(
        "DAODAD",
        **{name: value for name, value in sizes.items() if name != "batch"},
        functions=("gelu", "relu"),
        loss=CrossEntropy(),
        n_outputs=5,
        penalty=Penalty(l1=0.01),
        weighted=True,
        dtype=dtype,
        settings=Settings(batch_size=sizes["batch"], max_gradient_norm=0.5),
    )
    results = set()
    for n_threads in (1, 2, 3, 5, None):
        session = made.open(engine, Adam(), n_threads=n_threads)
        report = session.run(0, plan(4, 1))
        sums = session.accumulate(slice(0, 50), step=9)
        results.add((bits(session), np.array(report).tobytes(), sums[0], sums[2].tobytes()))
        session.close()
    assert len(results) == 1


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(1, 29), max_size=5), seed=st.integers(0, 99), data=st.data())
def test_calls_do_not_change_a_bit(cuts, seed, data, problems, engine, plan, bits):
    made, steps = data.draw(problems()), plan(30, seed)
    whole, parts = made.open(engine, Momentum()), made.open(engine, Momentum())
    expected = whole.run(0, steps)
    edges = sorted({0, 30, *cuts})
    reports = []
    for a, b in pairwise(edges):
        reports.append(parts.run(a, steps.part(a, b)))
        if not reports[-1].finite:
            break
    np.testing.assert_array_equal(np.concatenate(reports, axis=1), np.array(expected))
    assert bits(parts) == bits(whole)


def test_what_is_done_between_steps_does_not_disturb_them(problem, engine, plan, bits):
    made, steps = problem("DAOD", n_rows=50, sizes=(40,), settings=Settings(batch_size=8)), plan(20, 0)
    alone, watched = made.open(engine, Adam()), made.open(engine, Adam())
    alone.run(0, steps)
    for step in range(20):
        watched.run(step, steps.part(step, step + 1))
        watched.logits(made.source.numbers)
        watched.accumulate(slice(0, 3), step=77)
        watched.rows_of(1000 - step)
    assert bits(alone) == bits(watched)


def test_a_session_sees_weights_that_others_change(problem, engine, plan):
    made = problem("DAD", n_rows=30)
    session, fresh = made.open(engine, Adam()), made.open(engine, Adam())
    session.run(0, plan(7, 0))
    session.weights[...] = made.weights
    for vector in session.vectors:
        vector[...] = 0
    session.run(0, plan(7, 0))
    fresh.run(0, plan(7, 0))
    np.testing.assert_array_equal(session.weights, fresh.weights)


def test_weights_and_vectors_are_the_callers_arrays(problem, engine, plan):
    made = problem()
    session = made.open(engine, Adam())
    weights, vectors = session.weights, session.vectors
    before = weights.copy()
    session.run(0, plan(2, 0))
    assert session.weights is weights
    assert all(one is other for one, other in zip(session.vectors, vectors, strict=True))
    assert not np.array_equal(weights, before)
    assert all(vector.any() for vector in vectors)


@settings(deadline=None, max_examples=80)
@given(
    n_rows=st.integers(1, 3000),
    batch=st.integers(1, 3100),
    seed=st.integers(0, 2**64 - 1),
    shuffle=st.booleans(),
    steps=st.lists(st.integers(0, 10**6), min_size=1, max_size=4),
)
def test_rows_of_a_step_are_the_references(n_rows, batch, seed, shuffle, steps, problem, engine):
    made = problem("D", n_rows=n_rows, n_inputs=1, settings=Settings(batch_size=batch, seed=seed, shuffle=shuffle))
    reference, tested = made.open("reference"), made.open(engine)
    for step in steps:
        every = np.arange(n_rows)
        np.testing.assert_array_equal(every[tested.rows_of(step)], every[reference.rows_of(step)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 3, 17, 257, 1024])
@settings(deadline=None, max_examples=15)
@given(
    rate=st.sampled_from((1e-9, 0.1, 0.5, 0.9, 1 - 1e-9)) | st.floats(1e-6, 0.999),
    factor=st.sampled_from((1.0, 0.5)),
    seed=st.integers(0, 2**64 - 1),
    step=st.integers(0, 2**40),
    row=st.integers(0, 2**30),
)
def test_dropout_masks_are_those_of_the_counter(width, dtype, rate, factor, seed, step, row, problem, engine):
    # One row of input 1, weights 1: the gradient of weight u is mask_u·(mask_u·1 - 0).
    made = problem("DO", n_rows=1, n_inputs=1, n_outputs=width, rate=rate, dtype=dtype)
    made.source.numbers[:], made.source.target[:] = 1, 0
    made.weights[:width], made.weights[width:] = 1, 0
    session = made.open(engine, seed=seed)
    _, _, gradient = session.accumulate(slice(0, 1), step=step, dropout=factor, first_row=row)
    drawn = random_bits(key(seed, DROPOUT, step, 1), row * width, width)
    kept = drawn >= int(rate * factor * 2**64)
    np.testing.assert_array_equal(gradient[:width] != 0, kept)
    mask = np.asarray(1 / (1 - rate * factor), dtype)
    np.testing.assert_allclose(gradient[:width][kept], mask * mask, rtol=4 * np.finfo(dtype).eps)


def test_shards_of_a_minibatch_draw_the_mask_of_the_whole(problem, engine):
    made = problem("DAOD", n_rows=40, sizes=(33,), rate=0.5)
    session = made.open(engine)
    whole = session.accumulate(slice(0, 40), step=3)
    parts = [session.accumulate(slice(a, a + 10), step=3, first_row=a) for a in range(0, 40, 10)]
    assert sum(part[0] for part in parts) == pytest.approx(whole[0], rel=1e-12)
    made.assert_close(sum(part[2] for part in parts), whole[2], rtol=1e-12)


def test_a_wide_layers_masks_hold_through_a_run(problem, engine, plan):
    made = problem(
        "DAODAOD",
        sizes=(1024, 257),
        n_rows=90,
        loss=SquaredError(),
        functions=("tanh",),
        settings=Settings(batch_size=31, n_threads=2),
    )
    sessions = [made.open(name, SGD()) for name in ("reference", engine)]
    reports = [session.run(0, plan(7, 5)) for session in sessions]
    np.testing.assert_allclose(reports[1].error, reports[0].error, rtol=1e-10)
    made.assert_close(sessions[1].weights, sessions[0].weights, rtol=1e-10)


def test_a_dropout_rate_of_1_in_the_plan_is_refused(problem, engine, plan):
    made, steps = problem("DAOD", rate=0.5), plan(3, 0)
    steps.dropout[1] = 2.0
    session = made.open(engine)
    with pytest.raises(ValueError, match=r"rate times Context.dropout .*Got .*1.0"):
        session.run(0, steps)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("limit", [None, 0.5])
def test_threads_do_not_change_a_bit_of_a_descent_alone(shape, limit, problem, engine, plan, bits):
    sizes = {name: value for name, value in SHAPES[shape].items() if name != "batch"}
    made = problem("DAD", **sizes, settings=Settings(batch_size=SHAPES[shape]["batch"], max_gradient_norm=limit))
    gradient, results = np.random.default_rng(0).normal(size=made.weights.shape), set()
    for n_threads in (1, 2, 5):
        session = made.open(engine, Adam(), n_threads=n_threads)
        session.descend(gradient, 3, plan(1, 0))
        results.add(bits(session))
    assert len(results) == 1
    reference = made.open("reference", Adam())
    reference.descend(gradient, 3, plan(1, 0))
    made.assert_close(session.weights, reference.weights, rtol=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_gradient_over_very_many_rows_is_the_references(sparse, problem, engine):
    # Its sums are taken in parts: of 32,000 dense rows, of about 60,000 sparse ones.
    dtype, shape = (np.float64, (70_000, 70, 50)) if sparse else (np.float32, (40_000, 170, 200))
    n_rows, n_inputs, width = shape
    made = problem(
        "DAD", n_rows=n_rows, n_inputs=n_inputs, sizes=(width,), sparse=sparse, dtype=dtype, settings=Settings(n_rows)
    )
    X, y, _ = made.source.take(slice(None))
    expected = made.network.accumulate(made.weights.astype(np.float64), X.astype(np.float64), y)[2]
    # A sum of n terms is off by at most n·eps of the sum of their sizes (Higham, ch. 3).
    rtol = n_rows * 2.0**-23 if dtype == np.float32 else 1e-10
    results = set()
    for n_threads in (1, 3):
        got = made.open(engine, n_threads=n_threads).accumulate(slice(None))[2]
        made.assert_close(got, expected.astype(dtype), rtol=rtol)
        results.add(got.tobytes())
    assert len(results) == 1
