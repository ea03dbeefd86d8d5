"""JAX: as an expert writes it and as it is usually written.

Compilation happens in the first `fit` of a process, the warm-up; the table shows it apart.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from benchmarks.speed.cases import BETA_1, BETA_2, EPSILON, LEARNING_RATE, first_weights
from benchmarks.speed.contestants.contestant import Contestant

OPTIMIZER = optax.adam(LEARNING_RATE, b1=BETA_1, b2=BETA_2, eps=EPSILON)


def error(parameters: Any, inputs: Any, target: Any) -> Any:
    """Return the mean cross-entropy of the network."""
    a = inputs
    for W, b in parameters[:-1]:
        a = jax.nn.relu(a @ W + b)
    W, b = parameters[-1]
    return optax.softmax_cross_entropy_with_integer_labels(a @ W + b, target).mean()


def descend(state: Any, inputs: Any, target: Any) -> Any:
    """Return parameters and Adam's state after a step."""
    parameters, memory = state
    gradient = jax.grad(error)(parameters, inputs, target)
    change, memory = OPTIMIZER.update(gradient, memory)
    return optax.apply_updates(parameters, change), memory


@partial(jax.jit, static_argnums=4, donate_argnums=0)
def epoch(state: Any, inputs: Any, target: Any, order: Any, batch: int) -> Any:
    """Take all steps of an epoch in one compiled loop, and the last, smaller batch behind it."""
    whole = len(order) // batch * batch

    def step(state: Any, rows: Any) -> Any:
        return descend(state, inputs[rows], target[rows]), None

    state, _ = jax.lax.scan(step, state, order[:whole].reshape(-1, batch))
    return state if whole == len(order) else step(state, order[whole:])[0]


one_step = jax.jit(descend)


class Expert(Contestant):
    """One compiled program an epoch (`lax.scan` over its batches), the state donated; NumPy draws the permutation.

    Measured, gathering the rows within the loop is faster than gathering them once an epoch, by NumPy or by JAX.
    """

    def take_data(self) -> None:
        """Hand the data over to JAX."""
        self.inputs, self.target = jnp.asarray(self.X), jnp.asarray(self.y, dtype=jnp.int32)

    def start(self, seed: int) -> None:
        """Make parameters and Adam's state."""
        self.random = np.random.default_rng(seed)
        parameters = [(jnp.asarray(W), jnp.asarray(b)) for W, b in first_weights(self.case, seed)]
        self.state = jax.block_until_ready((parameters, OPTIMIZER.init(parameters)))

    def train(self) -> None:
        """Train."""
        for _ in range(self.case.epochs):
            order = self.random.permutation(self.case.rows).astype(np.int32)
            self.state = epoch(self.state, self.inputs, self.target, order, self.case.batch)
        jax.block_until_ready(self.state)

    def weights(self) -> list[tuple[Any, Any]]:
        """Return the matrices."""
        return [(np.asarray(W), np.asarray(b)) for W, b in self.state[0]]

    def about(self) -> str:
        """Return the version."""
        return f"JAX {jax.__version__}, optax {optax.__version__}"


class Usual(Expert):
    """A jitted step in a loop in Python, which slices NumPy arrays."""

    def take_data(self) -> None:
        """Leave the data to NumPy."""

    def train(self) -> None:
        """Train."""
        for _ in range(self.case.epochs):
            order = self.random.permutation(self.case.rows)
            for start in range(0, self.case.rows, self.case.batch):
                rows = order[start : start + self.case.batch]
                self.state = one_step(self.state, self.X[rows], self.y[rows])
        jax.block_until_ready(self.state)
