"""Columns that must be numbers: what is read as one, and which row a refusal names."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.cli.models.numbers import only_numbers
from chainrule.errors import TableError


def read(*values, dtype=None, numbers=None):
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype, strict=False)})
    return only_numbers("t.csv", frame, np.arange(len(values)) if numbers is None else numbers, owner="MLP")["x"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_numbers_come_through_as_they_are_also_as_text(values):
    assert read(*values, dtype=pl.Float64).to_list() == values
    assert read(*map(repr, values)).to_list() == values


@pytest.mark.parametrize(
    ("dtype", "given", "expected"),
    [
        (pl.Boolean, [True, False], [1.0, 0.0]),
        (pl.Int8, [1, -2], [1.0, -2.0]),
        (pl.Decimal(5, 2), ["1.25", "2.5"], [1.25, 2.5]),
        (pl.String, ["1,5", "2"], [1.5, 2.0]),
    ],
)
def test_truths_whole_numbers_decimals_and_text_are_numbers(dtype, given, expected):
    values = read(*given, dtype=dtype)
    assert (values.dtype, values.to_list()) == (pl.Float64, expected)


def test_single_precision_stays_what_it_is():
    assert read(0.1, dtype=pl.Float32).dtype == pl.Float32


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "two", "three"], "'x', row 8 .* holds 'two', which is no number, and MLP takes nothing else"),
        (["1,5", "2,5", "x"], "'x', row 9 .* holds 'x', which is no number"),
        (["1", "NA", "3"], "'x', row 8 .* holds 'NA', and MLP takes no gaps; fill it in, or leave the row out"),
        ([1.0, 2.0, None], "'x', row 9 .* has no value, and MLP takes no gaps"),
        ([1.0, float("nan"), 2.0], "'x', row 8 .* holds nan, and MLP takes no gaps"),
        ([None, None, None], "'x', row 7 .* has no value"),
        ([1.0, 2.0, -np.inf], "'x', row 9 .* holds -inf, and numbers must be finite"),
        ([None, dt.date(2024, 1, 2), None], r"'x', row 8 .* holds datetime.date\(2024, 1, 2\), which is no number"),
    ],
)
def test_a_refusal_names_the_row_of_the_table(values, message):
    with pytest.raises(TableError, match=f"t.csv: column {message}"):
        read(*values, numbers=np.array([7, 8, 9]))
