"""`TableEncoder`: what it promises for any table, and the layout of what it returns."""

import datetime as dt
import json
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ChainruleWarning, TableError
from chainrule.table import TableEncoder, read_table, scan_batches


def assert_same(one, other):
    """Equal to the last bit."""
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    np.testing.assert_array_equal(one, other)


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_finite_contiguous_and_of_the_stated_shape(tables, data):
    table, other = data.draw(tables()), data.draw(tables())
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    encoder = TableEncoder(dtype=dtype).fit(table)
    for encoded in (encoder.transform(table), encoder.transform(other)):
        assert encoded.dtype == dtype
        assert encoded.flags.c_contiguous
        assert encoded.shape[1] == len(encoder.encoded_names_) == len(encoder.column_origin_)
        assert np.isfinite(encoded).all()
        assert (np.abs(encoded) <= 3).all()
    assert sum(column.width for column in encoder.summary()) == encoded.shape[1]
    assert [column.name for column in encoder.summary()] == table.columns == encoder.feature_names_in_.tolist()
    assert encoder.n_features_in_ == table.width


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_a_part_is_encoded_as_in_the_whole(tables, data):
    table = data.draw(tables())
    encoder = TableEncoder().fit(table)
    rows = np.array(data.draw(st.lists(st.integers(0, table.height - 1), min_size=1, max_size=9)))
    assert_same(encoder.transform(table[rows]), encoder.transform(table)[rows])


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_integer_weights_are_repetitions_and_zero_is_absence(tables, data):
    table = data.draw(tables())
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=table.height, max_size=table.height)))
    counts[:2] = np.maximum(counts[:2], 1)  # The two rows in which "some" differs.
    factor = data.draw(st.sampled_from([1.0, 0.37, 1 / 3]))
    settings_ = {"max_categories": data.draw(st.integers(1, 5)), "dtype": np.float64}
    weighted = TableEncoder(**settings_).fit(table, counts * factor)
    repeated = TableEncoder(**settings_).fit(table[np.repeat(np.arange(table.height), counts)])
    assert weighted.to_config() == repeated.to_config()
    assert_same(weighted.transform(table), repeated.transform(table))


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_the_order_of_rows_and_columns_does_not_matter(tables, data):
    table = data.draw(tables())
    weights = np.array(data.draw(st.lists(st.floats(0.1, 9), min_size=table.height, max_size=table.height)))
    order = np.array(data.draw(st.permutations(range(table.height))))
    encoder = TableEncoder(max_categories=2).fit(table, weights)
    assert TableEncoder(max_categories=2).fit(table[order], weights[order]).to_config() == encoder.to_config()
    shuffled = table.select(data.draw(st.permutations(table.columns)))
    assert_same(encoder.transform(shuffled), encoder.transform(table))


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_configurations_come_back_to_the_bit(tables, data):
    table, other = data.draw(tables()), data.draw(tables())
    encoder = TableEncoder(columns={"count": "category"}, max_categories=3).fit(table)
    text = json.dumps(encoder.to_config(), sort_keys=True, allow_nan=False)
    restored = TableEncoder.from_config(json.loads(text))
    assert_same(restored.transform(table), encoder.transform(table))
    assert_same(restored.transform(other), encoder.transform(other))
    assert restored.to_config() == encoder.to_config()
    assert restored.encoded_names_ == encoder.encoded_names_
    assert restored.summary() == encoder.summary()
    assert restored.dtype == np.float32


@given(st.data())
@settings(deadline=None, max_examples=25)
def test_every_library_gives_the_same_bits(tables, data):
    table = data.draw(tables())
    encoder = TableEncoder(dtype=np.float64).fit(table)
    expected = encoder.transform(table)
    objects = pd.DataFrame({name: pd.Series(table[name].to_list(), dtype=object) for name in table.columns})
    nullable = table.to_pandas().convert_dtypes()
    for same in (table.to_pandas(), table.to_arrow(), objects, nullable):
        assert_same(encoder.transform(same), expected)
        assert_same(TableEncoder(dtype=np.float64).fit(same).transform(same), expected)


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_numbers_in_arrays_are_encoded_as_in_frames(tables, data):
    table = data.draw(tables()).select("number", "some", truth=pl.col("truth").cast(pl.Float64))
    array = table.to_numpy()
    expected = TableEncoder(dtype=np.float64).fit(table).transform(table)
    for same in (array, np.asfortranarray(array), array.astype(object), array.tolist()):
        encoder = TableEncoder(dtype=np.float64).fit(same)
        assert_same(encoder.transform(same), expected)
        assert not hasattr(encoder, "feature_names_in_")


