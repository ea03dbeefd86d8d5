"""A model of tables: its encoder reads whatever its columns hold."""

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.cli.models.base import Features, Model
from chainrule.cli.rows import naming_rows

__all__ = ["TableModel"]

USUAL_SHARE = 0.2  # that train holds out unless told otherwise


class TableModel(Model):
    """A fitted ``TableClassifier`` or ``TableRegressor``; see ``Model``."""

    @property
    def replay_hint(self) -> str:
        """What to do where a table is not that of the training."""
        return "If train was told --holdout or --weight, say the same here (--holdout 0 for --test)."

    def reading_schema(self) -> dict[str, Any]:
        """Return the types that the encoder wants."""
        schema: dict[str, Any] = self.estimator.encoder_.reading_schema()
        return schema

    def shares(self, holdout: float | None) -> list[float]:
        """Return the share that the user names, otherwise the usual one, then none."""
        return [USUAL_SHARE, 0.0] if holdout is None else [holdout]

    def naming_rows(self, table: str, features: Features, *, first_row: int = 0) -> AbstractContextManager[None]:
        """Return a block in which errors about values are met again in the whole table, and so name its rows."""
        encode = partial(self.estimator.encoder_.transform, features, extra="ignore", first_row=first_row)
        return naming_rows(table, encode)

    def metrics(self, X: Features, y: pl.Series, weight: npt.NDArray[np.float64] | None) -> dict[str, float | None]:
        """Return the estimator's own metrics."""
        return dict(self.estimator.score_table(X, y, weight))

    def describe(self) -> dict[str, Any]:
        """Return the estimator's own description."""
        about: dict[str, Any] = self.estimator.describe()
        return about

    def _compare(self, frame: pl.DataFrame) -> tuple[list[str], list[str]]:
        missing, extra = self.estimator.encoder_.check_columns(frame)
        return missing, extra
