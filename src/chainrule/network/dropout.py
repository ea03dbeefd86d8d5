"""The dropout layer: in training, each input is 0 with probability ``rate``."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.network._checks import check_number
from chainrule.network.layer import Array, Context, Layer, Parameters
from chainrule.network.random import DROPOUT, bits, key

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer):
    """Drop inputs at random in training, and scale what is kept by 1/(1 - rate), so that the expectation stays.

    Which inputs are dropped is a function of (seed, step, layer, row within the minibatch, unit): unit u of row r is
    dropped when number r·n + u of the stream, as 64 bits, is below rate·2⁶⁴. In prediction the layer is the identity.

    Parameters
    ----------
    rate : float
        Probability of being dropped, 0 ≤ rate < 1; ``Context.dropout`` multiplies it.

    Raises
    ------
    ParameterError
        If the rate is outside that range.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014; inverted here.
    """

    kind: ClassVar[str] = "dropout"
    rate: float

    def __post_init__(self) -> None:
        check_number("Dropout", "rate", self.rate, rule="with 0 <= rate < 1", low=0, high=1)

    def width(self, n_inputs: int) -> int:
        """Return ``n_inputs``: one output for each input."""
        return n_inputs

    def forward(
        self,
        parameters: Parameters,
        inputs: Array,  # type: ignore[override]
        context: Context,
    ) -> tuple[Array, Array | None]:
        """Return the inputs times the mask, shape (N, n), and the mask (None if nothing is dropped) as the cache."""
        rate = self.rate * context.dropout
        check_number("Dropout", "rate times Context.dropout", rate, rule="from 0 to below 1", low=0, high=1)
        if not context.training or rate == 0:
            return inputs, None
        mask = _mask(inputs.shape, rate, context).astype(inputs.dtype)
        mask *= 1 / (1 - rate)
        return inputs * mask, mask

    def backward(
        self,
        parameters: Parameters,
        cache: Array | None,
        d_outputs: Array,
        needs_d_inputs: bool = True,
    ) -> tuple[Array | None, Parameters]:
        """Return ∂E/∂inputs = mask·∂E/∂outputs, shape (N, n)."""
        if not needs_d_inputs:
            return None, ()
        return (d_outputs if cache is None else d_outputs * cache), ()


def _mask(shape: tuple[int, ...], rate: float, context: Context) -> Array:
    """Return which units are kept, booleans of shape (N, n)."""
    rows, units = shape
    stream = key(context.seed, DROPOUT, context.step, context.layer)
    drawn = bits(stream, context.first_row * units, rows * units)
    return (drawn >= int(rate * 2**64)).reshape(shape)
