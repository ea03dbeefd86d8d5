"""Hundreds of steps: small differences would have grown."""

import numpy as np
import pytest

from chainrule.engine import Settings, Source, StepPlan
from chainrule.network import CrossEntropy, LogLoss, Penalty, Poisson, Quantile, multilayer_perceptron
from chainrule.training import Recipe, train
from chainrule.training.lbfgs import LBFGS
from chainrule.training.optimizers import OPTIMIZERS

STEPS = 200


def schedule_like_plan(optimizer):
    """Return a plan with warm-up, decay and falling dropout, around the optimizer's own settings."""
    t = np.arange(STEPS)
    rate = 0.01 * np.minimum((t + 1) / 20, 1) * (1 + np.cos(np.pi * t / STEPS)) / 2
    return StepPlan(
        learning_rate=rate,
        momentum=optimizer.momentum * (1 - 0.5 / (t + 1)),
        weight_decay=np.full(STEPS, optimizer.weight_decay),
        dropout=1 - t / (2 * STEPS),
        penalty=np.where(t < 100, 1.0, 0.25),
    )


@pytest.mark.parametrize("loss", [CrossEntropy(0.1), LogLoss(), Quantile(), Poisson()], ids=lambda loss: loss.kind)
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_200_steps_are_the_references(kind, loss, problem, engine):
    optimizer = OPTIMIZERS[kind]()
    made = problem(
        "DAODAOD",
        n_rows=107,  # 14 steps an epoch, the last of 3 rows
        n_inputs=6,
        sizes=(20, 11),
        n_outputs=3,
        functions=("tanh", "silu"),
        loss=loss,
        penalty=Penalty(l1=1e-3, l2=1e-2),
        weighted=True,
        settings=Settings(batch_size=8, seed=5, max_gradient_norm=2.0),
    )
    reference, tested = made.open("reference", optimizer), made.open(engine, optimizer)
    expected, got = (session.run(0, schedule_like_plan(optimizer)) for session in (reference, tested))
    for column, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(column, other, rtol=1e-8)
    assert not np.allclose(reference.weights, made.weights, rtol=0.01)
    made.assert_close(tested.weights, reference.weights, rtol=1e-8)
    for vector, other in zip(tested.vectors, reference.vectors, strict=True):
        made.assert_close(vector, other, rtol=1e-8)


@pytest.mark.parametrize(
    "optimizer", [*(cls() for cls in OPTIMIZERS.values()), LBFGS(max_evaluations=20)], ids=lambda o: o.kind
)
def test_a_whole_training_is_the_references(optimizer, engine):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(90, 5))
    source = Source(X, (X[:, :1] * X[:, 1:2] > 0).astype(float))
    network = multilayer_perceptron(5, (16, 8), 1, loss="log_loss", activation="tanh", penalty=Penalty(l2=1e-3))
    recipe = Recipe(optimizer=optimizer, epochs=8, settings=Settings(batch_size=16))
    expected, got = (train(network, source, recipe, engine=name) for name in ("reference", engine))
    assert [row["epoch"] for row in got.history] == [row["epoch"] for row in expected.history]
    for name in ("train_error", "gradient_norm"):
        np.testing.assert_allclose([r[name] for r in got.history], [r[name] for r in expected.history], rtol=1e-8)
    np.testing.assert_allclose(got.weights, expected.weights, rtol=0, atol=1e-8 * np.abs(expected.weights).max())
