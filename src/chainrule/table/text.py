"""What the text of a cell means: numbers, truth words, dates, and the words for "no value"."""

__all__ = ["FALSE_WORDS", "MISSING_WORDS", "TRUE_WORDS", "Parsed", "parse_numbers", "parse_times", "parse_truths"]

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

MISSING_WORDS = ("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?")
"""Read as "no value", in any case, where a column's other cells are numbers, truth words or dates.

In a column of words only the empty cell is missing: "None" and "NA" may be honest categories there.
"""

TRUE_WORDS = ("true", "yes", "t", "y", "on")
FALSE_WORDS = ("false", "no", "f", "n", "off")

_DATE_SHAPE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
_LOCAL_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f")
_ZONED_FORMATS = ("%Y-%m-%d %H:%M%#z", "%Y-%m-%d %H:%M:%S%.f%#z")


@dataclass(frozen=True)
class Parsed:
    """The cells of a text column, read in one way.

    Attributes
    ----------
    values : polars.Series
        What the cells mean; null where the cell is missing or refused.
    refused : polars.Series of bool
        Cells that hold something, but nothing that can be read in this way.
    """

    values: pl.Series
    refused: pl.Series

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Mark the cells that hold nothing, shape (N,)."""
        return (self.values.is_null() & ~self.refused).to_numpy()

    @property
    def complete(self) -> bool:
        """Whether every cell that holds something could be read."""
        return not self.refused.any()


def parse_numbers(texts: pl.Series, *, decimal_comma: bool = False) -> Parsed:
    """Read every cell as a number (Float64); blanks around it do not matter.

    ``decimal_comma`` reads "3,14" as 3.14, as files separated by ``;`` write it.
    """
    plain = texts.str.replace(",", ".", literal=True) if decimal_comma else texts
    values = plain.cast(pl.Float64, strict=False).fill_nan(None)
    if values.null_count() > texts.null_count():  # Stripping costs as much as reading, and is rarely needed.
        values = plain.str.strip_chars().cast(pl.Float64, strict=False).fill_nan(None)
    return _parsed(texts, values)


def parse_truths(texts: pl.Series, *, words: tuple[tuple[str, ...], tuple[str, ...]] | None = None) -> Parsed:
    """Read every cell as true or false (Boolean); ``words`` are the (true, false) words, lower case."""
    true_words, false_words = words or (TRUE_WORDS, FALSE_WORDS)
    folded = texts.str.strip_chars().str.to_lowercase()
    meanings = dict.fromkeys(true_words, True) | dict.fromkeys(false_words, False)
    return _parsed(texts, folded.replace_strict(meanings, default=None, return_dtype=pl.Boolean))


def parse_times(texts: pl.Series) -> Parsed:
    """Read every cell as an ISO 8601 date or time (Datetime in microseconds; times with an offset become UTC)."""
    stripped = texts.str.strip_chars()
    shaped = stripped.str.contains(_DATE_SHAPE)
    if not shaped.any():
        return _parsed(texts, pl.Series(texts.name, [None] * len(texts), dtype=pl.Datetime("us")))
    # One blank for the T, and seconds where an offset follows the minutes directly, leave five shapes to read.
    plain = stripped.set(~shaped.fill_null(False), None).str.replace("T", " ", literal=True)
    plain = plain.str.replace("Z", "+00:00", literal=True)
    frame = plain.to_frame("text")
    text = pl.col("text")
    local = [text.str.strptime(pl.Datetime("us"), form, strict=False) for form in _LOCAL_FORMATS]
    zoned = [text.str.strptime(pl.Datetime("us", "UTC"), form, strict=False) for form in _ZONED_FORMATS]
    in_utc = [reading.dt.replace_time_zone(None) for reading in zoned]
    return _parsed(texts, frame.select(pl.coalesce(*local, *in_utc)).to_series())


def _parsed(texts: pl.Series, values: pl.Series) -> Parsed:
    refused = values.is_null() & texts.is_not_null()
    if refused.any():
        words = texts.filter(refused).str.strip_chars().str.to_lowercase()
        refused = refused.scatter(refused.arg_true(), ~words.is_in(MISSING_WORDS))
    return Parsed(values, refused)
