import numpy as np
import pytest

from chainrule.errors import ParameterError
from chainrule.glassbox import gradient_flow


def test_each_line_is_the_root_mean_square_of_a_layers_gradient(run, traces):
    lines = traces(gradient_flow(run))
    assert list(lines) == ["hidden 1", "hidden 2", "output"]
    for place, step in enumerate(lines["output"].x):
        opened = run.step(int(step))
        views = run.network.layout.views(opened.backward_pass.gradient)
        sizes = [np.sqrt(np.mean(views[i][0] ** 2)) for i in opened.names.dense]
        assert [line.y[place] for line in lines.values()] == pytest.approx(sizes)


def test_the_steps_are_spread_over_the_run(run, traces):
    assert list(traces(gradient_flow(run, n_steps=5))["output"].x) == [0, 10, 20, 29, 39]
    with pytest.raises(ParameterError, match="n_steps must be an int of at least 2, got 1"):
        gradient_flow(run, n_steps=1)


def test_the_axis_is_logarithmic_and_names_its_unit(run):
    layout = gradient_flow(run).layout
    assert (layout.yaxis.type, layout.xaxis.title.text) == ("log", "step")
    assert layout.yaxis.title.text == "root mean square of ∂E/∂w"


def test_a_gradient_of_zero_is_a_gap(run_of_zeros, traces):
    lines = traces(gradient_flow(run_of_zeros))
    assert set(lines["hidden 1"].y) == {None}
    assert None not in lines["output"].y


def test_the_title_is_plain_text(run):
    assert gradient_flow(run, title="a <b> & c").layout.title.text == "a &lt;b&gt; &amp; c"
