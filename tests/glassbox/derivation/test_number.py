"""Numbers as they are printed, and what they stand for."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.glassbox.derivation.expression import Numeral
from chainrule.glassbox.derivation.interval import FUNCTIONS, Interval
from chainrule.glassbox.derivation.number import Number
from chainrule.glassbox.derivation.text import TextRenderer

finite = st.floats(-1e300, 1e300)
moderate = st.floats(-1e6, 1e6)


def written(number):
    return TextRenderer().render(Numeral(number))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (0.001, "0.001"),
        (1e-8, "1×10⁻⁸"),
        (0.12345, "0.12345"),
        (0.123456, "0.123456"),
        (1 / 3, "0.333333"),
        (-2 / 3, "−0.666667"),
        (1234567.0, "1234567"),
        (1000000.0, "1000000"),
        (1e20, "1×10²⁰"),
        (123456.78, "1.23457×10⁵"),
        (0.000012345678, "1.23457×10⁻⁵"),
        (np.float32(0.1), "0.100000"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "nan"),
    ],
)
def test_given_numbers(value, text):
    assert written(Number.given(float(value))) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (0.5, 0.4, 0.6, "0.500000"),
        (2 / 3, 0.66666, 0.66667, "0.666667"),
        (2 / 3, 0.66666666, 0.66666667, "0.66666667"),
        (1 / 3, 1 / 3, 1 / 3, "0.333333333333"),
        (1 / 3, 0.0, math.inf, "0.333333333333"),
        (0.0, -1.0, 1.0, "0"),
        (math.inf, 0.0, 1.0, "∞"),
    ],
)
def test_results_have_the_fewest_digits_from_six_on_that_agree_with_what_is_allowed(value, low, high, text):
    assert written(Number.result(value, Interval(low, high))) == text


@settings(deadline=None)
@given(value=finite)
def test_a_number_stands_for_an_interval_around_its_value(value, printed):
    for number in (Number.given(value), Number.result(value, Interval(-math.inf, math.inf))):
        assert number.interval.low <= value <= number.interval.high
        assert number.interval.high - number.interval.low <= 1.1e-5 * abs(value) + 1e-323
        decimal, half, _ = printed.number(written(number).removeprefix("−"))
        assert abs(float(decimal)) == abs(float(number.decimal))
        assert (half == 0) == number.is_exact


OPERATIONS = {
    "+": lambda x, y: x + y,
    "·": lambda x, y: x * y,
    "/": lambda x, y: x / y,
}


@settings(deadline=None, max_examples=300)
@given(data=st.data(), name=st.sampled_from(sorted(OPERATIONS)))
def test_operations_on_intervals_hold_what_they_give_on_the_numbers_in_them(data, name):
    ends = [sorted(data.draw(st.tuples(moderate, moderate))) for _ in range(2)]
    x, y = (data.draw(st.floats(*pair)) for pair in ends)
    operation = OPERATIONS[name]
    found = operation(Interval(*ends[0]), Interval(*ends[1]))
    assert y == 0 or operation(x, y) in found or name != "/"
    assert name == "/" or operation(x, y) in found
    assert -x in -Interval(*ends[0])
    assert x**2 in Interval(*ends[0]) ** 2
    assert x**3 in Interval(*ends[0]) ** 3
    assert abs(x) in abs(Interval(*ends[0]))


BY_NAME = {
    "abs": abs,
    "root": mpmath.sqrt,
    "exp": mpmath.exp,
    "ln": mpmath.log,
    "tanh": mpmath.tanh,
    "cosh": mpmath.cosh,
    "σ": lambda x: 1 / (1 + mpmath.exp(-x)),
    "Φ": mpmath.ncdf,
}


@settings(deadline=None, max_examples=300)
@given(data=st.data(), name=st.sampled_from(sorted(BY_NAME)))
def test_functions_of_intervals_hold_what_they_give_on_the_numbers_in_them(data, name):
    low, high = sorted(data.draw(st.tuples(st.floats(-30, 30), st.floats(-30, 30))))
    if name in ("root", "ln"):
        low, high = abs(low), abs(high) + 1e-9
        low, high = min(low, high), max(low, high)
    x = data.draw(st.floats(low, high))
    if name == "ln" and x == 0:
        return
    found = FUNCTIONS[name](Interval(low, high))
    value = float(BY_NAME[name](mpmath.mpf(x)))
    rounding = 4 * math.ulp(value)  # of the library's function
    assert found.low - rounding <= value <= found.high + rounding


def test_every_function_is_tested():
    assert set(BY_NAME) == set(FUNCTIONS)


def test_intervals_widen_where_nothing_is_known():
    everything = Interval(-math.inf, math.inf)
    assert Interval(1.0, 2.0) / Interval(-1.0, 1.0) == everything
    assert FUNCTIONS["cosh"](Interval(-1.0, 2.0)).low <= 1.0
    assert Interval(-math.inf, 1.0) + Interval(math.inf, math.inf) == everything
    assert FUNCTIONS["exp"](Interval(800.0, 900.0)).high == math.inf
