"""Every table that cannot be encoded has its own error: which column, which row, and the way out."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.exceptions import NotFittedError

from chainrule.errors import ParameterError, ShapeError, TableError, TableTypeError
from chainrule.table import TableEncoder, refuse_non_table

TABLE = pl.DataFrame(
    {
        "age": [31.0, 25, 40],
        "city": ["Rome", "Oslo", "Lima"],
        "smoker": [True, False, True],
        "sold": [dt.date(2020, 1, 1), dt.date(2020, 2, 1), dt.date(2021, 1, 1)],
    }
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"age": ["31", "x", "y"]},
            r"'age', row 1 \(counting from 0\) holds 'x', which is not a number; correct",
        ),
        ({"age": [1.0, 2.0, float("-inf")]}, r"column 'age', row 2 .* holds -inf, and numbers must be finite"),
        ({"age": [dt.date(2020, 1, 1)] * 3}, r"column 'age' must hold a number in every row, but holds dates"),
        ({"smoker": ["yes", "no", "perhaps"]}, r"column 'smoker', row 2 .* holds 'perhaps', which is not a truth"),
        ({"smoker": [0, 1, 2]}, r"column 'smoker', row 2 .* holds 2, and truths are 0 and 1"),
        ({"sold": [1, 2, 3]}, r"column 'sold' must hold a date in every row, but holds numbers"),
        (
            {"sold": ["2020-01-01", "soon", "2020-01-02"]},
            r"'sold', row 1 .* holds 'soon', which is not an ISO date",
        ),
        (
            {"city": [[1], [2], [3]]},
            r"'city', row 0 .* argument must be a string or a number, .* Got list \[1\]",
        ),
    ],
)
def test_values_of_another_type_at_prediction(change, message):
    encoder = TableEncoder().fit(TABLE)
    with pytest.raises(TableError, match=message):
        encoder.transform(TABLE.with_columns(**{name: pl.Series(cells) for name, cells in change.items()}))


def test_rows_are_counted_from_where_the_piece_starts():
    encoder = TableEncoder().fit(TABLE)
    with pytest.raises(TableError, match=r"column 'age', row 1001 "):
        encoder.transform(TABLE.with_columns(age=pl.Series(["1", "x", "2"])), first_row=1000)


def test_columns_that_do_not_fit():
    encoder = TableEncoder().fit(TABLE)
    with pytest.raises(TableError, match=r"no column 'age', but Forest was fitted with it\. Did you mean 'agee'\?"):
        encoder.transform(TABLE.rename({"age": "agee"}), caller="Forest", extra="ignore")
    with pytest.raises(TableError, match="has the column 'more', but TableEncoder was fitted without it; leave it out"):
        encoder.transform(TABLE.with_columns(more=1))
    for X in (np.ones((2, 3)), [[1, 2, 3]], pd.DataFrame(np.ones((2, 3)))):
        with pytest.raises(TableError, match="X has 3 features, but Forest is expecting 4 features as input"):
            encoder.transform(X, caller="Forest")


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones(3), "Expected 2D array, got 1D array instead"),
        (pl.Series([1, 2]), "Expected 2D array, got 1D array instead"),
        (np.ones((2, 2, 2)), "dim 3"),
        (np.empty((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\) while a minimum of 1 is required"),
        (np.empty((3, 0)), r"0 feature\(s\) \(shape=\(3, 0\)\) while a minimum of 1 is required"),
        (TABLE.clear(), r"0 sample\(s\) \(shape=\(0, 4\)\) while a minimum of 1 is required by TableEncoder"),
        (pl.DataFrame(), r"0 sample\(s\)"),
        (np.array([[1j, 2]]), "Complex data not supported"),
        (TABLE.lazy(), r"needs a table in memory\. Got LazyFrame; call its \.collect\(\) first"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "distinct column names: 'a' appears 2 times; rename"),
        (np.array([[b"x"], [b"y"]]), r"column 0: the argument must be a string or a number"),
        (np.array([[1.0], [np.inf]]), r"column 0, row 1 \(counting from 0\) holds inf"),
        (
            np.array([["1", "2"], ["1", "2"]]),
            "all columns are constant or dropped in the 2 rows given.*0: dropped: con",
        ),
        (np.ones((1, 2)), "all columns are constant or dropped in the 1 sample given"),
        (pl.DataFrame({"a": [None, None]}), r"nothing to learn from\. 'a': dropped: no values"),
    ],
)
def test_no_table_to_fit(X, message):
    with pytest.raises(TableError, match=message):
        TableEncoder().fit(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (None, r"Tree needs a table: .*Got None instead"),
        ("a.csv", r"needs a table, not its path\. Got 'a\.csv'; read it first: chainrule\.table\.read_table\(path\)"),
        (Path("a.csv"), r"not its path\. Got .*Path\('a\.csv'\); read it first"),
        ({"a": [1, 2]}, r"Got a dict; make it a DataFrame first: polars\.DataFrame\(X\)"),
        (TABLE.lazy(), r"in memory\. Got LazyFrame; call its \.collect\(\) first"),
        (
            pd.DataFrame([[1, 2, 3, 4, 5, 6]], columns=["b", "a", "b", "a", "a", "c"]),
            "distinct column names: 'b' appears 2 times, 'a' appears 3 times; rename them",
        ),
        (pa.table([[1], [2]], names=["x", "x"]), "distinct column names: 'x' appears 2 times"),
    ],
)
def test_no_table_at_all(X, message):
    with pytest.raises(TableError, match=message):
        refuse_non_table(X, caller="Tree")
    with pytest.raises(TableError, match=message):
        TableEncoder().fit(X, caller="Tree")


@pytest.mark.parametrize("X", [TABLE, TABLE.to_pandas(), TABLE.to_arrow(), np.ones((2, 2)), [[1, 2]], np.ones(3)])
def test_what_may_be_a_table_passes(X):
    assert refuse_non_table(X) is None


def test_odd_cells_are_type_errors_too():
    X = np.array([[1.0, 2], [3, 4]], dtype=object)
    X[1, 0] = {"foo": "bar"}
    with pytest.raises(TypeError, match=r"column 0, row 1 .*argument must be a string or a number.* Got dict \{'foo'"):
        TableEncoder().fit(X)
    with pytest.raises(TableTypeError, match=r"column 'b', row 0 .*Got bytes b'x'"):
        TableEncoder().fit(pl.DataFrame({"a": [1, 2], "b": [b"x", b"y"]}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_categories": 0}, r"max_categories must be an int of at least 1\. Got 0 instead"),
        ({"max_categories": 2.5}, "max_categories must be an int of at least 1"),
        ({"max_categories": True}, "max_categories must be an int of at least 1"),
        ({"dtype": np.int64}, r"dtype must be float32 or float64\. Got <class 'numpy\.int64'> instead"),
    ],
)
def test_settings(settings, message):
    with pytest.raises(ParameterError, match=message):
        TableEncoder(**settings).fit(TABLE)


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([1, 2], ShapeError, r"one weight for each of the 3 rows\. Got shape \(2,\)"),
        ([1, -2, 3], ParameterError, r"finite and not negative\. Got -2\.0 in row 1"),
        ([1, 2, np.nan], ParameterError, r"finite and not negative\. Got nan in row 2"),
        ([0, 0, 0], ParameterError, "must not be zero for all rows"),
    ],
)
def test_weights(weights, error, message):
    with pytest.raises(error, match=message):
        TableEncoder().fit(TABLE, weights)


@pytest.mark.parametrize("ask", ["summary", "to_config", "reading_schema"])
def test_unfitted(ask):
    with pytest.raises(NotFittedError, match=r"not fitted yet; call fit"):
        getattr(TableEncoder(), ask)()
    with pytest.raises(NotFittedError, match=r"not fitted yet; call fit"):
        TableEncoder().transform(TABLE)


def test_a_failed_fit_leaves_the_fitted_encoder_whole():
    encoder = TableEncoder().fit(TABLE)
    before = encoder.to_config()
    for bad in (TABLE.select(same=pl.lit(1)), TABLE.with_columns(age=float("inf"))):
        with pytest.raises(TableError):
            encoder.fit(bad)
        assert encoder.to_config() == before


def test_the_row_is_that_of_the_table_also_where_rows_do_not_count():
    with pytest.raises(TableError, match=r"column 'age', row 2 .* holds inf"):
        TableEncoder().fit(TABLE.with_columns(age=pl.Series([1.0, 2.0, float("inf")])), [0, 1, 1])
