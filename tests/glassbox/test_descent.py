"""The change of a step and its parts, against formulas written out, and against the engines."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.engine import Batch, DescentStep, Settings, Source, StepPlan
from chainrule.glassbox import Moment, Names, Step
from chainrule.network import Penalty, multilayer_perceptron
from chainrule.training import (
    LBFGS,
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Cosine,
    Momentum,
    Nesterov,
    Optimizer,
    Recipe,
    RMSprop,
)

NETWORK = multilayer_perceptron(3, (4,), 1, loss="squared_error", activation="tanh")
PARTS = ["clipping", "gradient", "momentum", "adaptive scaling", "weight decay", "schedule"]


def step_of(optimizer, *, first=0.1, now=0.03, limit=0.05, momentum=0.9, decay=0.0, index=4, seed=0):
    """A step by hand: η₀, the η of the step, clipping, μ, λ; state vectors drawn at random."""
    rng = np.random.default_rng(seed)
    batch = Batch(rng.normal(size=(8, 3)), rng.normal(size=(8, 1)), None)
    size = NETWORK.layout.size
    return Step(
        Moment(
            network=NETWORK,
            optimizer=optimizer,
            learning_rate=first,
            settings=Settings(8, max_gradient_norm=limit),
            plan=StepPlan.constant(1, learning_rate=now, momentum=momentum, weight_decay=decay),
            index=index,
            weights=NETWORK.initialise(seed),
            vectors=tuple(rng.uniform(0.01, 0.1, size) for _ in range(optimizer.n_vectors)),
            rows=np.arange(8),
            batch=batch,
            names=Names(NETWORK),
        )
    )


def formulas(optimizer, g, vectors, *, eta, mu, t):
    """Return the change without and with adaptive scaling, written out from the papers' equations."""
    if isinstance(optimizer, SGD):
        return (-eta * g,) * 2
    if isinstance(optimizer, Momentum):
        return (mu * vectors[0] - eta * g,) * 2
    if isinstance(optimizer, Nesterov):
        return (mu * (mu * vectors[0] - eta * g) - eta * g,) * 2
    if isinstance(optimizer, Adagrad):
        return -eta * g, -eta * g / (np.sqrt(vectors[0] + g**2) + 1e-10)
    if isinstance(optimizer, RMSprop):
        return -eta * g, -eta * g / (np.sqrt(0.9 * vectors[0] + 0.1 * g**2) + 1e-8)
    mean, square = 0.9 * vectors[0] + 0.1 * g, 0.999 * vectors[1] + 0.001 * g**2
    if optimizer.bias_correction:
        mean, square = mean / (1 - 0.9**t), square / (1 - 0.999**t)
    return -eta * mean, -eta * mean / (np.sqrt(square) + 1e-8)


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from([*(cls() for cls in OPTIMIZERS.values()), Adam(bias_correction=False)]),
    st.sampled_from([0.05, 1e9, None]),
    st.sampled_from([0.0, 0.01]),
    st.sampled_from([0.1, 0.03]),
    st.integers(0, 2**32),
)
def test_every_part_is_the_difference_that_its_ingredient_makes(optimizer, limit, decay, now, seed):
    step = step_of(optimizer, limit=limit, decay=decay, now=now, seed=seed)
    g, vectors = step.backward.gradient, step.moment.vectors
    norm = np.linalg.norm(g)
    clipped = g * min(1.0, np.inf if limit is None else limit / norm)
    weights = step.weights * (NETWORK.layout.decay_factors() > 0)
    with_momentum, scaled = formulas(optimizer, clipped, vectors, eta=0.1, mu=0.9, t=5)
    _, scheduled = formulas(optimizer, clipped, vectors, eta=now, mu=0.9, t=5)
    change = scheduled - now * decay * weights
    expected = {
        "clipping": -0.1 * clipped + 0.1 * g,
        "gradient": -0.1 * g,
        "momentum": with_momentum + 0.1 * clipped,
        "adaptive scaling": scaled - with_momentum,
        "weight decay": -0.1 * decay * weights,
        "schedule": change - (scaled - 0.1 * decay * weights),
    }
    parts = step.descent.parts
    assert list(parts) == PARTS
    for name, part in parts.items():
        np.testing.assert_allclose(part, expected[name], rtol=1e-10, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(step.descent.change, change, rtol=1e-12, atol=1e-15)
    size = sum(np.abs(part) for part in parts.values())
    assert (np.abs(sum(parts.values()) - step.descent.change) <= 8 * np.finfo(float).eps * size).all()
    np.testing.assert_array_equal(step.descent.after, step.weights + step.descent.change)
    np.testing.assert_allclose(step.descent.clipped, clipped, rtol=1e-12)
    assert step.predicted_drop == pytest.approx(-g @ change, rel=1e-9)


def test_ingredients_that_are_not_used_add_nothing():
    step = step_of(SGD(), limit=None, now=0.1)
    assert {name for name, part in step.descent.parts.items() if part.any()} == {"gradient"}
    with_all = step_of(AdamW(), decay=0.01)
    assert all(part.any() for part in with_all.descent.parts.values())


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_change_is_the_engines(recorded_run, kind, dtype, engine):
    """To 1e-10 of its norm in float64; in float32 to 1e-4 of it and the rounding of the weights."""
    rng = np.random.default_rng(1)
    network = multilayer_perceptron(6, (16, 8), 3, loss="cross_entropy", dropout=0.2, penalty=Penalty(l2=1e-3))
    source = Source(rng.normal(size=(100, 6)).astype(dtype), rng.integers(0, 3, 100))
    settings_ = Settings(32, seed=1, max_gradient_norm=0.5)
    run = recorded_run(
        network, source, Recipe(OPTIMIZERS[kind](), 0.01, Cosine(), epochs=6, settings=settings_), engine=engine
    )
    for t in (0, 1, 7, run.n_steps - 1):
        step = run.step(t)
        change = step.moment.weights_after.astype(np.float64) - step.weights
        allowed = (1e-10 if dtype == np.float64 else 1e-4) * np.linalg.norm(change)
        rounding = np.finfo(dtype).eps * np.linalg.norm(step.weights)
        assert np.linalg.norm(change - step.descent.change) <= allowed + rounding


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_an_iteration_of_lbfgs_is_one_part(recorded_run, engine):
    rng = np.random.default_rng(1)
    source = Source(rng.normal(size=(50, 3)), rng.normal(size=(50, 1)))
    network = multilayer_perceptron(3, (4,), 1, loss="squared_error", activation="tanh", penalty=Penalty(l2=0.1))
    run = recorded_run(network, source, Recipe(LBFGS(), epochs=8, settings=Settings(10)), engine=engine)
    for t in range(run.n_steps):
        step = run.step(t)
        assert list(step.descent.parts) == ["lbfgs"]
        np.testing.assert_array_equal(step.descent.after, run.weights_before(t + 1))
        assert step.actual_drop > 0
        assert step.predicted_drop > 0  # a direction of descent
        assert len(step.rows) == 50
        assert step.check().passed


class Halved(Optimizer):
    """A formula of the user's own."""

    kind = "halved"

    def change(self, gradient, vectors, step):
        return -0.5 * step.learning_rate * gradient


def test_an_optimizer_of_ones_own_scales_the_gradient():
    step = step_of(Halved(), limit=None, now=0.1)
    np.testing.assert_allclose(step.descent.parts["adaptive scaling"], 0.05 * step.backward.gradient)
    assert not step.descent.parts["momentum"].any()


def test_opening_the_descent_leaves_the_moment_as_it_was():
    step = step_of(Adam())
    before = [vector.copy() for vector in step.moment.vectors]
    assert step.descent.change.any()
    for vector, kept in zip(step.moment.vectors, before, strict=True):
        np.testing.assert_array_equal(vector, kept)


class DescentSteps(SGD):
    """Remembers what it was told."""

    def change(self, gradient, vectors, step):
        told.append(step)
        return super().change(gradient, vectors, step)


told: list[DescentStep] = []


def test_optimizers_are_told_number_rate_and_momentum():
    told.clear()
    _ = step_of(DescentSteps(), index=6).descent
    assert {(step.number, step.learning_rate, step.momentum) for step in told} == {(7, 0.1, 0.9), (7, 0.03, 0.9)}
