"""The derivation without numbers: backpropagation for the network at hand."""

from collections.abc import Iterator
from typing import Any

from chainrule.glassbox.derivation.backward import check_layers
from chainrule.glassbox.derivation.derivation import Derivation, Equation, Link
from chainrule.glassbox.derivation.error import check_loss
from chainrule.glassbox.derivation.expression import Expression, Function, Partial, Symbol, Total
from chainrule.glassbox.derivation.facts import descended
from chainrule.glassbox.derivation.notation import ERROR, Notation
from chainrule.glassbox.derivation.optimizers import UPDATE_WORDS, UPDATES, check_optimizer
from chainrule.glassbox.derivation.theory_losses import loss_theory
from chainrule.glassbox.derivation.update import Update
from chainrule.network import Activation, Dense, Dropout, Network
from chainrule.training import LBFGS

__all__ = ["theory"]


def theory(network: Network, optimizer: Any) -> Derivation:
    """Return how backpropagation trains this network, in general and without numbers.

    E as a function of all weights, the forward pass, the bias as the weight of a constant input, the loss of the task,
    the chain rule, δ layer by layer, gradient descent and the optimizer in use, and whether E is convex.

    Parameters
    ----------
    network : Network
    optimizer : Optimizer or LBFGS

    Raises
    ------
    ParameterError
        If a layer, loss, penalty or optimizer is not one of chainrule's own.
    """
    check_layers(network)
    check_loss(descended(network.loss), network.penalty)
    check_optimizer(optimizer)
    introduction = (
        "How this network learns. x is what enters it, y the target; z, the net input, enters an activation φ, and a "
        "leaves it. w is a weight and b a bias, with the number of their layer raised. d is the number of rows, or the "
        "sum of their weights."
    )
    return Derivation("Backpropagation in this network", introduction, tuple(_Theory(network, optimizer).links()))


