"""What the docstrings of the drop-in's two estimators have in common, written once."""

from string import Template
from typing import Any, TypeVar

__all__ = ["documented"]

Class = TypeVar("Class", bound=type[Any])

PARAMETERS = """\
    hidden_layer_sizes : array-like of int, default=(100,)
        Widths of the hidden layers.
    activation : str or list of str, default="relu"
        "identity", "logistic", "tanh", "relu" as in scikit-learn, or "leaky_relu", "elu", "selu", "gelu", "silu",
        "mish", "softplus"; a list has one for each hidden layer.
    solver : str or Optimizer, default="adam"
        "adam", "sgd", "lbfgs" as in scikit-learn, or "momentum", "nesterov", "adamw" (decoupled decay: alpha is its
        weight_decay, not a penalty), "rmsprop", "adagrad", or an object such as ``chainrule.training.AdamW()``.
    alpha : float, default=0.0001
        Strength of the penalty ½·alpha·Σw², divided by the sum of the batch's row weights.
    batch_size : int or "auto", default="auto"
        Rows a step takes; "auto" is min(200, N).
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For every solver but "adam" and "lbfgs": "invscaling" divides learning_rate_init by (rows seen)^power_t at the
        end of each epoch, "adaptive" divides by 5 when patience ends, and stops at 1e-6.
    learning_rate_init : float, default=0.001
        Learning rate at the start.
    power_t : float, default=0.5
        Exponent of "invscaling".
    max_iter : int, default=200
        Epochs at most (lbfgs: iterations).
    shuffle : bool, default=True
        Whether every epoch takes the rows in a new order.
    random_state : int, RandomState or None, default=None
        Of first weights, row order and early stopping's split; drawn from exactly as scikit-learn does. (Dropout has
        random numbers of its own, and others in every call that goes on.)
    tol : float, default=1e-4
        Smallest improvement that counts (lbfgs: largest component of the gradient at the end).
    verbose : bool or int, default=False
        Print loss and score of every epoch (of lbfgs, too).
    warm_start : bool, default=False
        Whether ``fit`` goes on from the weights there are.
    momentum : float, default=0.9
        Of "sgd", "momentum" and "nesterov".
    nesterovs_momentum : bool, default=True
        Whether "sgd" has Nesterov's momentum.
    early_stopping : bool, default=False
        Keep rows back, stop when their score no longer improves, and end with the best weights.
    validation_fraction : float, default=0.1
        Share of the rows kept back.
    beta_1, beta_2, epsilon : float, defaults 0.9, 0.999, 1e-8
        Of "adam" and "adamw".
    n_iter_no_change : int, default=10
        Epochs without improvement to put up with; training stops at the one after.
    max_fun : int, default=15000
        Evaluations of the loss at most, for "lbfgs".
    dropout : float, default=0.0
        Share of each hidden layer's activations dropped in training.
    schedule : str, Schedule or None, default=None
        Of the learning rate, in place of ``learning_rate``: "cosine", "one_cycle", "warm_up", … (see
        ``chainrule.training.SCHEDULES``).
    max_grad_norm : float or None, default=None
        Gradients with a larger norm are scaled down to it.
    restore_best : bool, default=False
        End with the weights of the best epoch by the ``eval_set`` of ``fit``.
    time_limit : float or None, default=None
        Seconds after which training ends with what it has.
    record : {"auto", "full", False} or path, default="auto"
        What ``fit`` keeps, so that ``run_`` can open its steps: keyframes (the weights and what else a step depends on,
        now and then) in 64 MiB of memory at most ("auto"), as many as there are ("full"), or in files of a folder, and
        the rows themselves ("auto": if they take 64 MiB at most; an array of floats is not copied). False keeps
        neither: ``replay`` repeats the training then. ``partial_fit`` keeps no record.
    n_threads : int or None, default=None
        Threads of training and prediction; None takes as many as pay.
    engine : str, default="auto"
        What executes the training steps: "auto" takes the fastest engine there is, "reference" NumPy."""

ATTRIBUTES = """\
    coefs_, intercepts_ : list of arrays (n_in, n_out), list of arrays (n_out,)
        The weights, layer by layer: views of ``weights_``. Assigning to them, or into them, writes there.
    loss_, best_loss_ : float
        Loss of the last epoch, and the lowest one (None with early stopping).
    loss_curve_ : list of float
        Loss of every epoch; not with lbfgs.
    validation_scores_, best_validation_score_ : list of float, float
        Accuracy or R² of every epoch on the rows kept back, and the best one; None without early stopping.
    validation_curve_ : list of float
        Loss or ``eval_metric`` of every epoch on the ``eval_set``, or on the rows kept back.
    n_iter_, t_ : int
        Epochs of the last fit, and rows seen in all.
    n_layers_, n_outputs_, out_activation_ : int, int, str
        Layers (input and output too), outputs, and "identity", "exp", "logistic" or "softmax".
    n_features_in_, feature_names_in_ : int, array of str
        Columns seen in ``fit``, and their names if they have any.
    run_ : RecordedRun
        The training of the last ``fit``: ``run_.step(t)`` opens any of its steps.
    target_name_ : str or None
        The name of y, if it is a Series.
    network_, weights_ : Network, array (P,)
        The network and its flat weight vector.
    history_ : list of dict
        One row for each epoch of the last fit: train_error, learning_rate, gradient_norm, seconds, …
    stop_reason_ : str
        "early_stopping" (patience has ended), "max_iter", "converged", "max_evaluations" and "line_search" (lbfgs),
        "time_limit", "interrupted", "diverged" (early stopping ends with the best weights then), a callback's own, or
        "unknown" after ``from_sklearn``.

    Notes
    -----
    Where scikit-learn has a habit of its own, it is kept: alpha is divided by the batch's weight sum; the loss told is
    that of probabilities clipped to [ε, 1 − ε], gradients are not clipped; the squared error of several outputs is told
    as their mean while their sum is descended; patience is one epoch longer than ``n_iter_no_change``, and with
    ``warm_start`` it is not renewed; after a warm start with early stopping the best weights are those of this fit, and
    the last ones if it has no better score than the fits before; an epoch's loss weighs batches by their numbers of
    rows; lbfgs runs in float64; the regressor's ``partial_fit`` takes lbfgs, and is a whole fit then.

    Otherwise than there, a batch whose weights are all zero is passed over; a fit that fails leaves the model as it
    was; a warm start with layers of other sizes is an error, and so are negative counts with the Poisson loss, and a
    training that diverges before early stopping had a first score; the Poisson loss stays a number where predictions
    underflow; ``set_params`` after ``fit`` changes the next fit, not the predictions of this one."""


def documented(cls: Class) -> Class:
    """Fill ``$parameters`` and ``$attributes`` in the docstring of a class."""
    if cls.__doc__ is not None:  # python -OO drops docstrings
        cls.__doc__ = Template(cls.__doc__).substitute(parameters=PARAMETERS.lstrip(), attributes=ATTRIBUTES.lstrip())
    return cls
