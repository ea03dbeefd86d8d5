"""Reading tables: every format gives the same table, and pieces laid end to end are the whole."""

import csv
import datetime as dt
import gzip
import io
import sys
import tracemalloc

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from chainrule.table import delimited, json_lines, read_table, scan_batches

FRAME = pl.DataFrame(
    {
        "n": [1, -2, 3, None],
        "x": [0.5, 1e300, None, -4.0],
        "word": ["a", "b, c", 'say "hi"', "line\nbreak"],
        "truth": [True, False, None, True],
    }
)


def write_all(frame, folder):
    frame.write_csv(folder / "t.csv")
    frame.write_csv(folder / "t.tsv", separator="\t")
    frame.write_csv(folder / "semicolon.csv", separator=";")
    frame.write_csv(folder / "bar.txt", separator="|")
    (folder / "bom.csv").write_bytes(b"\xef\xbb\xbf" + (folder / "t.csv").read_bytes())
    (folder / "t.csv.gz").write_bytes(gzip.compress((folder / "t.csv").read_bytes()))
    frame.write_parquet(folder / "t.parquet")
    frame.write_ipc(folder / "t.arrow")
    frame.write_ipc(folder / "t.feather", compression="lz4")
    frame.write_ndjson(folder / "t.jsonl")
    frame.write_ndjson(folder / "T.NDJSON")
    return sorted(folder.iterdir())


