import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from chainrule.table.scaling import Scale, weighted_quantiles

LEVELS = (0.25, 0.5, 0.75)
finite = st.floats(allow_nan=False, allow_infinity=False)
columns = nps.arrays(np.float64, st.integers(1, 40), elements=finite | st.sampled_from([0.0, 1.0, 5e-324, 1e300]))


@given(columns)
@settings(deadline=None)
def test_quantiles_equal_numpys(values):
    expected = np.quantile(values, LEVELS, method="inverted_cdf")
    np.testing.assert_array_equal(weighted_quantiles(values, LEVELS), expected)


@given(st.data(), columns)
@settings(deadline=None)
def test_integer_weights_are_repetitions_whatever_their_common_factor(data, values):
    counts = np.array(data.draw(st.lists(st.integers(1, 5), min_size=len(values), max_size=len(values))), float)
    factor = data.draw(st.floats(1e-6, 1e6))
    repeated = np.repeat(values, counts.astype(int))
    expected = weighted_quantiles(repeated, LEVELS)
    assert weighted_quantiles(values, LEVELS, counts) == expected
    assert weighted_quantiles(values, LEVELS, counts * factor) == expected
    assert Scale.learn(values, counts * factor) == Scale.learn(repeated)


def test_a_level_reached_exactly_counts_in_spite_of_rounding():
    """The first 3 is a quarter of 12. Divided by their mean it is 1.25, and the rounded sum is a hair above 5."""
    counts = np.array([3.0, 2, 3, 3, 1])
    repeated = np.repeat(np.arange(5.0), counts.astype(int))
    assert weighted_quantiles(np.arange(5.0), LEVELS, counts / counts.mean()) == weighted_quantiles(repeated, LEVELS)


@given(st.data(), columns)
@settings(deadline=None)
def test_the_order_of_rows_does_not_matter(data, values):
    weights = np.array(data.draw(st.lists(st.floats(1e-3, 1e3), min_size=len(values), max_size=len(values))))
    order = np.array(data.draw(st.permutations(range(len(values)))))
    assert Scale.learn(values[order], weights[order]) == Scale.learn(values, weights)


def test_formula_by_hand():
    """Values 0, 2, 4, 8, 100 have quartiles 2, 4, 8: u = (x − 4) / 6; x = 100 gives u = 16, 16 / sqrt(1 + 256/9)."""
    values = np.array([0.0, 2, 4, 8, 100])
    scale = Scale.learn(values)
    assert (scale.centre, scale.spread) == (4.0, 6.0)
    expected = [u / math.sqrt(1 + (u / 3) ** 2) for u in (-4 / 6, -2 / 6, 0, 4 / 6, 16)]
    np.testing.assert_allclose(scale.apply(values), expected, rtol=1e-15)


def test_half_the_range_where_the_quartiles_meet():
    assert Scale.learn(np.array([0.0, 5, 5, 5, 5, 5, 9])) == Scale(5.0, 4.5)


@given(columns, columns)
@settings(deadline=None)
def test_any_finite_input_stays_finite_and_within_three(training, values):
    scaled = Scale.learn(training).apply(values)
    assert np.isfinite(scaled).all()
    assert (np.abs(scaled) <= 3).all()


@given(columns)
@settings(deadline=None)
def test_order_is_kept(values):
    scaled = Scale.learn(values).apply(np.sort(values))
    assert (np.diff(scaled) >= -1e-15).all()


def test_missing_stays_missing():
    assert np.isnan(Scale(0.0, 1.0).apply(np.array([np.nan]))[0])


@pytest.mark.parametrize("extreme", [1.7e308, 5e-324])
def test_extremes_spread_out(extreme):
    values = np.array([-extreme, 0, 0, extreme])
    scaled = Scale.learn(values).apply(values)
    assert np.isfinite(scaled).all()
    assert scaled[0] <= 0 <= scaled[-1]
