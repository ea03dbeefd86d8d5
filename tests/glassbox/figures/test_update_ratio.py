import numpy as np
import pytest

from chainrule.glassbox import update_ratio, update_ratios


def test_the_ratio_is_that_of_the_runs_own_weights(run, traces):
    lines = traces(update_ratio(run))
    assert list(lines) == ["hidden 1", "hidden 2", "output"]
    layout = run.network.layout
    for place, step in enumerate(lines["output"].x):
        before, after = (layout.views(run.weights_before(int(t))) for t in (step, step + 1))
        dense = [i for i, views in enumerate(before) if views]
        W, V = ([views[i][0][:-1] for i in dense] for views in (before, after))
        ratios = [np.linalg.norm(v - w) / np.linalg.norm(w) for w, v in zip(W, V, strict=True)]
        assert [line.y[place] for line in lines.values()] == pytest.approx(ratios, rel=1e-6)


def test_the_usual_band_is_marked_around_a_thousandth(run):
    figure = update_ratio(run)
    band, middle = figure.layout.shapes
    assert (band.y0, band.y1) == (1e-4, 1e-2)
    assert middle.y0 == middle.y1 == 1e-3
    assert figure.layout.yaxis.type == "log"
    assert figure.layout.annotations[0].text == "usual"


def test_what_has_no_ratio_above_zero_has_none(run_of_zeros, traces):
    assert set(update_ratios(run_of_zeros.step(0)).values()) == {None}
    assert set(traces(update_ratio(run_of_zeros))["output"].y) == {None}
