import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings
from chainrule.errors import ParameterError
from chainrule.glassbox import RangeTest, learning_rate_range_test, range_test
from chainrule.training import LBFGS, Recipe


def test_the_errors_are_those_of_plain_descent_at_growing_rates(line):
    """By hand: for a straight line with squared loss, ∂E/∂w is Xᵀ(Xw − y)/n."""
    found = range_test(line, least=1e-3, greatest=1.0, n_steps=20)
    X, y = np.column_stack([line.source.numbers, np.ones(8)]), line.source.target
    w = line.weights_before(0)[:, None]
    for rate, error in zip(np.geomspace(1e-3, 1.0, 20), found.errors, strict=True):
        assert error == pytest.approx(0.5 * np.mean((X @ w - y) ** 2))
        w = w - rate * X.T @ (X @ w - y) / 8


def test_the_rates_grow_by_one_factor(line):
    rates = range_test(line, n_steps=40).rates
    assert rates[0] == 1e-7
    assert rates[1:] / rates[:-1] == pytest.approx((10 / 1e-7) ** (1 / 39))


def test_it_ends_when_the_error_is_four_times_the_lowest(line):
    found = range_test(line, greatest=1e6)
    assert len(found.rates) < 100
    lowest = np.minimum.accumulate(found.smoothed)
    assert (found.smoothed <= 4 * lowest).all()
    assert np.isfinite(found.errors).all()


def test_the_smoothed_error_of_a_constant_is_that_constant(line):
    assert range_test(line, greatest=1e-6, n_steps=9).smoothed == pytest.approx(range_test(line).errors[0], rel=1e-4)


def test_the_run_is_left_as_it_is(line):
    before = line.weights_before(0).copy()
    range_test(line)
    assert np.array_equal(line.weights_before(0), before)


def test_the_steepest_rate_is_where_the_error_falls_fastest():
    rates, errors = np.geomspace(1e-4, 10, 6), np.array([10.1, 10.0, 8.0, 4.0, 3.0, 8.0])
    assert RangeTest(rates, errors, errors).steepest == pytest.approx(rates[2])
    rising = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    assert RangeTest(rates, rising, rising).steepest is None
    assert RangeTest(rates[:2], errors[:2], errors[:2]).steepest is None
    assert RangeTest(rates[:3], errors[:3], errors[:3]).steepest == pytest.approx(rates[1])  # all there is: two decades


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_minibatches_that_differ_do_not_hide_the_steepest_rate(seed):
    """The error falls from 1 to 0 about a rate of 1e-3; minibatches scatter by 0.15, tiny rates change nothing."""
    rates = np.geomspace(1e-7, 1e-1, 80)
    noise = 0.15 * np.random.default_rng(seed).normal(size=80)
    falling = 1 / (1 + (rates / 1e-3) ** 0.8)
    found = RangeTest(rates, falling + noise, falling).steepest
    assert found is not None
    assert 1e-4 <= found <= 1e-2


def test_where_nothing_but_noise_is_there_is_no_steepest_rate():
    rates, level = np.geomspace(1e-7, 1e-1, 80), 1 - 1e-9 * np.arange(80)
    found = [
        RangeTest(rates, 1 + 0.2 * np.random.default_rng(seed).normal(size=80), level).steepest for seed in range(50)
    ]
    assert found.count(None) >= 45


def test_the_figure_marks_the_steepest_and_the_runs_own_rate(line, traces):
    found, figure = range_test(line), learning_rate_range_test(line)
    lines = traces(figure)
    assert np.array_equal(lines["minibatch"].y, found.errors)
    assert np.array_equal(lines["smoothed"].y, found.smoothed)
    assert {shape.x0 for shape in figure.layout.shapes} == {found.steepest, 0.3}
    assert {f"falls fastest at {found.steepest:.2g}", "this run's 0.3"} <= set(lines)
    assert figure.layout.xaxis.type == "log"


def test_lbfgs_has_no_rate_to_test(recorded_run, line):
    run = recorded_run(line.network, line.source, Recipe(LBFGS(), epochs=3, settings=Settings(8)))
    with pytest.raises(ParameterError, match="a range test has no effect with lbfgs"):
        learning_rate_range_test(run)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"least": 1.0, "greatest": 0.5}, "least and greatest must be 0 < least < greatest, got 1.0 and 0.5"),
        ({"least": 0.0}, "least and greatest must be 0 < least"),
        ({"n_steps": 1}, "n_steps must be an int of at least 2, got 1"),
    ],
)
def test_what_breaks_a_rule_is_refused(line, options, message):
    with pytest.raises(ParameterError, match=message):
        range_test(line, **options)
