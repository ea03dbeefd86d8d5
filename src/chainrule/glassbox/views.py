"""What an opened step shows besides its passes: its rows, its error, and which rows made a gradient."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.names import Weight
from chainrule.glassbox.tables import LARGEST, Shown, Table, counted, largest
from chainrule.network import Inputs

__all__ = ["Contributions", "StepError", "StepRows"]

Numbers = NDArray[np.float64]
MOST_COLUMNS = 8  # columns of the table that are shown
_COLUMNS = ("row", "prediction", "expected")  # of numbers, as the network takes them


@dataclass(frozen=True, eq=False, repr=False)
class StepRows(Shown):
    """The rows of a step's minibatch.

    Parameters
    ----------
    numbers : array (n,) of int
        Their places in the table, from 0.
    columns : mapping of str to sequence (n,)
        Their values as they were given, by column, the target's last; empty where they are not at hand.
    encoded : array or CSR matrix (n, D)
        Their values as the network takes them.
    target : array (n,) or (n, K)
        The target, encoded.
    weight : array (n,) or None
        Row weights; None is 1 for each.
    """

    numbers: NDArray[np.int64]
    columns: Mapping[str, Sequence[Any]]
    encoded: Inputs
    target: NDArray[Any]
    weight: Numbers | None

    def __len__(self) -> int:
        return len(self.numbers)

    def tables(self) -> Iterator[Table]:
        """Show the first rows: as they were given where they are at hand, else their numbers and weights."""
        names = list(self.columns)
        shown = names if len(names) <= MOST_COLUMNS else [*names[: MOST_COLUMNS - 1], names[-1]]
        n_left = len(names) - len(shown)
        yield self.as_table(shown, LARGEST, note=f"{n_left} more columns" if n_left else "")

    def as_table(self, names: Sequence[str], n_rows: int, *, note: str) -> Table:
        """Return the first rows as a table of some columns, missing values as None."""
        values = [[_given(value) for value in self.columns[name][:n_rows]] for name in names]
        title = counted(len(self), "row") if len(self) <= n_rows else f"{n_rows:,} of {len(self):,} rows"
        return Table(title, ("row", *names), list(zip(self.numbers[:n_rows].tolist(), *values, strict=True)), note)


@dataclass(frozen=True, eq=False, repr=False)
class StepError(Shown):
    """The error of a minibatch of n rows.

    Parameters
    ----------
    value : float
        E, the penalty included.
    penalty : float
        The penalty's part of E.
    rows : array (n,) of int
        The rows' places in the table.
    predictions : array (n, K)
        What the loss makes of the logits: probabilities for the losses of classes.
    expected : array (n,) or (n, K)
        The target, encoded.
    losses : array (n,)
        Each row's loss, its weight left out.
    outputs : list of str (K,)
        What the outputs are called.
    classes : list of str
        What class codes are called; empty where a row is not of one class.
    """

    value: float
    penalty: float
    rows: NDArray[np.int64]
    predictions: Numbers
    expected: NDArray[Any]
    losses: Numbers
    outputs: list[str]
    classes: list[str]

    def tables(self) -> Iterator[Table]:
        """Show the rows of largest loss: of classes the expected one, what it was given, and the one given most."""
        columns = ("row", "expected", "its probability", "likeliest", "probability") if self.classes else _COLUMNS
        of_row = self._of_class if self.classes else self._of_numbers
        rows = [(int(self.rows[i]), *of_row(i), self.losses[i]) for i in largest(self.losses).tolist()]
        notes = [f"E holds a penalty of {self.penalty:.6g}"] if self.penalty else []
        if len(self.outputs) > 1 and not self.classes:
            notes.append(f"in brackets: {', '.join(self.outputs)}")
        yield Table(f"E = {self.value:.6g}; rows of largest loss", (*columns, "loss"), rows, "; ".join(notes))

    def _of_class(self, i: int) -> tuple[str, float, str, float]:
        p = self.predictions[i]
        given = p if len(p) > 1 else np.array([1.0 - p[0], p[0]])
        expected, likeliest = int(np.ravel(self.expected[i])[0]), int(given.argmax())
        return self.classes[expected], given[expected], self.classes[likeliest], given[likeliest]

    def _of_numbers(self, i: int) -> tuple[Any, Any]:
        return _pair(self.predictions[i]), _pair(self.expected[i])


def _given(value: Any) -> Any:
    """Return a value of a table, a missing one as None."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _pair(values: Any) -> Any:
    """Return one number as it is, several in brackets."""
    flat = np.ravel(values)
    return flat[0] if len(flat) == 1 else "(" + ", ".join(f"{v:.4g}" for v in flat) + ")"


@dataclass(frozen=True, eq=False, repr=False)
class Contributions(Shown):
    """Which rows made the gradient of one weight: ∂E/∂w = Σ a·δ over n rows, plus the penalty's part.

    All arrays are in the order of ``products``, largest size first.

    Parameters
    ----------
    weight : Weight
    rows : array (n,) of int
        The rows' places in the table.
    activations : array (n,)
        a: what came in from the weight's source; 1 for a bias.
    deltas : array (n,)
        δ of the neuron it goes to; divisor and row weight are in it.
    products : array (n,)
        a·δ.
    penalty : float
        The penalty's part of the gradient.
    """

    weight: Weight
    rows: NDArray[np.int64]
    activations: Numbers
    deltas: Numbers
    products: Numbers
    penalty: float

    @property
    def gradient(self) -> float:
        """∂E/∂w."""
        return float(self.products.sum() + self.penalty)

    def tables(self) -> Iterator[Table]:
        """Show the largest, and what all others add."""
        columns = (self.rows, self.activations, self.deltas, self.products)
        rows: list[tuple[Any, ...]] = [tuple(column[i] for column in columns) for i in range(min(8, len(self.rows)))]
        if len(self.rows) > 8:
            rows.append((f"{len(self.rows) - 8} more", None, None, self.products[8:].sum()))
        if self.penalty:
            rows.append(("penalty", None, None, self.penalty))
        rows.append(("∂E/∂w", None, None, self.gradient))
        yield Table(str(self.weight), ("row", "a", "δ", "a·δ"), rows)
