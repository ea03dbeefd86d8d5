"""Delimited files with types: opened, unpacked, typed over all their rows, and converted piece by piece."""

__all__ = ["STANDARD_INPUT", "Schema", "chosen_columns", "typed_frames"]

import gzip
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from chainrule.errors import ParameterError, TableFileError, nearest
from chainrule.table.cells import CellType, cell_type, convert_cells, join_types
from chainrule.table.delimited import Delimited, Readable

STANDARD_INPUT = "-"
Schema = Mapping[str, pl.DataType | type[pl.DataType]]

_SCHEMA_TYPES: dict[pl.DataType | type[pl.DataType], CellType] = {
    pl.Int64: CellType.INTEGER,
    pl.Float64: CellType.NUMBER,
    pl.Boolean: CellType.BOOLEAN,
    pl.String: CellType.TEXT,
}


def typed_frames(
    path: str, *, separator: str | None, columns: Sequence[str] | None, schema: Schema, hold: bool
) -> Iterator[pl.DataFrame]:
    """Yield the rows of a delimited file in pieces of the same types; see `chainrule.table.read_table`.

    Where ``schema`` leaves types to be found, the file is read twice, or, if ``hold``, held in memory as text.
    """
    known = _known_types(schema)
    with _opened(path) as stream:
        table = Delimited(stream, path, separator=separator, columns=columns)
        names = chosen_columns(table.names, columns, path)
        comma = table.separator == ";"
        frames: Iterable[pl.DataFrame] = table.frames()
        unknown = [name for name in names if name not in known]
        if unknown and hold:
            frames = list(frames)
            known |= _find_types(frames, unknown, comma)
        elif unknown:
            with _opened(path) as again:
                first_pass = Delimited(again, path, separator=table.separator, columns=unknown)
                known |= _find_types(first_pass.frames(), unknown, comma)
        yield from _convert_all(frames, {name: known[name] for name in names}, comma, path)


def chosen_columns(names: Sequence[str], columns: Sequence[str] | None, path: str) -> list[str]:
    """Return the wanted columns (None: all), certain that the file has them."""
    for name in columns or ():
        if name not in names:
            raise TableFileError(f"{path}: has no column {name!r}.{nearest(name, names)}")
    return list(names if columns is None else columns)


def _known_types(schema: Schema) -> dict[str, CellType]:
    for name, dtype in schema.items():
        if dtype not in _SCHEMA_TYPES:
            raise ParameterError(
                f"schema[{name!r}] must be one of polars' Float64, Int64, Boolean, String. Got {dtype!r} instead."
            )
    return {name: _SCHEMA_TYPES[dtype] for name, dtype in schema.items()}


def _find_types(frames: Iterable[pl.DataFrame], names: Sequence[str], comma: bool) -> dict[str, CellType]:
    types = dict.fromkeys(names, CellType.EMPTY)
    for frame in frames:
        for name, known in types.items():
            if known is not CellType.TEXT:
                types[name] = join_types(known, cell_type(frame[name], decimal_comma=comma))
    return types


def _convert_all(
    frames: Iterable[pl.DataFrame], types: Mapping[str, CellType], comma: bool, path: str
) -> Iterator[pl.DataFrame]:
    row = 0
    for frame in frames:
        converted = []
        for name, kind in types.items():
            parsed = convert_cells(frame[name], kind, decimal_comma=comma)
            if not parsed.complete:
                bad = parsed.refused.arg_max() or 0
                raise TableFileError(
                    f"{path}: column {name!r}, row {row + bad} (counting from 0) holds {frame[name][bad]!r}, which is "
                    f"no {kind.value}; correct the cell, or leave it empty if the value is unknown"
                )
            converted.append(parsed.values.alias(name))
        yield pl.DataFrame(converted)
        row += frame.height


@contextmanager
def _opened(path: str) -> Iterator[Readable]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
    elif path.lower().endswith(".gz"):
        with gzip.open(path, "rb") as unpacked:
            yield unpacked
    elif path.lower().endswith(".zst"):
        yield io.BytesIO(_unpack_zstandard(path))
    else:
        with Path(path).open("rb") as plain:
            yield plain


def _unpack_zstandard(path: str) -> bytes:
    # Python has no Zstandard before 3.14, but polars does: a table of one column, whose cells are the lines.
    lines = pl.read_csv(path, separator="\x1f", has_header=False, quote_char=None, infer_schema=False, glob=False)
    return "\n".join(lines.to_series().fill_null("")).encode() + b"\n"
