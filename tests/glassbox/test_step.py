"""An opened step, against a recomputation that shares no code with it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.special import erf, expit, log_softmax, softmax

from chainrule.engine import Batch, Settings, Source, StepPlan
from chainrule.errors import ParameterError, ShapeError
from chainrule.glassbox import Moment, Names, Step
from chainrule.network import (
    Activation,
    Dense,
    Layer,
    Network,
    Parameter,
    Penalty,
    SquaredError,
    key,
    multilayer_perceptron,
)
from chainrule.network.random import DROPOUT, bits
from chainrule.training import SGD, Adam, Recipe, train

PHI = {
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "logistic": (expit, lambda z: expit(z) * (1 - expit(z))),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "gelu": (
        lambda z: z * (1 + erf(z / np.sqrt(2))) / 2,
        lambda z: (1 + erf(z / np.sqrt(2))) / 2 + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    ),
}
LOSSES = {
    "squared_error": (lambda z, y: ((z - y) ** 2).sum(axis=1) / 2, lambda z, y: z - y),
    "log_loss": (
        lambda z, y: -(y * np.log(expit(z)) + (1 - y) * np.log(expit(-z))).sum(axis=1),
        lambda z, y: expit(z) - y,
    ),
    "cross_entropy": (
        lambda z, y: -log_softmax(z, axis=1)[np.arange(len(y)), y],
        lambda z, y: softmax(z, axis=1) - np.eye(z.shape[1])[y],
    ),
}


def mask(rate, seed, step, layer, shape):
    """Which units are kept, times 1/(1 - rate): unit u of row r has number r·n + u of the layer's stream."""
    drawn = np.array([[bits(key(seed, DROPOUT, step, layer), r * shape[1] + u, 1)[0] for u in range(shape[1])]
                      for r in range(shape[0])])  # fmt: skip
    return np.where(drawn >= int(rate * 2**64), 1 / (1 - rate), 0.0)


def by_hand(Ws, x, y, *, weight, activation, loss, masks, l2):
    """Return z, a, δ and ∂E/∂W of each layer, the rows' losses and E, in the words of a textbook."""
    phi, phi_prime = PHI[activation]
    of_rows, slope = LOSSES[loss]
    share = weight / weight.sum()
    zs, entered, signal = [], [], x
    for number, W in enumerate(Ws):
        entered.append(np.hstack([signal, np.ones((len(x), 1))]))
        zs.append(entered[-1] @ W)
        signal = phi(zs[-1]) * masks[number] if number < len(Ws) - 1 else zs[-1]
    losses = of_rows(zs[-1], y)
    error = share @ losses + l2 / 2 * sum((W[:-1] ** 2).sum() for W in Ws)
    deltas = [slope(zs[-1], y) * share[:, None]]
    for number in range(len(Ws) - 2, -1, -1):
        back = deltas[0] @ Ws[number + 1][:-1].T
        deltas.insert(0, back * masks[number] * phi_prime(zs[number]))
    gradients = [a.T @ d + l2 * np.vstack([W[:-1], 0 * W[:1]]) for a, d, W in zip(entered, deltas, Ws, strict=True)]
    return zs, entered, deltas, gradients, losses, error


@st.composite
def runs(draw):
    """A network, its rows and a recipe."""
    seed = draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    loss, activation = draw(st.sampled_from(list(LOSSES))), draw(st.sampled_from(list(PHI)))
    hidden = draw(st.lists(st.integers(1, 6), max_size=2))
    n, d, k = draw(st.integers(2, 25)), draw(st.integers(1, 4)), draw(st.integers(1, 3)) + (loss == "cross_entropy")
    rate = draw(st.sampled_from([0.0, 0.4])) if hidden else 0.0
    penalty = Penalty(l2=draw(st.sampled_from([0.0, 0.03])))
    network = multilayer_perceptron(d, hidden, k, loss=loss, activation=activation, dropout=rate, penalty=penalty)
    y = rng.integers(0, k, n) if loss == "cross_entropy" else rng.uniform(0, 1, (n, k))
    weight = rng.uniform(0.1, 3.0, n) if draw(st.booleans()) else None
    source = Source(rng.normal(size=(n, d)), y, weight)
    return network, source, Recipe(Adam(), 0.05, epochs=4, settings=Settings(draw(st.integers(1, n)), seed=seed)), rate


