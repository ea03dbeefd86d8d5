"""Runs on scikit-learn's bundled tables: some with one fault planted, some healthy."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from sklearn import datasets

from chainrule.engine import Settings, Source
from chainrule.glassbox.doctor import observe
from chainrule.glassbox.names import Names
from chainrule.network import CrossEntropy, LogLoss, Penalty, multilayer_perceptron
from chainrule.training import LBFGS, SGD, Adam, AdamW, Momentum, Recipe, RMSprop, Stopping

LOADERS = {
    "diabetes": datasets.load_diabetes,
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast_cancer": datasets.load_breast_cancer,
    "digits": datasets.load_digits,
    "linnerud": datasets.load_linnerud,
}


@cache
def table(name):
    """Return X standardised (N, D), the target (codes, or standardised numbers (N, K)), and the raw X and y."""
    bunch = LOADERS[name]() if name != "diabetes" else datasets.load_diabetes(scaled=False)
    raw, y = np.asarray(bunch.data, dtype=float), np.asarray(bunch.target)
    X = raw - raw.mean(axis=0)
    X /= np.where(X.std(axis=0) == 0, 1.0, X.std(axis=0))
    if name in ("diabetes", "linnerud"):
        y = y.reshape(len(X), -1).astype(float)
        return X, (y - y.mean(axis=0)) / y.std(axis=0), raw, y
    return X, y.astype(np.int64), raw, y


ADAM = Adam()


@dataclass(frozen=True)
class Setup:
    """A run to be: defaults are healthy."""

    name: str
    hidden: tuple = (32,)
    activation: str = "relu"
    loss: Any = None
    dropout: float = 0.0
    penalty: Any = None
    optimizer: Any = ADAM
    rate: float = 5e-3
    epochs: int = 60
    batch: int = 32
    seed: int = 0
    initialiser: str | None = None
    dtype: Any = np.float64
    clip: float | None = None
    held_out: float = 0.0
    keeps_best: bool = False
    recoveries: int = 0
    X: Any = None
    y: Any = None
    weight: Any = None
    outputs: Any = None  # names
    weights: Any = None  # function of network and weights

    def observe(self):
        X, y, _, _ = table(self.name)
        X, y = (X if self.X is None else self.X), (y if self.y is None else self.y)
        loss = self.loss or ("cross_entropy" if y.ndim == 1 else "squared_error")
        if isinstance(loss, LogLoss):
            y = (y > 0).astype(float).reshape(len(y), -1)
        n_outputs = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
        network = multilayer_perceptron(
            X.shape[1],
            self.hidden,
            n_outputs,
            activation=self.activation,
            loss=loss,
            dropout=self.dropout,
            initialiser=self.initialiser,
            penalty=self.penalty,
        )
        weights = network.initialise(self.seed, self.dtype)
        if self.weights is not None:
            self.weights(network, weights)
        order = np.random.default_rng(self.seed).permutation(len(X))
        n_kept = int(self.held_out * len(X))
        recipe = Recipe(
            optimizer=self.optimizer,
            learning_rate=self.rate,
            epochs=self.epochs,
            settings=Settings(min(self.batch, len(X) - n_kept), seed=self.seed, max_gradient_norm=self.clip),
            stopping=Stopping(monitor="validation_error") if self.keeps_best else Stopping(),
            max_recoveries=self.recoveries,
        )
        return observe(
            network,
            self._source(X, y, order[n_kept:]),
            recipe,
            weights=weights,
            validation=self._source(X, y, order[:n_kept]) if n_kept else None,
            names=Names(network, [f"column {j}" for j in range(X.shape[1])], self.outputs),
        )

    def _source(self, X, y, rows):
        weight = None if self.weight is None else self.weight[rows].astype(self.dtype)
        target = y[rows] if y.ndim == 1 else y[rows].astype(self.dtype)
        return Source(np.ascontiguousarray(X[rows].astype(self.dtype)), target, weight)


def scaled(factor, bias=0.0):
    """Return a function that multiplies all weights and shifts the biases of the output."""

    def change(network, weights):
        weights *= factor
        network.layout.views(weights)[-1][0][-1] += bias

    return change


def alike(network, weights):
    """Give all neurons of the first hidden layer the weights of its first."""
    (W,) = network.layout.views(weights)[0]
    W[:] = W[:, :1]
    (V,) = network.layout.views(weights)[-1]
    V[:-1] = V[:1]


def hidden_bias(value):
    """Return a function that sets the biases of the first hidden layer."""

    def change(network, weights):
        network.layout.views(weights)[0][0][-1] = value

    return change


def with_column(name, column):
    X, _, _, _ = table(name)
    return np.column_stack([X, column])


def standard(column):
    return (column - column.mean()) / column.std()


def flipped(name, share, seed=0):
    """Return class codes with a share of them replaced at random."""
    y, rng = table(name)[1].copy(), np.random.default_rng(seed)
    rows = rng.choice(len(y), int(share * len(y)), replace=False)
    y[rows] = rng.integers(0, y.max() + 1, len(rows))
    return y


def numbers_like(name, seed=0):
    return np.random.default_rng(seed).normal(size=(len(table(name)[0]), 1))


def rare(name, code, n):
    """Return rows of a table in which a class has n rows only."""
    y = table(name)[1]
    return np.sort(np.concatenate([np.flatnonzero(y != code), np.flatnonzero(y == code)[:n]]))


def outliers(y, n, size):
    y = y.copy()
    y[:n] *= size
    y[:n] += size
    return y


def doubled(name):
    """Return rows of a table twice, and the target the second time of other rows: X and y."""
    X, y, _, _ = table(name)
    return np.vstack([X, X]), np.concatenate([y, y[::-1]])


def broken(name, row, column, value):
    X = table(name)[0].copy()
    X[row, column] = value
    return X


def product(name, i, j):
    """Return the sign pattern of two columns' product as a standardised target: nothing of it is linear."""
    X = table(name)[0]
    return standard(np.sign(X[:, [i]]) * np.sign(X[:, [j]]))