def test_every_format_gives_the_same_table(tmp_path):
    for path in write_all(FRAME, tmp_path):
        assert_frame_equal(read_table(path), FRAME)
        assert_frame_equal(read_table(str(path), columns=["word", "n"]), FRAME.select("word", "n"))
        for rows in (1, 3, 4, 100):
            batches = list(scan_batches(path, batch_rows=rows))
            assert [batch.height for batch in batches] == [rows] * (4 // rows) + [4 % rows] * bool(4 % rows)
            assert_frame_equal(pl.concat(batches), FRAME)


def test_zstandard(tmp_path):
    path = tmp_path / "t.csv.zst"
    lazy = FRAME.lazy()
    try:
        lazy.sink_csv(path, compression="zstd", check_extension=False)
    except TypeError:
        pytest.skip("this polars cannot write Zstandard")
    assert_frame_equal(read_table(path), FRAME)


def test_excel(write_workbook):
    path = write_workbook("t.xlsx", [["n", "word"], *[[i, f"w{i}"] for i in range(1500)], ["late", "text"]])
    frame = read_table(path, columns=["word", "n"])
    assert frame.height == 1501
    assert frame.columns == ["word", "n"]
    assert frame["n"][-1] == "late"  # the type is found on all rows, not on the first thousand


def test_standard_input(monkeypatch):
    for read in (lambda: read_table("-"), lambda: pl.concat(scan_batches("-", batch_rows=1))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a;b\n1;x\n2;y\n")))
        assert read().rows() == [(1, "x"), (2, "y")]


def test_types_are_found_on_all_rows(write):
    path = write("t.csv", "a,b\n" + "1,2\n" * 50_000 + "x,2.5\n")
    frame = read_table(path)
    assert frame.dtypes == [pl.String, pl.Float64]
    assert frame["a"][-1] == "x"
    for batch in scan_batches(path, batch_rows=10_000):
        assert batch.dtypes == [pl.String, pl.Float64]


@pytest.mark.parametrize(
    ("cells", "dtype", "values"),
    [
        (["1", "", "3"], pl.Int64, [1, None, 3]),
        (["1", "NA", "3"], pl.Int64, [1, None, 3]),
        (["1.5", "n/a", "?"], pl.Float64, [1.5, None, None]),
        (["1", "NaN", "2.5"], pl.Float64, [1.0, None, 2.5]),
        (["null", "None", " 7 "], pl.Int64, [None, None, 7]),
        (["1e3", "-inf", "+5"], pl.Float64, [1000.0, float("-inf"), 5.0]),
        (["99999999999999999999", "1", "2"], pl.Float64, [1e20, 1.0, 2.0]),
        (["TRUE", "false", ""], pl.Boolean, [True, False, None]),
        (["true", "NA", "1"], pl.String, ["true", "NA", "1"]),
        (["yes", "no", "NA"], pl.String, ["yes", "no", "NA"]),
        (["None", "BrkFace", ""], pl.String, ["None", "BrkFace", None]),
        (["", "NA", ""], pl.String, [None, None, None]),
        (["2020-01-01", "2020-01-02", ""], pl.String, ["2020-01-01", "2020-01-02", None]),
        (["1_000", "1", "2"], pl.String, ["1_000", "1", "2"]),
    ],
)
def test_cell_types(cells, dtype, values, write):
    path = write("t.csv", "c,other\n" + "".join(f"{cell},1\n" for cell in cells))
    column = read_table(path)["c"]
    assert column.dtype == dtype
    assert column.to_list() == values
    assert pl.concat(scan_batches(path, batch_rows=1))["c"].to_list() == values


def test_given_types_are_kept(write):
    path = write("t.csv", "code,n,t,extra\n007,1,true,5\n008,NA,,6\n")
    schema = {"code": pl.String, "n": pl.Float64, "t": pl.Boolean, "absent": pl.Int64}
    frame = read_table(path, schema=schema)
    assert frame.rows() == [("007", 1.0, True, 5), ("008", None, None, 6)]
    assert frame.dtypes == [pl.String, pl.Float64, pl.Boolean, pl.Int64]
    assert_frame_equal(pl.concat(scan_batches(path, batch_rows=1, schema=schema)), frame)


def test_decimal_comma_with_semicolons(write):
    frame = read_table(write("t.csv", "a;b\n1,5;x\n-2,25;y\n"))
    assert frame.rows() == [(1.5, "x"), (-2.25, "y")]


def test_separator_is_found_by_the_header_and_kept_by_the_rows(write):
    assert read_table(write("a.csv", "a;b;c\n1,0;2,5;x,y\n")).columns == ["a", "b", "c"]
    assert read_table(write("b.csv", 'a,b\n"x;y;z",1\n')).columns == ["a", "b"]
    assert read_table(write("c.csv", '"a;b",c\n1,2\n')).columns == ["a;b", "c"]
    assert read_table(write("d.csv", "just one\n1\n2\n")).columns == ["just one"]
    assert read_table(write("tie.csv", "a,b;c\n1,2;3\n")).columns == ["a", "b;c"]
    assert read_table(write("e.csv", "a:b\n1:2\n"), separator=":").rows() == [(1, 2)]


def test_blank_lines(write):
    assert read_table(write("t.csv", "\n\na,b\n1,2\n\r\n3,4\n\n")).rows() == [(1, 2), (3, 4)]
    assert read_table(write("one.csv", "a\n1\n\n3\n"))["a"].to_list() == [1, None, 3]
    assert read_table(write("none.csv", "a\n\n\n"))["a"].to_list() == [None, None]


def test_windows_line_ends(write):
    assert read_table(write("t.csv", 'a,b\r\n1,"x\r\ny"\r\n2,z')).rows() == [(1, "x\r\ny"), (2, "z")]


def test_globs_are_plain_names(write):
    assert read_table(write("t[1]*.csv", "a\n1\n")).rows() == [(1,)]
    path = write("t[2].parquet", b"")
    pl.DataFrame({"a": [1]}).write_parquet(path)
    assert read_table(path).rows() == [(1,)]


def test_json_lines_types_do_not_depend_on_cuts(write):
    path = write("t.jsonl", '{"a": 1}\n\n{"a": 2.5, "b": "x"}\n{"b": null, "c": true}')
    whole = read_table(path)
    assert whole.rows() == [(1.0, None, None), (2.5, "x", None), (None, None, True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_lines, "BLOCK_BYTES", 5)
        assert_frame_equal(read_table(path), whole)


cells = st.text(st.sampled_from('ab1.,;"\n\r |é'), max_size=5).filter(lambda cell: not cell.endswith("\r"))


@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8),
    separator=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 40),
)
@settings(deadline=None, max_examples=200)
def test_reads_what_the_csv_module_wrote(rows, separator, line_end, block, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
        writer.writerows([["x", "y", 'z"\n'], *rows])
    schema = dict.fromkeys(("x", "y", 'z"\n'), pl.String)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK_BYTES", block)
        frame = read_table(path, separator=separator, schema=schema)
    assert frame.rows() == [tuple(cell or None for cell in row) for row in rows]


@given(
    cut=st.integers(1, 60),
    columns=st.lists(
        st.sampled_from(["1", "2.5", "", "NA", "true", "word", "1e3", "é", "\n"]), min_size=12, max_size=12
    ),
    tail=st.sampled_from(["", "\n", "\n\n\r\n", "1,2"]),
)
@example(cut=9, columns=["2.5", "1", "\n", "", "1", "", "\n", "", "\n", "", "NA", "1"], tail="1,2")
@settings(deadline=None, max_examples=100)
def test_neither_blocks_nor_batches_change_a_table(cut, columns, tail, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    rows = zip(columns[::2], columns[1::2], strict=True)
    lines = ["\n" if "\n" in (one, two) else f"{one},{two}\n" for one, two in [("1", "2"), *rows]]
    path.write_text("a,b\n" + "".join(lines) + tail)
    whole = read_table(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK_BYTES", cut)
        assert_frame_equal(read_table(path), whole)
        assert_frame_equal(pl.concat(scan_batches(path, batch_rows=1 + cut % 5)), whole)


@pytest.mark.parametrize("blank", ["\n", "\n\n\n", "\r\n\r\n"])
def test_a_piece_may_begin_with_blank_lines(blank, write):
    path = write("t.csv", "a,b\n" + "1,2\n" * 5 + blank + "3,4\n")
    for cut in range(4, 30):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "BLOCK_BYTES", cut)
            assert read_table(path).rows() == [(1, 2)] * 5 + [(3, 4)]


def test_streaming_holds_one_piece(write):
    path = write("t.csv", "a,b\n" + "1.25,word\n" * 400_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK_BYTES", 1 << 16)
        tracemalloc.start()
        rows = sum(batch.height for batch in scan_batches(path, batch_rows=1000))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert rows == 400_000
    assert peak < path.stat().st_size / 2  # Python's and NumPy's share; the frames are dropped as they are used


def test_dates_keep_their_type_in_typed_formats(tmp_path):
    frame = pl.DataFrame({"d": [dt.date(2020, 1, 1)], "t": [dt.datetime(2020, 1, 1, 5)]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert_frame_equal(read_table(tmp_path / "t.parquet"), frame)


def test_real_tables(real_table):
    shapes = {"adult-train.csv": (32561, 15), "california.csv": (20640, 10), "titanic.csv": (891, 12)}
    for name, shape in shapes.items():
        frame = read_table(real_table(name))
        assert frame.shape == shape
        with real_table(name).open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert frame.columns == rows[0]
        for place, column in enumerate(frame.columns):
            gaps = sum(row[place] == "" for row in rows[1:])
            assert frame[column].null_count() == gaps
