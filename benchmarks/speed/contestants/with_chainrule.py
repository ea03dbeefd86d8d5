"""chainrule: through the training function that the estimators call, and its engine alone."""

from typing import Any

import numpy as np
from benchmarks.speed.cases import BETA_1, BETA_2, EPSILON, LEARNING_RATE, first_weights
from benchmarks.speed.contestants.contestant import Contestant

from chainrule import __version__, multilayer_perceptron
from chainrule.engine import Settings, Source, StepPlan, open_session
from chainrule.training import Adam, Recipe, train


class Training(Contestant):
    """`chainrule.training.train`, the whole call: opening the session, all epochs, the history."""

    def __init__(self, n_threads: int, engine: str) -> None:
        super().__init__(n_threads)
        self.engine = engine

    def take_data(self) -> None:
        """Make source, network and recipe.

        With more than one thread allowed, how many are used is left to chainrule, as its users leave it.
        """
        case = self.case
        self.source = Source(self.X, self.y)
        self.network = multilayer_perceptron(case.features, case.hidden, case.outputs, loss="cross_entropy")
        threads = 1 if self.n_threads == 1 else None
        self.optimizer = Adam(beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON)
        self.recipe = Recipe(
            optimizer=self.optimizer,
            learning_rate=LEARNING_RATE,
            epochs=case.epochs,
            settings=Settings(batch_size=case.batch, n_threads=threads),
        )

    def start(self, seed: int) -> None:
        """Lay the first weights out in one flat vector, each layer's bias behind its matrix."""
        layers = first_weights(self.case, seed)
        self.flat = np.concatenate([np.vstack([W, b]).ravel() for W, b in layers])

    def train(self) -> None:
        """Train from the flat vector."""
        self.flat = train(self.network, self.source, self.recipe, weights=self.flat, engine=self.engine).weights

    def weights(self) -> list[tuple[Any, Any]]:
        """Return the matrices of the dense layers, taken apart."""
        return [(W[:-1], W[-1]) for layer in self.network.layout.views(self.flat) for W in layer]

    def about(self) -> str:
        """Return version, the class of the session, and the instruction set where the engine has a choice."""
        session = self._session(self.flat.copy())
        session.close()
        engine = type(session).__name__
        if engine == "NativeSession":
            from chainrule.engine.native import instruction_set

            engine += f" with {instruction_set()}"
        return f"chainrule {__version__}, {engine}"

    def _session(self, weights: Any) -> Any:
        return open_session(
            self.network,
            self.source,
            self.optimizer,
            self.recipe.settings,
            weights=weights,
            vectors=(np.zeros_like(weights), np.zeros_like(weights)),
            engine=self.engine,
        )


class EngineOnly(Training):
    """One session opened, one `run` over all steps of all epochs: what the loop in Python adds is not in it."""

    def train(self) -> None:
        """Open, run, close."""
        n_steps = self.recipe.settings.steps_per_epoch(self.case.rows) * self.case.epochs
        session = self._session(self.flat)
        session.run(0, StepPlan.constant(n_steps, learning_rate=LEARNING_RATE))
        session.close()
