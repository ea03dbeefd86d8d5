"""The activation layer: a = φ(z)."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.network._checks import check_choice
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.layer import Array, Context, Layer, Parameters

__all__ = ["Activation"]


@dataclass(frozen=True)
class Activation(Layer):
    """Apply an activation function to every net input.

    Parameters
    ----------
    function : str
        A name in :data:`chainrule.network.ACTIVATIONS`.

    Raises
    ------
    ParameterError
        If the name is not known.
    """

    kind: ClassVar[str] = "activation"
    function: str

    def __post_init__(self) -> None:
        check_choice("Activation", "function", self.function, ACTIVATIONS)

    def width(self, n_inputs: int) -> int:
        """Return ``n_inputs``: one output for each input."""
        return n_inputs

    def forward(
        self,
        parameters: Parameters,
        inputs: Array,  # type: ignore[override]
        context: Context,
    ) -> tuple[Array, tuple[Array, Array]]:
        """Return a = φ(z), shape (N, n), and (z, a) as the cache."""
        a = ACTIVATIONS[self.function].phi(inputs)
        return a, (inputs, a)

    def backward(
        self,
        parameters: Parameters,
        cache: tuple[Array, Array],
        d_outputs: Array,
        needs_d_inputs: bool = True,
    ) -> tuple[Array | None, Parameters]:
        """Return ∂E/∂z = φ′(z)·∂E/∂a, shape (N, n)."""
        if not needs_d_inputs:
            return None, ()
        return ACTIVATIONS[self.function].phi_prime(*cache) * d_outputs, ()
