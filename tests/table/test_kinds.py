"""The rules of `decide`, one by one."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError, TableError
from chainrule.table import TableEncoder, read_table
from chainrule.table.strays import describe_strays

N = 40
ROWS = list(range(N))
KEEP = [i % 7 / 3 for i in ROWS]  # A number that keeps the table from being empty.


def kind_of(values, name="c", **kwargs):
    encoder = TableEncoder(**kwargs).fit(pl.DataFrame({name: values, "keep": KEEP}, strict=False))
    return encoder.summary()[0].kind, encoder.summary()[0].note


def identifier(kind, name="c"):
    return ("dropped", f"dropped: looks like an identifier; columns={{{name!r}: {kind!r}}} keeps it")


IDENTIFIER = identifier("number")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([i % 3 for i in ROWS], ("number", "")),
        ([i % 2 for i in ROWS], ("number", "")),
        ([float(i) for i in ROWS], ("number", "")),
        ([i * 0.37 for i in ROWS], ("number", "")),
        ([None if i == 3 else i % 5 for i in ROWS], ("number", "gaps get the median and an indicator")),
        ([str(i % 5 / 2) for i in ROWS], ("number", "")),
        ([["1", "NA"][i % 2] if i else "2" for i in ROWS], ("number", "gaps get the median and an indicator")),
        ([i % 2 == 0 for i in ROWS], ("boolean", "")),
        (["yes" if i % 2 else "No" for i in ROWS], ("boolean", "")),
        ([[True, False, None][i % 3] for i in ROWS], ("boolean", "gaps get an indicator")),
        (["abc"[i % 3] for i in ROWS], ("category", "3 categories")),
        ([None if i == 5 else "abc"[i % 3] for i in ROWS], ("category", "3 categories; gaps get a code")),
        ([dt.date(2020, 1, 1) + dt.timedelta(i) for i in ROWS], ("date", "elapsed days, month, weekday")),
        ([f"2020-01-{1 + i % 28:02d}" for i in ROWS], ("date", "elapsed days, weekday")),
        ([dt.timedelta(hours=i % 9) for i in ROWS], ("number", "")),
        ([7] * N, ("dropped", "dropped: constant")),
        ([7.5] * N, ("dropped", "dropped: constant")),
        (["x"] * N, ("dropped", "dropped: constant")),
        ([True] * N, ("dropped", "dropped: constant")),
        ([dt.date(2020, 1, 1)] * N, ("dropped", "dropped: constant")),
        (["5"] * N, ("dropped", "dropped: constant")),
        ([None] * N, ("dropped", "dropped: no values")),
        (["NA", "", None, "?"] * 10, ("dropped", "dropped: no values")),
        ([7 if i else None for i in ROWS], ("number", "gaps get the median and an indicator")),
        (["x" if i else None for i in ROWS], ("category", "1 category; gaps get a code")),
        ([f"id{i}" for i in ROWS], identifier("category")),
        ([f"id{i}" if i % 8 else None for i in ROWS], identifier("category")),
        ([f"id{i % 30}" for i in ROWS], ("category", "30 categories")),
        (list(reversed(ROWS)), IDENTIFIER),
        ([i + 1 for i in ROWS], IDENTIFIER),
        ([2 * i for i in ROWS], IDENTIFIER),
        ([str(i) for i in ROWS], IDENTIFIER),
        ([2 * i + 3 for i in ROWS], ("number", "")),
        ([1950 + i for i in ROWS], ("number", "")),
        ([i if i else None for i in ROWS], ("number", "gaps get the median and an indicator")),
        ([i - 1 for i in ROWS], ("number", "")),
    ],
)
def test_rules(values, expected):
    assert kind_of(values) == expected


def test_where_identifiers_begin():
    assert kind_of([*ROWS[:-1], 2 * N - 1]) == IDENTIFIER
    assert kind_of([*ROWS[:-1], 2 * N]) == ("number", "")
    for distinct, kind in ((40, "category"), (41, "dropped")):
        words = pl.DataFrame({"c": [f"w{i % distinct}" for i in range(80)], "keep": KEEP * 2})
        assert TableEncoder().fit(words).summary()[0].kind == kind


@pytest.mark.parametrize("name", ["id", "ID", "PassengerId", "customer_id", "order id", "uuid", "row.index", "userID"])
def test_integers_named_as_identifiers(name):
    assert kind_of([1000 * i + 7 for i in ROWS], name) == identifier("number", name)
    assert kind_of([1000.5 * i + 7 for i in ROWS], name) == ("number", "")
    assert kind_of([i % 20 for i in ROWS], name) == ("number", "")


@pytest.mark.parametrize("name", ["paid", "humid", "width", "grid", "Madrid", "identity", "key_rate", "c"])
def test_integers_named_otherwise(name):
    assert kind_of([1000 * i + 7 for i in ROWS], name) == ("number", "")


def test_an_identifier_is_kept_as_its_note_says():
    words = [f"id{i}" for i in ROWS]
    assert kind_of(words, columns={"c": "category"})[0] == "category"
    assert kind_of(ROWS, columns={"c": "number"})[0] == "number"


ADVICE = "correct or empty what is none to make this a number"


@pytest.mark.parametrize(
    ("values", "kind", "note"),
    [
        (
            ["oops", *map(str, ROWS[1:])],
            "dropped",
            f"all but 1 of 40 values are numbers (row 0 holds 'oops'): {ADVICE}",
        ),
        (
            [*(str(i % 5) for i in ROWS[:37]), "x", "y", "z"],
            "category",
            f"all but 3 of 40 values are numbers (first, row 37 holds 'x'): {ADVICE}; 8 categories",
        ),
        ([*(str(i % 5) for i in ROWS[:36]), *"xxxx"], "category", "6 categories"),
        (
            [None, "NA", *(str(i % 5) for i in ROWS[2:39]), "x"],
            "category",
            f"all but 1 of 38 values are numbers (row 39 holds 'x'): {ADVICE}; 7 categories; gaps get a code",
        ),
    ],
)
def test_text_that_is_all_but_numbers_says_where_it_is_not(values, kind, note):
    assert kind_of(values) == (kind, ("dropped: " if kind == "dropped" else "") + note)
    strays = {value for value in values if value and not value.isdigit()}
    if ADVICE in note:
        assert kind_of([None if value in strays else value for value in values])[0] == "number"


def test_the_stray_row_is_that_of_the_table_also_where_rows_do_not_count():
    frame = pl.DataFrame({"c": ["a", *(str(i % 5) for i in ROWS), "b"], "keep": [0.5, *KEEP, 1.5]})
    encoder = TableEncoder().fit(frame, [0, *[1] * N, 1])
    assert "row 41 holds 'b'" in encoder.summary()[0].note


@given(st.lists(st.sampled_from(["1", "2.5"] * 15 + ["x", "y", "NA", None]), min_size=1, max_size=60))
@settings(deadline=None)
def test_strays_are_counted_as_plain_python_does(cells):
    strays = [row for row, cell in enumerate(cells) if cell in ("x", "y")]
    numbers = sum(cell in ("1", "2.5") for cell in cells)
    said = describe_strays(pl.Series(cells, dtype=pl.String), lambda row: row + 100)
    if strays and 10 * numbers > 9 * (numbers + len(strays)):
        assert said.startswith(f"all but {len(strays)} of {numbers + len(strays)} values are numbers")
        assert f"row {strays[0] + 100} holds {cells[strays[0]]!r}" in said
    else:
        assert said == ""


def test_small_tables_have_no_identifiers():
    frame = pl.DataFrame({"id": ROWS[:30], "name": [f"n{i}" for i in ROWS[:30]]})
    assert [column.kind for column in TableEncoder().fit(frame).summary()] == ["number", "category"]


def test_arrays_have_no_identifier_integers():
    encoder = TableEncoder().fit(np.array([ROWS, ROWS]).T)
    assert [column.kind for column in encoder.summary()] == ["number", "number"]


def test_declared_categories_stay_categories():
    assert kind_of(pl.Series([f"{i % 4}" for i in ROWS], dtype=pl.Categorical)) == ("category", "4 categories")
    assert kind_of(pl.Series(["yes", "no"] * 20, dtype=pl.Enum(["yes", "no", "maybe"]))) == ("category", "2 categories")


@pytest.mark.parametrize(
    ("values", "kind", "width"),
    [
        ([i % 3 for i in ROWS], "category", 3),
        ([i % 2 for i in ROWS], "boolean", 1),
        (["yes", "no"] * 20, "category", 1),
        ([f"id{i}" for i in ROWS], "category", 31),
        (ROWS, "number", 1),
        ([f"2020-01-{1 + i % 28:02d}" for i in ROWS], "date", 2),
        ([f"2020-01-{1 + i % 28:02d}" for i in ROWS], "category", 28),
        ([True, False] * 20, "number", 1),
        ([dt.date(2020, 1, 1 + i % 3) for i in ROWS], "category", 3),
    ],
)
def test_your_own_kind(values, kind, width):
    found = TableEncoder(columns={"c": kind}).fit(pl.DataFrame({"c": values, "keep": KEEP})).summary()[0]
    assert (found.kind, found.width) == (kind, width)
    assert found.note.startswith(f"typed as {kind} by you")


def test_your_own_drop():
    assert kind_of(ROWS, columns={"c": "drop"}) == ("dropped", "dropped: by you")
    assert kind_of([3] * N, columns={"c": "number"}) == ("dropped", "dropped: constant")


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (
            ["1"] * 5 + ["abc"] * 35,
            "number",
            r"'c', row 5 \(counting from 0\) holds 'abc', which is not a number",
        ),
        ([0, 1, 7, 0] * 10, "boolean", r"column 'c', row 2 .* holds 7, and truths are 0 and 1"),
        (["yes", "maybe"] * 20, "boolean", r"row 1 .* holds 'maybe', which is not a truth"),
        (["2020-01-01", "1.2.2020"] * 20, "date", r"row 1 .* holds '1\.2\.2020', which is not an ISO date"),
        (KEEP, "date", r"column 'c' must hold a date in every row, but holds numbers"),
        ([dt.date(2020, 1, 1)] * N, "number", r"column 'c' must hold a number .* but holds dates or times"),
        ([dt.date(2020, 1, 1)] * N, "boolean", r"column 'c' must hold a truth"),
        ([float("inf")] * N, "number", r"column 'c', row 0 .* holds inf, and numbers must be finite"),
    ],
)
def test_your_own_kind_must_fit(values, kind, message):
    with pytest.raises(TableError, match=message):
        kind_of(values, columns={"c": kind})


def test_override_settings():
    frame = pl.DataFrame({"age": [1, 2], "b": [3, 4]})
    with pytest.raises(ParameterError, match=r"columns\['age'\] must be one of 'number', .* Did you mean 'number'\?"):
        TableEncoder(columns={"age": "nmber"}).fit(frame)
    with pytest.raises(ParameterError, match=r"columns names 'agee', but there .* Did you mean 'age'\?"):
        TableEncoder(columns={"agee": "number"}).fit(frame)
    with pytest.raises(ParameterError, match="columns must be a mapping"):
        TableEncoder(columns=["age"]).fit(frame)
    encoder = TableEncoder(columns={1: "category"}).fit(np.array([[1, 2], [2, 3], [3, 2]]))
    assert [column.kind for column in encoder.summary()] == ["number", "category"]


def test_titanic(real_table):
    encoder = TableEncoder().fit(read_table(real_table("titanic.csv")).drop("Survived"))
    kinds = {column.name: column.kind for column in encoder.summary()}
    dropped = {name for name, kind in kinds.items() if kind == "dropped"}
    assert dropped == {"PassengerId", "Name", "Ticket"}
    assert {name for name, kind in kinds.items() if kind == "category"} == {"Sex", "Cabin", "Embarked"}
