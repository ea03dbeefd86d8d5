"""The changes of a training that cures are made of."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Source
from chainrule.glassbox.doctor.cure import Change, Training
from chainrule.network import Activation, Dense, Layer, Penalty, multilayer_perceptron
from chainrule.training import Constant, Momentum, Nesterov, Stopping

__all__ = [
    "balanced_classes",
    "batch_size_times",
    "fresh_weights",
    "gradient_clipped",
    "keeping_best",
    "learning_rate_times",
    "less_momentum",
    "more_penalty",
    "scaled_inputs",
    "scaled_target",
    "wider_layers",
    "with_activation",
    "without_inputs",
    "without_rows",
]


def learning_rate_times(factor: float) -> Change:
    """Multiply the learning rate."""
    return lambda t: replace(t, recipe=replace(t.recipe, learning_rate=t.recipe.learning_rate * factor))


def fresh_weights(training: Training) -> Training:
    """Draw the initial weights as suits the activations, instead of those given."""
    layers = list(training.network.layers)
    for i, layer in enumerate(layers):
        if isinstance(layer, Dense):
            behind = next((one for one in layers[i + 1 : i + 2] if isinstance(one, Activation)), None)
            layers[i] = replace(layer, initialiser=_suited(behind))
    return replace(training, network=replace(training.network, layers=tuple(layers)), weights=None)


def _suited(behind: Activation | None) -> str:
    """Return the initialiser that ``multilayer_perceptron`` gives to the layer before an activation."""
    if behind is None:
        return "glorot_uniform"
    first = multilayer_perceptron(1, (1,), 1, loss="squared_error", activation=behind.function).layers[0]
    assert isinstance(first, Dense), "a hidden layer comes first"
    return first.initialiser


def with_activation(name: str) -> Change:
    """Give every hidden layer another activation, and weights that suit it."""

    def change(training: Training) -> Training:
        layers: tuple[Layer, ...] = tuple(
            Activation(name) if isinstance(layer, Activation) else layer for layer in training.network.layers
        )
        return fresh_weights(replace(training, network=replace(training.network, layers=layers)))

    return change


def scaled_inputs(training: Training) -> Training:
    """Standardise the inputs, by the training rows."""
    numbers = _dense(training.source)
    mean, scale = numbers.mean(axis=0), numbers.std(axis=0)
    scale[scale == 0] = 1.0
    return _with_inputs(training, lambda source: (_dense(source) - mean) / scale)


def without_inputs(dropped: list[int]) -> Change:
    """Set inputs to 0 in all rows: what a network without them would see."""

    def change(training: Training) -> Training:
        kept = np.ones(training.network.n_inputs)
        kept[dropped] = 0.0
        return _with_inputs(training, lambda source: _dense(source) * kept)

    return change


def _dense(source: Source) -> NDArray[Any]:
    numbers = source.numbers
    return np.asarray(numbers if isinstance(numbers, np.ndarray) else numbers.toarray())


def _with_inputs(training: Training, inputs: Callable[[Source], NDArray[Any]]) -> Training:
    def changed(source: Source) -> Source:
        return replace(source, numbers=inputs(source).astype(source.numbers.dtype))

    validation = training.validation
    return replace(
        training, source=changed(training.source), validation=None if validation is None else changed(validation)
    )


def without_rows(rows: list[int]) -> Change:
    """Leave training rows out."""

    def change(training: Training) -> Training:
        kept = np.setdiff1d(np.arange(training.source.n_rows), rows)
        return replace(training, source=Source(*training.source.take(kept)))

    return change


def scaled_target(training: Training) -> Training:
    """Standardise the target, by the training rows."""
    target = training.source.target
    mean, scale = target.mean(axis=0), target.std(axis=0)
    scale = np.where(scale == 0, 1.0, scale)

    def changed(source: Source) -> Source:
        return replace(source, target=((source.target - mean) / scale).astype(source.target.dtype))

    validation = training.validation
    return replace(
        training, source=changed(training.source), validation=None if validation is None else changed(validation)
    )


def balanced_classes(training: Training) -> Training:
    """Give every class the same total weight."""
    codes = np.asarray(training.source.target).reshape(-1).astype(np.int64)
    counts = np.maximum(np.bincount(codes), 1)
    weight = (len(codes) / (len(counts) * counts))[codes].astype(training.source.numbers.dtype)
    return replace(training, source=replace(training.source, weight=weight))


def batch_size_times(factor: int) -> Change:
    """Multiply the batch size, up to all rows."""

    def change(training: Training) -> Training:
        settings = training.recipe.settings
        size = min(settings.batch_size * factor, training.source.n_rows)
        return replace(training, recipe=replace(training.recipe, settings=replace(settings, batch_size=size)))

    return change


def gradient_clipped(norm: float) -> Change:
    """Clip the gradient to a norm."""

    def change(training: Training) -> Training:
        settings = replace(training.recipe.settings, max_gradient_norm=norm)
        return replace(training, recipe=replace(training.recipe, settings=settings))

    return change


def keeping_best(training: Training) -> Training:
    """End with the weights of the epoch that was best on the validation rows."""
    return replace(training, recipe=replace(training.recipe, stopping=Stopping(monitor="validation_error")))


def less_momentum(training: Training) -> Training:
    """Bring momentum down to 0.5; where there is none, the learning rate to a third."""
    optimizer = training.recipe.optimizer
    if not isinstance(optimizer, Momentum | Nesterov):
        return learning_rate_times(1 / 3)(training)
    return replace(training, recipe=replace(training.recipe, optimizer=replace(optimizer, momentum=0.5)))


def wider_layers(training: Training) -> Training:
    """Give the network two hidden layers of 64 rectifiers and no penalty."""
    network, loss = training.network, training.network.loss
    layers = multilayer_perceptron(network.n_inputs, (64, 64), network.n_outputs, loss="squared_error").layers
    return replace(training, network=replace(network, layers=layers, loss=loss, penalty=Penalty()), weights=None)


def more_penalty(training: Training) -> Training:
    """Hold the weights back by an L2 penalty, of the same strength in every step."""
    recipe = replace(training.recipe, penalty=Constant())
    return replace(training, network=replace(training.network, penalty=Penalty(l2=0.1)), recipe=recipe, weights=None)