def test_layout():
    table = pl.DataFrame(
        {
            "income": [1.0, 2, None, 4, 5],
            "city": ["Rome", "Oslo", "Rome", "Lima", None],
            "sex": ["f", "m", "f", "m", "m"],
            "smoker": ["yes", "no", "no", None, "yes"],
            "sold_on": ["2020-01-01", "2020-03-01", None, "2021-01-01", "2021-01-01"],
            "same": [1] * 5,
        }
    )
    encoder = TableEncoder(dtype=np.float64).fit(table)
    assert encoder.encoded_names_ == [
        "income",
        "income is missing",
        "city = Lima",
        "city = Oslo",
        "city = Rome",
        "city is missing",
        "sex = m",
        "smoker",
        "smoker is missing",
        "sold_on: elapsed days",
        "sold_on: year",
        "sold_on: month",
        "sold_on: weekday",
        "sold_on is missing",
    ]
    assert encoder.column_origin_.tolist() == [0, 0, 1, 1, 1, 1, 2, 3, 3, 4, 4, 4, 4, 4]
    encoded = dict(zip(encoder.encoded_names_, encoder.transform(table).T.tolist(), strict=True))
    assert encoded["income is missing"] == [0, 0, 1, 0, 0]
    assert encoded["income"][2] == 0
    assert encoded["city = Rome"] == [1, 0, 1, 0, 0]
    assert encoded["city is missing"] == [0, 0, 0, 0, 1]
    assert encoded["sex = m"] == [-1, 1, -1, 1, 1]
    assert encoded["smoker"] == [1, -1, -1, 0, 1]
    assert encoded["smoker is missing"] == [0, 0, 0, 1, 0]
    assert encoded["sold_on is missing"] == [0, 0, 1, 0, 0]
    assert encoded["sold_on: year"][2] == 0


def test_dates_are_taken_apart_as_python_does():
    moments = [
        dt.datetime(1969, 12, 31, 23, 30),
        dt.datetime(2024, 2, 29, 5),
        dt.datetime(2000, 7, 1),
        dt.datetime(1999, 1, 2, 13),
    ]
    encoder = TableEncoder(dtype=np.float64).fit(pl.DataFrame({"t": moments}))
    plan = encoder.plans_[0]
    by_hand = {
        "elapsed days": [(moment - min(moments)) / dt.timedelta(days=1) for moment in moments],
        "year": [moment.year for moment in moments],
        "month": [moment.month for moment in moments],
        "weekday": [moment.weekday() for moment in moments],
        "hour": [moment.hour for moment in moments],
    }
    assert list(plan.parts) == list(by_hand)
    encoded = encoder.transform(pl.DataFrame({"t": moments}))
    for place, (part, values) in enumerate(by_hand.items()):
        np.testing.assert_array_equal(encoded[:, place], plan.parts[part].apply(np.array(values, float)))


