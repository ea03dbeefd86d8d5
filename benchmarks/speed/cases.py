"""What is trained: the shapes S1–S6, their arithmetic, their data and first weights, the same for every contestant."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-8  # Adam's, everywhere
HIDDEN_UNITS_OF_TEACHER = 16


@dataclass(frozen=True)
class Case:
    """A training: rows × features → hidden layers (ReLU) → outputs (cross-entropy), Adam, float32, shuffled."""

    name: str
    rows: int
    features: int
    hidden: tuple[int, ...]
    outputs: int
    batch: int
    epochs: int

    @property
    def widths(self) -> tuple[int, ...]:
        """Features, hidden widths, outputs."""
        return (self.features, *self.hidden, self.outputs)

    @property
    def flops(self) -> int:
        """Arithmetic of the matrix products of all epochs.

        A product of (rows, n_in) and (n_in, n_out) is 2·rows·n_in·n_out; a layer needs three of that size (forward, its
        weights' gradient, its inputs' gradient), the first layer two: nobody needs its inputs' gradient.
        """
        first, *others = (n_in * n_out for n_in, n_out in pairwise(self.widths))
        return 2 * self.rows * self.epochs * (2 * first + 3 * sum(others))

    def __str__(self) -> str:
        widths = "×".join(str(width) for width in self.hidden)
        epochs = f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}"
        return f"{self.rows:,}×{self.features} → {widths} → {self.outputs}, batch {self.batch}, {epochs}"


CASES = {
    case.name: case
    for case in (
        Case("S1", 2_000, 20, (100,), 3, 200, 50),
        Case("S2", 50_000, 54, (256, 256), 7, 256, 2),
        Case("S3", 60_000, 784, (512, 512), 10, 128, 1),
        Case("S4", 200_000, 100, (64, 64), 2, 256, 1),
        Case("S5", 100_000, 100, (1024, 1024), 10, 512, 1),
        Case("S6", 150, 4, (100,), 3, 32, 100),
    )
}


def make_data(case: Case) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return X (N, D), standard normal, and class codes y (N,) drawn from a random network's softmax.

    There is something to learn and something that cannot be, so that every contestant's loss ends at a number above 0
    that can be compared.
    """
    random = np.random.default_rng(0)
    X = random.standard_normal((case.rows, case.features), dtype=np.float32)
    hidden = random.standard_normal((case.features, HIDDEN_UNITS_OF_TEACHER), dtype=np.float32)
    last = random.standard_normal((HIDDEN_UNITS_OF_TEACHER, case.outputs), dtype=np.float32)
    logits = np.tanh(X @ hidden / np.sqrt(np.float32(case.features))) @ last
    return X, (logits + random.gumbel(size=logits.shape)).argmax(axis=1)


def first_weights(case: Case, seed: int) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return each layer's W (n_in, n_out), uniform with He's variance 2/n_in, and bias (n_out,), 0."""
    random = np.random.default_rng(seed)
    return [
        (
            random.uniform(-1, 1, (n_in, n_out)).astype(np.float32) * np.sqrt(np.float32(6 / n_in)),
            np.zeros(n_out, np.float32),
        )
        for n_in, n_out in pairwise(case.widths)
    ]


def training_loss(weights: list[tuple[Any, Any]], X: NDArray[Any], y: NDArray[Any], *, max_rows: int = 20_000) -> float:
    """Return the mean cross-entropy of a trained network over the first rows, by NumPy alone in float64."""
    a = X[:max_rows].astype(np.float64)
    for W, b in weights[:-1]:
        a = np.maximum(a @ W + b, 0.0)
    W, b = weights[-1]
    logits = a @ W + b
    logits -= logits.max(axis=1, keepdims=True)
    right = logits[np.arange(len(a)), y[:max_rows]]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - right))


def save_data(case: Case, folder: Path) -> str:
    """Write the case's X and y once for all contestants; return the folder as a str."""
    X, y = make_data(case)
    np.save(folder / "X.npy", X)
    np.save(folder / "y.npy", y)
    return str(folder)
