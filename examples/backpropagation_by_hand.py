"""Backpropagation by hand: forward, backward, descent, on a table that comes with scikit-learn.

A network with one hidden layer learns the progression of diabetes from ten measurements of 442 patients. Every number
of every pass lies open: print any of them.
"""

from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from chainrule.network import multilayer_perceptron

X, y = load_diabetes(return_X_y=True)
X, y = scale(X), scale(y)[:, None]  # mean 0, variance 1: now an error of 0.5 is that of always saying the mean

network = multilayer_perceptron(10, (16,), 1, activation="tanh", loss="squared_error")
weights = network.initialise(seed=0)  # one flat vector with all weights and biases
print(network.summary())

for step in range(201):
    forward_pass = network.forward(weights, X)  # inputs travel to the output
    backward_pass = network.backward(weights, forward_pass, y)  # the error's gradient travels back
    weights = weights - 0.1 * backward_pass.gradient  # every weight moves against its gradient
    if step % 50 == 0:
        print(f"step {step:3}: error {backward_pass.error:.4f}")

steepest = abs(backward_pass.gradient).argmax()
print(f"steepest now: {network.layout.locate(steepest)}, gradient {backward_pass.gradient[steepest]:+.1e}")
hidden, output = forward_pass.activations[0], forward_pass.logits
print(
    f"the first patient: hidden neurons {hidden[0, :3].round(2)} …, predicted {output[0, 0]:+.2f}, true {y[0, 0]:+.2f}"
)
