import html.parser
import math
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import MissingExtraError, ParameterError
from chainrule.glassbox import check_plotly, learning_curve, to_html


def history(n: int = 12, **changes: object) -> list[dict[str, object]]:
    def row(epoch: int) -> dict[str, object]:
        return {
            "epoch": epoch,
            "step": 10 * epoch,
            "train_error": 1 / epoch,
            "validation_error": 2 / epoch,
            "learning_rate": 0.001,
            "gradient_norm": 1.0,
            "seconds": 0.1 * epoch,
            "rmse": 3.0 / epoch,
            "r2": None,
        } | changes

    return [row(epoch) for epoch in range(1, n + 1)]


def traces(figure):
    return {trace.name: trace for trace in figure.data}


def test_each_line_is_its_column_of_the_history():
    rows = history()
    lines = traces(learning_curve(rows, title="t"))
    assert list(lines) == ["training error", "validation error", "learning rate"]
    for name, key in [
        ("training error", "train_error"),
        ("validation error", "validation_error"),
        ("learning rate", "learning_rate"),
    ]:
        assert list(lines[name].x) == [row["epoch"] for row in rows]
        assert list(lines[name].y) == [row[key] for row in rows]


def test_the_learning_rate_has_a_panel_of_its_own_below():
    figure = learning_curve(history(), title="t")
    assert traces(figure)["learning rate"].yaxis == "y2"
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]


def test_without_validation_rows_there_is_no_such_line():
    assert "validation error" not in traces(learning_curve(history(validation_error=None), title="t"))


@pytest.mark.parametrize(("changes", "value"), [({}, 2 / 5), ({"validation_error": None}, 1 / 5)])
def test_the_best_epoch_is_marked_on_the_validation_error_or_else_on_the_training_error(changes, value):
    figure = learning_curve(history(**changes), title="t", best_epoch=5)
    mark = traces(figure)["best epoch: 5"]
    assert (list(mark.x), list(mark.y)) == ([5], [value])
    assert {shape.x0 for shape in figure.layout.shapes} == {5}


def test_hovering_shows_the_metrics_that_there_are():
    assert traces(learning_curve(history(1), title="t"))["validation error"].text == (" · rmse 3",)


@pytest.mark.parametrize(("n", "scale"), [(12, "linear"), (200, "log")])
def test_errors_over_many_magnitudes_start_on_a_logarithmic_axis(n, scale):
    figure = learning_curve(history(n), title="t")
    assert figure.layout.yaxis.type == scale
    menu = figure.layout.updatemenus[0]
    assert menu.buttons[menu.active].args[0] == {"yaxis.type": scale}


@pytest.mark.parametrize("error", [0.0, -1.0])
def test_errors_that_have_no_logarithm_offer_none(error):
    assert not learning_curve(history(train_error=error), title="t").layout.updatemenus


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(), st.none() | st.floats(), st.floats()), min_size=1, max_size=5))
def test_any_numbers_can_be_drawn_and_those_not_finite_are_gaps(numbers):
    rows = [
        {"epoch": i, "train_error": train, "validation_error": validation, "learning_rate": rate, "rmse": train}
        for i, (train, validation, rate) in enumerate(numbers, start=1)
    ]
    figure = learning_curve(rows, title="t", best_epoch=1)
    figure.to_json()
    drawn = traces(figure)["training error"].y
    assert [value is None for value in drawn] == [not math.isfinite(train) for train, _, _ in numbers]


class Page(html.parser.HTMLParser):
    """Collects the heading and what a page would fetch."""

    def __init__(self):
        super().__init__()
        self.fetched, self.title, self._tag = [], "", ""

    def handle_starttag(self, tag, attrs):
        self._tag = tag
        self.fetched += [value for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data):
        if self._tag == "title":
            self.title += data


def test_the_page_is_one_file_with_a_title_and_fetches_nothing():
    text = to_html(learning_curve(history(), title="<script>alert(1)</script> & Söhne"))
    page = Page()
    page.feed(text)
    assert page.fetched == []
    assert page.title.strip().startswith("<script>alert(1)</script> & Söhne")
    assert "<script>alert(1)" not in text
    assert len(text) > 1_000_000  # plotly.js is inside


def test_the_figure_is_as_high_as_the_window_and_nothing_is_around_it():
    text = to_html(learning_curve(history(), title="t"))
    assert "<style>body { margin: 0 }</style>" in text[: text.index("<body>")]
    assert re.search('<div[^>]* style="height: ?100vh', text)


@pytest.mark.parametrize(
    ("rows", "best", "message"),
    [
        ([], None, r"at least one epoch of history\. Got none; call fit first"),
        (history(3), 4, r"best_epoch must be an epoch of the history\. Got 4\."),
    ],
)
def test_what_cannot_be_drawn_is_refused(rows, best, message):
    with pytest.raises(ParameterError, match=message):
        learning_curve(rows, title="t", best_epoch=best)


def test_without_plotly_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.subplots", None)
    with pytest.raises(MissingExtraError, match="figures need the package plotly"):
        check_plotly()
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[page\]"'):
        learning_curve(history(), title="t")
    assert issubclass(MissingExtraError, ImportError)
