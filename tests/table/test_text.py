import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.table.text import MISSING_WORDS, parse_numbers, parse_times, parse_truths


@given(st.lists(st.floats(allow_nan=False), min_size=1))
@settings(deadline=None)
def test_numbers_come_back_to_the_bit(numbers):
    parsed = parse_numbers(pl.Series(map(repr, numbers), dtype=pl.String))
    assert parsed.complete
    assert parsed.values.to_list() == numbers


@pytest.mark.parametrize("parse", [parse_numbers, parse_truths, parse_times])
def test_missing_words_are_missing_in_any_case(parse):
    words = [*MISSING_WORDS, *map(str.upper, MISSING_WORDS), *(f" {word} " for word in MISSING_WORDS), None]
    parsed = parse(pl.Series(words, dtype=pl.String))
    assert parsed.complete
    assert parsed.values.null_count() == len(words)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_numbers, "1,5"),
        (parse_numbers, "0x10"),
        (parse_numbers, "-"),
        (parse_truths, "maybe"),
        (parse_truths, "1"),
    ]
    + [(parse_times, text) for text in ("2020-13-01", "2020-02-30", "01/02/2020", "20200101", "12:30", "x")],
)
def test_what_is_refused_is_marked(parse, text):
    parsed = parse(pl.Series(["", text, None]))
    assert parsed.refused.to_list() == [False, True, False]
    assert not parsed.complete
    assert parsed.values.to_list() == [None, None, None]


def test_truth_words():
    texts = pl.Series(["yes", "No", "TRUE", "false", " y ", "n", "T", "f", "on", "OFF"])
    assert parse_truths(texts).values.to_list() == [True, False] * 5


@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)), st.sampled_from(" T"))
@settings(deadline=None)
def test_iso_times_come_back(moment, between):
    """Python writes them; whole seconds without a fraction, whole days also as dates."""
    forms = [moment.isoformat(between)]
    exact = [moment]
    for unit in ("minutes", "seconds", "milliseconds"):
        forms.append(moment.isoformat(between, unit))
        exact.append(dt.datetime.fromisoformat(forms[-1]))
    forms.append(moment.date().isoformat())
    exact.append(dt.datetime.combine(moment.date(), dt.time()))
    parsed = parse_times(pl.Series(forms))
    assert parsed.complete
    assert parsed.values.to_list() == exact


@pytest.mark.parametrize("text", ["2020-01-02T03:04:05Z", "2020-01-02 05:04:05+02:00", "2020-01-01T22:04-05:00"])
def test_offsets_become_utc(text):
    expected = dt.datetime.fromisoformat(text).astimezone(dt.UTC).replace(tzinfo=None)
    assert parse_times(pl.Series([text, "x"])).values.to_list() == [expected, None]


def test_decimal_comma():
    assert parse_numbers(pl.Series(["1,5", "2", " -0,25 "]), decimal_comma=True).values.to_list() == [1.5, 2.0, -0.25]
