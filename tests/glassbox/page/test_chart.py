import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chainrule.glassbox.page.chart import log_chart

NUMBERS = st.none() | st.floats() | st.floats(1e-300, 1e300)


def points(chart):
    return [
        [tuple(map(float, point.split(","))) for point in line.split()] for line in re.findall(r'points="(.*?)"', chart)
    ]


def ticks(chart):
    """Return (place, value) of the labels of the vertical axis."""
    return [
        (float(y), float(value)) for y, value in re.findall(r'y="([\d.]+)" dy="4" text-anchor="end">([^<]+)<', chart)
    ]


@settings(deadline=None, max_examples=100)
@given(st.lists(NUMBERS, min_size=1, max_size=12))
@example([1.4142135623731414e308])
@example([5e-324])
def test_any_numbers_can_be_drawn_within_the_chart(values):
    chart = log_chart(range(len(values)), {"a": values}, label="<E>")
    assert "<E>" not in chart
    drawn = [value for value in values if value is not None and 0 < value < np.inf]
    assert len({point for piece in points(chart) for point in piece}) <= len(drawn)
    assert all(64 <= x <= 650 and 14 <= y <= 188 for piece in points(chart) for x, y in piece)
    if drawn:
        assert len(ticks(chart)) >= 2
    else:
        assert "there is no number above 0 to draw" in chart


def test_the_axis_is_logarithmic_and_its_labels_are_in_their_places():
    chart = log_chart([0, 1, 2], {"a": [1e-3, 1.0, 100.0]}, label="E")
    (_, low), (_, middle), (_, high) = points(chart)[0]
    assert (low - middle) / (middle - high) == pytest.approx(3 / 2, abs=0.01)
    for y, value in ticks(chart):
        assert low + (high - low) * np.log10(value / 1e-3) / 5 == pytest.approx(y, abs=0.2)


def test_a_gap_parts_the_line_and_a_point_alone_is_a_dot():
    chart = log_chart([0, 1, 2, 3], {"a": [1.0, 2.0, None, 3.0]}, label="E")
    first, second = points(chart)
    assert len(first) == 2
    assert second[0] == second[1]


def test_every_line_is_in_the_legend():
    assert "&lt;b&gt;" in log_chart([0, 1], {"<b>": [1.0, 2.0], "c": [1.0, 3.0]}, label="E")
