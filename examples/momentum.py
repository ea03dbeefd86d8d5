"""Momentum leaves a local minimum in which plain descent stays.

E(w) of a network is not convex, not even that of a single neuron: here one logistic neuron, two weights (the slope and
the bias), four rows. Both runs start at the same place and take the same steps; only the second one has momentum. Plain
descent ends where the gradient is zero but E is not at its lowest. With momentum the weights roll through that valley
and over its rim.
"""

import numpy as np

from chainrule.engine import Settings, Source
from chainrule.network import Activation, Dense, Network, SquaredError
from chainrule.training import SGD, Momentum, Recipe, train

X = np.array([[-0.3], [0.0], [2.8], [-0.1]])
y = np.array([[0.1], [0.4], [0.9], [0.2]])
START = np.array([-1.7, -2.75])

network = Network(1, (Dense(1, 1), Activation("logistic")), SquaredError())
settings = Settings(batch_size=len(X))

ends = {}
for optimizer in (SGD(), Momentum(momentum=0.9)):
    recipe = Recipe(optimizer=optimizer, learning_rate=2.0, epochs=3000, settings=settings)
    weights = train(network, Source(X, y), recipe, weights=START).weights
    slope = network.backward(weights, network.forward(weights, X), y).gradient
    ends[optimizer.kind] = weights
    print(
        f"{optimizer.kind:>8}: E = {network.error(weights, X, y):.5f} at w = {weights.round(2)}, "
        f"largest gradient {abs(slope).max():.0e}"
    )