def planted():
    """Return {rule: (the fault it must name first, the one it must have among the first three)}."""
    diabetes, iris, wine, cancer, digits, linnerud = map(Setup, LOADERS)
    yd = table("diabetes")[1]
    n_b, n_d = len(table("breast_cancer")[0]), len(table("diabetes")[0])
    few = rare("breast_cancer", 0, 12)
    noisy = flipped("breast_cancer", 0.3)
    eights = rare("digits", 8, 8)
    Xd2, yd2 = doubled("diabetes")
    Xi2, yi2 = doubled("iris")
    weight = np.ones(n_d)
    weight[:4] = 3000.0
    sgd = {"optimizer": SGD()}
    return {
        "vanishing_gradients": (
            replace(cancer, hidden=(16,) * 6, activation="logistic", **sgd, rate=0.1),
            replace(wine, hidden=(16,) * 8, activation="logistic", rate=1e-3),
        ),
        "exploding_gradients": (
            replace(cancer, hidden=(32,) * 8, activation="identity", weights=scaled(1.9), rate=1e-5),
            replace(diabetes, hidden=(32,) * 10, activation="relu", weights=scaled(1.7), rate=1e-6),
        ),
        "dead_units": (
            replace(cancer, weights=hidden_bias(-50.0)),
            replace(diabetes, weights=hidden_bias(-50.0), hidden=(32, 16)),
        ),
        "saturated_units": (
            replace(cancer, activation="tanh", weights=hidden_bias(12.0), rate=1e-3),
            replace(diabetes, activation="logistic", weights=hidden_bias(-20.0), rate=1e-3),
        ),
        "learning_rate_too_large": (
            replace(cancer, **sgd, rate=20.0, batch=n_b),
            replace(diabetes, **sgd, rate=2.0, activation="tanh", batch=n_d, clip=100.0),
        ),
        "learning_rate_too_small": (replace(diabetes, rate=1e-6), replace(cancer, **sgd, rate=1e-6)),
        "oscillation": (
            replace(linnerud, optimizer=Momentum(momentum=0.99), rate=0.1, batch=20, hidden=()),
            replace(diabetes, optimizer=Momentum(momentum=0.99), rate=0.05, batch=n_d, hidden=()),
        ),
        "poor_initialisation": (
            replace(cancer, hidden=(32, 32), weights=scaled(10.0), rate=1e-3),
            replace(diabetes, hidden=(32, 32), weights=scaled(0.01), **sgd, rate=0.01),
        ),
        "symmetric_units": (replace(wine, weights=alike), replace(diabetes, initialiser="zeros", activation="tanh")),
        "error_at_start": (
            replace(iris, weights=scaled(1.0, np.array([20.0, 0.0, -20.0]))),
            replace(diabetes, weights=scaled(1.0, 5.0)),
        ),
        "unscaled_columns": (
            replace(wine, X=table("wine")[2], **sgd, rate=0.01),
            replace(cancer, X=table("breast_cancer")[2]),
        ),
        "constant_columns": (
            replace(wine, X=with_column("wine", np.full(178, 7.0)), rate=1e-3, epochs=150),
            replace(diabetes, X=with_column("diabetes", np.zeros(n_d))),
        ),
        "duplicate_columns": (
            replace(wine, X=with_column("wine", table("wine")[0][:, 3])),
            replace(cancer, X=with_column("breast_cancer", -table("breast_cancer")[0][:, 5])),
        ),
        "identifier_columns": (
            replace(cancer, X=with_column("breast_cancer", standard(np.arange(n_b)))),
            replace(diabetes, X=with_column("diabetes", standard(np.random.default_rng(0).permutation(n_d)))),
        ),
        "leaking_columns": (
            replace(diabetes, X=with_column("diabetes", yd[:, 0] + 0.01 * numbers_like("diabetes")[:, 0])),
            replace(wine, X=with_column("wine", table("wine")[1] + 0.01 * numbers_like("wine")[:, 0])),
        ),
        "conflicting_labels": (replace(diabetes, X=Xd2, y=yd2), replace(iris, X=Xi2, y=yi2)),
        "class_imbalance": (
            replace(cancer, X=table("breast_cancer")[0][few][:, 14:16], y=table("breast_cancer")[1][few]),
            replace(digits, X=table("digits")[0][eights][:, 18:46], y=table("digits")[1][eights], epochs=5, rate=2e-3),
        ),
        "target_scale": (
            replace(diabetes, y=table("diabetes")[3]),
            replace(linnerud, y=table("linnerud")[3] * np.array([1.0, 1.0, 100.0])),
        ),
        "cannot_fit_one_batch": (
            replace(diabetes, penalty=Penalty(l2=10.0)),
            replace(digits, hidden=(1,), epochs=20, activation="tanh", penalty=Penalty(l2=0.05)),
        ),
        "stopped_too_early": (replace(diabetes, rate=1e-3, epochs=6), replace(wine, rate=1e-3, epochs=6)),
        "stopped_too_late": (
            replace(diabetes, hidden=(64, 64), epochs=150, held_out=0.3),
            replace(cancer, y=flipped("breast_cancer", 0.15), hidden=(64, 64), epochs=100, held_out=0.3),
        ),
        "overfitting": (
            replace(diabetes, y=numbers_like("diabetes"), hidden=(64, 64), epochs=60, held_out=0.3, keeps_best=True),
            replace(iris, y=flipped("iris", 1.0), hidden=(64, 64), epochs=60, held_out=0.3),
        ),
        "batch_too_small": (
            replace(diabetes, **sgd, rate=0.1, batch=1, epochs=10, activation="tanh"),
            replace(cancer, y=noisy, **sgd, rate=0.2, batch=2, epochs=10, activation="tanh"),
        ),
        "dominant_rows": (
            replace(diabetes, y=outliers(yd, 3, 1000.0), rate=1e-3),
            replace(diabetes, weight=weight, rate=1e-3),
        ),
        "plateau": (
            replace(
                diabetes,
                y=product("diabetes", 2, 3),
                activation="tanh",
                **sgd,
                rate=0.02,
                weights=scaled(0.2),
                epochs=60,
            ),
            replace(
                cancer,
                y=product("breast_cancer", 4, 14),
                activation="tanh",
                **sgd,
                rate=0.02,
                weights=scaled(0.2),
                epochs=60,
            ),
        ),
        "non_finite": (
            replace(wine, X=broken("wine", 40, 3, np.nan)),
            replace(diabetes, dtype=np.float32, y=outliers(yd, 1, 1e25)),
        ),
    }