@settings(deadline=None, max_examples=60)
@given(runs(), st.integers(0, 10**6))
def test_every_number_of_a_step_equals_a_recomputation_by_hand(recorded_run, drawn, number):
    network, source, recipe, rate = drawn
    run = recorded_run(network, source, recipe)
    step = run.step(number % run.n_steps)
    rows = step.rows.numbers
    drops = [i for i, layer in enumerate(network.layers) if layer.kind == "dropout"]
    hidden = [layer.neurons for layer in step.forward.layers[:-1]]
    masks = [np.ones((len(rows), len(neurons))) for neurons in hidden]
    if rate:
        masks = [
            mask(rate, recipe.settings.seed, step.index, i, kept.shape) for i, kept in zip(drops, masks, strict=True)
        ]
    weight = np.ones(len(rows)) if source.weight is None else source.weight[rows]
    Ws = [views[0] for views in network.layout.views(step.weights) if views]
    zs, entered, deltas, gradients, losses, error = by_hand(
        Ws,
        source.numbers[rows],
        source.target[rows],
        weight=weight,
        activation=network.layers[1].function if hidden else "relu",
        loss=network.loss.kind,
        masks=masks,
        l2=network.penalty.l2,
    )
    near = {"rtol": 1e-10, "atol": 1e-10}
    for i, (forward, backward) in enumerate(zip(step.forward.layers, step.backward.layers, strict=True)):
        np.testing.assert_allclose(forward.inputs, entered[i][:, :-1], **near)
        np.testing.assert_allclose(forward.net_input, zs[i], **near)
        np.testing.assert_allclose(backward.delta, deltas[i], **near)
        np.testing.assert_allclose(backward.gradient, gradients[i], **near)
        if i < len(masks):
            activated = PHI[network.layers[1].function][0](zs[i])
            np.testing.assert_allclose(forward.activation, activated, **near)
            np.testing.assert_allclose(forward.outputs, activated * masks[i], **near)
            if rate:
                np.testing.assert_array_equal(forward.mask, masks[i])
            else:
                assert forward.mask is None
    np.testing.assert_allclose(step.error.losses, losses, **near)
    np.testing.assert_allclose(step.error.value, error, **near)
    np.testing.assert_allclose(step.backward.gradient, np.concatenate([g.ravel() for g in gradients]), **near)
    assert step.forward.logits is step.forward.layers[-1].outputs
    np.testing.assert_allclose(step.descent.after, step.moment.weights_after, **near)


def test_the_error_is_the_one_that_training_reported(run):
    """An epoch's train error is the mean of its steps' E by their row weights."""
    weights = run.network.initialise(3)
    [first, *_] = train(run.network, run.source, run.record.recipe, weights=weights).history
    steps = [run.step(t) for t in range(first["step"])]
    total = sum(step.rows.weight.sum() for step in steps)
    mean = sum(step.error.value * step.rows.weight.sum() for step in steps) / total
    assert mean == pytest.approx(first["train_error"], rel=1e-12)
    assert np.mean([step.backward.norm for step in steps]) == pytest.approx(first["gradient_norm"], rel=1e-12)


def test_predictions_are_what_the_loss_makes_of_the_logits(run):
    step = run.step(0)
    np.testing.assert_allclose(step.error.predictions, softmax(step.forward.logits, axis=1))


def test_the_drop_of_the_error(recorded_run):
    """A short step falls as the gradient says; the actual drop is that of this minibatch with its own masks."""
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(3, (5,), 1, loss="squared_error", activation="tanh", dropout=0.3)
    source = Source(rng.normal(size=(30, 3)), rng.normal(size=(30, 1)))
    run = recorded_run(network, source, Recipe(SGD(), 1e-5, epochs=3, settings=Settings(10)))
    step = run.step(4)
    assert step.predicted_drop == pytest.approx(1e-5 * step.backward.norm**2, rel=1e-12)
    assert step.actual_drop == pytest.approx(step.predicted_drop, rel=1e-3)
    assert step.actual_drop == step.error.value - step.error_at(step.descent.after)
    assert step.error_at(step.weights) == step.error.value


