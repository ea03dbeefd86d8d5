"""A drop-in for scikit-learn's networks: its columns are numbers without gaps, taken as they are."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.cli.models.base import Features, Model
from chainrule.cli.models.numbers import only_numbers
from chainrule.errors import ParameterError
from chainrule.estimators.description import describe_network, describe_settings
from chainrule.estimators.metrics import classification_metrics, regression_metrics

__all__ = ["DropIn"]


class DropIn(Model):
    """A fitted ``MLPClassifier`` or ``MLPRegressor``; see ``Model``."""

    @property
    def name(self) -> str:
        """The estimator's."""
        return type(self.estimator).__name__

    @property
    def replay_hint(self) -> str:
        """What to do where a table is not that of the training."""
        return "Give the table of fit, all its rows in their order, and its sample_weight as a column: --row-weight."

    def reading_schema(self) -> dict[str, Any]:
        """Return no types: a column that is not of numbers is met with an error that knows the model's rules."""
        return {}

    def shares(self, holdout: float | None) -> list[float]:
        """Return the whole table alone: what was held out from a training in Python is not known.

        Raises
        ------
        ParameterError
            If the user names another share.
        """
        if holdout:
            raise ParameterError(
                f"--holdout is for models of train, and {self.path} is of {self.name}.fit in Python. Leave it out, and "
                "give a table of the rows that fit was given."
            )
        return [0.0]

    def naming_rows(self, table: str, features: Features, *, first_row: int = 0) -> AbstractContextManager[None]:
        """Return a block that does nothing: all values are checked before."""
        return nullcontext()

    def metrics(self, X: Features, y: pl.Series, weight: npt.NDArray[np.float64] | None) -> dict[str, float | None]:
        """Return the metrics that models of tables have, of the estimator's predictions."""
        if self.classes is None:
            return dict(regression_metrics(y.cast(pl.Float64).to_numpy(), self.estimator.predict(X), weight))
        codes = np.searchsorted(self.classes, y.to_numpy())
        return dict(classification_metrics(codes, self.estimator.predict_proba(X), weight))

    def describe(self) -> dict[str, Any]:
        """Return what a model of tables tells of itself, as far as there is the like."""
        estimator, history = self.estimator, self.estimator.history_
        names = getattr(estimator, "feature_names_in_", [f"x{i}" for i in range(estimator.n_features_in_)])
        return {
            "estimator": self.name,
            "task": self.task,
            "target": estimator.target_name_,
            "classes": None if self.classes is None else self.classes.tolist(),
            "features": estimator.n_features_in_,
            "columns": [{"name": str(name), "kind": "number", "inputs": 1, "note": "as it is"} for name in names],
            "network": describe_network(estimator),
            "settings": describe_settings(estimator),
            "seed": estimator.random_state if isinstance(estimator.random_state, int) else None,
            "epochs": estimator.n_iter_,
            "best_epoch": None,
            "stop_reason": estimator.stop_reason_,
            "seconds": history[-1]["seconds"] if history else None,
            "validation_metrics": None,
            "history": {"first": history[0], "last": history[-1]} if history else None,
        }

    def _checked(self, table: str, features: pl.DataFrame, numbers: npt.NDArray[np.int64]) -> pl.DataFrame:
        return only_numbers(table, features, numbers, owner=self.name)

    def _compare(self, frame: pl.DataFrame) -> tuple[list[str], list[str]]:
        names = self.estimator.feature_names_in_.tolist()
        missing = [name for name in names if name not in frame.columns]
        return missing, [name for name in frame.columns if name not in names]
