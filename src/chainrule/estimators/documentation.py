"""What the docstrings of both table estimators have in common, written once."""

from string import Template
from typing import Any, TypeVar

__all__ = ["documented"]

Class = TypeVar("Class", bound=type[Any])

PARAMETERS = """\
    hidden_layer_sizes : tuple of int, default=(256, 256)
        Widths of the hidden layers; ``()`` is a linear model.
    activation : str, default="relu"
        "identity", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "logistic" or "softplus".
    initialiser : str or None, default=None
        "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_uniform", "lecun_normal", "orthogonal" or
        "zeros"; None takes the one that suits the activation.
    dropout : float or "auto", default="auto"
        Share of each hidden layer's activations dropped in training, in [0, 1). "auto" is 0.15; 0 below 100 rows and
        for lbfgs.
    alpha, l1 : float, default=0.0
        Strength of the penalties ½·alpha·Σw² and l1·Σ|w| in E. Biases are left alone.
    solver : str or optimizer, default="adamw"
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lbfgs" (all rows at once), or an object
        such as ``chainrule.training.Adam(beta_2=0.99)``.
    learning_rate_init : float, default=0.001
        Learning rate before the schedule.
    momentum : float or None, default=None
        For "momentum" and "nesterov"; None is 0.9.
    weight_decay : float or None, default=None
        Decoupled decay of "adamw"; None is 0.01.
    schedule : str or schedule, default="auto"
        Of the learning rate: "constant", "inverse_scaling", "step", "cosine", "one_cycle", "warm_up", "coslog4",
        "flat_cosine", "reduce_on_plateau", or an object such as ``chainrule.training.WarmUp(epochs=10)``. "auto" is
        "reduce_on_plateau" with validation rows, else "cosine".
    batch_size : int or "auto", default="auto"
        Rows a step takes. "auto": all rows below 100, else about a fortieth of them, between 32 and 256.
    shuffle : bool, default=True
        Whether every epoch takes the rows in a new order.
    max_iter : int, default=200
        Epochs at most (lbfgs: iterations).
    max_grad_norm : float or None, default=None
        Gradients with a larger norm are scaled down to it.
    early_stopping : bool, default=True
        Keep some rows back for validation (or use ``eval_set``), stop when they no longer improve, and end with the
        weights of the best epoch. Below 100 rows none is kept back, and training goes on for ``max_iter`` epochs. False
        trains for ``max_iter`` epochs on all rows; an ``eval_set`` is then only measured.
    validation_fraction : float, default=0.2
        Share of the rows kept back.
    n_iter_no_change : int, default=20
        Epochs without improvement after which to stop.
    tol : float, default=0.0
        Smallest improvement that counts.
    time_limit : float or None, default=None
        Seconds after which training ends with the best weights so far.
    record : {"auto", "full", False} or path, default="auto"
        What is kept of the training, so that ``run_`` can open its steps: keyframes (the weights and what else a step
        depends on, now and then) in 64 MiB of memory at most ("auto"), as many as there are ("full"), or in files of a
        folder, and the encoded training rows ("auto": if they take 64 MiB at most). False keeps neither: ``replay``
        repeats the training then.
    columns : dict or None, default=None
        Kinds of columns by name (or index), where the rules guess wrong: "number", "boolean", "category", "date",
        "drop".
    max_categories : int, default=30
        Categories of a column that get an input of their own; rarer ones share one.
    n_bins : int, default=12
        Quantile bins that a number column is spread over besides its own value (piecewise-linear encoding), so that the
        network can bend there; tables with many number columns get fewer. 0 is none.
    dtype : {"auto", "float32", "float64"}, default="auto"
        Precision of the whole computation. "auto" is float64 below 1,000 rows and for lbfgs, else float32.
    engine : str, default="auto"
        What executes the training steps: "auto" takes the fastest engine there is, "reference" NumPy.
    n_threads : int or None, default=None
        Threads of the matrix products; None lets the engine choose.
    random_state : int, RandomState or None, default=None
        Seed of initial weights, row order, dropout and validation split: the same int gives the same bits.
    verbose : "auto" or bool, default="auto"
        Progress on standard error: always, never, or ("auto") on a terminal after two seconds."""

ATTRIBUTES = """\
    network_, weights_ : Network, array (P,)
        The trained network and its flat weight vector.
    history_ : list of dict
        One row an epoch: epoch, step, train_error, validation_error, metrics on the validation rows, learning_rate,
        gradient_norm, seconds. Errors are E of the encoded target, the validation error without penalty.
    n_iter_, best_epoch_ : int
        Epochs trained, and the one whose weights are kept.
    stop_reason_ : str
        "early_stopping", "max_iter", "converged", "time_limit", "interrupted", or a callback's own.
    validation_metrics_ : dict or None
        Metrics of the kept weights on the validation rows.
    encoder_, target_ : TableEncoder, target encoder
        How columns and target become numbers; ``encoder_.summary()`` lists the columns.
    n_features_in_, feature_names_in_ : int, array of str
        Columns seen in ``fit``, and their names if they have any.
    seed_ : int
        The seed used.
    fit_seconds_ : float
        How long ``fit`` took.
    run_ : RecordedRun
        The training that took place: ``run_.step(t)`` opens any of its steps."""


def documented(cls: Class) -> Class:
    """Fill ``$parameters`` and ``$attributes`` in the docstring of a class."""
    if cls.__doc__ is not None:  # python -OO drops docstrings
        cls.__doc__ = Template(cls.__doc__).substitute(parameters=PARAMETERS.lstrip(), attributes=ATTRIBUTES.lstrip())
    return cls
