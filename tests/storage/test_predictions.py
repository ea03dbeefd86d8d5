import doctest
import io
import sys
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from chainrule.errors import OutputError
from chainrule.storage import PredictionWriter, predictions

PIECES = [
    pl.DataFrame({"prediction": ["a", 'quo"te', "com,ma"], "probability_a": [0.1, 1e-300, 1.0]}),
    pl.DataFrame({"prediction": ["line\nbreak"], "probability_a": [1 / 3]}),
]
READERS = {"out.csv": pl.read_csv, "out.parquet": pl.read_parquet, "OUT.CSV": pl.read_csv}


@pytest.mark.parametrize("name", READERS)
def test_the_pieces_are_one_table_in_order(tmp_path, name):
    with PredictionWriter(tmp_path / name) as writer:
        for piece in PIECES:
            writer.write(piece)
    assert_frame_equal(READERS[name](tmp_path / name), pl.concat(PIECES), check_exact=True)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_example_in_the_docstring_is_true():
    assert doctest.testmod(predictions) == (0, 2)


def test_many_pieces_keep_their_order(tmp_path):
    with PredictionWriter(tmp_path / "out.parquet") as writer:
        for i in range(25):
            writer.write(pl.DataFrame({"prediction": [i]}))
    assert pl.read_parquet(tmp_path / "out.parquet")["prediction"].to_list() == list(range(25))


@pytest.mark.parametrize("path", [None, "-"])
def test_standard_output_gets_csv(capsys, path):
    with PredictionWriter(path) as writer:
        for piece in PIECES:
            writer.write(piece)
    assert_frame_equal(pl.read_csv(io.StringIO(capsys.readouterr().out)), pl.concat(PIECES), check_exact=True)


def test_no_piece_gives_an_empty_table(tmp_path):
    for name in ("out.csv", "out.parquet"):
        with PredictionWriter(tmp_path / name):
            pass
    assert (tmp_path / "out.csv").read_bytes() == b""
    assert pl.read_parquet(tmp_path / "out.parquet").height == 0


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_aborted_run_leaves_the_old_file_and_nothing_else(tmp_path, name, error):
    (tmp_path / name).write_bytes(b"old")

    def aborted_run():
        with PredictionWriter(tmp_path / name) as writer:
            writer.write(PIECES[0])
            raise error

    with pytest.raises(error):
        aborted_run()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"old"}


@pytest.mark.parametrize("name", READERS)
def test_an_input_that_fails_is_not_reported_as_the_output(tmp_path, name):
    error = OSError(5, "Input/output error", "input.csv")

    def run_whose_input_fails():
        with PredictionWriter(tmp_path / name) as writer:
            writer.write(PIECES[0])
            raise error

    with pytest.raises(OSError, match=r"input\.csv") as raised:
        run_whose_input_fails()
    assert raised.value is error
    assert not list(tmp_path.iterdir())


def test_a_folder_for_the_pieces_that_cannot_be_made_is_refused(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(OutputError, match=r"out\.parquet': No space left"), PredictionWriter(tmp_path / "out.parquet"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["full.csv", "full.parquet"])
def test_a_really_full_disk_is_refused_once(tmp_path, name):
    (tmp_path / name).symlink_to("/dev/full")
    frame = pl.DataFrame({"prediction": [f"{i:0100d}" for i in range(5000)]})

    def write_all():
        with PredictionWriter(tmp_path / name) as writer:
            writer.write(frame)

    with pytest.raises(OutputError) as raised:
        write_all()
    assert str(raised.value).count("cannot write") == 1
    assert "No space left on device" in str(raised.value)


@pytest.mark.parametrize("name", ["out.xlsx", "out", "out.csv.gz", "csv"])
def test_another_ending_is_refused_before_any_work(tmp_path, name):
    with pytest.raises(OutputError, match=r"cannot write '.*': .*Let the name end in \.csv or \.parquet"):
        PredictionWriter(tmp_path / name)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_missing_folder_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match="make the folder first"), PredictionWriter(tmp_path / "missing" / name):
        pass


@pytest.mark.parametrize("method", ["write_parquet", "write_csv"])
def test_a_full_disk_while_writing_a_piece_is_refused(tmp_path, monkeypatch, method):
    def full(*args, **kwargs):
        raise pl.exceptions.ComputeError("No space left on device")

    monkeypatch.setattr(pl.DataFrame, method, full)
    path = tmp_path / f"out.{method.removeprefix('write_')}"
    with pytest.raises(OutputError, match="No space left on device"), PredictionWriter(path) as writer:
        writer.write(PIECES[0])
    assert not list(tmp_path.iterdir())


def test_a_full_disk_while_joining_the_pieces_is_refused(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    def write_and_fill_the_disk():
        with PredictionWriter(tmp_path / "out.parquet") as writer:
            writer.write(PIECES[0])  # which sinks too, so the disk is full only now
            monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)

    with pytest.raises(OutputError, match="No space left on device"):
        write_and_fill_the_disk()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_behind_standard_output_is_refused(monkeypatch):
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with (
            pytest.raises(OutputError, match="cannot write standard output: No space left"),
            PredictionWriter(None) as writer,
        ):
            writer.write(pl.DataFrame({"prediction": ["x" * 100_000]}))


def test_a_closed_pipe_stays_a_broken_pipe(monkeypatch):
    class Closed(io.StringIO):
        def write(self, _):
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError), PredictionWriter(None) as writer:
        writer.write(PIECES[0])
