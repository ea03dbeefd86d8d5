import re
import xml.etree.ElementTree as ET

import pytest
from benchmarks.speed.__main__ import parse
from benchmarks.speed.contestants import CONTESTANTS
from benchmarks.speed.picture import COLORS, LogScale, draw
from benchmarks.speed.readme import between_markers, markers
from benchmarks.speed.tables import markdown, render, three_digits, time_of

MACHINE = {
    "date": "2026-01-01",
    "processor": "a processor",
    "cores": 2,
    "instructions": "avx2",
    "system": "Linux",
    "python": "3.11",
    "load": 0.1,
    "libraries": ["a library 1.0"],
    "quick": False,
}
BEGIN, END = markers("speed")
FIT = {
    "case": "S6",
    "threads": 2,
    "contestant": "chainrule",
    "seconds": [0.002, 0.001, 0.004],
    "losses": [0.4512],
    "first_call_extra": 0.5,
    "grown_mib": 3.2,
}
LINE = {"contestant": "jax", "threads": 1, "x": [10, 100], "seconds": [0.1, 1.0], "slope": 1.0, "upper_slope": None}
RESULTS = {
    "machine": MACHINE,
    "peak": {"2": {"product": "square", "gflops": 200.0, "rounds": [{}]}},
    "fits": [FIT, {**FIT, "contestant": "jax", "seconds": [0.03]}],
    "verdicts": [
        {
            "case": "S6",
            "fastest_peer": "jax, 2 threads",
            "ratio": 15.0,
            "ratio_range": [15.0, 15.0],
            "ratio_target": 10,
            "share": None,
            "share_target": None,
        }
    ],
    "scaling": {"rows": [LINE], "width": [LINE]},
    "imports": [
        {"statement": "import chainrule", "seconds": [0.05], "net": 0.02},
        {"statement": "import sklearn.base", "seconds": [1.03], "net": 1.0},
        {"statement": "from chainrule import TableClassifier", "seconds": [1.33], "net": 1.3},
    ],
    "predict": [{"case": "S1", "predictor": "chainrule", "rows": 1, "threads": 1, "seconds": [4e-6]}],
    "estimator": None,
    "together": [{"case": "S2", "alone": [1.0], "both": [3.0], "ratio": 3.0}],
}


def test_all_parts_are_shown_with_their_verdicts():
    text = render(RESULTS)
    assert re.search(r"\| S6 +\| chainrule +\| +2 \| 2\.00 ms \[1\.00–4\.00\]", text)
    assert re.search(r"\| S6 +\| jax, 2 threads \| +15\.00 \(≥ 10\.00: met\)", text)
    assert "`import chainrule`: 20.0 ms (≤ 100: met)" in text
    assert "more than sklearn.base: 300 ms (≤ 200: MISSED)" in text
    assert "A row through S1's network: 4.00 µs (≤ 5: met)" in text
    assert "3.00 × the time of one alone (< 2.5: MISSED)" in text
    assert "TableRegressor" not in text


def test_what_was_not_measured_is_not_shown():
    assert render({"machine": MACHINE}).count("\n") == 1


def test_a_quick_run_says_so():
    assert "no measurement" in render({"machine": {**MACHINE, "quick": True}})


def test_columns_are_aligned():
    assert markdown(["a", "b", "c"], [["1", "22", "3"], ["1111", "2", "33"]]).splitlines() == [
        "| a    | b  |  c |",
        "| ---- | -- | -: |",
        "| 1    | 22 |  3 |",
        "| 1111 | 2  | 33 |",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ([2.0, 1.0, 30.0], "2.00 s [1.00–30.0]"),
        ([0.002, 0.0015, 0.25], "2.00 ms [1.50–250]"),
        ([4e-6], "4.00 µs [4.00–4.00]"),
        ([4e-8], "0.0400 µs [0.0400–0.0400]"),
    ],
)
def test_times_are_written_in_a_fitting_unit(seconds, text):
    assert time_of(seconds) == text


def test_three_digits():
    written = [three_digits(value) for value in (0.01234, 1.2, 99.94, 462.1, 46210.0)]
    assert written == ["0.0123", "1.20", "99.9", "462", "46,210"]


def test_picture_is_xml_with_every_contestant():
    root = ET.fromstring(draw(RESULTS))
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"S6", "chainrule", "jax", "jax, 1 thread, slope 1.00"} <= set(words)
    assert set(COLORS) == set(CONTESTANTS)


@pytest.mark.parametrize(
    ("parts", "box"), [({"fits", "scaling"}, (0, 750)), ({"fits"}, (0, 345)), ({"scaling"}, (345, 405))]
)
def test_picture_has_no_room_for_what_was_not_measured(parts, box):
    results = {name: value for name, value in RESULTS.items() if name not in {"fits", "scaling"} - parts}
    _, top, _, height = map(int, ET.fromstring(draw(results)).attrib["viewBox"].split())
    assert (top, height) == box


def test_picture_of_nothing_is_empty():
    assert len(list(ET.fromstring(draw({"machine": MACHINE})))) == 1


def test_log_scale_places_equal_factors_at_equal_distances():
    scale = LogScale(1, 10_000, 0, 400)
    assert [scale(x) for x in (1, 10, 100, 10_000)] == pytest.approx([0, 100, 200, 400])
    assert scale.ticks() == pytest.approx([1, 10, 100, 1000, 10_000])


def test_tables_go_between_the_markers():
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert between_markers(page, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{END}"])
def test_a_page_without_its_markers_is_refused(page):
    with pytest.raises(ValueError, match="once each and in this order"):
        between_markers(page, "new")


def test_quick_measurements_do_not_get_into_the_page(capsys):
    with pytest.raises(SystemExit):
        parse(["--quick", "--readme", "README.md"])
    assert "leave out --quick" in capsys.readouterr().err


def test_quick_takes_two_small_cases():
    options = parse(["--quick"])
    assert (options.cases, options.repeats) == (["S1", "S6"], 2)
    assert parse(["--cases", "S3"]).cases == ["S3"]