class _Theory:
    """The links of the theory of one network."""

    def __init__(self, network: Network, optimizer: Any) -> None:
        self.network, self.optimizer = network, optimizer
        idle = [i for i, layer in enumerate(network.layers) if isinstance(layer, Dropout) and layer.rate == 0]
        self.layers = [i for i in range(len(network.layers)) if i not in idle]
        self.notation = Notation(network, idle)
        self.last = len(network.layers) - 1

    def links(self) -> Iterator[Link]:
        """Give the links in the order in which they build on one another."""
        yield self._error()
        yield Link("The forward pass", tuple(map(self._forward, self.layers)), self._forward_words())
        yield self._bias()
        yield from self._loss()
        yield self._chain_rule()
        above = [i for i in self.layers if i > self._first_dense]
        if above:
            yield Link("δ, layer by layer", tuple(map(self._backward, reversed(above))), self._backward_words())
        yield self._descent()
        yield self._optimizer()
        yield Link("Is E convex?", (), self._convexity())

    @property
    def _dense(self) -> list[int]:
        return [i for i, layer in enumerate(self.network.layers) if isinstance(layer, Dense)]

    @property
    def _first_dense(self) -> int:
        return self._dense[0]

    def _error(self) -> Link:
        right: Expression = Total("rows", Symbol("ℓ")) / Symbol("d")
        words = f"The rows are given; what can move are the {self.network.layout.size:,} weights and biases. E says, "
        words += "for each choice of all of them, by how much the network is off on average."
        penalty = self.network.penalty
        if penalty.l1:
            right = right + Symbol("λ₁") * Total("w", Function("abs", Symbol("w")))
        if penalty.l2:
            right = right + Symbol("λ₂") / 2 * Total("w", Symbol("w") ** 2)
        if penalty.l1 or penalty.l2:
            words += " The penalty keeps the weights small; biases it leaves alone."
        return Link("The error, a function of all weights", (Equation(Function("E", Symbol("w")), right),), words)

    def _forward(self, layer: int) -> Equation:
        """Return how a layer's outputs come from its inputs."""
        described, left = self.network.layers[layer], self.notation.output(layer, "j")
        below = layer - 1
        if isinstance(described, Dense):
            weighed = self.notation.output(below, "i") * self.notation.weight(layer, "i", "j")
            return Equation(left, Total("i", weighed) + self.notation.weight(layer, None, "j"))
        if isinstance(described, Activation):
            return Equation(left, Function("φ", self.notation.output(below, "j")))
        return Equation(left, Symbol("q", "j") * self.notation.output(below, "j"))

    def _forward_words(self) -> str:
        functions = dict.fromkeys(layer.function for layer in self.network.layers if isinstance(layer, Activation))
        words = "Inputs travel layer by layer to the output."
        if functions:
            words += f" φ is {', '.join(functions)}."
        if set(functions) - {"identity"} and len(self._dense) > 1:
            words += " Without it all layers together were no more than one."
        if any(isinstance(self.network.layers[i], Dropout) for i in self.layers):
            words += (
                " A tilde is put on what dropout has masked: q is 0 for a dropped unit and 1/(1 − r) for a kept one, r "
                "being the rate; in prediction q is 1."
            )
        return words

    def _bias(self) -> Link:
        layer = self._first_dense
        left = Partial(ERROR, self.notation.weight(layer, None, "j"))
        right = Total("rows", 1 * self.notation.gradient(layer, "j"))
        words = (
            "A bias is a weight, too: that of an input that is always 1. All that follows holds for it with a 1 in "
            "place of what enters; δ is explained below."
        )
        return Link("The bias", (Equation(left, right),), words)

    def _loss(self) -> Iterator[Link]:
        z = self.notation.output(self.last, "k")
        described = loss_theory(descended(self.network.loss), z, self.notation.output(self.last, "j"))
        predicted = () if described.predicted is None else (Equation(Symbol("p", "k"), described.predicted),)
        yield Link("The loss of a row", (*predicted, Equation(Symbol("ℓ"), described.loss)), described.words)
        left = self.notation.gradient(self.last, "k")
        words = "This is where the backward pass starts: the slope of the loss at output k, as E has it of this row."
        equation = Equation(left, described.slope / Symbol("d"))
        yield Link("The gradient at the output", (equation,), words)

    def _chain_rule(self) -> Link:
        layer = self._dense[-1]
        source = self.notation.output(layer - 1, "i")
        delta, z = self.notation.gradient(layer, "j"), self.notation.output(layer, "j")
        by_weight = Partial(ERROR, self.notation.weight(layer, "i", "j"))
        definition = Equation(delta, Partial(ERROR, z))
        equation = Equation(by_weight, Total("rows", source * delta))
        words = (
            "A weight acts on E only through the net input z of the neuron it leads to, and z grows by what enters the "
            "weight for each 1 that the weight grows: by the chain rule the two slopes are multiplied. Each row adds "
            "its own. So all that is needed are the δ of all neurons."
        )
        if self.network.penalty.l1 or self.network.penalty.l2:
            words += " The penalty adds its own slope, λ₁·sign(w) + λ₂·w."
        return Link("The chain rule", (definition, equation), words)

    def _backward(self, layer: int) -> Equation:
        """Return how the gradient in front of a layer comes from that behind it."""
        described = self.network.layers[layer]
        left, behind = self.notation.gradient(layer - 1, "j"), self.notation.gradient(layer, "j")
        if isinstance(described, Dense):
            weighed = self.notation.weight(layer, "j", "k") * self.notation.gradient(layer, "k")
            return Equation(left, Total("k", weighed))
        if isinstance(described, Activation):
            return Equation(left, self.notation.slope(layer, "j") * behind)
        return Equation(left, Symbol("q", "j") * behind)

    def _backward_words(self) -> str:
        return (
            "What leaves a neuron acts on E through every neuron k that takes it: the slopes along all these ways are "
            "added. Each δ follows from those of the layer behind, so one pass from the output back to the input gives "
            "all of them, at about the cost of a forward pass or two, however many weights there are."
        )

    def _descent(self) -> Link:
        gradient, change = Partial(ERROR, Symbol("w")), Symbol("Δw")
        equations = (
            Equation(Symbol("ΔE"), Total("w", gradient * change), relation="≈"),
            Equation(change, -(Symbol("η") * gradient)),
        )
        words = (
            "This is how E changes with the weights, the more exactly the smaller their changes are. Moving each "
            "weight against its gradient makes every term of it negative or 0: E falls. The learning rate η says how "
            "far to trust that. Each step takes some rows, a minibatch, whose gradient is an estimate of that of all."
        )
        return Link("Gradient descent", equations, words)

    def _optimizer(self) -> Link:
        title, words = f"The optimizer: {self.optimizer.kind}", UPDATE_WORDS[type(self.optimizer)]
        if isinstance(self.optimizer, LBFGS):
            return Link(title, (), words)
        general = Update.general(self.optimizer)
        equations = [Equation(one.left, one.right) for one in UPDATES[type(self.optimizer)](general)]
        words += " g is the gradient ∂E/∂w."
        if self.optimizer.weight_decay:
            final = general.left - Symbol("η") * Symbol("λ") * Symbol("w")
            equations.append(Equation(Symbol("Δw"), final))
            words += " Weight decay λ pulls each weight, but no bias, towards 0."
        return Link(title, tuple(equations), words)

    def _convexity(self) -> str:
        layers = self.network.layers
        if any(layer.n_out > 1 for layer in layers[: self._dense[-1]] if isinstance(layer, Dense)):
            return _EXCHANGED
        if len(self._dense) > 1:
            return _MULTIPLIED
        bent = any(isinstance(layer, Activation) and layer.function != "identity" for layer in layers[self._dense[0] :])
        return _BENT if bent else _CONVEX


_EXCHANGED = (
    "No. Take the best weights there are, exchange two hidden neurons of one layer with all their weights, and the "
    "network computes the same: two choices of weights with the same, least E. If E were convex, no point between "
    "them could be worse. But half-way both neurons have become one and the same, the mean of the two, and a network "
    "that needed both is worse. So there are many valleys, and ridges between them: descent finds one of them, and "
    "which one depends on where it starts. Momentum, schedules, restarts and ensembles are there for that."
)
_MULTIPLIED = (
    "Not in general: on the way to the output the weights of one layer are multiplied by those of the next, and a "
    "product of two weights is not convex in both. Where descent ends depends on where it starts."
)
_BENT = (
    "Not in general: there is no hidden layer, but the activation behind the output's weights bends E, and descent may "
    "end where E is flat, not least."
)
_CONVEX = (
    "Yes, since this network has no hidden layer: its outputs are linear in the weights, the loss is convex in the "
    "outputs, and so E is a single valley, to whose bottom descent leads from wherever it starts. With a hidden layer "
    "this ends: its neurons can be exchanged without changing E, and half-way between two such choices E is higher."
)