def healthy():
    """Return runs in which nothing is wrong, over all tables, losses, sizes, optimizers and dtypes."""
    diabetes, iris, wine, cancer, digits, linnerud = map(Setup, LOADERS)
    best = {"held_out": 0.2, "keeps_best": True}
    return {
        "iris": iris,
        "iris, no hidden layer": replace(iris, hidden=(), rate=0.02, epochs=100),
        "iris, small": replace(iris, hidden=(8,), activation="tanh", rate=0.02, epochs=100),
        "iris, lbfgs": replace(iris, optimizer=LBFGS(), epochs=30),
        "wine": wine,
        "wine, held out": replace(wine, **best),
        "wine, logistic": replace(wine, activation="logistic", rate=0.02),
        "wine, float32, dropout": replace(wine, dtype=np.float32, dropout=0.2, hidden=(64, 64)),
        "wine, smoothed": replace(wine, loss=CrossEntropy(label_smoothing=0.1)),
        "breast cancer": cancer,
        "breast cancer, log loss": replace(cancer, loss=LogLoss()),
        "breast cancer, sgd": replace(cancer, optimizer=SGD(), rate=0.1),
        "breast cancer, momentum, held out": replace(cancer, optimizer=Momentum(), rate=0.01, **best),
        "breast cancer, wide, float32": replace(
            cancer, hidden=(128, 128), dtype=np.float32, optimizer=AdamW(), rate=1e-3, **best
        ),
        "breast cancer, rmsprop, gelu": replace(cancer, optimizer=RMSprop(), rate=1e-3, activation="gelu"),
        "digits": replace(digits, epochs=20, hidden=(64,), batch=64),
        "digits, held out, silu": replace(digits, epochs=20, hidden=(64, 64), activation="silu", batch=64, **best),
        "diabetes": diabetes,
        "diabetes, held out": replace(diabetes, hidden=(64, 64), rate=1e-3, **best),
        "diabetes, absolute error": replace(diabetes, loss="absolute_error"),
        "diabetes, huber, elu": replace(diabetes, loss="huber", activation="elu"),
        "diabetes, quantile": replace(diabetes, loss="quantile"),
        "diabetes, poisson": replace(diabetes, loss="poisson", y=table("diabetes")[3] / 100.0),
        "diabetes, lbfgs": replace(diabetes, optimizer=LBFGS(), hidden=(16,), penalty=Penalty(l2=0.01), epochs=40),
        "diabetes, full batch sgd": replace(
            diabetes, optimizer=SGD(), batch=442, rate=0.1, activation="tanh", epochs=200
        ),
        "linnerud": replace(linnerud, epochs=400, batch=20),
        "linnerud, penalty": replace(linnerud, epochs=150, batch=20, penalty=Penalty(l2=0.01), activation="softplus"),
    }
