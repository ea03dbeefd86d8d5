"""The numbers of a step, each with its symbol."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.derivation.expression import Expression, Quantity, Rest, Series, Symbol, Total
from chainrule.glassbox.derivation.notation import Notation
from chainrule.glassbox.derivation.number import Number
from chainrule.glassbox.names import Weight
from chainrule.network import Dropout, Loss
from chainrule.network.losses import REPORTED_LOSSES

if TYPE_CHECKING:
    from chainrule.glassbox.step import Step

__all__ = ["SHOWN", "Facts", "descended", "given", "letter", "series"]

Numbers = NDArray[np.float64]

SHOWN = 3  # terms of a sum that are shown


class Facts:
    """What a derivation takes from an opened step; rows, layers and units count from 0 within step and network.

    Parameters
    ----------
    step : Step
    """

    def __init__(self, step: "Step") -> None:
        self.step = step
        self.network = step.moment.network
        caches = step.forward_pass.caches
        idle = [i for i, layer in enumerate(self.network.layers) if isinstance(layer, Dropout) and caches[i] is None]
        self.idle = idle
        self.notation = Notation(self.network, idle)

    @cached_property
    def loss(self) -> Loss:
        """The loss whose gradient is descended."""
        return descended(self.network.loss)

    @cached_property
    def losses(self) -> Numbers:
        """Each row's loss, shape (n,)."""
        losses: Numbers = self.loss.rows(self.logits, self.target)[0]
        return losses

    @property
    def logits(self) -> Numbers:
        """What the network answers, shape (n, K)."""
        return self.step.forward_pass.logits

    @property
    def target(self) -> NDArray[Any]:
        """Class codes (n,), or numbers (n, K)."""
        return self.step.moment.batch.target

    @cached_property
    def row_weights(self) -> Numbers | None:
        """Row weights (n,); None if each is 1."""
        weight = self.step.moment.batch.weight
        return None if weight is None else weight.astype(np.float64)

    @cached_property
    def divisor(self) -> float:
        """What the sum over rows is divided by."""
        divisor = self.step.moment.scales["divisor"]
        if divisor is not None:
            return float(divisor)
        return float(len(self.losses) if self.row_weights is None else self.row_weights.sum())

    def outputs(self, layer: int) -> Any:
        """Return what left a layer, shape (n, n_out); of layer -1 the input, which may be CSR."""
        return self.step.inputs if layer < 0 else self.step.forward_pass.outputs[layer]

    def output(self, layer: int, row: int, unit: int) -> Quantity:
        """Return what left a unit of a layer for a row; of layer -1, the input."""
        return given(self.notation.output(layer, unit), self.outputs(layer)[row, unit])

    def gradients(self, layer: int) -> Numbers:
        """Return ∂E/∂outputs of a layer, shape (n, n_out)."""
        gradients = self.step.backward_pass.deltas[layer]
        assert gradients is not None, "asked of layers above a weight only"
        return gradients

    def gradient(self, layer: int, row: int, unit: int) -> Quantity:
        """Return the gradient of E with respect to what left a unit of a layer for a row."""
        return given(self.notation.gradient(layer, unit), self.gradients(layer)[row, unit])

    def matrix(self, layer: int) -> Numbers:
        """Return W of a dense layer, shape (n_in + 1, n_out)."""
        W: Numbers = self.network.layout.views(self.step.weights)[layer][0]
        return W

    def sources(self, weight: Weight) -> Numbers:
        """Return what entered a weight in each row, shape (n,): 1 into a bias."""
        if weight.is_bias:
            return np.ones(len(self.losses))
        column: Any = self.outputs(weight.layer - 1)[:, [weight.row]]
        return np.asarray(column if isinstance(column, np.ndarray) else column.toarray())[:, 0]


def descended(loss: Loss) -> Loss:
    """Return the loss whose gradient a loss has: another one where it is reported as scikit-learn reports its own."""
    base: type[Loss] = type(loss).__mro__[1]
    return base() if type(loss) in REPORTED_LOSSES.values() else loss


def given(symbol: Expression, value: float) -> Quantity:
    """Return a number that a derivation takes from the step, with its symbol."""
    return Quantity(symbol, Number.given(value))


def letter(name: str, value: float) -> Quantity:
    """Return a setting with its letter."""
    return given(Symbol(name), value)


def series(total: Total, values: Numbers, term: Callable[[int], Expression], noun: str, keep: int) -> Series:
    """Return a sum with its largest terms shown, largest first, and the rest as one number.

    Parameters
    ----------
    total : Total
        The sum in symbols.
    values : array (m,)
        The terms.
    term : callable
        Gives the formula of one term.
    noun : str
        What the terms are: "rows".
    keep : int
        A term that is shown however small it is.
    """
    order = [int(i) for i in np.argsort(-np.abs(values), kind="stable")]
    chosen = order[:SHOWN] if keep in order[:SHOWN] else [keep, *order[: SHOWN - 1]]
    others = [i for i in order if i not in chosen]
    if len(others) == 1:  # one more term takes no more room than the words that stand for it
        chosen, others = [*chosen, *others], []
    rest = Rest(Number.given(float(values[others].sum())), len(others), noun) if others else None
    return Series(total, tuple(term(i) for i in chosen), rest)