def test_contributions_add_up_to_the_gradient(recorded_run):
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(3, (5,), 2, loss="squared_error", penalty=Penalty(l1=0.01, l2=0.1), dropout=0.3)
    source = Source(rng.normal(size=(30, 3)), rng.normal(size=(30, 2)))
    step = recorded_run(network, source, Recipe(Adam(), epochs=3, settings=Settings(12))).step(5)
    for index in range(network.layout.size):
        found = step.contributions(index)
        assert found.gradient == pytest.approx(step.backward.gradient[index], rel=1e-12, abs=1e-15)
        assert (np.diff(np.abs(found.products)) <= 0).all()
        assert sorted(found.rows) == sorted(step.rows.numbers)
        order = [list(step.rows.numbers).index(row) for row in found.rows]
        layer = step.forward["hidden 1" if found.weight.layer == 0 else "output"]
        expected = np.ones(12) if found.weight.is_bias else layer.inputs[:, found.weight.row]
        np.testing.assert_array_equal(found.activations, expected[order])
        np.testing.assert_array_equal(found.products, found.activations * found.deltas)
        assert found.weight.is_bias <= (found.penalty == 0)


def test_a_sparse_table(recorded_run):
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(30, 6)) * (rng.random((30, 6)) < 0.3)
    network = multilayer_perceptron(6, (5,), 2, loss="squared_error")
    recipe = Recipe(Adam(), epochs=3, settings=Settings(12))
    y = rng.normal(size=(30, 2))
    sparse, plain = (recorded_run(network, Source(X, y), recipe, engine="reference") for X in (csr_array(dense), dense))
    one, other = sparse.step(4), plain.step(4)
    np.testing.assert_allclose(one.backward.gradient, other.backward.gradient, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(one.contributions(3).products, other.contributions(3).products, rtol=1e-10)
    assert one.check().passed
    assert "30 rows" not in str(one.rows)
    assert str(one.forward).count("hidden 1") == 1


def test_weights_are_named(run):
    step = run.step(3)
    weight = step.weight("hidden 1", 7, "town = Rome")
    assert str(weight) == "hidden 1 · neuron 7 ← town = Rome"
    assert step.weight(weight) == step.weight(weight.index) == step.weight(weight.name) == weight
    assert step.backward["hidden 1"].gradient[weight.row, weight.column] == step.backward.gradient[weight.index]
    assert step.contributions(str(weight)).gradient == pytest.approx(step.backward.gradient[weight.index])
    for wrong in (("hidden 1", 7), ("hidden 1", None, 7), (weight, 1, 1)):
        with pytest.raises(ParameterError, match="name a weight by layer, neuron and source"):
            step.weight(*wrong)


@pytest.mark.parametrize("layer", ["hidden 3", 7, -4, None])
def test_layers_that_are_none(run, layer):
    for view in (run.step(0).forward, run.step(0).backward):
        assert view[0].name == view["hidden 1"].name == view[-3].name == "hidden 1"
        with pytest.raises(ParameterError, match=r"there is no layer .*; there is hidden 1, hidden 2, output"):
            view[layer]


def moment_of(network, batch, **changes):
    values = {
        "network": network,
        "optimizer": Adam(),
        "learning_rate": 0.1,
        "settings": Settings(8),
        "plan": StepPlan.constant(1, learning_rate=0.1),
        "index": 0,
        "weights": network.initialise(0),
        "vectors": (np.zeros(network.layout.size), np.zeros(network.layout.size)),
        "rows": np.arange(len(batch.numbers)),
        "batch": batch,
        "names": Names(network),
    }
    return Moment(**values | changes)


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return Batch(rng.normal(size=(8, 3)), rng.normal(size=(8, 1)), None)


def test_a_step_alone_has_no_neighbours(batch):
    step = Step(moment_of(multilayer_perceptron(3, (4,), 1, loss="squared_error"), batch))
    for move in (step.next, step.previous):
        with pytest.raises(ParameterError, match=r"this step stands alone; open steps of a run, with run\.step"):
            move()
    assert step.rows.columns == {}


def test_a_moment_whose_parts_do_not_fit_is_refused(batch):
    network = multilayer_perceptron(3, (4,), 1, loss="squared_error")
    for changes, message in (
        ({"plan": StepPlan.constant(2, learning_rate=0.1)}, "the plan of a moment must be of 1 step, got 2"),
        ({"weights": np.zeros(5)}, r"weights must have shape \(21,\), one number a weight, got \(5,\)"),
        ({"weights_after": np.zeros(5)}, r"weights_after must have shape \(21,\)"),
        ({"vectors": (np.zeros(21), np.zeros(1))}, r"vectors\[1\] must have shape \(21,\)"),
        ({"rows": np.arange(3)}, "rows must name the 8 rows of the batch, got 3"),
    ):
        with pytest.raises(ShapeError, match=message):
            moment_of(network, batch, **changes)


def test_a_divisor_of_the_plan_is_the_one_of_the_error(batch):
    network = multilayer_perceptron(3, (4,), 1, loss="squared_error")
    mean = Step(moment_of(network, batch))
    plan = replace(StepPlan.constant(1, learning_rate=0.1), divisor=np.array([2.0]))
    total = Step(moment_of(network, batch, plan=plan))
    assert total.error.value == pytest.approx(4 * mean.error.value)
    np.testing.assert_allclose(total.backward.gradient, 4 * mean.backward.gradient)


def test_a_batch_of_weight_zero_is_passed_over(batch):
    network = multilayer_perceptron(3, (4,), 1, loss="squared_error", penalty=Penalty(l2=1.0))
    step = Step(moment_of(network, batch._replace(weight=np.zeros(8))))
    assert step.error.value == 0.0
    assert not step.backward.gradient.any()
    assert not step.descent.change.any()
    assert (step.predicted_drop, step.actual_drop) == (0.0, 0.0)
    assert "step 0" in str(step)


class Shift(Layer):
    """Adds a number to every input: a layer with weights that is not dense."""

    kind = "shift"

    def __init__(self, n):
        self.n = n

    def width(self, n_inputs):
        return n_inputs

    def parameters(self):
        return (Parameter("shift", (self.n,)),)

    def initialise(self, random, sample):
        return (np.full(self.n, 0.5),)

    def forward(self, parameters, inputs, context):
        return inputs + parameters[0], None

    def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
        return d_outputs, (d_outputs.sum(axis=0),)


def test_layers_of_ones_own(batch):
    network = Network(3, (Shift(3), Dense(3, 2), Activation("tanh"), Dense(2, 1)), SquaredError())
    step = Step(moment_of(network, batch))
    assert [layer.name for layer in step.forward.layers] == ["shift 1", "hidden 1", "output"]
    np.testing.assert_array_equal(step.forward["shift 1"].net_input, batch.numbers + 0.5)
    assert step.forward["shift 1"].neurons == ["neuron 1", "neuron 2", "neuron 3"]
    assert [layer.name for layer in step.backward.layers] == ["hidden 1", "output"]
    assert step.check().passed
    assert "shift 1 · shift[2]" in str(step.check([1]))
    with pytest.raises(ParameterError, match=r"contributions are of weights of dense layers, got shift 1 · shift\[1\]"):
        step.contributions(0)


def test_a_step_computes_in_float64(recorded_run):
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(3, (5,), 1, loss="squared_error")
    source = Source(rng.normal(size=(30, 3)).astype(np.float32), rng.normal(size=(30, 1)).astype(np.float32))
    step = recorded_run(network, source, Recipe(Adam(), epochs=3, settings=Settings(12))).step(3)
    assert step.moment.weights.dtype == np.float32
    arrays = (step.weights, step.inputs, step.forward.logits, step.backward.gradient, step.descent.change)
    assert {array.dtype for array in arrays} == {np.dtype(np.float64)}
    np.testing.assert_array_equal(step.weights, step.moment.weights)
