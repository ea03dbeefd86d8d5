"""Table files: read whole, or in pieces for streaming; the format follows the file name's ending."""

__all__ = ["read_table", "scan_batches"]

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from chainrule.errors import ParameterError, TableFileError, nearest
from chainrule.table.delimited_file import STANDARD_INPUT, Schema, chosen_columns, typed_frames
from chainrule.table.excel import read_excel
from chainrule.table.json_lines import json_lines_frames, json_lines_schema

FilePath = str | os.PathLike[str]

_ENDINGS = {
    "delimited text": (".csv", ".tsv", ".tab", ".txt"),
    "parquet": (".parquet", ".pq"),
    "arrow": (".arrow", ".feather", ".ipc"),
    "json lines": (".jsonl", ".ndjson"),
    "excel": (".xlsx", ".xlsm", ".xlsb", ".xls"),
}
_COMPRESSED = (".gz", ".zst")


def read_table(
    path: FilePath, *, separator: str | None = None, columns: Sequence[str] | None = None, schema: Schema | None = None
) -> pl.DataFrame:
    """Read a table file whole.

    Parameters
    ----------
    path : str or path
        ``.csv``, ``.tsv``, ``.tab``, ``.txt`` (these also ``.gz`` or ``.zst``), ``.parquet``, ``.arrow``, ``.feather``,
        ``.jsonl``, ``.ndjson``, ``.xlsx`` (first sheet; needs ``chainrule[excel]``), or ``-``: CSV on standard input.
    separator : str or None
        Of a delimited file; None finds it among comma, semicolon, tab and bar.
    columns : sequence of str or None
        Keep only these, in this order; None keeps all.
    schema : mapping of str to polars type, or None
        Types of a delimited file's columns: Float64, Int64, Boolean or String, such as `TableEncoder.reading_schema`
        gives them. Columns it does not name get the narrowest type that all their cells have. The other formats
        carry their own types.

    Returns
    -------
    polars.DataFrame
        At least one row. In delimited files, empty cells are null; so are NA, N/A, NaN, null, None and ? (in any
        case) in columns whose other cells are numbers or true/false. In files separated by ``;`` numbers may have a
        decimal comma.

    Raises
    ------
    TableFileError
        If the file cannot be read as a table: it says why, where, and the way out.
    """
    frame = pl.concat(scan_batches(path, separator=separator, columns=columns, schema=schema, batch_rows=None))
    return frame.rechunk()


def scan_batches(
    path: FilePath,
    *,
    batch_rows: int | None = 65536,
    schema: Schema | None = None,
    columns: Sequence[str] | None = None,
    separator: str | None = None,
) -> Iterator[pl.DataFrame]:
    """Read a table file in pieces: laid end to end they are `read_table` of the same file, types included.

    Memory does not grow with the table, except for standard input, Excel and ``.zst``. A delimited file whose columns
    are not all named in ``schema`` is read twice: once to find the types.

    Parameters
    ----------
    path, schema, columns, separator
        As in `read_table`.
    batch_rows : int or None
        Rows a piece, at least 1; None leaves the pieces as they come.

    Yields
    ------
    polars.DataFrame
        The next rows.

    Raises
    ------
    TableFileError
        As in `read_table`; a fault in the middle of the file is met when its piece is reached.
    ParameterError
        If ``batch_rows`` or ``separator`` breaks its rule.
    """
    if batch_rows is not None and batch_rows < 1:
        raise ParameterError(f"batch_rows must be at least 1. Got {batch_rows!r} instead.")
    if separator is not None and len(separator.encode()) != 1:
        raise ParameterError(f"separator must be one ASCII character, such as ',' or '\\t'. Got {separator!r} instead.")
    path = os.fspath(path)
    return _in_batches(_pieces(path, separator, columns, schema, whole=batch_rows is None), batch_rows, path)


