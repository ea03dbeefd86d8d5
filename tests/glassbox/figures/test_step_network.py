import numpy as np
import pytest

from chainrule.engine import Settings, Source
from chainrule.errors import ParameterError
from chainrule.glassbox import Names, Step, step_network
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD, Recipe


def circles(figure):
    return [trace for trace in figure.data if trace.mode == "markers+text"]


def labels(figure):
    return [annotation.text for annotation in figure.layout.annotations]


def test_the_circles_show_the_mean_activations(run):
    step = run.step(3)
    inputs, first, second, output = circles(step_network(step))
    assert list(inputs.marker.color) == pytest.approx(step.inputs.mean(axis=0))
    assert list(first.marker.color) == pytest.approx(step.forward["hidden 1"].activation.mean(axis=0))
    assert list(second.marker.color) == pytest.approx(step.forward["hidden 2"].activation.mean(axis=0))
    assert list(output.marker.color) == pytest.approx(step.forward.logits.mean(axis=0))


def test_of_one_row_they_show_its_own(run):
    step = run.step(3)
    row = int(step.moment.rows[2])
    figure = step_network(step, row=row)
    assert list(circles(figure)[1].marker.color) == pytest.approx(step.forward["hidden 1"].activation[2])
    deltas = [f"δ = {delta:.4g}" for delta in step.backward["output"].delta[2]]
    assert [text.split("<br>")[2] for text in circles(figure)[-1].hovertext] == deltas
    assert f"row {row}" in figure.layout.title.text


def test_a_row_that_is_not_of_the_step_is_refused(run):
    with pytest.raises(ParameterError, match=r"row must be one of step 3: .*, …\. Got 1000\."):
        step_network(run.step(3), row=1000)


def test_the_labels_show_the_sums_of_delta(run):
    step = run.step(3)
    sums = step.backward["output"].delta.sum(axis=0)
    for name, total in zip("abc", sums, strict=True):
        assert f"{name}<br>δ {total:.2g}".replace("-", "−") in labels(step_network(step))


def test_every_line_tells_its_weight(run):
    step = run.step(3)
    told = {text for trace in step_network(step).data if trace.hovertext is not None for text in trace.hovertext}
    weight = step.weight("hidden 2", 2, 3)
    gradient, change = step.backward.gradient[weight.index], step.descent.change[weight.index]
    w = step.descent.before[weight.index]
    assert f"{weight.name}<br>w = {w:.4g}<br>∂E/∂w = {gradient:.4g}<br>Δw = {change:.4g}" in told


def test_a_small_network_has_no_heat_maps_and_a_large_one_has(run, recorded_run):
    assert not [trace for trace in step_network(run.step(0)).data if trace.type == "heatmap"]
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(70, (9,), 1, loss="squared_error")
    source = Source(rng.normal(size=(12, 70)), rng.normal(size=(12, 1)))
    step = recorded_run(network, source, Recipe(SGD(), 0.1, epochs=2, settings=Settings(12))).step(0)
    figure = step_network(step)
    first, second = (trace for trace in figure.data if trace.type == "heatmap")
    change = step.moment.network.layout.views(step.descent.change)[0][0][:-1]
    rows = np.sort(np.argsort(-np.abs(change).max(axis=1))[:64])
    assert np.array_equal(first.z, change[rows])
    assert second.z.shape == (9, 1)
    assert figure.layout.xaxis2.title.text == "Δw to hidden 1<br>64 × 9 of 70 × 9"
    assert "<b>inputs</b><br>8 of 70" in labels(figure)


def test_names_are_plain_text(run):
    names = Names(run.network, ["<b>", "&", "x" * 30 + " = Rome", "d"], ["a", "<i>", "c"])
    moment = run.step(0).moment
    object.__setattr__(moment, "names", names)
    told = labels(step_network(Step(moment)))
    assert "&lt;b&gt;" in told
    assert "xxxxxxxxxx… = Rome" in told
    assert any(text.startswith("&lt;i&gt;<br>δ") for text in told)


def test_labels_in_heat_maps_are_plain_text(recorded_run):
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(9, (), 2, loss="squared_error")
    source = Source(rng.normal(size=(12, 9)), rng.normal(size=(12, 2)))
    run = recorded_run(network, source, Recipe(SGD(), 0.1, epochs=1, settings=Settings(12)), outputs=["<b>", "c"])
    [heat] = [trace for trace in step_network(run.step(0)).data if trace.type == "heatmap"]
    assert heat.customdata[0][0] == "&lt;b&gt; ← input 1"


def test_headings_of_a_deep_network_are_small_enough_to_stand_apart(recorded_run):
    rng = np.random.default_rng(0)
    source = Source(rng.normal(size=(12, 3)), rng.normal(size=(12, 1)))
    for hidden, size in (((4,) * 4, 14), ((4,) * 5, 11)):
        network = multilayer_perceptron(3, hidden, 1, loss="squared_error")
        figure = step_network(recorded_run(network, source, Recipe(SGD(), epochs=1, settings=Settings(12))).step(0))
        headings = [one for one in figure.layout.annotations if one.text.startswith("<b>")]
        assert [one.font.size for one in headings] == [size] * (len(hidden) + 2)


def test_numbers_that_are_not_finite_are_drawn_as_text(run):
    moment = run.step(0).moment
    object.__setattr__(moment, "weights", np.full_like(moment.weights, np.nan))
    figure = step_network(Step(moment))
    figure.to_json()
    assert set(circles(figure)[-1].text) == {"nan"}
