"""A loss of the user's own: held to its gradient and shapes before anything is trained with it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import EngineWarning, ParameterError, ShapeError
from chainrule.network import LogLoss, Loss

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "batch_size": 16}


@dataclass(frozen=True)
class LogCosh(Loss):
    """Σₖ ln cosh rₖ."""

    kind: ClassVar[str] = "log_cosh"
    slope: float = 1.0

    def rows(self, logits, y):
        r = logits - y
        return np.log(np.cosh(r)).sum(axis=1), self.slope * np.tanh(r)


@dataclass(frozen=True)
class Brier(LogLoss):
    """Σₖ ½(pₖ - yₖ)² with p = 1/(1 + e⁻ᶻ)."""

    kind: ClassVar[str] = "brier"

    def rows(self, logits, y):
        p = self.predict(logits)
        return 0.5 * np.square(p - y).sum(axis=1), (p - y) * p * (1 - p)


def test_a_loss_of_ones_own_runs_on_the_reference_engine_and_says_so(number, binary):
    with pytest.warns(
        EngineWarning, match="loss=LogCosh is not one of chainrule's own: training runs on the reference"
    ):
        model = MLPRegressor(**QUICK | {"max_iter": 20, "learning_rate_init": 0.02}, loss=LogCosh()).fit(*number)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    quiet = MLPClassifier(**QUICK, loss=Brier(), engine="reference").fit(*binary)
    assert quiet.predict_proba(binary[0]).shape == (64, 2)


def test_a_loss_with_a_wrong_gradient_is_refused(number):
    with pytest.raises(ParameterError, match=r"loss=LogCosh\(slope=1.001\): the gradient that rows\(\) returns is not"):
        MLPRegressor(**QUICK, loss=LogCosh(slope=1.001), engine="reference").fit(*number)


@dataclass(frozen=True)
class Column(LogCosh):
    """LogCosh, as a column."""

    def rows(self, logits, y):
        losses, d_logits = super().rows(logits, y)
        return losses[:, None], d_logits


def test_a_loss_whose_shapes_are_wrong_is_refused(number):
    with pytest.raises(
        ShapeError, match=r"rows\(\) must return each row's loss, shape \(8,\), .* Got .* \[\(8, 1\), \(8, 1\)"
    ):
        MLPRegressor(**QUICK, loss=Column(), engine="reference").fit(*number)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_loss_of_numbers_is_not_one_of_classes(problem, n_classes):
    X, y, _ = problem("binary" if n_classes == 2 else "multiclass")
    with pytest.raises(ParameterError, match=f"does not suit {n_classes} classes.* whose predict returns their probab"):
        MLPClassifier(**QUICK, loss=LogCosh(), engine="reference").fit(X, y)
