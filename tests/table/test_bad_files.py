"""Every file that is no table has its own error: which file, where, and the way out."""

import gzip
import io
import re
import sys

import polars as pl
import pytest

from chainrule.errors import ParameterError, TableFileError
from chainrule.table import delimited, read_table, scan_batches

GOOD = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})


def parquet_bytes() -> bytes:
    buffer = io.BytesIO()
    GOOD.write_parquet(buffer)
    return buffer.getvalue()


def arrow_bytes() -> bytes:
    buffer = io.BytesIO()
    GOOD.write_ipc(buffer)
    return buffer.getvalue()


BAD_FILES = [
    ("empty.csv", b"", r"is empty; a table needs"),
    ("blank.csv", b"\n \n\n", r"is empty; a table needs a header line"),
    ("bom.csv", b"\xef\xbb\xbf", r"is empty; a table needs a header line"),
    ("header.csv", b"a,b\n", r"has column names but no rows"),
    ("header_only_no_newline.csv", b"a,b", r"has column names but no rows"),
    ("header_and_blank.csv", b"a,b\n\n\n", r"has column names but no rows"),
    ("binary.csv", b"a,b\n1,\x00\n", r"line 2: a NUL byte; this is a binary file"),
    ("binary_header.csv", b"a\x00,b\n1,2\n", r"line 1: a NUL byte"),
    ("latin.csv", b"name,n\nx,1\ncaf\xe9,2\n", r"line 3 is not UTF-8 \(byte 0xe9\); convert .*iconv -f latin1"),
    ("latin_header.csv", b"pr\xe9nom,n\nx,1\n", r"line 1 is not UTF-8"),
    ("utf16.csv", "a,b\n1,2\n".encode("utf-16"), r"UTF-16 text \(convert it: iconv -f utf-16"),
    ("parquet.csv", parquet_bytes(), r"not delimited text but Parquet \(name it \.parquet\)"),
    ("zip.csv", b"PK\x03\x04rest", r"not delimited text but a zip archive or Excel workbook"),
    ("gzip.csv", gzip.compress(b"a\n1\n"), r"not delimited text but gzip \(name it \.csv\.gz\)"),
    ("mac.csv", b"a,b\r1,2\r3,4\r", r"bare carriage returns; convert it: tr"),
    ("short.csv", b"a,b,c\n1,2,3\n4,5\n", r"line 3 has 2 fields, the header has 3 \(separator ','\)"),
    ("long.csv", b"a,b\n1,2\n3,4,5\n", r"line 3 has 3 fields, the header has 2"),
    ("long_at_last.csv", b"a,b\n1,2\n3,4,5", r"line 3 has 3 fields"),
    ("after_blank_and_quoted.csv", b'a,b\n\n"x\ny",2\n3\n', r"line 5 has 1 fields"),
    ("single.csv", b"a\n1\n2,3\n", r"line 3 has 2 fields, the header has 1"),
    ("twice.csv", b"a,b,a\n1,2,3\n", r"line 1: the column name 'a' appears 2 times \(columns 1, 3\)"),
    ("unnamed.csv", b"a,,c\n1,2,3\n", r"line 1: column 2 of 3 has no name.*index=False"),
    ("unnamed_quoted.csv", b'"",b\n1,2\n', r"column 1 of 2 has no name"),
    ("stray.csv", b'a,b\n1,5" pipe\n2,3" pipe\n', r"line 2: a quotation mark in the middle of a field"),
    ("stray_close.csv", b'a,b\n1,"x"y\n', r"line 2: a quotation mark in the middle"),
    ("open.csv", b'a,b\n1,"x\n2,y\n', r"line 2: the quotation mark that opens here is never closed"),
    ("stray_open.csv", b'a,b\n1,x\n2,5" pipe\n3,"y"\n', r"line 3: a quotation mark in the middle of a field"),
    ("cut.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999)[:-12], r"cannot be read .*truncated or damaged"),
    ("false.csv.gz", b"a,b\n1,2\n", r"cannot be read .*Not a gzipped file"),
    ("false.csv.zst", b"\x28\xb5\x2f\xfdnonsense", r"cannot be read as delimited text"),
    ("cut.parquet", parquet_bytes()[:-20], r"cannot be read as parquet; it may be truncated or damaged"),
    ("text.parquet", b"a,b\n1,2\n", r"cannot be read as parquet"),
    ("cut.arrow", arrow_bytes()[:-30], r"cannot be read as arrow"),
    ("text.feather", b"a,b\n1,2\n", r"cannot be read as arrow"),
    ("list.jsonl", b'{"a": 1}\n[1, 2]\n', r"line 2 is not a JSON object"),
    ("cut.jsonl", b'{"a": 1}\n{"a": 2\n', r"line 2 is not valid JSON"),
    ("latin.jsonl", b'{"a": "x"}\n{"a": "\xe9"}\n', r"line 2 is not UTF-8"),
    ("blank.jsonl", b"\n\n", r"is empty; JSON lines need"),
    ("text.xlsx", b"a,b\n1,2\n", r"cannot be read as an Excel workbook"),
    ("table.dat", b"a,b\n1,2\n", r"the ending '\.dat' is not one of a table file; known are \.csv"),
    ("table", b"a,b\n1,2\n", r"the ending '' is not one of a table file"),
    ("table.parquet.gz", b"x", r"the ending '\.parquet\.gz' is not one of a table file"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD_FILES, ids=[name for name, *_ in BAD_FILES])
def test_names_file_place_and_way_out(name, content, message, write):
    path = write(name, content)
    with pytest.raises(TableFileError, match=re.escape(str(path)) + r": " + rf"(?s:.*){message}"):
        read_table(path)
    with pytest.raises(TableFileError, match=message):
        list(scan_batches(path, batch_rows=1))
    assert path.read_bytes() == content


def test_missing_file_suggests_a_name(write):
    path = write("housing.csv", "a\n1\n")
    with pytest.raises(TableFileError, match=r"no such file\. Did you mean 'housing\.csv'\?"):
        read_table(path.with_name("huosing.csv"))


def test_missing_folder_is_said(tmp_path):
    with pytest.raises(TableFileError, match=r"no such file \(there is no folder '.*nowhere' either\)"):
        read_table(tmp_path / "nowhere" / "t.csv")


def test_folder(tmp_path):
    with pytest.raises(TableFileError, match="is a folder; name one table file in it"):
        read_table(tmp_path)


def test_header_only_formats(tmp_path, write_workbook):
    GOOD.clear().write_parquet(tmp_path / "t.parquet")
    GOOD.clear().write_ipc(tmp_path / "t.arrow")
    paths = [tmp_path / "t.parquet", tmp_path / "t.arrow", write_workbook("t.xlsx", [["a", "b"]])]
    for path in paths:
        with pytest.raises(TableFileError, match="has column names but no rows"):
            read_table(path)


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow", "t.jsonl"])
def test_unknown_column_suggests_a_name(name, tmp_path):
    path = tmp_path / name
    frame = pl.DataFrame({"income": [1, 2], "age": [3, 4]})
    {".csv": frame.write_csv, ".parquet": frame.write_parquet, ".arrow": frame.write_ipc, ".jsonl": frame.write_ndjson}[
        path.suffix
    ](path)
    with pytest.raises(TableFileError, match=r"has no column 'incme'\. Did you mean 'income'"):
        read_table(path, columns=["incme"])


def test_schema_names_row_and_value_across_batches(write):
    path = write("t.csv", "n\n" + "1\n" * 10 + "x\n")
    with pytest.raises(TableFileError, match=r"column 'n', row 10 \(counting from 0\) holds 'x', which is no number"):
        list(scan_batches(path, batch_rows=2, schema={"n": pl.Float64}))


def test_the_row_is_that_of_the_file_whatever_the_blocks(write, monkeypatch):
    path = write("t.csv", "n\n" + "1\n" * 10 + "x\n")
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 4)
    with pytest.raises(TableFileError, match=r"row 10 \(counting from 0\) holds 'x'"):
        read_table(path, schema={"n": pl.Int64})
    with pytest.raises(TableFileError, match="line 12 has 2 fields"):
        read_table(write("t.csv", "n\n" + "1\n" * 10 + "2,3\n"))


def test_settings_are_checked(write):
    path = write("t.csv", "n\n1\n")
    with pytest.raises(ParameterError, match=r"batch_rows must be at least 1\. Got 0"):
        scan_batches(path, batch_rows=0)
    with pytest.raises(ParameterError, match=r"separator must be one ASCII character.*Got ';;'"):
        read_table(path, separator=";;")
    with pytest.raises(ParameterError, match=r"schema\['n'\] must be one of polars' Float64.*Got Date"):
        read_table(path, schema={"n": pl.Date})
    with pytest.raises(ParameterError, match="separator applies to delimited text only"):
        read_table(write("t.jsonl", '{"n": 1}\n'), separator=";")


def test_unreadable_file_is_said(write, monkeypatch):
    path = write("t.csv", "n\n1\n")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(TableFileError, match=r"t\.csv: cannot be opened \(Permission denied\)"):
        read_table(path)


def test_a_line_that_only_polars_refuses_is_said_too(write, monkeypatch):
    path = write("t.jsonl", '{"a": 1}\n')

    def refuse(*args, **kwargs):
        raise pl.exceptions.ComputeError("too odd")

    monkeypatch.setattr(pl, "read_ndjson", refuse)
    with pytest.raises(TableFileError, match=r"lines from 1 on cannot be read as JSON lines \(too odd\)"):
        read_table(path)


def test_rows_are_never_lost_in_silence(write, monkeypatch):
    """Should polars cut a piece into other rows than the scan did, that is an error."""
    path = write("t.csv", "a,b\n1,2\n3,4\n")
    read_csv = pl.read_csv
    monkeypatch.setattr(pl, "read_csv", lambda *args, **kwargs: read_csv(*args, **kwargs)[:1])
    with pytest.raises(TableFileError, match="lines from 2 on: cannot be cut into rows reliably"):
        read_table(path)


def test_excel_needs_fastexcel(write_workbook, monkeypatch):
    path = write_workbook("t.xlsx", [["a"], [1]])
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    with pytest.raises(TableFileError, match=r"needs the package fastexcel: pip install 'chainrule\[excel\]'"):
        read_table(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the first sheet is empty"),
        ([["a", None, "c"], [1, 2, 3]], "column 2 of 3 has no name"),
        ([["a", "b", "a"], [1, 2, 3]], "the column name 'a' appears 2 times"),
    ],
)
def test_excel_headers(rows, message, write_workbook):
    with pytest.raises(TableFileError, match=message):
        read_table(write_workbook("t.xlsx", rows))
