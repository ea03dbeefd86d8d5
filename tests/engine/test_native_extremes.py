"""Far from 1: overflow, underflow, infinity and NaN come out as in the reference, and stop a run where they do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from chainrule.engine import Settings, Source, logits
from chainrule.network import ACTIVATIONS, AbsoluteError, CrossEntropy, LogLoss, Poisson, SquaredError
from chainrule.training import Adam

MAGNITUDES = (0.0, 1e-300, 1e-30, 1e-8, 0.01, 0.5, 1, 3, 8, 20, 37, 40, 88, 89, 104, 350, 700, 745, 1e10, 1e30, np.inf)
EXTREMES = np.array([sign * value for value in MAGNITUDES for sign in (1.0, -1.0)] + [np.nan])
# exp and its kin lose about log2(|z|) bits of the argument: 1e-13 and 1e-5 are some hundred roundings of either dtype.
RTOL = {np.float32: 1e-5, np.float64: 1e-13}


def fed_to(function, values, problem, dtype):
    """Return a problem whose one activation layer meets ``values`` as they are: weights on an input of 1."""
    with np.errstate(under="ignore"):
        values = values.astype(dtype)
    made = problem(
        "DA", n_rows=1, n_inputs=1, n_outputs=len(values), functions=(function,), dtype=dtype, loss=AbsoluteError()
    )
    made.source.numbers[:] = 1
    made.source.target[:] = -1e35  # far below any φ, so that ∂E/∂a is 1 and the gradient is φ′
    made.weights[: len(values)], made.weights[len(values) :] = values, 0
    return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", sorted(ACTIVATIONS))
def test_activations_of_extreme_values(function, dtype, problem, engine):
    made = fed_to(function, EXTREMES, problem, dtype)
    # The truth is φ in float64: in float32 the reference has -0.0 for silu(-89), which is -2e-37.
    exact = logits(made.network, made.weights.astype(float), made.source.numbers.astype(float), engine="reference")
    got = logits(made.network, made.weights, made.source.numbers, engine=engine)
    with np.errstate(over="ignore", under="ignore"):
        expected = exact.astype(dtype)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=RTOL[dtype], atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", sorted(ACTIVATIONS))
def test_slopes_at_extreme_values(function, dtype, problem, engine):
    values = EXTREMES[np.isfinite(EXTREMES)]
    made = fed_to(function, values[np.abs(values) < 1e20], problem, dtype)
    expected, got = (made.open(name).accumulate(slice(0, 1))[2] for name in ("reference", engine))
    # Where φ′ is a sum (gelu, silu, mish), it is exact to rounding of its terms, which are at most 1.1.
    atol = RTOL[dtype] if function in ("gelu", "silu", "mish") else np.finfo(dtype).tiny
    np.testing.assert_allclose(got, expected, rtol=RTOL[dtype], atol=atol)


@pytest.mark.parametrize("function", sorted(ACTIVATIONS))
def test_activations_in_between(function, problem, engine):
    made = fed_to(
        function, np.concatenate([np.linspace(-12, 12, 4001), np.geomspace(1e-12, 1, 200)]), problem, np.float64
    )
    expected, got = (logits(made.network, made.weights, made.source.numbers, engine=e) for e in ("reference", engine))
    np.testing.assert_allclose(got, expected, rtol=1e-13)
    slopes = [made.open(name).accumulate(slice(0, 1))[2] for name in ("reference", engine)]
    np.testing.assert_allclose(slopes[1], slopes[0], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [SquaredError(), LogLoss(), Poisson(), CrossEntropy()], ids=lambda loss: loss.kind)
def test_losses_of_extreme_logits(loss, dtype, problem, engine):
    made = problem("D", n_rows=1, n_inputs=1, n_outputs=2, loss=loss, dtype=dtype)
    made.source.numbers[:] = 1
    made.weights[2:] = 0
    pairs = [(a, b) for a in (0, 1e-30, 30, -30, 80, -80, 1e4, -1e4) for b in (0, -1e-30, 1, -1e4)]
    for pair in pairs:
        made.weights[:2] = pair
        expected, got = (made.open(name).accumulate(slice(0, 1)) for name in ("reference", engine))
        tiny = np.finfo(dtype).tiny
        np.testing.assert_allclose(got[0], expected[0], rtol=RTOL[dtype], atol=tiny, err_msg=str(pair))
        np.testing.assert_allclose(got[2], expected[2], rtol=RTOL[dtype], atol=tiny, err_msg=str(pair))


def test_a_smoothed_loss_is_finite_where_the_sum_of_its_terms_is_not(problem, engine):
    made = problem("D", n_rows=1, n_inputs=1, n_outputs=4, loss=CrossEntropy(label_smoothing=0.1), dtype=np.float32)
    made.source.numbers[:] = 1
    made.weights[:] = [1.5e38, -1.5e38, -1.5e38, -1.5e38, 0, 0, 0, 0]
    made.source.target[:] = 0
    expected, got = (made.open(name).accumulate(slice(0, 1)) for name in ("reference", engine))
    assert np.isfinite(expected[0])
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("width", [1, 5, 17, 100])
def test_a_non_finite_row_spoils_no_other(value, width, problem, engine):
    made = problem("DAD", n_rows=23, n_inputs=7, n_outputs=width, sizes=(width,), functions=("tanh",))
    clean = logits(made.network, made.weights, made.source.numbers, engine=engine)
    X = made.source.numbers.copy()
    X[9, 3] = value
    with np.errstate(invalid="ignore"):
        expected = made.network.logits(made.weights, X)[9]
    got = logits(made.network, made.weights, X, engine=engine)
    np.testing.assert_array_equal(np.delete(got, 9, axis=0), np.delete(clean, 9, axis=0))
    np.testing.assert_allclose(got[9], expected, rtol=1e-10)


@pytest.mark.parametrize("place", [0, 6, 20])
def test_a_non_finite_weight_spoils_its_own_column_alone(place, problem, engine):
    made = problem("D", n_rows=19, n_inputs=6, n_outputs=21)
    made.weights[: 7 * 21].reshape(7, 21)[2, place] = np.nan
    got = logits(made.network, made.weights, made.source.numbers, engine=engine)
    np.testing.assert_array_equal(np.isnan(got), np.broadcast_to(np.arange(21) == place, got.shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [SquaredError(), CrossEntropy(), LogLoss(), Poisson()], ids=lambda loss: loss.kind)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_step_that_is_not_finite_is_the_last_and_moves_nothing(value, loss, dtype, problem, engine, plan, bits):
    made = problem(
        "DAOD", n_rows=40, loss=loss, dtype=dtype, settings=Settings(batch_size=4, shuffle=False, n_threads=2)
    )
    made.source.numbers[27] = value  # a row of step 6
    sessions = {name: made.open(name, Adam()) for name in ("reference", engine)}
    reports = {name: session.run(0, plan(10, 0)) for name, session in sessions.items()}
    assert len(reports[engine].error) == 7
    assert not reports[engine].finite
    np.testing.assert_array_equal(np.isfinite(reports[engine]), np.isfinite(reports["reference"]))
    stopped = made.open(engine, Adam())
    stopped.run(0, plan(10, 0).part(0, 6))
    assert bits(sessions[engine]) == bits(stopped)


def test_an_error_that_is_finite_with_a_gradient_that_is_not(problem, engine, plan, bits):
    made = problem("D", n_rows=2, n_inputs=1, n_outputs=1, loss=AbsoluteError(), settings=Settings(batch_size=2))
    made.source.numbers[:], made.source.target[:] = 1.7e308, -1.0
    made.weights[:] = 1e-300, 0
    session = made.open(engine, Adam())
    before = bits(session)
    report = session.run(0, plan(3, 0))
    assert len(report.error) == 1
    assert np.isfinite(report.error[0])
    assert not np.isfinite(report.gradient_norm[0])
    assert not report.finite
    assert bits(session) == before


def test_an_error_that_is_not_finite_with_a_gradient_that_is(problem, engine, plan, bits):
    made = problem("D", n_rows=4, n_inputs=1, n_outputs=1, loss=AbsoluteError(), settings=Settings(batch_size=4))
    made.source.target[:] = -1.7e308
    session = made.open(engine, Adam())
    before = bits(session)
    report = session.run(0, plan(3, 0))
    assert [len(report.error), np.isinf(report.error[0]), np.isfinite(report.gradient_norm[0])] == [1, True, True]
    assert bits(session) == before


def test_a_row_of_weight_zero_may_still_be_nan(problem, engine, plan):
    made = problem("DAD", n_rows=8, settings=Settings(batch_size=8))
    X, weight = made.source.numbers.copy(), np.ones(8)
    X[2], weight[2] = np.nan, 0
    broken = type(made)(made.network, Source(X, made.source.target, weight), made.settings, made.weights)
    reports = [broken.open(name).run(0, plan(2, 0)) for name in ("reference", engine)]
    assert [report.finite for report in reports] == [False, False]


@pytest.mark.parametrize("n_times", [1, 4000])
def test_entries_of_one_column_that_overflow_together_stop_a_run(n_times, problem, engine, plan, bits):
    # So large a network moves its weights while it computes their gradient, if no number of it can overflow.
    made = problem("DAD", n_rows=8, n_inputs=300, sizes=(200,), dtype=np.float32, settings=Settings(batch_size=8))
    made.weights[:200] = 0  # of the first column, so that the error is finite
    starts = np.arange(0, 8 * n_times + 1, n_times)
    X = csr_array((np.full(8 * n_times, 8e36, np.float32), np.zeros(8 * n_times, np.int32), starts), shape=(8, 300))
    tested = replace(made, source=Source(X, np.full((8, 2), 0.5))).open(engine, Adam())
    before = bits(tested)
    got = tested.run(0, plan(1, 0))
    assert np.isfinite(got.error).all()
    assert got.finite is (n_times == 1)
    assert (bits(tested) == before) is not got.finite
    assert np.isfinite(tested.weights).all()
