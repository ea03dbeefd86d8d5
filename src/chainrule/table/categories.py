"""Categories as one-hot columns."""

__all__ = ["CategoryPlan"]

from dataclasses import dataclass
from typing import ClassVar
from warnings import warn

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import ChainruleWarning
from chainrule.table.conversion import to_keys
from chainrule.table.plans import Output, gap_names, label
from chainrule.table.raw_column import Column, ColumnName, FloatArray, Storage

_MANY = 20  # values of which none is known, before it is worth a warning


@dataclass(frozen=True)
class CategoryPlan:
    """A category as one-hot columns of 0 and 1, in the order of the names.

    Categories beyond the ``max_categories`` that weigh most in training (ties: first by name) are pooled into one
    column, "is rare"; a missing value has a column of its own if training rows had gaps. Just two categories, without
    gaps, are one column: −1 and +1. A category that was not in training is unknown: all zeros;
    where none of many values is known, a ``ChainruleWarning`` says so.

    Attributes
    ----------
    name : str or int
        The column.
    categories : tuple of str
        Those with a column of their own, sorted.
    rare : tuple of str
        Those that are pooled, sorted.
    gaps : bool
        Whether training rows had gaps.
    source : {"number", "boolean", "time", "text"}
        What the column was stored as in training.
    said : str
        That the user chose this kind, or which few cells keep the column from being a number.
    """

    kind: ClassVar[str] = "category"
    name: ColumnName
    categories: tuple[str, ...]
    rare: tuple[str, ...]
    gaps: bool
    source: Storage
    said: str = ""

    @classmethod
    def learn(
        cls, column: Column, weights: FloatArray | None, *, max_categories: int, said: str = ""
    ) -> "CategoryPlan":
        """Learn the categories, and which are rare, from the training rows."""
        keys = to_keys(column, column.storage)
        names, mass = _weigh(keys, weights)
        ranked = [names[place] for place in np.lexsort((np.arange(len(names)), -mass))]
        kept, rare = sorted(ranked[:max_categories]), sorted(ranked[max_categories:])
        return cls(column.name, tuple(kept), tuple(rare), keys.null_count() > 0, column.storage, said)

    @property
    def note(self) -> str:
        """Whose choice the kind was, and how many categories there are."""
        rare = f", {len(self.rare)} rare pooled" if self.rare else ""
        n_categories = len(self.categories) + len(self.rare)
        count = f"{n_categories} {'category' if n_categories == 1 else 'categories'}{rare}"
        return "; ".join(filter(None, [self.said, count, "gaps get a code" if self.gaps else ""]))

    @property
    def is_binary(self) -> bool:
        """Whether the plan is one column of −1 and +1."""
        return len(self.categories) == 2 and not self.rare and not self.gaps

    def encoded_names(self) -> list[str]:
        """Return names such as "city = Rome", "city is rare" and "city is missing"."""
        name = label(self.name)
        if self.is_binary:
            return [f"{name} = {self.categories[1]}"]
        rare = [f"{name} is rare"] if self.rare else []
        return [*(f"{name} = {category}" for category in self.categories), *rare, *gap_names(self.name, self.gaps)]

    def encode(self, column: Column, out: Output) -> None:
        """Write each row's one; nothing where the category is unknown."""
        keys = to_keys(column, self.source)
        codes = self._codes(keys)
        if not (codes[keys.is_not_null().to_numpy()] >= 0).any():
            self._warn_of_strangers(keys.drop_nulls())
        rows = np.flatnonzero(codes >= 0)
        if self.is_binary:
            out[rows, 0] = 2 * codes[rows] - 1
        else:
            out[rows, codes[rows]] = 1

    def _warn_of_strangers(self, keys: pl.Series) -> None:
        """Warn where none of many values is known: a category may be new, a whole column of them is not."""
        if len(keys) >= _MANY:
            known = ", ".join(map(repr, self.categories[:3]))
            warn(
                f"column {self.name!r}: none of {len(keys)} values was seen in training (first {keys[0]!r}; training "
                f"saw {known}, …), so all count as unknown. Is it the right column?",
                ChainruleWarning,
                stacklevel=2,
            )

    def _codes(self, keys: pl.Series) -> npt.NDArray[np.int64]:
        """Return each row's one-hot column (N,), −1 where the category is unknown."""
        codes: dict[str | None, int] = {category: code for code, category in enumerate(self.categories)}
        codes |= dict.fromkeys(self.rare, len(self.categories))
        codes[None] = len(self.categories) + bool(self.rare) if self.gaps else -1
        return keys.replace_strict(codes, default=-1, return_dtype=pl.Int64).to_numpy()


def _weigh(keys: pl.Series, weights: FloatArray | None) -> tuple[list[str], FloatArray]:
    """Return the distinct names, sorted, and the weight of each; the order of the rows does not matter."""
    names = keys.drop_nulls().unique().sort().to_list()
    place = {name: code for code, name in enumerate(names)}
    codes = keys.replace_strict(place, default=None, return_dtype=pl.Int64)
    present = codes.is_not_null().to_numpy()
    found = codes.drop_nulls().to_numpy()
    mass = np.ones(len(found)) if weights is None else weights[present]
    order = np.lexsort((mass, found))  # Sums of floats depend on their order, so it is fixed.
    return names, np.bincount(found[order], mass[order], len(names)).astype(np.float64)