def _in_batches(frames: Iterator[pl.DataFrame], batch_rows: int | None, path: str) -> Iterator[pl.DataFrame]:
    rows = 0
    kept: pl.DataFrame | None = None
    for frame in frames:
        rows += frame.height
        if batch_rows is None:
            yield frame
            continue
        kept = frame if kept is None else pl.concat([kept, frame])
        while kept.height >= batch_rows:
            yield kept[:batch_rows]
            kept = kept[batch_rows:]
    if not rows:
        raise TableFileError(f"{path}: has column names but no rows; a table needs at least one row")
    if kept is not None and kept.height:
        yield kept


def _pieces(
    path: str, separator: str | None, columns: Sequence[str] | None, schema: Schema | None, *, whole: bool
) -> Iterator[pl.DataFrame]:
    form = _format_of(path)
    if separator is not None and form != "delimited text":
        raise ParameterError(f"separator applies to delimited text only; {path!r} is {form}.")
    with _explained(path, form):
        if form == "delimited text":
            yield from typed_frames(
                path, separator=separator, columns=columns, schema=schema or {}, hold=whole or path == STANDARD_INPUT
            )
        elif form == "parquet":
            yield from _lazy_pieces(pl.scan_parquet(path, glob=False), path, columns)
        elif form == "arrow":
            yield from _lazy_pieces(pl.scan_ipc(path, glob=False), path, columns)
        elif form == "json lines":
            yield from _json_lines_pieces(path, columns)
        else:
            frame = read_excel(path)
            yield frame.select(chosen_columns(frame.columns, columns, path))


def _format_of(path: str) -> str:
    """Return the format by the ending, once it is certain that there is a readable file."""
    if path == STANDARD_INPUT:
        return "delimited text"
    file = Path(path)
    if file.is_dir():
        raise TableFileError(f"{path}: is a folder; name one table file in it")
    if not file.exists():
        folder = file.parent
        known = [other.name for other in folder.iterdir()] if folder.is_dir() else []
        where = "" if folder.is_dir() else f" (there is no folder {str(folder)!r} either)"
        raise TableFileError(f"{path}: no such file{where}.{nearest(file.name, known)}")
    suffixes = [suffix.lower() for suffix in file.suffixes]
    packed = bool(suffixes) and suffixes[-1] in _COMPRESSED
    ending = "".join(suffixes[-2:-1] if packed else suffixes[-1:])
    form = next((name for name, endings in _ENDINGS.items() if ending in endings), None)
    if form is None or (packed and form != "delimited text"):
        known = [ending for endings in _ENDINGS.values() for ending in endings]
        raise TableFileError(
            f"{path}: the ending {''.join(suffixes[-2:] if packed else suffixes[-1:])!r} is not one of a table file; "
            f"known are {', '.join(known)}, and .gz or .zst after those of delimited text"
        )
    if file.stat().st_size == 0:
        raise TableFileError(f"{path}: is empty; a table needs column names and at least one row")
    return form


@contextmanager
def _explained(path: str, form: str) -> Iterator[None]:
    """Turn what a reading library raises into an error that names the file."""
    try:
        yield
    except PermissionError as error:
        raise TableFileError(f"{path}: cannot be opened ({error.strerror}); ask for the right to read it") from error
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = " ".join(str(error).split())
        raise TableFileError(f"{path}: cannot be read as {form}; it may be truncated or damaged ({reason})") from error


def _lazy_pieces(lazy: pl.LazyFrame, path: str, columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
    chosen = lazy.select(chosen_columns(lazy.collect_schema().names(), columns, path))
    rows = lazy.select(pl.len()).collect().item()
    piece_rows = 1 << 17
    for start in range(0, rows, piece_rows):
        yield chosen.slice(start, piece_rows).collect()
    if not rows:
        yield chosen.collect()


def _json_lines_pieces(path: str, columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
    with Path(path).open("rb") as stream:
        schema = json_lines_schema(stream, path)
        chosen = chosen_columns(schema.names(), columns, path)
        stream.seek(0)
        for frame in json_lines_frames(stream, path, schema):
            yield frame.select(chosen)
