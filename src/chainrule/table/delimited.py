"""Delimited text (CSV, TSV): from bytes to checked frames of text, piece by piece.

polars parses the fields; here stands what it would pass over in silence: rows that are too short or too long, column
names that repeat or are empty, stray quotation marks, text that is not UTF-8. Every piece is scanned once with NumPy.
"""

__all__ = ["Delimited", "Readable"]

import csv
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NoReturn, Protocol

import numpy as np
import polars as pl

from chainrule.errors import TableFileError
from chainrule.table.records import Records, sniff_separator

BLOCK_BYTES = 1 << 24

_NEWLINE, _RETURN, _QUOTE = b"\n"[0], b"\r"[0], b'"'[0]
_SIGNATURES = {
    b"PAR1": "Parquet (name it .parquet)",
    b"ARROW1": "Arrow (name it .arrow)",
    b"PK\x03\x04": "a zip archive or Excel workbook (a workbook is named .xlsx)",
    b"\x1f\x8b": "gzip (name it .csv.gz)",
    b"\x28\xb5\x2f\xfd": "Zstandard (name it .csv.zst)",
    b"\xff\xfe": "UTF-16 text (convert it: iconv -f utf-16 -t utf-8 OLD > NEW)",
    b"\xfe\xff": "UTF-16 text (convert it: iconv -f utf-16 -t utf-8 OLD > NEW)",
}


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most ``size``; none at the end."""
        ...


class Delimited:
    """A delimited file that is read in pieces; every cell as text, empty cells as null.

    Parameters
    ----------
    stream : binary file
        Its bytes; read once, from where it stands.
    path : str
        What error messages call the file.
    separator : str or None
        One character; None finds it among comma, semicolon, tab and bar from the first records.
    columns : sequence of str or None
        Parse only these; None parses all.

    Attributes
    ----------
    names : list of str
        The header.
    separator : str
        As given or as found.

    Raises
    ------
    TableFileError
        For anything that is not a rectangular table of UTF-8 text with a header of distinct names; with the line.
    """

    def __init__(
        self, stream: Readable, path: str, *, separator: str | None = None, columns: Sequence[str] | None = None
    ) -> None:
        self.path = path
        self._stream = stream
        self._columns = columns
        self._line = 1
        self._rest = self._first_block()
        sample = self._rest[: 1 << 16]
        self.separator = separator or sniff_separator(sample)
        self.names = self._take_header()

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the rows as frames of text columns, in order, about 16 MiB of the file at a time."""
        while True:
            chunk = self._read()
            block, records = self._complete_records(self._rest + chunk, last=not chunk)
            if block:
                yield self._frame(block, records)
                self._line += block.count(b"\n")
            if not chunk:
                return

    def _frame(self, block: bytes, records: Records) -> pl.DataFrame:
        self._check(block, records)
        schema = dict.fromkeys(self.names, pl.String)
        wanted = [self.names.index(name) for name in self._columns or self.names]
        if not block.strip(b"\r\n"):  # polars finds no columns in blank lines alone.
            n_rows = len(records.ends) if len(self.names) == 1 else 0
            empty = pl.Series([None] * n_rows, dtype=pl.String)
            return pl.DataFrame(dict.fromkeys(self._columns or self.names, empty))
        # A blank line is no row, except in a table of one column, where it is a missing value.
        blank = records.blank(block) if len(self.names) > 1 else np.zeros(len(records.ends), np.bool_)
        first = int(np.argmin(blank))  # polars finds no columns either if the first line is blank.
        data = block[records.starts[first] :] if first else block
        frame = pl.read_csv(data, separator=self.separator, has_header=False, schema=schema, columns=wanted)
        if frame.height != len(blank) - first:  # A guard: the scan above and polars must agree on what a record is.
            self._fail(f"lines from {self._line} on: cannot be cut into rows reliably; save the table as Parquet")
        return frame.filter(pl.Series(~blank[first:])) if blank.any() else frame

    def _check(self, block: bytes, records: Records) -> None:
        self._check_text(block)
        self._check_quotes(block)
        wrong = records.fields != len(self.names)
        if len(self.names) > 1:
            wrong &= ~records.blank(block)
        if wrong.any():
            first = int(np.argmax(wrong))
            self._fail(
                f"line {self._line_of(block, int(records.starts[first]))} has {records.fields[first]} fields, "
                f"the header has {len(self.names)} (separator {self.separator!r}); add or remove separators there, "
                'or put a field that contains one in "quotation marks"'
            )

    def _check_text(self, block: bytes) -> None:
        if b"\0" in block:
            self._fail(f"line {self._line_of(block, block.index(0))}: a NUL byte; this is a binary file, not text")
        if block.isascii():
            return
        try:
            block.decode("utf-8")
        except UnicodeDecodeError as error:
            self._fail(
                f"line {self._line_of(block, error.start)} is not UTF-8 (byte 0x{block[error.start]:02x}); convert "
                "the file, for example: iconv -f latin1 -t utf-8 OLD > NEW"
            )

    def _check_quotes(self, block: bytes) -> None:
        quotes = np.flatnonzero(np.frombuffer(block, np.uint8) == _QUOTE)
        if not len(quotes):
            return
        # A block starts where a record starts and ends with a newline, so both neighbours below are fields' edges.
        data = np.frombuffer(b"\n" + block, np.uint8)
        edges = np.array([_NEWLINE, _RETURN, _QUOTE, ord(self.separator)], np.uint8)
        before, after = data[quotes[::2]], data[quotes[1::2] + 2]
        stray = np.concatenate([quotes[::2][~np.isin(before, edges)], quotes[1::2][~np.isin(after, edges)]])
        if len(stray):
            self._fail(
                f"line {self._line_of(block, int(stray.min()))}: a quotation mark in the middle of a field; "
                'put the field in quotation marks and double the inner one: "5"" pipe"'
            )

    def _complete_records(self, block: bytes, *, last: bool) -> tuple[bytes, Records]:
        """Cut off and keep for the next time what follows the last complete record."""
        if last and block and not block.endswith(b"\n"):
            block += b"\n"
        records = Records.of(block, self.separator)
        cut = int(records.ends[-1]) + 1 if len(records.ends) else 0
        self._rest = block[cut:]
        if last and self._rest:
            self._check_quotes(block)
            line = self._line_of(block, records.open_quote or 0)
            self._fail(f"line {line}: the quotation mark that opens here is never closed")
        return block[:cut], records

    def _first_block(self) -> bytes:
        block = self._read().removeprefix(b"\xef\xbb\xbf")
        for signature, meaning in _SIGNATURES.items():
            if block.startswith(signature):
                self._fail(f"is not delimited text but {meaning}")
        start = len(block) - len(block.lstrip(b"\r\n"))
        self._line += block[:start].count(b"\n")
        if not block.strip():
            self._fail("is empty; a table needs a header line and at least one row")
        if b"\n" not in block and b"\r" in block.strip():
            self._fail("ends its lines with bare carriage returns; convert it: tr '\\r' '\\n' < OLD > NEW")
        return block[start:]

    def _take_header(self) -> list[str]:
        while True:
            records = Records.of(self._rest, self.separator)
            chunk = b"" if len(records.ends) else self._read()
            if not chunk:
                break
            self._rest += chunk
        cut = int(records.ends[0]) + 1 if len(records.ends) else len(self._rest)
        header, self._rest = self._rest[:cut], self._rest[cut:]
        self._check_text(header)
        reader = csv.reader(io.StringIO(header.decode("utf-8"), newline=""), delimiter=self.separator)
        names = next(reader)
        self._check_names(names)
        self._line += header.count(b"\n")
        return names

    def _check_names(self, names: list[str]) -> None:
        for position, name in enumerate(names, start=1):
            if not name.strip():
                self._fail(
                    f"line {self._line}: column {position} of {len(names)} has no name; name it in the header "
                    "(pandas writes such a column for its index: to_csv(..., index=False) leaves it out)"
                )
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            places = [str(place) for place, name in enumerate(names, start=1) if name == repeated[0]]
            self._fail(
                f"line {self._line}: the column name {repeated[0]!r} appears {len(places)} times "
                f"(columns {', '.join(places)}); give every column its own name"
            )

    def _read(self) -> bytes:
        try:
            return self._stream.read(BLOCK_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise TableFileError(f"{self.path}: cannot be read ({error}); it may be truncated or damaged") from error

    def _line_of(self, block: bytes, position: int) -> int:
        return self._line + block.count(b"\n", 0, position)

    def _fail(self, what: str) -> NoReturn:
        raise TableFileError(f"{self.path}: {what}")
