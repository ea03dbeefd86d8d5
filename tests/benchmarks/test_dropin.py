import pytest
from benchmarks.dropin.__main__ import main, measure
from benchmarks.dropin.cases import CASES
from benchmarks.dropin.report import OURS, THEIRS, complaints, ratio_of, render

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


def record(name, ours, theirs, results=(0.5, 0.5)):
    return {
        "case": name,
        "seconds": {OURS: ours, THEIRS: theirs},
        "results": {OURS: [results[0]], THEIRS: [results[1]]},
        "epochs": {OURS: [1], THEIRS: [1]},
    }


def test_the_ratio_is_that_of_the_medians():
    assert ratio_of(record("S1", [1.0, 2.0, 30.0], [8.0, 10.0, 11.0])) == 5.0


@pytest.mark.parametrize(("seconds", "verdict"), [([8.0], "≥ 8: met"), ([7.9], "≥ 8: MISSED")])
def test_a_target_is_met_or_missed(seconds, verdict):
    assert verdict in render({"machine": MACHINE, "records": [record("S1", [1.0], seconds)]})


@pytest.mark.parametrize(("seconds", "verdict"), [(29e-6, "≤ 30 µs: met"), (31e-6, "≤ 30 µs: MISSED")])
def test_one_row_has_a_limit_of_its_own(seconds, verdict):
    assert verdict in render({"machine": MACHINE, "records": [record("one row", [seconds], [9e-5])]})


@pytest.mark.parametrize("ours", [0.5 * 1.03, float("nan")])
def test_other_results_are_complained_of(ours):
    [line] = complaints([record("S1", [1.0], [8.0], (ours, 0.5))])
    assert line.startswith("S1: chainrule came to")


def test_same_results_are_not():
    assert complaints([record(name, [1.0], [8.0], (0.501, 0.5)) for name in CASES]) == []


@pytest.mark.slow
def test_both_libraries_do_the_same():
    for name in ("S6", "diabetes", "one row"):
        done = measure(name, n_threads=1, repeats=1)
        assert complaints([done]) == []
        assert min(done["seconds"][OURS] + done["seconds"][THEIRS]) > 0


@pytest.mark.slow
def test_the_whole_way_from_the_command_to_a_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- dropin: begin -->\n<!-- dropin: end -->\n", encoding="utf-8")
    status = main(["--cases", "S6", "--repeats", "1", "--json", str(tmp_path / "x.json"), "--readme", str(page)])
    assert status == 0
    assert "| S6 " in page.read_text(encoding="utf-8")
