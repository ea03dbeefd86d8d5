"""The network: layers in a row, a loss at their end, a penalty on their weights."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy.sparse import issparse

from chainrule.errors import ParameterError, ShapeError
from chainrule.network._checks import check_size
from chainrule.network.activation import Activation
from chainrule.network.config import build, check_names, describe, settings
from chainrule.network.dense import Dense
from chainrule.network.dropout import Dropout
from chainrule.network.layer import Array, Context, Inputs, Layer
from chainrule.network.layout import Layout
from chainrule.network.losses import LOSSES, REPORTED_LOSSES, Loss
from chainrule.network.passes import BackwardPass, ForwardPass
from chainrule.network.penalty import Penalty
from chainrule.network.random import WEIGHTS, CounterRandom

__all__ = ["LAYERS", "Network"]

LAYERS: dict[str, type[Layer]] = {layer.kind: layer for layer in (Dense, Activation, Dropout)}

_PREDICTION = Context()

# A diverging run is found by its non-finite error; NumPy's warnings on the way there would only repeat it.
_quietly = np.errstate(over="ignore", invalid="ignore")


@dataclass(frozen=True)
class Network:
    """What is trained: an immutable description; its weights are one flat vector that the caller holds.

    E(w) = Σᵢ wᵢ·lossᵢ / divisor + penalty·Penalty(w). The divisor is the sum of the row weights wᵢ unless given, so
    that the first term is a mean over rows. Weights and X have one dtype, float32 or float64, and so have all results.

    Parameters
    ----------
    n_inputs : int
        D, the number of input features.
    layers : tuple of Layer
        In the order of the forward pass; at least one has weights.
    loss : Loss
        What is minimised.
    penalty : Penalty
        On the weights; none by default.

    Raises
    ------
    ParameterError
        If a setting is of the wrong type or no layer has weights.
    ShapeError
        If a layer does not take as many inputs as the one before has outputs.
    """

    n_inputs: int
    layers: tuple[Layer, ...]
    loss: Loss
    penalty: Penalty = field(default_factory=Penalty)

    def __post_init__(self) -> None:
        check_size("Network", "n_inputs", self.n_inputs)
        rules = (
            ("layers", "a tuple of layers", isinstance(self.layers, tuple) and _all_layers(self.layers)),
            ("loss", "a Loss, for example SquaredError()", isinstance(self.loss, Loss)),
            ("penalty", "a Penalty", isinstance(self.penalty, Penalty)),
        )
        for name, rule, kept in rules:
            if not kept:
                raise ParameterError(f"Network: {name} must be {rule}. Got {getattr(self, name)!r} instead.")
        if not any(layer.parameters() for layer in self.layers):
            raise ParameterError(
                "Network: layers must hold at least one layer with weights, such as Dense(n_in, n_out)."
            )
        _ = self.n_outputs  # checks that the layers fit together

    @cached_property
    def layout(self) -> Layout:
        """Return where in the flat vector each layer's weights are."""
        return Layout(self.layers)

    @cached_property
    def n_outputs(self) -> int:
        """Return the number of logits."""
        width = self.n_inputs
        for layer in self.layers:
            width = layer.width(width)
        return width

    @cached_property
    def _first_trained(self) -> int:
        return next(index for index, layer in enumerate(self.layers) if layer.parameters())

    def initialise(self, seed: int = 0, dtype: DTypeLike = np.float64, sample: Inputs | None = None) -> Array:
        """Return first weights, shape (P,).

        Parameters
        ----------
        seed : int
            0 ≤ seed < 2**64; the weights are a function of it.
        dtype : dtype
            float32 or float64. Numbers are drawn in float64 and rounded once.
        sample : Inputs, shape (N, D), optional
            Rows of X in the same dtype, for layers that look at data; each is given its own inputs.
        """
        random = CounterRandom(seed, WEIGHTS)
        weights = np.empty(self.layout.size, dtype=dtype)
        for layer, views in zip(self.layers, self.layout.views(weights), strict=True):
            for view, values in zip(views, layer.initialise(random, sample), strict=True):
                view[...] = values
            if sample is not None:
                sample, _ = layer.forward(views, sample, _PREDICTION)
        return weights

    @_quietly
    def forward(self, weights: Array, X: Inputs, context: Context = _PREDICTION) -> ForwardPass:
        """Run the forward pass and keep every layer's outputs.

        Parameters
        ----------
        weights : ndarray, shape (P,)
            float32 or float64.
        X : ndarray or scipy CSR, shape (N, D)
            In the dtype of the weights. CSR only where the first layer is dense.
        context : Context
            Training or prediction; prediction by default.

        Raises
        ------
        ShapeError
            If shapes or dtypes do not fit together.
        """
        outputs, caches = zip(*self._run(weights, X, context), strict=True)
        return ForwardPass(self.layers, outputs, caches)

    @_quietly
    def backward(
        self,
        weights: Array,
        forward_pass: ForwardPass,
        y: Array,
        sample_weight: Array | None = None,
        *,
        divisor: float | None = None,
        penalty: float = 1.0,
    ) -> BackwardPass:
        """Run the backward pass: E(w), ∂E/∂w and every delta. The one place where divisor and penalty meet the error.

        Parameters
        ----------
        weights : ndarray, shape (P,)
            Those of the forward pass.
        forward_pass : ForwardPass
            What :meth:`forward` returned.
        y : ndarray
            The target, as the loss declares it.
        sample_weight : ndarray, shape (N,), optional
            Each row's weight; all 1 if None.
        divisor : float, optional
            Of the sum over rows, above 0; by default the sum of the row weights.
        penalty : float
            The strength of the penalty.

        Raises
        ------
        ShapeError
            If shapes do not fit together.
        ParameterError
            If the target has values outside its domain, or the divisor is not above 0.
        """
        error, d_logits = self.loss(forward_pass.logits, y, sample_weight)
        divisor = _checked_divisor(divisor, len(d_logits), sample_weight)
        d_logits /= divisor
        gradient, deltas = self._backpropagate(weights, forward_pass, d_logits)
        penalty_error, penalty_gradient = self.penalty(weights, self.layout)
        gradient += penalty * penalty_gradient
        return BackwardPass(error / divisor + penalty * penalty_error, gradient, deltas)

    @_quietly
    def accumulate(
        self,
        weights: Array,
        X: Inputs,
        y: Array,
        sample_weight: Array | None = None,
        context: Context = _PREDICTION,
    ) -> tuple[float, float, Array]:
        """Return Σ error, Σ weight and the gradient of Σ error, without divisor and penalty: what shards add up."""
        forward_pass = self.forward(weights, X, context)
        error, d_logits = self.loss(forward_pass.logits, y, sample_weight)
        gradient, _ = self._backpropagate(weights, forward_pass, d_logits)
        return error, _total(len(d_logits), sample_weight), gradient

    @_quietly
    def error(
        self,
        weights: Array,
        X: Inputs,
        y: Array,
        sample_weight: Array | None = None,
        *,
        divisor: float | None = None,
        penalty: float = 1.0,
        context: Context = _PREDICTION,
    ) -> float:
        """Return E(w) alone; arguments as for :meth:`forward` and :meth:`backward`."""
        error, d_logits = self.loss(self.logits(weights, X, context), y, sample_weight)
        penalty_error, _ = self.penalty(weights, self.layout)
        return error / _checked_divisor(divisor, len(d_logits), sample_weight) + penalty * penalty_error

    @_quietly
    def logits(self, weights: Array, X: Inputs, context: Context = _PREDICTION) -> Array:
        """Return the logits, shape (N, K), keeping no other layer's outputs."""
        for outputs, _ in self._run(weights, X, context):
            logits = outputs
        return logits

    def predict(self, weights: Array, X: Inputs) -> Array:
        """Return what the loss makes of the logits, shape (N, K): probabilities for the losses of classes."""
        return self.loss.predict(self.logits(weights, X))

    def _run(self, weights: Array, X: Inputs, context: Context) -> Iterator[tuple[Array, Any]]:
        """Yield outputs and cache of one layer after another."""
        self.check_inputs(weights, X)
        signal = X
        for index, parameters in enumerate(self.layout.views(weights)):
            signal, cache = self.layers[index].forward(parameters, signal, replace(context, layer=index))
            yield signal, cache

    def _backpropagate(
        self, weights: Array, forward_pass: ForwardPass, d_logits: Array
    ) -> tuple[Array, tuple[Array | None, ...]]:
        """Return the gradient, shape (P,), and the deltas: the chain rule, from the last layer to the first."""
        gradient = np.empty_like(weights)
        parameters, d_parameters = self.layout.views(weights), self.layout.views(gradient)
        deltas: list[Array | None] = [None] * len(self.layers)
        delta: Array | None = d_logits
        for index in range(len(self.layers) - 1, self._first_trained - 1, -1):
            assert delta is not None, "a layer that needs its ∂E/∂inputs computed has none"
            deltas[index] = delta
            delta, computed = self.layers[index].backward(
                parameters[index], forward_pass.caches[index], delta, needs_d_inputs=index > self._first_trained
            )
            for view, values in zip(d_parameters[index], computed, strict=True):
                view[...] = values
        return gradient, tuple(deltas)

    def check_inputs(self, weights: Array, X: Inputs) -> None:
        """Raise ShapeError unless weights (P,) and X (N, D) are arrays that this network can take, of one dtype."""
        if weights.shape != (self.layout.size,) or weights.dtype.char not in "fd":
            raise ShapeError(
                f"weights must be float32 or float64 of shape ({self.layout.size},). "
                f"Got {weights.dtype} of shape {weights.shape}."
            )
        if X.ndim != 2 or X.shape[1] != self.n_inputs:
            raise ShapeError(f"X must have shape (N, {self.n_inputs}). Got {X.shape}.")
        if X.dtype != weights.dtype:
            raise ShapeError(f"X and weights must have one dtype. Got {X.dtype} and {weights.dtype}; convert X.")
        if (
            not isinstance(X, np.ndarray)
            and issparse(X)
            and (X.format != "csr" or not isinstance(self.layers[0], Dense))
        ):
            raise ShapeError(
                f"A sparse X must be CSR and meet a dense layer first. Got {X.format} before {self.layers[0].kind!r}; "
                "convert with X.tocsr() or X.toarray()."
            )

    def to_config(self) -> dict[str, Any]:
        """Return the description as plain JSON values; :meth:`from_config` is the way back."""
        return {
            "n_inputs": self.n_inputs,
            "layers": [describe(layer) for layer in self.layers],
            "loss": describe(self.loss),
            "penalty": settings(self.penalty),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Network":
        """Return the network that :meth:`to_config` described; every name, type and range is checked.

        Raises
        ------
        ParameterError
            If a name is unknown or missing or a value breaks its rule.
        ShapeError
            If the layers do not fit together.
        """
        config = check_names("Network", config, ("n_inputs", "layers", "loss", "penalty"))
        if not isinstance(config["layers"], list):
            raise ParameterError(f"Network: layers must be a list. Got {config['layers']!r} instead.")
        return cls(
            config["n_inputs"],
            tuple(build("layer", LAYERS, layer) for layer in config["layers"]),
            build("loss", LOSSES | REPORTED_LOSSES, config["loss"]),
            Penalty(**check_names("Penalty", config["penalty"], ("l1", "l2"))),
        )

    def summary(self) -> str:
        """Return the network as a table to read: a line for each layer with its outputs, weights and settings."""
        lines = [f"{'layer':<16}{'outputs':>9}{'weights':>13}", f"{'input':<16}{self.n_inputs:>9,}{0:>13,}"]
        width = self.n_inputs
        for index, layer in enumerate(self.layers):
            width = layer.width(width)
            part = self.layout.layer_slices[index]
            shown = ", ".join(f"{k} {v}" for k, v in settings(layer).items() if k not in ("n_in", "n_out"))
            lines.append(f"{self.layout.layer_name(index):<16}{width:>9,}{part.stop - part.start:>13,}   {shown}")
        shown = "".join(f", {k} {v}" for k, v in settings(self.loss).items())
        lines.append(f"loss {self.loss.kind}{shown}; penalty l1 {self.penalty.l1:g}, l2 {self.penalty.l2:g}")
        lines.append(f"{self.layout.size:,} weights, biases among them")
        return "\n".join(lines)


def _all_layers(layers: tuple[object, ...]) -> bool:
    return all(isinstance(layer, Layer) for layer in layers)


def _total(n_rows: int, sample_weight: Array | None) -> float:
    return float(n_rows) if sample_weight is None else float(sample_weight.sum(dtype=np.float64))


def _checked_divisor(divisor: float | None, n_rows: int, sample_weight: Array | None) -> float:
    if divisor is None:
        divisor = _total(n_rows, sample_weight)
    if not divisor > 0:
        raise ParameterError(
            f"The divisor of the error must be above 0; it is the sum of the row weights. Got {divisor}."
        )
    return divisor
