"""scikit-learn's MLPClassifier, as its users write it."""

import warnings
from typing import Any

import numpy as np
import sklearn
from benchmarks.speed.cases import BETA_1, BETA_2, EPSILON, LEARNING_RATE
from benchmarks.speed.contestants.contestant import Contestant
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


class Training(Contestant):
    """`fit`, told to take all epochs. It draws its own first weights (Glorot's, within ``fit``)."""

    def take_data(self) -> None:
        """Leave the data to NumPy."""

    def start(self, seed: int) -> None:
        """Make the estimator."""
        case = self.case
        self.model = MLPClassifier(
            case.hidden,
            alpha=0.0,
            batch_size=case.batch,
            learning_rate_init=LEARNING_RATE,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
            max_iter=case.epochs,
            n_iter_no_change=10**6,
            tol=0.0,
            random_state=seed,
        )

    def train(self) -> None:
        """Fit, without the warning that more epochs would be better."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model.fit(self.X, self.y)

    def weights(self) -> list[tuple[Any, Any]]:
        """Return the matrices; the one logit of two classes stands for the difference of two logits."""
        *hidden, (W, b) = zip(self.model.coefs_, self.model.intercepts_, strict=True)
        if self.case.outputs == 2:
            W, b = np.hstack([np.zeros_like(W), W]), np.append(np.zeros_like(b), b)
        return [*hidden, (W, b)]

    def about(self) -> str:
        """Return the version."""
        return f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}"
