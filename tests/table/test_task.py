import numpy as np
import pandas as pd
import polars as pl
import pytest

from chainrule.errors import TableError
from chainrule.table import infer_task, read_table


@pytest.mark.parametrize(
    ("y", "kind", "held"),
    [
        (["a", "b", "c"], "classification", "text with 3 distinct values"),
        (["a", None, "a"], "classification", "text with 1 distinct value"),
        ([True, False], "classification", "truths with 2 distinct values"),
        (pd.Series(pd.Categorical(["x", "y"])), "classification", "text with 2 distinct values"),
        ([0, 1, 1], "classification", "integers with 2 distinct values in 3 rows"),
        ([5, 900], "classification", "integers with 2 distinct values in 2 rows"),
        (pl.Series([0, None, 1]), "classification", "integers with 2 distinct values in 2 rows"),
        ([0, 1, 2], "regression", "integers with 3 distinct values in 3 rows"),
        (np.arange(60) % 3, "classification", "integers with 3 distinct values in 60 rows"),
        (np.arange(59) % 3, "regression", "integers with 3 distinct values in 59 rows"),
        (np.arange(400) % 20, "classification", "integers with 20 distinct values in 400 rows"),
        (np.arange(4200) % 21, "regression", "integers with 21 distinct values in 4200 rows"),
        (np.arange(60) % 3 / 2, "regression", "numbers with 3 distinct values"),
        ([0.0, 1.0], "regression", "numbers with 2 distinct values"),
        ([[0, 1], [1, 1]], "classification", "2 columns of 0 and 1, a set of labels"),
        ([[0.5, 1], [1, 2]], "regression", "2 columns of numbers"),
        ([[0, 1], [1, 7]], "regression", "2 columns of numbers"),
        ([[0], [1]], "classification", "integers with 2 distinct values in 2 rows"),
    ],
)
def test_rule(y, kind, held):
    task = infer_task(y)
    assert task.kind == kind
    other = "regression" if kind == "classification" else "classification"
    assert task.reason == f"{kind}: the target holds {held} (override: choose {other} yourself)"


@pytest.mark.parametrize("y", [pl.Series, list, lambda cells: np.array(cells, dtype=object)])
def test_text_that_is_all_but_numbers(y):
    cells = [None, *(str(100 + i) for i in range(40)), "$452600"]
    task = infer_task(y(cells))
    assert task.kind == "classification"
    held = "text with 41 distinct values, though all but 1 of 41 values are numbers (row 41 holds '$452600')"
    assert f"the target holds {held} (override" in task.reason
    assert "though" not in infer_task([*cells, *"abcdef"]).reason
    assert infer_task([float(cell) for cell in cells[1:-1]]).kind == "regression"


def test_names_and_override_wording():
    y = pl.Series("income", ["low", "high"])
    expected = "classification: 'income' holds text with 2 distinct values (override: --task regression)"
    assert infer_task(y, override="--task {other}").reason == expected
    assert infer_task([1.5], name="price").reason.startswith("regression: 'price' holds numbers")


@pytest.mark.parametrize("y", [[None, None], [np.nan], pl.Series("y", [], dtype=pl.Float64)])
def test_wholly_missing(y):
    with pytest.raises(TableError, match="has no values at all"):
        infer_task(y)


@pytest.mark.parametrize(
    ("name", "target", "kind"),
    [
        ("titanic.csv", "Survived", "classification"),
        ("california.csv", "median_house_value", "regression"),
        ("adult-train.csv", "income", "classification"),
        ("wine-white.csv", "quality", "classification"),
        ("wine-white.csv", "alcohol", "regression"),
    ],
)
def test_real_tables(name, target, kind, real_table):
    assert infer_task(read_table(real_table(name))[target]).kind == kind
