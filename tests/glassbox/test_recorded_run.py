from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest

from chainrule.engine import Settings, Source
from chainrule.errors import ParameterError
from chainrule.network import multilayer_perceptron
from chainrule.training import Adam, Recipe


def test_steps_are_walked_both_ways(run):
    assert (run.first_step, run.n_steps, run.kept_step, len(run)) == (0, 40, 40, 40)
    step, seen = run.step(0), []
    for _ in range(39):
        seen.append(step)
        step = step.next()
    for earlier in reversed(seen):
        step = step.previous()
        assert step.index == earlier.index
        np.testing.assert_array_equal(step.weights, earlier.weights)
    for one, following in pairwise(seen):
        np.testing.assert_array_equal(one.moment.weights_after, following.moment.weights)
    assert run.step(-1).index == 39
    with pytest.raises(ParameterError, match="this run has the steps 0 to 39, got 40"):
        run.step(39).next()
    with pytest.raises(ParameterError, match="step 0 is the first"):
        run.step(0).previous()


@pytest.mark.parametrize("step", [40, -41, 1.0, "1", None, True])
def test_steps_that_are_none(run, step):
    with pytest.raises(ParameterError, match=r"this run has the steps 0 to 39, got|a step must be an int, got"):
        run.step(step)


def test_an_epoch_takes_every_row_once(run):
    rows = np.concatenate([run.step(t).rows.numbers for t in range(4)])
    assert sorted(rows) == list(range(60))
    np.testing.assert_array_equal(run.step(2).rows.encoded, run.source.numbers[run.step(2).rows.numbers])
    np.testing.assert_array_equal(run.step(2).rows.target, run.source.target[run.step(2).rows.numbers])


def test_rows_are_those_of_the_table(recorded_run):
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(2, (3,), 1, loss="squared_error")
    source = Source(rng.normal(size=(20, 2)), rng.normal(size=(20, 1)))
    places = np.arange(20) * 10
    run = recorded_run(
        network,
        source,
        Recipe(Adam(), epochs=2, settings=Settings(6)),
        rows=places,
        originals=lambda rows: {"tens": [int(row) // 10 for row in rows], "name": [f"<{row}>" for row in rows]},
    )
    rows = run.step(1).rows
    assert len(rows) == 6
    assert (rows.numbers % 10 == 0).all()
    np.testing.assert_array_equal(rows.encoded, source.numbers[rows.numbers // 10])
    assert rows.columns["tens"] == (rows.numbers // 10).tolist()
    assert f"<{rows.numbers[0]}>" in str(rows)
    assert f"&lt;{rows.numbers[0]}&gt;" in rows._repr_html_()
    assert set(run.step(1).contributions(0).rows) == set(rows.numbers)
    assert set(run.step(1).error.rows) == set(rows.numbers)


def test_many_rows_and_columns_are_shown_in_part(recorded_run):
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(2, (3,), 1, loss="squared_error")
    source = Source(rng.normal(size=(20, 2)), rng.normal(size=(20, 1)))
    recipe = Recipe(Adam(), epochs=2, settings=Settings(20))

    def originals(rows):
        return {f"column {i}": [i] * len(rows) for i in range(12)}

    run = recorded_run(network, source, recipe, originals=originals)
    shown = str(run.step(0).rows)
    assert "4 more columns" in shown
    assert "column 11" in shown
    assert "column 7" not in shown


def test_weights_of_a_run_are_copies(run):
    run.weights_before(3)[:] = 0
    assert run.weights_before(3).any()
    with pytest.raises(ValueError, match="read-only"):
        run.step(3).moment.weights[0] = 0
    assert run.weights_before(40).shape == (run.network.layout.size,)


def test_a_small_step_opens_in_20_milliseconds(run):
    """The best of five: what else the machine does is not measured."""
    seconds = []
    for t in (3, 11, 19, 27, 35):
        started = perf_counter()
        step = run.step(t)
        assert step.descent.change.any()
        seconds.append(perf_counter() - started)
    assert min(seconds) < 0.02
