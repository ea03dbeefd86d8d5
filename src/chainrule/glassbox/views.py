"""What an opened step shows besides its passes: its rows, its error, and which rows made a gradient."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.names import Weight
from chainrule.glassbox.tables import Shown, Table, largest
from chainrule.network import Inputs

__all__ = ["Contributions", "StepError", "StepRows"]

Numbers = NDArray[np.float64]
MOST_COLUMNS = 8  # columns of the table that are shown


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
        rows = [(int(number), *(self.columns[name][i] for name in shown)) for i, number in enumerate(self.numbers[:8])]
        notes = [f"{len(self) - 8} more rows"] if len(self) > 8 else []
        notes += [f"{len(names) - len(shown)} more columns"] if len(names) > len(shown) else []
        yield Table(f"{len(self)} rows", ("row", *shown), rows, ", ".join(notes))


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
    """

    value: float
    penalty: float
    rows: NDArray[np.int64]
    predictions: Numbers
    expected: NDArray[Any]
    losses: Numbers
    outputs: list[str]

    def tables(self) -> Iterator[Table]:
        """Show the rows of largest loss."""
        rows = [
            (int(self.rows[i]), _pair(self.predictions[i]), _pair(self.expected[i]), self.losses[i])
            for i in largest(self.losses)
        ]
        note = f"E holds a penalty of {self.penalty:.6g}" if self.penalty else ""
        yield Table(
            f"E = {self.value:.6g}; rows of largest loss", ("row", "prediction", "expected", "loss"), rows, note
        )


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
