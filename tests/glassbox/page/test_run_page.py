import numpy as np
import pytest

from chainrule.errors import OutputError, ParameterError
from chainrule.glassbox.page import run_page


def test_the_run_its_course_and_its_first_step(run, read):
    page = read(run_page(run))
    assert page.headings[:3] == ["The run", "Its course", "Step 0: Rows"]
    assert page.headings[-1] == "Step 0: Derivations"
    assert page.fetched == []
    assert set(page.links) <= set(page.ids)
    assert "40 steps on 60 rows" in page.text


def test_the_steps_looked_at_are_told_in_numbers(run, read):
    text = read(run_page(run, n_steps=3)).text
    for number in (0, 20, 39):
        step = run.step(number)
        for value in (step.error.value, step.backward.norm, np.linalg.norm(step.descent.change), step.actual_drop):
            assert f"{value:.6g}" in text


def test_the_file_says_which_rows_it_holds(run, read):
    assert "Of the table this file holds the 16 rows of step 0, which is opened below." in read(run_page(run)).text
    assert "Of the table this file holds no rows of it." in read(run_page(run, include_rows=False)).text


def test_to_html_writes_the_page(run, tmp_path):
    run.to_html(tmp_path / "run.html", include_rows=False)
    assert (tmp_path / "run.html").read_text(encoding="utf-8") == run_page(run, include_rows=False)
    with pytest.raises(OutputError, match="cannot write"):
        run.to_html(tmp_path / "no" / "run.html")


def test_rows_go_by_other_numbers_where_the_table_is_part_of_a_larger(run):
    places = np.arange(60) * 7 + 1
    larger = run.numbered(places)
    step, same = run.step(3), larger.step(3)
    assert np.array_equal(same.moment.rows, places[step.moment.rows])
    assert np.array_equal(same.weights, step.weights)
    assert same.rows.columns == {}


def test_the_last_step_that_took_a_row(run):
    for row in (0, 31, 59):
        step = run.step_of_row(row)
        assert row in run.step(step).moment.rows
        assert all(row not in run.step(later).moment.rows for later in range(step + 1, run.kept_step))
    with pytest.raises(ParameterError, match="row 60 was not trained on: it is held out"):
        run.step_of_row(60)