def test_time_zones_become_utc():
    moments = [dt.datetime(2024, 1, 1, hour) for hour in (3, 9, 20)]
    plain = pd.DataFrame({"t": pd.to_datetime(moments)})
    zoned = pd.DataFrame({"t": plain["t"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")})
    objects = pd.DataFrame({"t": pd.Series([m.replace(tzinfo=dt.UTC) for m in moments], dtype=object)})
    text = pd.DataFrame({"t": [moment.isoformat() + "Z" for moment in moments]})
    encoder = TableEncoder().fit(plain)
    for same in (zoned, objects, text, pl.from_pandas(zoned), plain.to_numpy()):
        assert_same(encoder.transform(same), encoder.transform(plain))


def test_rare_categories_are_pooled_by_weight_then_name():
    table = pl.DataFrame({"c": ["d", "a", "b", "b", "c", "c", "c"]})
    encoder = TableEncoder(max_categories=2).fit(table)
    assert encoder.encoded_names_ == ["c = b", "c = c", "c is rare"]
    assert encoder.summary()[0].note == "4 categories, 2 rare pooled"
    assert encoder.transform(pl.DataFrame({"c": ["a", "d", "b"]})).tolist() == [[0, 0, 1], [0, 0, 1], [1, 0, 0]]
    heavy = TableEncoder(max_categories=2).fit(table, [9, 1, 1, 1, 1, 1, 1])
    assert heavy.encoded_names_ == ["c = c", "c = d", "c is rare"]
    tie = TableEncoder(max_categories=1).fit(pl.DataFrame({"c": ["b", "a"]}))
    assert tie.encoded_names_ == ["c = a", "c is rare"]


def test_sums_of_weights_do_not_depend_on_the_order_of_rows():
    """0.1 + 0.2 + 0.3 is 0.6000000000000001, but 0.3 + 0.2 + 0.1 is 0.6: a tie with 0.6 must not hang on that."""
    table, weights = pl.DataFrame({"c": ["z", "z", "z", "a"]}), np.array([0.1, 0.2, 0.3, 0.6])
    one = TableEncoder(max_categories=1).fit(table, weights)
    assert TableEncoder(max_categories=1).fit(table[::-1], weights[::-1]).to_config() == one.to_config()


def test_unknown_and_unexpectedly_missing_are_zeros():
    encoder = TableEncoder().fit(
        pl.DataFrame({"c": ["a", "b", "c"], "two": ["x", "y", "x"], "n": [1.0, 2, 4], "t": [True, False, True]})
    )
    odd = pl.DataFrame({"c": ["new", None], "two": ["new", None], "n": [None, None], "t": [None, None]})
    assert not encoder.transform(odd).any()


@pytest.mark.parametrize("values", [[1, 2, 3], [1.0, 2.5, -0.0], [True, False, True], [10**15, 2, 3]])
def test_categories_of_numbers_and_truths_mean_the_same_as_text(values):
    encoder = TableEncoder(columns={"c": "category"}).fit(pl.DataFrame({"c": values}))
    expected = encoder.transform(pl.DataFrame({"c": values}))
    assert (np.abs(expected).sum(axis=1) == 1).all()
    for same in ([str(value) for value in values], [f" {value}" for value in values]):
        assert_same(encoder.transform(pl.DataFrame({"c": same})), expected)
    floats = pl.DataFrame({"c": [float(value) for value in values]})
    assert_same(encoder.transform(floats), expected)
    unknown = encoder.transform(pl.DataFrame({"c": ["word", "", "99"]}))
    assert not unknown.any()


def test_codes_in_files_stay_codes(write):
    """A file, or a piece of one, in which every code looks like a number."""
    encoder = TableEncoder().fit(read_table(write("train.csv", "code,n\n007,1\nA1,2\n7,3\nA1,4\n")))
    path = write("new.csv", "n,code,other\n1,007,x\n2,7,y\n,A1,z\n")
    expected = encoder.transform(pl.DataFrame({"code": ["007", "7", "A1"], "n": [1, 2, None]}))
    assert len(np.unique(expected[:, :3], axis=0)) == 3
    schema = encoder.reading_schema()
    assert_same(encoder.transform(read_table(path, schema=schema), extra="ignore"), expected)
    pieces = scan_batches(path, batch_rows=1, schema=schema, columns=list(schema))
    assert_same(np.concatenate([encoder.transform(piece) for piece in pieces]), expected)


@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_a_streamed_file_is_encoded_as_the_table_it_was_written_from(tables, data, tmp_path_factory):
    table = data.draw(tables())
    path = tmp_path_factory.mktemp("stream") / "t.csv"
    table.write_csv(path)
    encoder = TableEncoder(columns={"count": "category"}).fit(read_table(path))
    expected = encoder.transform(read_table(path))
    pieces = scan_batches(path, batch_rows=3, schema=encoder.reading_schema())
    assert_same(np.concatenate([encoder.transform(piece) for piece in pieces]), expected)


def test_pandas_categories_of_any_type():
    frame = pd.DataFrame({"c": pd.Categorical([3, 1, None, 3], categories=[1, 2, 3]), "n": [1.0, 2, 3, 5]})
    encoder = TableEncoder().fit(frame)
    assert encoder.encoded_names_ == ["c = 1", "c = 3", "c is missing", "n"]
    assert encoder.transform(frame)[:, :3].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_frames_without_text_names_go_by_position():
    frame = pd.DataFrame([[1, "a"], [2, "b"], [4, "a"]])
    encoder = TableEncoder().fit(frame)
    assert encoder.encoded_names_ == ["x0", "x1 = b"]
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.check_columns(frame) == ([], [])
    named = frame.rename(columns={0: "n", 1: "c"})
    assert_same(encoder.transform(named), encoder.transform(frame))
    assert_same(TableEncoder().fit(named).transform(frame.to_numpy()), encoder.transform(frame))


def test_fitting_again_forgets():
    encoder = TableEncoder().fit(pl.DataFrame({"a": [1, 2]}))
    encoder.fit(np.array([[1.0], [3.0]]))
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.check_columns(pl.DataFrame({"b": [1]})) == ([], [])


def test_fit_transform_is_fit_then_transform():
    table = pl.DataFrame({"a": [1, 2, 9], "c": ["x", "y", "z"]})
    assert_same(TableEncoder().fit_transform(table, [1, 0, 2]), TableEncoder().fit(table, [1, 0, 2]).transform(table))


def test_words_for_truths_are_categories_but_truths_are_a_type():
    words = TableEncoder().fit(pl.DataFrame({"t": ["yes", "no", None]}))
    assert words.transform(pl.DataFrame({"t": ["Y", "unsure", None, "NA"]})).tolist() == [
        [1, 0],
        [0, 0],
        [0, 1],
        [0, 1],
    ]
    assert words.transform(pl.DataFrame({"t": [True, None]})).tolist() == [[1, 0], [0, 1]]
    truths = TableEncoder().fit(pl.DataFrame({"t": [True, False]}))
    assert truths.transform(pl.DataFrame({"t": ["yes", "false", ""]})).tolist() == [[1], [-1], [0]]
    with pytest.raises(TableError, match=r"column 't', row 0 .* holds 'unsure', which is not a truth"):
        truths.transform(pl.DataFrame({"t": ["unsure"]}))


@pytest.mark.parametrize("unit", ["timedelta64[ms]", "datetime64[D]", "bool", "int8", "U3", "float32"])
def test_arrays_of_any_type_are_encoded_as_frames(unit):
    array = np.array([[0, 1], [1, 0], [1, 1], [0, 0]]).astype(unit)
    frame = pl.DataFrame({name: pl.Series(column) for name, column in zip("ab", array.T, strict=True)})
    assert_same(TableEncoder().fit_transform(array), TableEncoder().fit_transform(frame))


def test_check_columns():
    encoder = TableEncoder().fit(pl.DataFrame({"a": [1, 2], "b": [3, 4], "same": [1, 1]}))
    assert encoder.check_columns(pl.DataFrame({"b": [1], "c": [2]})) == (["a"], ["c"])


def test_dropped_columns_may_be_absent():
    table = pl.DataFrame({"a": [1, 2], "same": [1, 1]})
    encoder = TableEncoder().fit(table)
    assert_same(encoder.transform(table.drop("same")), encoder.transform(table))


def test_no_rows_of_the_table_are_kept():
    names = [f"person {i}" for i in range(40)]
    config = json.dumps(TableEncoder().fit(pl.DataFrame({"name": names, "n": [i / 3 for i in range(40)]})).to_config())
    assert not any(name in config for name in names)


def test_neither_pandas_nor_pyarrow_is_needed():
    """None in sys.modules makes an import fail."""
    code = """
        import sys
        sys.modules["pandas"] = sys.modules["pyarrow"] = None
        import polars, chainrule.table
        days = ["2020-01-01", "2020-02-02", "2021-01-05"]
        table = polars.DataFrame({"a": ["x", "y", None], "n": [1, 2, 3], "t": days})
        print(chainrule.table.TableEncoder().fit_transform(table).shape)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(3, 8)"


@pytest.mark.parametrize("name", ["california.csv", "adult-train.csv", "titanic.csv", "wine-white.csv"])
def test_real_tables_by_every_way(name, real_table):
    path = real_table(name)
    table = read_table(path)
    encoder = TableEncoder().fit(table)
    expected = encoder.transform(table)
    pieces = scan_batches(path, batch_rows=5000, schema=encoder.reading_schema())
    assert_same(np.concatenate([encoder.transform(piece, extra="ignore") for piece in pieces]), expected)
    with_pandas = pd.read_csv(path)
    assert_same(TableEncoder().fit(with_pandas).transform(with_pandas), expected)


def test_a_column_of_strangers_is_warned_of():
    frame = pl.DataFrame({"town": ["Rome", "Oslo", "Lima"] * 20})
    encoder = TableEncoder().fit(frame)
    message = r"column 'town': none of 60 values was seen in training \(first '3.5'; training saw 'Lima', .*right"
    with pytest.warns(ChainruleWarning, match=message):
        encoded = encoder.transform(pl.DataFrame({"town": ["3.5"] * 60}))
    assert not encoded.any()
    encoder.transform(pl.DataFrame({"town": ["Rome"] + ["3.5"] * 60}))  # one is known, and a few may all be new
    encoder.transform(pl.DataFrame({"town": ["3.5"] * 19}))
