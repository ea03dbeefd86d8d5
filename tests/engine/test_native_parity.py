"""The engine under test is the reference, to the rounding of float64."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings
from chainrule.network import (
    ACTIVATIONS,
    AbsoluteError,
    CrossEntropy,
    Huber,
    LogLoss,
    Penalty,
    Poisson,
    Quantile,
    SquaredError,
)
from chainrule.training import SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, RMSprop

# Settings that are not the defaults, and an ε so large that a gradient of nearly 0 cannot blow up its own rounding.
OPTIMIZERS = (
    SGD(),
    Momentum(),
    Nesterov(),
    Adagrad(epsilon=1e-3),
    RMSprop(decay=0.7, epsilon=1e-3),
    Adam(beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    AdamW(beta_1=0.85, beta_2=0.9, epsilon=1e-3),
    Adam(beta_1=0.8, beta_2=0.95, epsilon=1e-3, bias_correction=False),
)
LOSSES = (
    (SquaredError(), 3),
    (AbsoluteError(), 3),
    (Huber(delta=0.4), 3),
    (Quantile((0.05, 0.3, 0.5, 0.95)), 3),
    (Poisson(), 3),
    (LogLoss(), 1),
    (LogLoss(), 4),
    (CrossEntropy(), 1),
    (CrossEntropy(), 2),
    (CrossEntropy(label_smoothing=0.3), 9),
)
CHAINS = (
    "D",
    "DD",
    "DA",
    "DO",
    "AD",
    "OD",
    "AOD",
    "DAAD",
    "DAOD",
    "DOAD",
    "DDAD",
    "ODOADO",
    "DADADAD",
    "DOOD",
    "DAODA",
)


def assert_same_sums(problem, engine, rows=slice(None), **context):
    """Hold error, weight and gradient over the rows equal to 1e-10."""
    expected = problem.open("reference").accumulate(rows, **context)
    got = problem.open(engine).accumulate(rows, **context)
    assert got[0] == pytest.approx(expected[0], rel=1e-10, abs=0)
    assert got[1] == pytest.approx(expected[1], rel=1e-14, abs=0)
    problem.assert_close(got[2], expected[2], rtol=1e-10)


def assert_same_runs(problem, engine, plan, optimizer=None, first_step=0):
    """Hold reports, weights and vectors of a few steps equal to 1e-10."""
    reference, tested = problem.open("reference", optimizer), problem.open(engine, optimizer)
    expected, got = reference.run(first_step, plan), tested.run(first_step, plan)
    for column, other in zip(got, expected, strict=True):
        assert column.dtype == np.float64
        np.testing.assert_allclose(column, other, rtol=1e-10)
    problem.assert_close(tested.weights, reference.weights, rtol=1e-10)
    for vector, other in zip(tested.vectors, reference.vectors, strict=True):
        problem.assert_close(vector, other, rtol=1e-10)


def assume_tame(report):
    """Leave out runs that diverge: they multiply their roundings without end."""
    assume(report.gradient_norm.max() < 1e3)


@pytest.mark.parametrize("function", sorted(ACTIVATIONS))
@pytest.mark.parametrize("letters", ["DAD", "AD", "DA", "DAOD"])
def test_every_activation(function, letters, problem, engine):
    made = problem(letters, functions=(function,), sizes=(19,), n_inputs=5, weighted=True)
    assert_same_sums(made, engine)
    assert_same_sums(made, engine, step=3)


@pytest.mark.parametrize(("loss", "n_outputs"), LOSSES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_loss(loss, n_outputs, weighted, problem, engine, plan):
    made = problem(loss=loss, n_outputs=n_outputs, weighted=weighted, n_rows=31)
    assert_same_sums(made, engine)
    assert_same_runs(made, engine, plan(5, 0))


@pytest.mark.parametrize("letters", CHAINS)
def test_every_order_of_layers(letters, problem, engine, plan):
    made = problem(letters, sizes=(7, 3, 12), functions=("relu", "gelu", "selu"), rate=0.4, n_rows=21)
    assert_same_sums(made, engine, np.arange(5, 13), step=2, dropout=0.7, first_row=4)
    assert_same_runs(made, engine, plan(6, 1))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_every_optimizer(optimizer, problem, engine, plan):
    made = problem("DAODAD", sizes=(9, 5), n_rows=30, penalty=Penalty(l1=0.01, l2=0.05))
    assert_same_runs(made, engine, plan(8, 2), optimizer)
    assert_same_runs(made, engine, plan(8, 3), optimizer, first_step=1000)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_sums_over_any_rows(data, problems, engine):
    made = data.draw(problems())
    n_rows = made.source.n_rows
    rows = np.array(data.draw(st.lists(st.integers(0, n_rows - 1), min_size=1, max_size=50)))
    context = {"step": data.draw(st.none() | st.integers(0, 10**6)), "first_row": data.draw(st.integers(0, 100))}
    assert_same_sums(made, engine, rows, dropout=data.draw(st.sampled_from((0.0, 0.5, 1.0))), **context)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_some_steps_of_anything(data, problems, engine, plan):
    made, optimizer = data.draw(problems()), data.draw(st.sampled_from(OPTIMIZERS))
    divisor = data.draw(st.sampled_from((None, 6.0)))
    steps = plan(data.draw(st.integers(1, 7)), data.draw(st.integers(0, 99)), divisor)
    first_step = data.draw(st.sampled_from((0, 3, 10**7)))
    assume_tame(made.open("reference", optimizer).run(first_step, steps))
    assert_same_runs(made, engine, steps, optimizer, first_step)


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_accumulate_and_descend_are_run(data, problems, engine, plan):
    optimizer = data.draw(st.sampled_from(OPTIMIZERS))
    made = data.draw(problems(penalty=Penalty(), weighted=False))
    whole, halves, steps = made.open(engine, optimizer), made.open(engine, optimizer), plan(5, 0)
    assume_tame(whole.run(0, steps))
    for step in range(5):
        one = steps.part(step, step + 1)
        _, weight, gradient = halves.accumulate(halves.rows_of(step), step=step, dropout=float(one.dropout[0]))
        halves.descend(gradient / weight, step, one)
    made.assert_close(halves.weights, whole.weights, rtol=1e-10)


def test_descend_takes_any_gradient(problem, engine, plan):
    made = problem("DAD", penalty=Penalty(l2=0.5))
    gradient = np.random.default_rng(1).normal(size=made.weights.shape)
    for limit in (None, 0.1):
        sessions = [made.open(name, Adam(), max_gradient_norm=limit) for name in ("reference", engine)]
        for session in sessions:
            session.descend(gradient, 4, plan(3, 5))
        made.assert_close(sessions[1].weights, sessions[0].weights, rtol=1e-13)


@pytest.mark.parametrize("rows", [np.empty(0, np.int64), slice(0, 0), slice(9, 3)], ids=str)
def test_no_row_gives_sums_of_zero(rows, problem, engine):
    session = problem().open(engine)
    session.accumulate(slice(None))
    error, weight, gradient = session.accumulate(rows)
    assert (error, weight) == (0.0, 0.0)
    np.testing.assert_array_equal(gradient, 0)


def test_batches_without_weight_are_passed_over(problem, engine, plan):
    made = problem("DAOD", n_rows=24, weighted=True, settings=Settings(batch_size=4, shuffle=False))
    made.source.weight[4:8] = 0
    made.source.weight[12:20] = 0
    assert_same_runs(made, engine, plan(12, 3), Adam())
    report = made.open(engine, Adam()).run(0, plan(6, 3))
    assert [list(column == 0) for column in report] == [[False, True, False, True, True, False]] * 3


@pytest.mark.parametrize("divisor", [None, 3.0])
def test_weights_that_sum_to_zero_with_a_divisor(problem, engine, plan, divisor):
    made = problem(n_rows=4, weighted=True)
    made.source.weight[:] = 0
    session = made.open(engine)
    assert [list(column) for column in session.run(0, plan(2, 0, divisor))] == [[0.0, 0.0]] * 3
    np.testing.assert_array_equal(session.weights, made.weights)
