from html.parser import HTMLParser

import numpy as np
import pytest

from chainrule.glassbox.tables import Shown, Table, largest, said, shortened


@pytest.fixture
def table():
    return Table("sizes", ("name", "value"), [("a<b", 1.23456789), ("c", None), ("d", 7)], "a note & more")


def test_text_is_aligned(table):
    assert table.to_text().splitlines() == [
        "sizes",
        "name    value",
        "a<b   1.23457",
        "c           –",
        "d           7",
        "a note & more",
    ]


class Cells(HTMLParser):
    """The text of every cell, and every tag."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data)


def test_html_says_the_same_and_escapes_it(table):
    cells = Cells()
    cells.feed(table.to_html())
    assert cells.texts == ["sizes", "name", "value", "a<b", "1.23457", "c", "–", "d", "7", "a note & more"]
    assert set(cells.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    hostile = Table("<script>", ("<b>",), [("<img src=x onerror=alert(1)>",)], "<i>").to_html()
    for tag in ("<script", "<b>", "<img", "<i>"):
        assert tag not in hostile


def test_title_and_note_may_be_left_out():
    bare = Table("", ("x",), [(1,)])
    assert bare.to_text() == "x\n1"
    assert "caption" not in bare.to_html()
    assert "<p>" not in bare.to_html()


def test_the_largest_come_first():
    assert largest(np.array([1.0, -3.0, 2.0, 3.0]), 3).tolist() == [1, 3, 2]
    assert len(largest(np.zeros(20))) == 8


def test_numbers_are_said_with_six_digits():
    assert [said(v) for v in (1 / 3, np.float32(0.5), -0.0, 10**9, None, "x", np.nan)] == [
        "0.333333",
        "0.5",
        "0",
        "1000000000",
        "–",
        "x",
        "nan",
    ]


def test_names_do_not_act_on_a_terminal_or_break_a_line():
    odd = Table("\x1b[31mred", ("a\nb",), [("\x07bell",)], "\u202eturned").to_text()
    assert odd.splitlines() == ["\\x1b[31mred", "a\\nb", "\\x07bell", "\\u202eturned"]


@pytest.mark.parametrize(
    ("name", "most", "short"),
    [
        ("town = Rome", 11, "town = Rome"),
        ("ocean_proximity = INLAND", 18, "ocean_pr… = INLAND"),
        ("population: 1045 to 1159", 18, "pop…: 1045 to 1159"),
        ("population: 10450 to 11590", 18, "population: 10450…"),
        ("a_long_name_without_an_end", 9, "a_long_n…"),
    ],
)
def test_a_long_name_keeps_what_tells_it_from_its_neighbours(name, most, short):
    assert shortened(name, most) == short


def test_what_is_shown_reads_alike_everywhere(table):
    class Two(Shown):
        def tables(self):
            yield table
            yield table

    assert str(Two()) == repr(Two()) == f"{table.to_text()}\n\n{table.to_text()}"
    assert Two()._repr_html_() == 2 * table.to_html()


def test_every_view_of_a_step_is_shown_both_ways(run):
    step = run.step(7)
    views = (run, step, step.rows, step.forward, step.error, step.backward, step.descent, step.check(),
             step.contributions(0), step.forward[0], step.backward[0])  # fmt: skip
    for view in views:
        text, html = str(view), view._repr_html_()
        assert text == repr(view)
        cells = Cells()
        cells.feed(html)
        assert "script" not in cells.tags
        for line in cells.texts:
            assert line in text
    assert "hidden 1 · neuron 1 ← age" in str(step.contributions(0))
    assert "4 more" in str(step.contributions(0))
    assert f"step {step.index}" in str(step)
    assert "E = " in str(step.error)
