"""What every layer is: an immutable description with a forward and a backward pass."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, Union

from numpy.typing import NDArray
from scipy.sparse import csr_array, csr_matrix

from chainrule.network.random import CounterRandom

__all__ = ["Array", "Context", "Inputs", "Layer", "Parameter", "Parameters"]

Array: TypeAlias = NDArray[Any]
# Quoted because SciPy's classes take no [] at run time.
Inputs: TypeAlias = Union[Array, "csr_array[Any, tuple[int, int]]", "csr_matrix[Any]"]
Parameters: TypeAlias = tuple[Array, ...]


@dataclass(frozen=True)
class Parameter:
    """Declares an array that a layer needs in the flat weight vector.

    Parameters
    ----------
    name : str
        The array's name within its layer.
    shape : tuple of int
        Its shape.
    bias_row : bool
        Whether its last row is a bias. A bias never decays and is never penalised.
    rate, bias_rate : float
        Factors on the learning rate, of the array and of its bias row.
    decay : float
        Factor on the weight decay of the array without its bias row; 0 also takes it out of the penalty.
    """

    name: str
    shape: tuple[int, ...]
    bias_row: bool = False
    rate: float = 1.0
    bias_rate: float = 1.0
    decay: float = 1.0


@dataclass(frozen=True)
class Context:
    """Under which circumstances a forward pass runs.

    Parameters
    ----------
    training : bool
        Whether layers behave as in training (dropout drops) or as in prediction.
    seed, step : int
        What is dropped is a function of both.
    dropout : float
        Factor on every dropout layer's rate, 0 ≤ dropout ≤ 1.
    first_row : int
        Position of the first given row within its minibatch: shards of a minibatch draw the mask of the whole.
    layer : int
        Index of the layer that runs. Set by the network.
    """

    training: bool = False
    seed: int = 0
    step: int = 0
    dropout: float = 1.0
    first_row: int = 0
    layer: int = 0


class Layer(ABC):
    """An immutable description of sizes and settings; a subclass is a frozen dataclass.

    Nothing is kept between the two passes: what backward needs of forward is in ``cache``.
    """

    kind: ClassVar[str]

    @abstractmethod
    def width(self, n_inputs: int) -> int:
        """Return the number of outputs for ``n_inputs`` inputs; raise ShapeError if they do not fit."""

    def parameters(self) -> tuple[Parameter, ...]:
        """Return what the layer needs in the flat weight vector; by default nothing."""
        return ()

    def initialise(self, random: CounterRandom, sample: Inputs | None) -> Parameters:
        """Return first values of the parameters, float64, in the declared shapes; by default none.

        Parameters
        ----------
        random : CounterRandom
            Where every layer of the network draws from, in turn.
        sample : Inputs or None
            Inputs of this layer, shape (N, n_in), for layers that look at data.
        """
        return ()

    @abstractmethod
    def forward(self, parameters: Parameters, inputs: Inputs, context: Context) -> tuple[Array, Any]:
        """Return outputs (N, n_out) of inputs (N, n_in), and the cache that backward needs."""

    @abstractmethod
    def backward(
        self, parameters: Parameters, cache: Any, d_outputs: Array, needs_d_inputs: bool = True
    ) -> tuple[Array | None, Parameters]:
        """Return ∂E/∂inputs (N, n_in), or None if not needed, and ∂E/∂parameters from ∂E/∂outputs (N, n_out)."""
