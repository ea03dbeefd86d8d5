import base64
import hashlib
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainrule.engine import Batch, Settings, Source
from chainrule.errors import OutputError
from chainrule.glassbox import Names, Step
from chainrule.glassbox.page import step_page
from chainrule.training import LBFGS, Recipe


def changed(step, **changes):
    return Step(replace(step.moment, **changes))


def given_values(numbers):
    return {"town": [f"town of {row}" for row in numbers], "price": [1000.5 + row for row in numbers]}


@pytest.fixture
def step(run):
    return changed(run.step(3), originals=given_values)


def test_the_phases_follow_one_another(step, read):
    headings = ["Rows", "1. Forward pass", "2. Error", "3. Backward pass", "4. Descent", "Derivations"]
    assert read(step_page(step)).headings == headings


def test_the_page_fetches_nothing_and_only_its_own_script_may_run(step, read):
    page = read(step_page(step))
    assert page.fetched == []
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert page.policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_ids_are_unique_and_every_link_leads_somewhere(step, read):
    page = read(step_page(step))
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.links) <= set(page.ids)


def test_of_every_layer_the_weights_that_changed_most_are_derived(step, read):
    page = read(step_page(step))
    derived = {int(name[1:]) for name in page.ids if re.fullmatch(r"w\d+", name)}
    change = np.abs(step.descent.change)
    for layer in step.names.dense:
        part = step.moment.network.layout.layer_slices[layer]
        mine = [index for index in derived if part.start <= index < part.stop]
        assert len(mine) == 7  # of twenty, a third rounded up
        rest = [change[index] for index in range(part.start, part.stop) if index not in derived]
        assert min(change[mine]) >= max(rest)
    for index in derived:
        assert f"Step 3: {step.names.weight(index).name}" in page.text


def test_the_lines_of_derived_weights_can_be_clicked(step, read):
    page = read(step_page(step))
    lines = [name for name in page.links if re.fullmatch(r"w\d+", name)]
    assert lines
    assert all(lines.count(name) == 3 for name in lines)  # once in each phase


def test_the_file_says_which_rows_it_holds_and_holds_them(step, read):
    text = read(step_page(step)).text
    rows = ", ".join(map(str, step.moment.rows))
    assert (
        f"This file holds the {len(step.moment.rows)} rows of the table that the step took, counted from 0: {rows}."
        in text
    )
    for row in step.moment.rows:
        assert f"town of {row}" in text
        assert f"{1000.5 + row:.6g}" in text


def test_without_rows_nothing_of_a_single_row_is_left(step, read):
    page = read(step_page(step, include_rows=False))
    assert "This file holds no rows" in page.text
    assert "town of" not in page.text
    assert "Rows" not in page.headings
    assert "Derivation in general" in page.headings
    assert not [name for name in page.ids if re.fullmatch(r"w\d+", name)]
    error = step.error
    for values in (error.losses, error.predictions.ravel(), step.backward["output"].delta.ravel()):
        assert not {f"{value:.6g}" for value in values} & set(re.findall(r"[-\d.e]+", page.text))


def test_where_the_rows_values_are_not_at_hand_the_page_says_so(run, read):
    assert "Their values as they were given are not at hand." in read(step_page(run.step(0))).text


def test_the_numbers_are_the_steps(step, read):
    text = read(step_page(step)).text
    for value in (
        step.error.value,
        step.predicted_drop,
        step.actual_drop,
        *step.forward["output"].net_input.mean(axis=0),
    ):
        assert f"{value:.6g}" in text


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.text(min_size=1, max_size=30), min_size=7, max_size=7, unique=True))
def test_names_are_text_whatever_they_are(step, read, names):
    named = changed(step, names=Names(step.moment.network, names[:4], names[4:]))
    assert read(step_page(named)).fetched == []


def test_names_that_look_like_html_are_escaped(step, read):
    evil = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</title>", "&lt;"]
    moment = step.moment
    page = read(
        step_page(
            changed(
                step,
                names=Names(moment.network, evil, ["</details>", "'", "c"]),
                originals=lambda rows: {evil[1]: [evil[0]] * len(rows)},
            )
        )
    )
    assert page.fetched == []
    assert "alert" not in page.script
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_what_is_not_finite_is_shown_as_text(run, read, value):
    moment = run.step(3).moment
    weights = np.full_like(moment.weights, value)
    page = read(step_page(changed(run.step(3), weights=weights)))
    assert "nan" in page.text or "inf" in page.text


def test_a_step_that_was_passed_over_has_no_numbers_to_derive(run, read):
    batch = run.step(3).moment.batch
    step = changed(run.step(3), batch=Batch(batch.numbers, batch.target, np.zeros(len(batch.target))))
    assert "Derivation in general" in read(step_page(step)).headings


def test_a_step_of_lbfgs_has_a_page(recorded_run, run, read):
    step = recorded_run(run.network, run.source, Recipe(LBFGS(), epochs=3, settings=Settings(60))).step(1)
    assert "lbfgs" in read(step_page(step)).text


def test_of_many_rows_the_first_are_shown_and_the_others_counted(run, recorded_run, read):
    rng = np.random.default_rng(0)
    source = Source(rng.normal(size=(300, 4)), rng.integers(0, 3, 300))
    step = recorded_run(run.network, source, Recipe(epochs=1, settings=Settings(300))).step(0)
    text = read(step_page(step)).text
    assert "254, 255 and 44 more." in text
    assert "256 of 300 rows" in text


def test_to_html_writes_the_page(step, tmp_path):
    step.to_html(tmp_path / "step.html", include_rows=False)
    assert (tmp_path / "step.html").read_text(encoding="utf-8") == step_page(step, include_rows=False)


def test_a_file_that_cannot_be_written_is_refused_before_the_work(step, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.glassbox.page.step_page", lambda *_, **__: pytest.fail("too late"))
    with pytest.raises(OutputError, match="cannot write"):
        step.to_html(tmp_path / "no" / "step.html")
