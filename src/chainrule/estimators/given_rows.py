"""The rows of a table as they were given, for opened steps to show."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from chainrule.engine import Source
from chainrule.errors import ReplayError
from chainrule.estimators.rows import Rows

__all__ = ["GivenRows"]


class GivenRows:
    """Rows of the table that a model was trained on.

    The table is the caller's own, not a copy, and may have been changed since: what is shown is encoded again and
    compared with what the network was trained on.

    Parameters
    ----------
    model : TableEstimator or MultilayerPerceptron
    rows : Rows
    source : Source
        The N training rows, encoded.
    training : array (N,)
        Which of ``rows`` they are.
    """

    def __init__(self, model: Any, rows: Rows, source: Source, training: NDArray[np.int64]) -> None:
        names = getattr(model, "feature_names_in_", None)
        self._columns = [f"x{i}" for i in range(model.n_features_in_)] if names is None else [str(n) for n in names]
        self._target = model.target_name_ or "target"
        self._rows, self._source = rows, source
        self._places = np.argsort(training)
        self._training = training[self._places]
        self._encode_features, self._encode_target = model._encode_features, model._encode_target

    def values(self, numbers: NDArray[np.int64]) -> Mapping[str, Sequence[Any]]:
        """Return the values of the rows at these places of the table, by column, the target's last.

        Raises
        ------
        ReplayError
            If they are not those that the network was trained on any more.
        """
        rows = np.searchsorted(self._rows.numbers, numbers)
        X, y = self._some(rows), self._rows.y[rows]
        self._check(X, y, self._places[np.searchsorted(self._training, rows)])
        columns = self._columns_of(X)
        y = y.reshape(len(rows), -1)
        targets = [self._target] if y.shape[1] == 1 else [f"{self._target} {k + 1}" for k in range(y.shape[1])]
        named = {f"{name} (target)" if name in columns else name: y[:, k].tolist() for k, name in enumerate(targets)}
        return columns | named

    def _some(self, rows: NDArray[np.intp]) -> Any:
        X = self._rows.X
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        return frame[rows.tolist()].to_native() if isinstance(frame, nw.DataFrame) else X[rows]

    def _check(self, X: Any, y: NDArray[Any], places: NDArray[np.intp]) -> None:
        trained_on = self._source.take(places)
        encoded = self._encode_features(X)
        target = self._encode_target(y, self._source.target.dtype)
        differs: Any = encoded != trained_on.numbers
        if differs.sum() or not np.array_equal(target, trained_on.target):
            raise ReplayError(
                "the table was changed after fit: these rows are not those that the network was trained on any more. "
                "Give the table as it was: model.replay(X, y)."
            )

    def _columns_of(self, X: Any) -> dict[str, Sequence[Any]]:
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            return {str(name): frame[name].to_list() for name in frame.columns}
        if issparse(X):  # columns that these rows have no number in are left out
            some = cast(Any, X)
            filled = np.unique(some.indices)
            values = some[:, filled].toarray()
            return {self._columns[j]: values[:, k].tolist() for k, j in enumerate(filled)}
        return {name: X[:, j].tolist() for j, name in enumerate(self._columns)}
