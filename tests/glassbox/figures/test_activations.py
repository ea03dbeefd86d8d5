import numpy as np
import pytest
from scipy.special import expit

from chainrule.engine import Settings, Source
from chainrule.errors import ParameterError
from chainrule.glassbox import activations
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD, Recipe


def test_the_bands_are_the_quantiles_of_a_over_rows_and_units(run):
    figure = activations(run)
    steps = list(figure.data[0].x)
    assert (steps[0], steps[-1]) == (0, run.n_steps)
    bands = [trace for trace in figure.data if trace.xaxis == "x" and trace.yaxis == "y"]
    low, high, quarter, three, median = (np.array(trace.y) for trace in bands)
    for place, step in enumerate(steps):
        views = run.network.layout.views(run.weights_before(int(step)))
        W = views[0][0]
        a = np.maximum(run.source.numbers @ W[:-1] + W[-1], 0)
        expected = np.quantile(a, [0.05, 0.95, 0.25, 0.75, 0.5])
        got = [low[place], high[place], quarter[place], three[place], median[place]]
        assert got == pytest.approx(expected)


def planted(recorded_run, activation, bias):
    """A run whose first hidden layer has two of four units with a bias of that size."""
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(3, (4,), 1, loss="squared_error", activation=activation)
    source = Source(rng.normal(size=(20, 3)), rng.normal(size=(20, 1)))
    run = recorded_run(network, source, Recipe(SGD(), 1e-6, epochs=3, settings=Settings(20)))
    original = run.weights_before

    def weights_before(step):
        weights = original(step)
        network.layout.views(weights)[0][0][-1, :2] = bias
        return weights

    run.weights_before = weights_before
    return run


def test_dead_units_are_counted(recorded_run, traces):
    lines = traces(activations(planted(recorded_run, "relu", -100.0)))
    assert set(lines["dead units"].y) == {0.5}
    assert "saturated" not in lines


def test_saturated_units_and_rows_are_counted(recorded_run, traces):
    run = planted(recorded_run, "logistic", 8.0)
    W = run.network.layout.views(run.weights_before(0))[0][0]
    a = expit(run.source.numbers @ W[:-1] + W[-1])
    share = (a * (1 - a) < 0.0025).mean()
    assert 0.4 < share < 0.6
    assert traces(activations(run))["saturated"].y[0] == share


def test_every_hidden_layer_has_two_panels_that_say_what_they_show(run):
    layout = activations(run).layout
    assert [axis.title.text for axis in (layout.yaxis, layout.yaxis3)] == [
        "hidden 1<br>activation a",
        "hidden 2<br>activation a",
    ]
    assert layout.yaxis2.title.text == "share"
    assert layout.yaxis2.tickformat == ".0%"


def test_without_hidden_layers_there_is_nothing_to_draw(line):
    with pytest.raises(ParameterError, match="activations are of hidden layers, and this network has none"):
        activations(line)


def test_numbers_that_are_not_finite_are_left_out(run):
    original = run.weights_before
    run.weights_before = lambda step: original(step) * (np.nan if step else 1.0)
    assert np.isnan(activations(run).data[0].y[-1])
