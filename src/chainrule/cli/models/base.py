"""What every command may ask of a saved model, whatever estimator it is."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.cli.console import Teller
from chainrule.errors import ModelFileError, TableError, nearest

__all__ = ["Features", "Model"]

Features = pl.DataFrame | npt.NDArray[Any]


class Model(ABC):
    """A fitted estimator and the columns of tables that it takes.

    Parameters
    ----------
    estimator : fitted estimator
    path : str
        Its file, for messages.
    """

    def __init__(self, estimator: Any, path: str) -> None:
        self.estimator, self.path = estimator, path

    @property
    def classes(self) -> npt.NDArray[Any] | None:
        """The K class labels; None of a model that predicts numbers."""
        return getattr(self.estimator, "classes_", None)

    @property
    def task(self) -> str:
        """What it does, in a word."""
        return "regression" if self.classes is None else "classification"

    @property
    def target(self) -> str:
        """The name of the target's column.

        Raises
        ------
        ModelFileError
            If the model does not know it.
        """
        if self.estimator.target_name_ is None:
            raise ModelFileError(
                f"{self.path} was trained in Python on a target without a name, so its column in a table is unknown. "
                "Use the model's methods in Python, or train with y as a named Series."
            )
        return str(self.estimator.target_name_)

    @property
    @abstractmethod
    def replay_hint(self) -> str:
        """What to do where a table is not that of the training."""

    @abstractmethod
    def reading_schema(self) -> dict[str, Any]:
        """Return the types with which delimited files are read; the others are found."""

    @abstractmethod
    def shares(self, holdout: float | None) -> list[float]:
        """Return the shares of a table that may have been held out from the training, in the order of trying.

        ``holdout`` is what the user says of it; ParameterError if that cannot be.
        """

    @abstractmethod
    def naming_rows(self, table: str, features: Features, *, first_row: int = 0) -> AbstractContextManager[None]:
        """Return a block in which errors about values name the table, and rows by their place in it.

        ``features`` are those of all rows of the table, or of a piece of it that begins at ``first_row``.
        """

    @abstractmethod
    def metrics(self, X: Features, y: pl.Series, weight: npt.NDArray[np.float64] | None) -> dict[str, float | None]:
        """Return metrics by name, on rows with features X (N, D), target y (N,) and weights (N,) or None."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Return what the model is, as plain values."""

    @abstractmethod
    def _compare(self, frame: pl.DataFrame) -> tuple[list[str], list[str]]:
        """Return the names of the columns that a table lacks, and of those that the model does not know."""

    def _checked(self, table: str, features: pl.DataFrame, numbers: npt.NDArray[np.int64]) -> pl.DataFrame:
        """Return features with every value as the estimator takes it; by default it reads them itself."""
        return features

    def features(
        self, table: str, frame: pl.DataFrame, numbers: npt.NDArray[np.int64], *, teller: Teller | None = None
    ) -> Features:
        """Return the columns that the model was trained on, in its order; others are ignored, and said so.

        Parameters
        ----------
        table : str
            The table's file, for messages.
        frame : polars.DataFrame of N rows
        numbers : array (N,)
            Their places in the table, from 0, for messages.
        teller : Teller, optional
            Is told of ignored columns, other than the target.

        Returns
        -------
        polars.DataFrame or array of shape (N, D)
            An array for a model that was trained on one.

        Raises
        ------
        TableError
            If a column is missing, or a model that goes by place was trained on another number of them, or a value is
            none that the model can take.
        """
        if not hasattr(self.estimator, "feature_names_in_"):
            return self._checked(table, self._by_place(table, frame), numbers).to_numpy()
        return self._checked(table, self._by_name(table, frame, teller), numbers)

    def _by_name(self, table: str, frame: pl.DataFrame, teller: Teller | None) -> pl.DataFrame:
        missing, extra = self._compare(frame)
        if missing:
            others = f" (nor {len(missing) - 1} more: {', '.join(missing[1:6])})" if len(missing) > 1 else ""
            raise TableError(
                f"{table}: has no column {missing[0]!r}{others}, which the model was trained on."
                f"{nearest(missing[0], extra)} chainrule inspect lists the model's columns."
            )
        ignored = [name for name in extra if name != self.estimator.target_name_]
        if ignored and teller is not None:
            shown = ", ".join(ignored[:10]) + (", …" if len(ignored) > 10 else "")
            teller.note(f"{table}: columns the model does not know are ignored: {shown}")
        names = self.estimator.feature_names_in_.tolist()
        # Columns that training dropped may be absent; scikit-learn counts them all the same.
        absent = [pl.lit(None).alias(name) for name in names if name not in frame.columns]
        return frame.with_columns(absent).select(names)

    def _by_place(self, table: str, frame: pl.DataFrame) -> pl.DataFrame:
        features = frame.drop(self.estimator.target_name_ or (), strict=False)
        if features.width != self.estimator.n_features_in_:
            raise TableError(
                f"{table}: has {features.width} columns of features, but the model was trained on an array of "
                f"{self.estimator.n_features_in_}. Give it the same columns in the same order."
            )
        return features
