"""JSON lines: one object a line, read in pieces whose types do not depend on where they are cut."""

__all__ = ["json_lines_frames", "json_lines_schema"]

import json
from collections.abc import Iterator
from typing import IO

import polars as pl

from chainrule.errors import TableFileError

BLOCK_BYTES = 1 << 24


def json_lines_schema(stream: IO[bytes], path: str) -> pl.Schema:
    """Find the columns and their types over all lines: a type wide enough for every value."""
    empties = [frame.clear() for frame in _frames(stream, path, None)]
    if not empties:
        raise TableFileError(f"{path}: is empty; JSON lines need one object a line")
    return pl.concat(empties, how="diagonal_relaxed").schema


def json_lines_frames(stream: IO[bytes], path: str, schema: pl.Schema) -> Iterator[pl.DataFrame]:
    """Yield the rows as frames of this schema, in order; a key that a line lacks is null."""
    return _frames(stream, path, schema)


def _frames(stream: IO[bytes], path: str, schema: pl.Schema | None) -> Iterator[pl.DataFrame]:
    rest, line = b"", 1
    while True:
        chunk = stream.read(BLOCK_BYTES)
        block, newline, rest = (rest + chunk).rpartition(b"\n") if chunk else (rest, b"", b"")
        if block.strip():
            try:
                yield pl.read_ndjson(block, schema=schema, infer_schema_length=None)
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError) as error:
                raise TableFileError(f"{path}: {_first_bad_line(block, line, error)}") from error
        line += (block + newline).count(b"\n")
        if not chunk:
            return


def _first_bad_line(block: bytes, first_line: int, error: BaseException) -> str:
    for number, text in enumerate(block.split(b"\n"), start=first_line):
        try:
            if text.strip() and not isinstance(json.loads(text), dict):
                return f'line {number} is not a JSON object; every line needs one, such as {{"age": 31}}'
        except UnicodeDecodeError:
            return f"line {number} is not UTF-8; convert the file: iconv -f latin1 -t utf-8 OLD > NEW"
        except ValueError as problem:
            return f"line {number} is not valid JSON ({problem}); correct that line"
    return f"lines from {first_line} on cannot be read as JSON lines ({error})"
