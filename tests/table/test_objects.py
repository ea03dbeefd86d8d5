"""Columns of Python objects are what their cells are."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import TableTypeError
from chainrule.table.objects import column_of_objects, is_missing, number_text

MOMENTS = [dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 2, 3)]
NAN = float("nan")
MISSING = [None, NAN, np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("NaN")]


@pytest.mark.parametrize("cell", MISSING, ids=[f"{type(cell).__name__}" for cell in MISSING])
def test_every_kind_of_missing(cell):
    assert is_missing(cell)
    for other, storage in ((1.5, "number"), (True, "boolean"), ("x", "text"), (dt.date(2020, 1, 1), "time")):
        column = column_of_objects("c", [other, cell])
        assert column.storage == storage
        assert column.missing.tolist() == [False, True]


@pytest.mark.parametrize("cell", [0, 0.0, "", "nan", False, dt.date(1, 1, 1), float("inf")])
def test_values_are_not_missing(cell):
    assert not is_missing(cell)


@pytest.mark.parametrize(
    ("cells", "storage", "values"),
    [
        ([1, np.int8(2), 3], "number", [1.0, 2.0, 3.0]),
        ([1, 2.5, Decimal("0.1"), Fraction(1, 4), np.float32(0.5)], "number", [1.0, 2.5, 0.1, 0.25, 0.5]),
        ([True, np.False_], "boolean", [1.0, 0.0]),
        (["a", "b"], "text", ["a", "b"]),
        ([1, "a", 2.5, 3.0, True, None], "text", ["1", "a", "2.5", "3", "true", None]),
        ([1, True], "text", ["1", "true"]),
        ([dt.date(2020, 1, 2), "x"], "text", ["2020-01-02", "x"]),
        ([None, None], "number", [NAN, NAN]),
        ([dt.date(2020, 1, 2), MOMENTS[1]], "time", MOMENTS),
    ],
)
def test_storages(cells, storage, values):
    column = column_of_objects("c", cells)
    assert column.storage == storage
    found = column.texts.to_list() if storage == "text" else column.values.tolist()
    assert repr(found) == repr(values)  # as text, for NaN is not equal to itself


def test_whole_numbers_are_known():
    assert column_of_objects("c", [1, np.uint8(2)]).whole
    assert not column_of_objects("c", [1, 2.0]).whole


@pytest.mark.parametrize(("cell", "kind"), [([1], "list"), ({"a": 1}, "dict"), (b"x", "bytes"), (1j, "complex")])
def test_what_no_table_can_hold(cell, kind):
    for others in ([], ["a"], [1.5], [None, "b"]):
        with pytest.raises(TableTypeError, match=rf"column 'c', row {7 + len(others)} .* Got {kind} "):
            column_of_objects("c", [*others, cell], first_row=7)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_tells_it_from_every_other(value):
    assert float(number_text(value)) == value
    assert number_text(float(number_text(value))) == number_text(value)


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_whole_numbers_are_written_without_a_point(value):
    assert number_text(float(value)) == str(value)
