"""From a table to numbers: `TableEncoder`."""

__all__ = ["ColumnSummary", "TableEncoder"]

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl
import scipy.sparse
from sklearn.exceptions import NotFittedError

from chainrule.errors import ParameterError, TableError, nearest
from chainrule.table.bins import share_bins
from chainrule.table.categories import CategoryPlan
from chainrule.table.columns import Columns, open_table
from chainrule.table.dates import DatePlan
from chainrule.table.encoder_config import read_encoder_config, write_plan
from chainrule.table.kinds import KINDS, Kind, decide
from chainrule.table.matching import check_count, compare_names, match_columns
from chainrule.table.plans import BooleanPlan, DroppedPlan, NumberPlan, Plan
from chainrule.table.raw_column import Column, FloatArray
from chainrule.table.sparse import encode_sparse, learn_sparse, open_sparse
from chainrule.table.weights import counted_rows

Encoded = npt.NDArray[np.floating] | scipy.sparse.csr_array[Any]


@dataclass(frozen=True)
class ColumnSummary:
    """For people: what became of a column.

    Attributes
    ----------
    name : str
        The column.
    kind : {"number", "boolean", "category", "date", "dropped"}
        What it was taken for.
    width : int
        How many encoded columns it has.
    note : str
        How it is treated, such as "12 categories, 3 rare pooled" or "dropped: constant".
    """

    name: str
    kind: str
    width: int
    note: str


