"""Problems that two engines are given alike, and how to compare what they make of them.

The engine under test is "native"; ``ENGINE_UNDER_TEST=reference`` runs these tests on the oracle itself, which shows
that it is the engine and not the test that is wrong.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.sparse import csr_array

from chainrule.engine import Optimizer, Session, Settings, Source, StepPlan, open_session
from chainrule.network import (
    ACTIVATIONS,
    AbsoluteError,
    Activation,
    Array,
    CrossEntropy,
    Dense,
    Dropout,
    Huber,
    Layer,
    LogLoss,
    Loss,
    Network,
    Penalty,
    Poisson,
    Quantile,
    SquaredError,
)
from chainrule.training import SGD

SEEDS = st.integers(0, 2**64 - 1)
LOSSES = (
    SquaredError(),
    AbsoluteError(),
    Huber(),
    Huber(delta=0.2),
    Quantile(),
    Quantile(levels=(0.7,)),
    Poisson(),
    LogLoss(),
    CrossEntropy(),
    CrossEntropy(label_smoothing=0.15),
)


@dataclass(frozen=True)
class Problem:
    """A network, its first weights, the rows it is trained on, and how."""

    network: Network
    source: Source
    settings: Settings
    weights: Array

    def open(self, engine: str, optimizer: Optimizer | None = None, **settings: Any) -> Session:
        """Open a session of the engine on copies of the first weights."""
        optimizer = optimizer or SGD()
        weights = self.weights.copy()
        vectors = tuple(np.zeros_like(weights) for _ in range(optimizer.n_vectors))
        changed = replace(self.settings, **settings)
        return open_session(
            self.network, self.source, optimizer, changed, weights=weights, vectors=vectors, engine=engine
        )

    def layers_of(self, flat: Array) -> list[Array]:
        """Return the parts of a flat vector that belong to a layer with weights."""
        return [flat[part] for part in self.network.layout.layer_slices if part.start < part.stop]

    def assert_close(self, got: Array, expected: Array, rtol: float) -> None:
        """Hold a flat vector equal to another, each layer relative to its largest number."""
        assert got.dtype == expected.dtype
        for part, (one, other) in enumerate(zip(self.layers_of(got), self.layers_of(expected), strict=True)):
            atol = rtol * np.abs(other).max()
            np.testing.assert_allclose(one, other, rtol=0, atol=atol, err_msg=f"layer with weights {part}")


def chain(letters: str, *, n_inputs: int, sizes: Sequence[int], n_logits: int, **kinds: Any) -> tuple[Layer, ...]:
    """Return layers by letter: D dense, A activation, O dropout; ``functions`` and ``rate`` say which."""
    functions, rate = cycle(kinds.get("functions", ("tanh",))), kinds.get("rate", 0.3)
    outputs = iter([*(size for size, _ in zip(cycle(sizes), range(letters.count("D") - 1), strict=False)), n_logits])
    width, layers = n_inputs, []
    for letter in letters:
        if letter == "D":
            layers.append(Dense(width, width := next(outputs)))
        else:
            layers.append(Activation(next(functions)) if letter == "A" else Dropout(rate))
    return tuple(layers)


def drawn_target(loss: Loss, n_rows: int, n_outputs: int, rng: np.random.Generator) -> Array:
    """Return a target within the domain of the loss."""
    if isinstance(loss, CrossEntropy):
        return rng.integers(0, n_outputs, n_rows)
    shape = (n_rows, n_outputs)
    if isinstance(loss, LogLoss):
        return rng.uniform(0, 1, shape).round(1)
    return rng.poisson(2.0, shape).astype(float) if isinstance(loss, Poisson) else rng.normal(size=shape)


def build_problem(
    letters: str = "DAD",
    *,
    n_rows: int = 20,
    n_inputs: int = 4,
    sizes: Sequence[int] = (6,),
    n_outputs: int = 2,
    loss: Loss | None = None,
    penalty: Penalty | None = None,
    weighted: bool = False,
    sparse: bool = False,
    dtype: Any = np.float64,
    seed: int = 0,
    settings: Settings | None = None,
    **kinds: Any,
) -> Problem:
    """Return a problem of random rows and weights (biases too); ``kinds`` go to :func:`chain`."""
    rng, loss = np.random.default_rng(seed), loss or SquaredError()
    layers = chain(letters, n_inputs=n_inputs, sizes=sizes, n_logits=loss.n_logits(n_outputs), **kinds)
    network = Network(n_inputs, layers, loss, penalty or Penalty())
    X = rng.normal(size=(n_rows, n_inputs)).astype(dtype)
    if sparse:
        X = csr_array(np.where(np.abs(X) > 0.8, X, 0))
    row_weight = (rng.uniform(0, 2, n_rows) * (rng.uniform(size=n_rows) > 0.3)).astype(dtype) if weighted else None
    weights = network.initialise(seed, dtype)
    weights += (0.1 * rng.normal(size=weights.shape) * (network.layout.decay_factors() == 0)).astype(dtype)
    source = Source(X, drawn_target(loss, n_rows, n_outputs, rng), row_weight)
    return Problem(network, source, settings or Settings(batch_size=min(8, n_rows), seed=seed), weights)


@st.composite
def drawn_problems(draw: Callable[..., Any], **fixed: Any) -> Problem:
    """Draw a problem of any layers in any order, any loss, odd sizes, weights, penalty, clipping."""
    letters = draw(st.text("DAO", min_size=0, max_size=3)) + "D" + draw(st.text("DAO", min_size=0, max_size=3))
    loss = draw(st.sampled_from(LOSSES))
    n_rows = draw(st.integers(1, 40))
    settings = Settings(
        batch_size=draw(st.sampled_from((1, 2, 5, 8, 64))),
        seed=draw(SEEDS),
        shuffle=draw(st.booleans()),
        max_gradient_norm=draw(st.sampled_from((None, 0.05, 1e6))),
        n_threads=draw(st.sampled_from((None, 1, 2, 3))),
    )
    drawn = {
        "n_rows": n_rows,
        "n_inputs": draw(st.sampled_from((1, 2, 3, 5, 17))),
        "sizes": draw(st.lists(st.sampled_from((1, 2, 3, 4, 7, 8, 9, 17, 33)), min_size=1, max_size=3)),
        "n_outputs": draw(st.integers(1, 5)),
        "loss": loss,
        "penalty": Penalty(l1=draw(st.sampled_from((0.0, 0.02))), l2=draw(st.sampled_from((0.0, 0.1)))),
        "weighted": draw(st.booleans()),
        "sparse": letters.startswith("D") and draw(st.booleans()),
        "functions": draw(st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=1, max_size=4)),
        "rate": draw(st.sampled_from((0.0, 0.2, 0.9))),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "settings": settings,
    }
    return build_problem(letters, **(drawn | fixed))


def random_plan(n_steps: int, seed: int, divisor: float | None = None) -> StepPlan:
    """Return a plan in which everything changes from step to step."""
    rng = np.random.default_rng(seed)
    tops = {"learning_rate": 0.02, "momentum": 0.9, "weight_decay": 0.1, "dropout": 1.0, "penalty": 2.0}
    values = {name: top * rng.uniform(0.1, 1, n_steps) for name, top in tops.items()}
    return StepPlan(**values, divisor=None if divisor is None else divisor * rng.uniform(0.5, 2, n_steps))


def hash_of(arrays: Iterable[Array]) -> str:
    """Return a hash of the arrays' bits."""
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


@pytest.fixture(scope="session")
def engine() -> str:
    """The name of the engine that is held equal to the reference."""
    return os.environ.get("ENGINE_UNDER_TEST", "native")


@pytest.fixture(scope="session")
def problem() -> Callable[..., Problem]:
    """:func:`build_problem`."""
    return build_problem


@pytest.fixture(scope="session")
def problems() -> Callable[..., st.SearchStrategy[Problem]]:
    """:func:`drawn_problems`, for ``data.draw``."""
    return drawn_problems


@pytest.fixture(scope="session")
def plan() -> Callable[..., StepPlan]:
    """:func:`random_plan`."""
    return random_plan


@pytest.fixture(scope="session")
def bits() -> Callable[[Session], str]:
    """A hash of the bits of a session's weights and vectors."""
    return lambda session: hash_of((session.weights, *session.vectors))
