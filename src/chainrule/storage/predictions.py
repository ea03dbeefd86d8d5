"""Writing a table of predictions piece by piece, so that memory does not grow with the table.

CSV goes out as it comes. Parquet cannot be appended to, so each piece waits in a temporary folder beside the file, and
the pieces are streamed into one file at the end.
"""

import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import polars as pl

from chainrule.errors import OutputError
from chainrule.storage.atomic import atomic_file


class PredictionWriter:
    """Write frames, one after another, to a CSV or Parquet file or to standard output.

    Use it as a context manager: the file takes its place when the block ends; if the block raises, nothing is left
    behind and what was there before is untouched.

    Parameters
    ----------
    path : str, path-like or None
        ``*.csv`` or ``*.parquet``; None or ``"-"`` is standard output, as CSV.

    Raises
    ------
    OutputError
        If the path has another ending (at once, before any work), or the file cannot be written.
        Only a closed pipe behind standard output stays a ``BrokenPipeError``.

    Examples
    --------
    >>> import polars as pl
    >>> with PredictionWriter("-") as writer:
    ...     writer.write(pl.DataFrame({"prediction": [1.5]}))
    ...     writer.write(pl.DataFrame({"prediction": [2.5]}))
    prediction
    1.5
    2.5
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self._path = None if path is None or os.fspath(path) == "-" else Path(path)
        self._is_parquet = self._path is not None and self._path.suffix.lower() == ".parquet"
        self._pieces = 0
        if self._path is not None and self._path.suffix.lower() not in {".csv", ".parquet"}:
            raise OutputError(
                f"cannot write '{self._path}': tables are written as CSV or Parquet. "
                "Let the name end in .csv or .parquet."
            )

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._path is not None:
                self._file: BinaryIO = stack.enter_context(atomic_file(self._path))
            if self._path is not None and self._is_parquet:
                self._folder = Path(stack.enter_context(self._folder_beside(self._path)))
                stack.push(self._join)
            self._exits = stack.pop_all()
        return self

    def _folder_beside(self, path: Path) -> "tempfile.TemporaryDirectory[str]":
        try:
            return tempfile.TemporaryDirectory(
                prefix=".chainrule-", dir=path.resolve().parent, ignore_cleanup_errors=True
            )
        except OSError as error:
            raise self._refusal(error) from error

    def write(self, frame: pl.DataFrame) -> None:
        """Append the rows of ``frame``. Every frame has the same columns.

        Raises
        ------
        OutputError
            If the bytes cannot be written.
        """
        try:
            if self._is_parquet:
                frame.write_parquet(self._folder / f"{self._pieces:09d}.parquet")
            else:
                self._write_text(frame.write_csv(include_header=self._pieces == 0))
        except (BrokenPipeError, OutputError):
            raise
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._refusal(error) from error
        self._pieces += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return self._exits.__exit__(kind, error, traceback)

    def _write_text(self, text: str) -> None:
        if self._path is None:
            sys.stdout.write(text)
            sys.stdout.flush()  # a full disk or a closed pipe shows here, not when Python exits
        else:
            self._file.write(text.encode())

    def _join(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stream the pieces into one Parquet file, unless the block raised."""
        if kind is not None:
            return
        pieces = pl.scan_parquet(self._folder / "*.parquet") if self._pieces else pl.LazyFrame()
        try:
            # A real file: through atomic_file's own, polars would write in Python and wrap its errors.
            with open(self._file.fileno(), "wb", closefd=False) as file:
                pieces.sink_parquet(file)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> OutputError:
        where = "standard output" if self._path is None else f"'{self._path}'"
        reason = getattr(error, "strerror", None) or error
        return OutputError(f"cannot write {where}: {reason}. Free some space or choose another path.")