class TableEncoder:
    """Encode a raw table as a matrix of numbers that a network trains well on.

    Columns are typed by rule (`chainrule.table.kinds.decide`) and each is encoded after its kind: `NumberPlan`,
    `BooleanPlan`, `CategoryPlan` and `DatePlan` say how. Everything is learned from the rows given to `fit`; rows of
    weight zero are as absent. Encoding is row by row: a part of a table is encoded to the same bits as in the whole.

    Parameters
    ----------
    columns : mapping of str or int to {"number", "boolean", "category", "date", "drop"}, or None
        Kinds of your own choice, by column name, or by position for arrays.
    max_categories : int
        Categories of a column beyond this many, 1 or more, are pooled.
    n_bins : int
        Quantile bins that a number column is spread over besides its own value (`chainrule.table.bins`), 0 or more;
        tables with many number columns get fewer. Columns of few distinct values and sparse tables get none.
    dtype : numpy.float32 or numpy.float64
        Of the encoded matrix; statistics are always float64.

    Attributes
    ----------
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names; only where all are text.
    plans_ : list of plan
        What was learned, one for each column.
    encoded_names_ : list of str
        Names of the D encoded columns: "age", "city = Rome", "age is missing", "sold_on: year".
    column_origin_ : ndarray of int, shape (D,)
        Position of the column each encoded column came from.
    """

    def __init__(
        self,
        columns: Mapping[Any, Kind] | None = None,
        *,
        max_categories: int = 30,
        n_bins: int = 0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        self.columns = columns
        self.max_categories = max_categories
        self.n_bins = n_bins
        self.dtype = dtype

    def fit(self, X: Any, sample_weight: npt.ArrayLike | None = None, *, caller: str = "TableEncoder") -> Self:
        """Type the columns and learn how to encode them.

        Parameters
        ----------
        X : DataFrame, array-like or scipy.sparse matrix, shape (N, columns)
            The training rows. Sparse tables hold numbers only.
        sample_weight : array-like (N,) or None
            Weights of the rows, finite and not negative; integer weights count as repetitions.
        caller : str
            Whom error messages speak of.

        Raises
        ------
        TableError
            If X is no table, a value cannot be read as its column's kind, or all columns are constant.
        ParameterError, ShapeError
            If a setting or ``sample_weight`` breaks its rule.
        """
        self._check_settings()
        if scipy.sparse.issparse(X):
            return self._fit_sparse(open_sparse(X, caller=caller), sample_weight)
        table = open_table(X, caller=caller)
        overrides = self._overrides(table.names)
        rows, weights = counted_rows(sample_weight, table.n_rows)
        plans: list[Plan] = []
        for position, name in enumerate(table.names):
            column = table.at(position)
            counted = column if rows is None else column.take(rows)
            plans.append(self._learn(counted, weights, overrides.get(name), table.named))
        numbers = {place: plan for place, plan in enumerate(plans) if isinstance(plan, NumberPlan)}
        if n_bins := share_bins(self.n_bins, len(numbers)):
            for place, plan in numbers.items():
                column = table.at(place)
                plans[place] = plan.with_bins(column if rows is None else column.take(rows), weights, n_bins)
        self._sparse = False
        return self._remember(table.names, table.named, plans, table.n_rows)

    def transform(
        self, X: Any, *, extra: Literal["raise", "ignore"] = "raise", caller: str = "TableEncoder", first_row: int = 0
    ) -> Encoded:
        """Encode a table.

        Parameters
        ----------
        X : DataFrame, array-like or scipy.sparse matrix, shape (N, columns)
            Columns of a DataFrame are found by name, in any order; those that were dropped may be absent. Columns of
            arrays are found by position.
        extra : {"raise", "ignore"}
            What to do about columns that were not there in `fit`.
        caller : str
            Whom error messages speak of.
        first_row : int
            Number of the first row, for error messages on pieces of a table.

        Returns
        -------
        ndarray (N, D) of ``dtype``, C-contiguous; or scipy.sparse.csr_array (N, D)
            Sparse if X is sparse and `fit` saw a sparse table.

        Raises
        ------
        TableError
            If a column is absent or not expected, or a value cannot be read as its column's kind.
        """
        self._check_fitted()
        if scipy.sparse.issparse(X):
            table = open_sparse(X, caller=caller, first_row=first_row)
            check_count(table.shape[1], self.n_features_in_, caller)
            if self._sparse:
                return encode_sparse(table, self.plans_, np.dtype(self.dtype))
            X = table.toarray()
        columns = open_table(X, caller=caller, first_row=first_row)
        positions = match_columns(columns, self.plans_, by_name=self._named, extra=extra, caller=caller)
        return self._encode(columns, positions)

    def fit_transform(self, X: Any, sample_weight: npt.ArrayLike | None = None) -> Encoded:
        """Fit to a table and encode it: `fit`, then `transform`."""
        return self.fit(X, sample_weight).transform(X)

    def check_columns(self, X: Any) -> tuple[list[str], list[str]]:
        """Return the names of the columns that `transform` would miss in a DataFrame, and of those it does not know.

        Both are empty where columns go by position.
        """
        self._check_fitted()
        if scipy.sparse.issparse(X):
            return [], []
        table = open_table(X, caller="TableEncoder")
        return compare_names(table.names, self.plans_) if table.named and self._named else ([], [])

    def summary(self) -> list[ColumnSummary]:
        """Return what became of each column, for people."""
        self._check_fitted()
        return [ColumnSummary(str(p.name), p.kind, len(p.encoded_names()), p.note) for p in self.plans_]

    def reading_schema(self) -> dict[str, Any]:
        """Return the types with which to read delimited files: `chainrule.table.read_table(path, schema=...)`.

        Numbers are read as such; all else is left text, which `transform` reads by what it learned. So a category
        called 007 stays 007, also in a file, or a piece of one, where every cell of that column looks like a number.
        """
        self._check_fitted()
        return {
            str(plan.name): pl.Float64 if isinstance(plan, NumberPlan) else pl.String
            for plan in self.plans_
            if not isinstance(plan, DroppedPlan)
        }

    def to_config(self) -> dict[str, Any]:
        """Return everything that was learned as plain JSON values; `from_config` restores it to the same bits."""
        self._check_fitted()
        return {
            "max_categories": int(self.max_categories),
            "n_bins": int(self.n_bins),
            "dtype": np.dtype(self.dtype).name,
            "columns": [
                [int(name) if isinstance(name, np.integer) else name, kind]
                for name, kind in (self.columns or {}).items()
            ],
            "named": self._named,
            "sparse": self._sparse,
            "plans": [write_plan(plan) for plan in self.plans_],
        }

    @classmethod
    def from_config(cls, config: object) -> Self:
        """Restore a fitted encoder from what `to_config` returned.

        Raises
        ------
        ParameterError
            If ``config`` is anything else; it names the entry.
        """
        settings, named, sparse, plans = read_encoder_config(config)
        encoder = cls(**settings)
        encoder._check_settings()
        encoder._sparse = sparse
        return encoder._remember([plan.name for plan in plans], named, plans)

    def _fit_sparse(self, table: scipy.sparse.csr_array[Any], sample_weight: npt.ArrayLike | None) -> Self:
        overrides = self._overrides(range(table.shape[1]))
        for name, kind in overrides.items():
            if kind not in ("number", "drop"):
                raise ParameterError(
                    f"columns[{name!r}] must be 'number' or 'drop' for a sparse table, which holds numbers only. "
                    f"Got {kind!r} instead."
                )
        rows, weights = counted_rows(sample_weight, table.shape[0])
        plans = learn_sparse(table if rows is None else table[rows], weights)
        for name, kind in overrides.items():
            if kind == "drop":
                plans[name] = DroppedPlan(name, "by you")
        self._sparse = True
        return self._remember(range(table.shape[1]), False, plans, table.shape[0])

    def _learn(self, column: Column, weights: FloatArray | None, override: Kind | None, named: bool) -> Plan:
        decision = decide(column, override, named=named)
        learned, said = decision.column, decision.reason
        if decision.kind == "number":
            return NumberPlan.learn(learned, weights, said=said)
        if decision.kind == "boolean":
            return BooleanPlan.learn(learned, words=column.storage == "text", said=said)
        if decision.kind == "date":
            return DatePlan.learn(learned, weights, said=said)
        if decision.kind == "category":
            return CategoryPlan.learn(learned, weights, max_categories=self.max_categories, said=said)
        return DroppedPlan(column.name, said)

    def _encode(self, table: Columns, positions: list[int | None]) -> npt.NDArray[np.floating]:
        out = np.zeros((table.n_rows, len(self.encoded_names_)), self.dtype)
        start = 0
        for plan, position in zip(self.plans_, positions, strict=True):
            width = len(plan.encoded_names())
            if position is not None and width:
                plan.encode(table.at(position), out[:, start : start + width])
            start += width
        return out

    def _overrides(self, names: Any) -> dict[Any, Kind]:
        overrides = dict(self.columns or {})
        for name, kind in overrides.items():
            if kind not in KINDS:
                known = ", ".join(map(repr, KINDS))
                raise ParameterError(
                    f"columns[{name!r}] must be one of {known}. Got {kind!r} instead.{nearest(str(kind), KINDS)}"
                )
            if name not in names:
                raise ParameterError(
                    f"columns names {name!r}, but there is no such column.{nearest(str(name), map(str, names))}"
                )
        return overrides

    def _check_settings(self) -> None:
        if self.columns is not None and not isinstance(self.columns, Mapping):
            raise ParameterError(f"columns must be a mapping of column names to kinds. Got {self.columns!r} instead.")
        for name, least in (("max_categories", 1), ("n_bins", 0)):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
                raise ParameterError(f"{name} must be an int of at least {least}. Got {count!r} instead.")
        if self.dtype not in (np.float32, np.float64, "float32", "float64"):
            raise ParameterError(f"dtype must be float32 or float64. Got {self.dtype!r} instead.")

    def _check_fitted(self) -> None:
        if not hasattr(self, "plans_"):
            raise NotFittedError("This TableEncoder is not fitted yet; call fit with the training rows first.")

    def _remember(self, names: Any, named: bool, plans: list[Plan], n_rows: int | None = None) -> Self:
        widths = [len(plan.encoded_names()) for plan in plans]
        if not any(widths):
            reasons = "; ".join(f"{plan.name!r}: {plan.note}" for plan in plans[:5])
            rows = "1 sample" if n_rows == 1 else f"{n_rows} rows"
            raise TableError(
                f"all columns are constant or dropped in the {rows} given: nothing to learn from. {reasons}"
            )
        self.plans_ = plans
        self.n_features_in_ = len(plans)
        if named:
            self.feature_names_in_ = np.array(list(names), dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        self.encoded_names_ = [name for plan in plans for name in plan.encoded_names()]
        self.column_origin_ = np.repeat(np.arange(len(plans)), widths)
        self._named = named
        return self
