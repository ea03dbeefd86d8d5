"""The multilayer perceptron: the network most people mean."""

from collections.abc import Sequence
from typing import Any

from chainrule.errors import ParameterError
from chainrule.network._checks import check_choice, check_size
from chainrule.network.activation import Activation
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.dense import Dense
from chainrule.network.dropout import Dropout
from chainrule.network.layer import Layer
from chainrule.network.losses import LOSSES, Loss
from chainrule.network.network import Network
from chainrule.network.penalty import Penalty

__all__ = ["multilayer_perceptron"]

# He's variance makes up for the half that rectifiers and their smooth relatives cut off; SELU's fixed point needs
# LeCun's; functions that are linear around 0 keep both passes' variance under Glorot's.
SUITED_INITIALISER = {
    **dict.fromkeys(ACTIVATIONS, "he_uniform"),
    "selu": "lecun_normal",
    **dict.fromkeys(("identity", "tanh", "logistic"), "glorot_uniform"),
}


def multilayer_perceptron(
    n_inputs: int,
    hidden_layer_sizes: Sequence[int],
    n_outputs: int,
    *,
    loss: Loss | str,
    activation: str | Sequence[str] = "relu",
    dropout: float = 0.0,
    initialiser: str | None = None,
    penalty: Penalty | None = None,
) -> Network:
    """Return dense layers with an activation, and dropout if asked for, behind each but the last.

    Parameters
    ----------
    n_inputs : int
        D, the number of input features.
    hidden_layer_sizes : sequence of int
        The number of neurons in each hidden layer; may be empty.
    n_outputs : int
        The number of targets, or of classes for cross_entropy.
    loss : Loss or str
        A loss, or the name of one in :data:`chainrule.network.LOSSES` with its default settings.
    activation : str or sequence of str
        For all hidden layers, or one for each.
    dropout : float
        Rate behind each hidden layer, 0 ≤ dropout < 1.
    initialiser : str, optional
        For all dense layers. By default the one that suits the layer's activation: lecun_normal for selu;
        glorot_uniform for tanh, logistic, identity and the last layer; he_uniform for all others.
    penalty : Penalty, optional
        None by default.

    Raises
    ------
    ParameterError
        If a setting breaks its rule.
    """
    owner = "multilayer_perceptron"
    check_size(owner, "n_outputs", n_outputs)
    if not isinstance(hidden_layer_sizes, Sequence):
        raise ParameterError(
            f"{owner}: hidden_layer_sizes must be a sequence such as (256, 256). Got {hidden_layer_sizes!r} instead."
        )
    if not isinstance(loss, Loss):
        check_choice(owner, "loss", loss, LOSSES)
        loss = LOSSES[loss]()
    layers: list[Layer] = []
    width = n_inputs
    for size, function in zip(hidden_layer_sizes, _each(activation, len(hidden_layer_sizes)), strict=True):
        hidden = Activation(function)  # first: it knows what to say of an unknown name
        layers += [Dense(width, size, initialiser or SUITED_INITIALISER[function]), hidden]
        if dropout != 0:
            layers.append(Dropout(dropout))
        width = size
    layers.append(Dense(width, loss.n_logits(n_outputs), initialiser or SUITED_INITIALISER["identity"]))
    return Network(n_inputs, tuple(layers), loss, penalty or Penalty())


def _each(activation: Any, n_layers: int) -> list[str]:
    functions = [activation] * n_layers if isinstance(activation, str) else list(activation)
    if len(functions) != n_layers:
        raise ParameterError(
            f"multilayer_perceptron: activation must be one name or one for each of the {n_layers} hidden layers. "
            f"Got {len(functions)}."
        )
    return functions
