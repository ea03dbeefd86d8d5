"""Where the core cannot run, chainrule works on the reference engine; asked for by name, the core says why not."""

import subprocess
import sys
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest

from chainrule.engine import ENGINES, logits
from chainrule.errors import ChainruleError, ParameterError
from chainrule.network import Activation, Penalty, SquaredError
from chainrule.training import SGD

WITHOUT_CORE = """
import sys, warnings
sys.modules["chainrule.engine._native"] = None
import numpy as np
from chainrule.engine import ENGINES, Settings, Source, StepPlan, logits, open_session
from chainrule.errors import ChainruleError
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD

assert list(ENGINES) == ["native", "reference"], ENGINES
network = multilayer_perceptron(3, (5,), 1, loss="squared_error")
source = Source(np.ones((10, 3)), np.ones((10, 1)))

def trained(engine):
    weights = network.initialise(seed=1)
    session = open_session(network, source, SGD(), Settings(4), weights=weights, vectors=(), engine=engine)
    session.run(0, StepPlan.constant(5, learning_rate=0.1))
    return session.weights, logits(network, weights, source.numbers, engine=engine)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    results = [trained("auto") for _ in range(3)]
assert len(caught) == 1, [str(warning.message) for warning in caught]
print(caught[0].category.__mro__[-4].__name__, "|", caught[0].message)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    expected = trained("reference")
assert not caught
for result in results:
    for one, other in zip(result, expected):
        np.testing.assert_array_equal(one, other)
for use in (lambda: trained("native"), lambda: logits(network, expected[0], source.numbers, engine="native")):
    try:
        use()
    except ChainruleError as error:
        print(error)
"""


def test_without_the_core_the_reference_works_and_says_so_once():
    done = subprocess.run([sys.executable, "-c", WITHOUT_CORE], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    warned, *errors = done.stdout.splitlines()
    assert "reference" in warned
    assert "native" in warned
    assert len(errors) == 2
    assert all("native" in error and "reference" in error for error in errors)


def test_the_native_engine_is_preferred():
    assert list(ENGINES) == ["native", "reference"]


def test_an_unknown_engine_gets_the_nearest_name(problem):
    with pytest.raises(ParameterError, match="Did you mean 'native'"):
        problem().open("nativ")


@dataclass(frozen=True)
class Scaled(Activation):
    """A user's own layer, with the kind and the settings of one that the core knows."""

    def forward(self, parameters, inputs, context):
        a, cache = super().forward(parameters, inputs, context)
        return 3 * a, cache

    def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
        return super().backward(parameters, cache, 3 * d_outputs, needs_d_inputs)


@dataclass(frozen=True)
class DoubledError(SquaredError):
    """A user's own loss."""

    def of_residuals(self, r):
        return r * r, 2 * r


@dataclass(frozen=True)
class Stronger(Penalty):
    """A user's own penalty."""

    def __call__(self, weights, layout):
        error, gradient = super().__call__(weights, layout)
        return 3 * error, 3 * gradient


@dataclass(frozen=True)
class Halved(SGD):
    """A user's own optimizer."""

    def change(self, gradient, vectors, step):
        return 0.5 * super().change(gradient, vectors, step)


def of_ones_own(problem, part):
    """Return a problem, an optimizer, and its weights after training on the reference, with one part of one's own."""
    made, optimizer = problem("DAD"), SGD()
    dense, activation, last = made.network.layers
    if part == "penalty":
        network = replace(made.network, penalty=Stronger(l2=0.5))
    elif part == "layer":
        network = replace(made.network, layers=(dense, Scaled(activation.function), last))
    else:
        network = replace(made.network, loss=DoubledError()) if part == "loss" else made.network
    return replace(made, network=network), Halved() if part == "optimizer" else optimizer


@pytest.mark.parametrize("part", ["layer", "loss", "penalty", "optimizer"])
def test_a_class_of_ones_own_runs_on_the_reference(part, problem, plan):
    made, optimizer = of_ones_own(problem, part)
    sessions = [problem("DAD").open("reference"), made.open("reference", optimizer)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sessions.append(made.open("auto", optimizer))
        predicted = logits(made.network, made.weights, made.source.numbers)
    known, expected, got = [(session.run(0, plan(4, 0)), session.weights)[1] for session in sessions]
    assert not np.allclose(known, expected, rtol=1e-3)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_allclose(predicted, made.network.logits(made.weights, made.source.numbers), rtol=1e-12)


@pytest.mark.parametrize(
    ("part", "name"), [("layer", "Scaled"), ("loss", "DoubledError"), ("penalty", "Stronger"), ("optimizer", "Halved")]
)
def test_a_class_of_ones_own_is_no_native_one(part, name, problem):
    made, optimizer = of_ones_own(problem, part)
    with pytest.raises(ChainruleError, match=name):
        made.open("native", optimizer)
