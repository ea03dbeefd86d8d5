"""The dense layer: z = [x, 1]·W."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import ShapeError
from chainrule.network._checks import check_choice, check_size
from chainrule.network.initialisers import INITIALISERS
from chainrule.network.layer import Array, Context, Inputs, Layer, Parameter, Parameters
from chainrule.network.random import CounterRandom

__all__ = ["Dense"]


@dataclass(frozen=True)
class Dense(Layer):
    """Every output is a weighted sum of all inputs plus a bias.

    Its one parameter is W, shape (n_in + 1, n_out). The last row is the bias: the weight of an input that is always 1.

    Parameters
    ----------
    n_in, n_out : int
        Number of inputs and of outputs (neurons).
    initialiser : str
        A name in :data:`chainrule.network.INITIALISERS`, for the weights. Biases start at 0.

    Raises
    ------
    ParameterError
        If a size is not a positive integer or the initialiser is not known.
    """

    kind: ClassVar[str] = "dense"
    n_in: int
    n_out: int
    initialiser: str = "he_uniform"

    def __post_init__(self) -> None:
        check_size("Dense", "n_in", self.n_in)
        check_size("Dense", "n_out", self.n_out)
        check_choice("Dense", "initialiser", self.initialiser, INITIALISERS)

    def width(self, n_inputs: int) -> int:
        """Return ``n_out``; raise ShapeError unless ``n_inputs`` is ``n_in``."""
        if n_inputs != self.n_in:
            raise ShapeError(f"Dense(n_in={self.n_in}, n_out={self.n_out}) takes {self.n_in} inputs. Got {n_inputs}.")
        return self.n_out

    def parameters(self) -> tuple[Parameter, ...]:
        """Return W, shape (n_in + 1, n_out), with the bias as its last row."""
        return (Parameter("W", (self.n_in + 1, self.n_out), bias_row=True),)

    def initialise(self, random: CounterRandom, sample: Inputs | None) -> Parameters:
        """Return W with weights drawn by the initialiser and biases 0."""
        weights = INITIALISERS[self.initialiser](random, self.n_in, self.n_out)
        return (np.vstack([weights, np.zeros((1, self.n_out))]),)

    def forward(self, parameters: Parameters, inputs: Inputs, context: Context) -> tuple[Array, Inputs]:
        """Return z = x·W[:-1] + W[-1], shape (N, n_out), and the inputs as the cache."""
        (W,) = parameters
        z: Array = inputs @ W[:-1]
        z += W[-1]
        return z, inputs

    def backward(
        self, parameters: Parameters, cache: Inputs, d_outputs: Array, needs_d_inputs: bool = True
    ) -> tuple[Array | None, Parameters]:
        """Return ∂E/∂x = ∂E/∂z·W[:-1]ᵀ, shape (N, n_in), and ∂E/∂W = [x, 1]ᵀ·∂E/∂z."""
        (W,) = parameters
        d_W = np.empty_like(W)
        d_W[:-1] = cache.T @ d_outputs
        d_W[-1] = d_outputs.sum(axis=0)
        return (d_outputs @ W[:-1].T if needs_d_inputs else None), (d_W,)
