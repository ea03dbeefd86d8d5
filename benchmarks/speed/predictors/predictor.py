"""What every predictor does: take a network's weights and some rows, predict again and again."""

import time
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from benchmarks.speed.cases import Case, first_weights

MOMENT = 0.05  # seconds that a measurement takes at least: a single row is predicted many times over


class Predictor(ABC):
    """A way to predict; subclasses say how."""

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads

    def prepare(self, case: dict[str, Any], n_rows: int) -> None:
        """Take the network of a case with the weights of seed 0, and standard normal rows."""
        self.case = Case(**{**case, "hidden": tuple(case["hidden"])})
        self.X = np.random.default_rng(0).standard_normal((n_rows, self.case.features), dtype=np.float32)
        self.layers = first_weights(self.case, 0)
        self.take_network()
        self.predict()

    def seconds_a_call(self) -> float:
        """Return the seconds of one call, the mean over a moment."""
        n_calls, started = 0, time.perf_counter()
        while (seconds := time.perf_counter() - started) < MOMENT:
            for _ in range(10 if len(self.X) == 1 else 1):  # so that looking at the clock is not measured too
                self.predict()
                n_calls += 1
        return seconds / n_calls

    def some_probabilities(self) -> list[float]:
        """Return the probabilities of the first rows, for comparing predictors."""
        outputs = np.asarray(self.predict())[:10].astype(np.float64)
        if not self.gives_probabilities:
            outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return list(map(float, (outputs / outputs.sum(axis=1, keepdims=True)).ravel()))

    gives_probabilities = False

    @abstractmethod
    def take_network(self) -> None:
        """Make of ``self.layers`` what predicts ``self.X``."""

    @abstractmethod
    def predict(self) -> Any:
        """Return logits or probabilities of ``self.X``, an array (n, K)."""
