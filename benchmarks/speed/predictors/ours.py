"""chainrule's engine: its function on a network and weights, and a session that is open already."""

from typing import Any

import numpy as np
from benchmarks.speed.predictors.predictor import Predictor

from chainrule import engine, multilayer_perceptron
from chainrule.engine import Settings, Source
from chainrule.training import SGD


class Logits(Predictor):
    """`chainrule.engine.logits`, what the estimators call."""

    def __init__(self, n_threads: int, engine: str) -> None:
        super().__init__(n_threads)
        self.engine = engine

    def take_network(self) -> None:
        """Make network and flat vector."""
        case = self.case
        self.network = multilayer_perceptron(case.features, case.hidden, case.outputs, loss="cross_entropy")
        self.weights = np.concatenate([np.vstack([W, b]).ravel() for W, b in self.layers])
        self.threads = 1 if self.n_threads == 1 else None

    def predict(self) -> Any:
        """Return logits."""
        return engine.logits(self.network, self.weights, self.X, n_threads=self.threads, engine=self.engine)


class OpenSession(Logits):
    """`session.logits`: network and weights have been looked at when the session was opened."""

    def take_network(self) -> None:
        """Open the session (on one row, which is not used)."""
        super().take_network()
        self.session = engine.open_session(
            self.network,
            Source(self.X[:1], np.zeros(1, np.int64)),
            SGD(),
            Settings(batch_size=1, n_threads=self.threads),
            weights=self.weights,
            vectors=(),
            engine=self.engine,
        )

    def predict(self) -> Any:
        """Return logits."""
        return self.session.logits(self.X)
