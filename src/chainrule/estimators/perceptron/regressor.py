"""The drop-in for scikit-learn's ``MLPRegressor``."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from chainrule.errors import ParameterError
from chainrule.estimators.metrics import regression_metrics
from chainrule.estimators.perceptron.base import MultilayerPerceptron
from chainrule.estimators.perceptron.documentation import documented
from chainrule.estimators.perceptron.problem import Problem
from chainrule.network import LOSSES, CrossEntropy, LogLoss, Loss, Quantile
from chainrule.network.losses import MeanSquaredError, PoissonDeviance
from chainrule.training import Metrics

__all__ = ["MLPRegressor"]

_NAMES = ("squared_error", "poisson", "absolute_error", "huber", "quantile")
_REPORTED = {"squared_error": MeanSquaredError, "poisson": PoissonDeviance}


@documented
class MLPRegressor(RegressorMixin, MultilayerPerceptron):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that predicts numbers: scikit-learn's ``MLPRegressor``, faster, with more.

    Everything that scikit-learn's has is here under the same name, and gives the same numbers for the same
    ``random_state``. Targets are not standardised.

    More are the parameters after ``max_fun`` (off by default, but for ``record``), the arguments of ``fit`` after
    ``sample_weight``, and methods: ``run_.step(t)`` opens any step of the training, ``diagnose`` tells why a network
    does not learn, the ``plot_…`` draw it, ``replay`` opens the training of a model from a file, ``save`` writes one,
    ``from_sklearn`` and ``to_sklearn`` convert.

    Parameters
    ----------
    loss : {"squared_error", "poisson", "absolute_error", "huber", "quantile"} or Loss, default="squared_error"
        A loss object sets options, such as ``Quantile(levels=(0.05, 0.5, 0.95))``, or is one of your own. "poisson"
        predicts e to the network's output, and needs y ≥ 0.
    $parameters

    Attributes
    ----------
    $attributes

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from chainrule import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = MLPRegressor(solver="lbfgs", hidden_layer_sizes=(5,), alpha=1.0, max_iter=1000, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.4)
    True
    """

    _parameter_constraints = MultilayerPerceptron._parameter_constraints | {"loss": [StrOptions(set(_NAMES)), Loss]}

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        dropout: float = 0.0,
        schedule: Any = None,
        max_grad_norm: float | None = None,
        restore_best: bool = False,
        time_limit: float | None = None,
        record: Any = "auto",
        n_threads: int | None = None,
        engine: str = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.dropout = dropout
        self.schedule = schedule
        self.max_grad_norm = max_grad_norm
        self.restore_best = restore_best
        self.time_limit = time_limit
        self.record = record
        self.n_threads = n_threads
        self.engine = engine

    def _read_target(self, X: Any, y: Any, *, classes: str, reset: bool) -> tuple[Any, NDArray[Any]]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            y_numeric=True,
            dtype=(np.float64, np.float32),
            reset=reset,
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y

    def _make_loss(self) -> Loss:
        if isinstance(self.loss, str):
            return _REPORTED.get(self.loss, LOSSES[self.loss])()
        if isinstance(self.loss, LogLoss | CrossEntropy):
            raise ParameterError(f"loss={self.loss!r} is for classes; use MLPClassifier, or 'squared_error'.")
        loss: Loss = self.loss
        return loss

    def _count_outputs(self, y: NDArray[Any]) -> int:
        return 1 if y.ndim == 1 else int(y.shape[1])

    def _problem(self, X: Any, y: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        target = y.reshape(len(y), -1)
        return Problem(X, target, target, weight)

    def _strata(self, truth: NDArray[Any]) -> None:
        return None

    def _score_of(self, truth: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> float | None:
        return self._metrics(truth, predicted, weight)["r2"]

    def _metrics(self, truth: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> Metrics:
        return regression_metrics(truth.astype(np.float64, copy=False), self._answer(predicted), weight)

    def _answer(self, predicted: NDArray[Any]) -> NDArray[Any]:
        loss = self.network_.loss
        if isinstance(loss, Quantile):
            middle = int(np.argmin(np.abs(np.array(loss.levels) - 0.5)))
            predicted = predicted[:, middle :: len(loss.levels)]
        return predicted.ravel() if predicted.shape[1] == 1 else predicted

    def _answer_of_truth(self, truth: NDArray[Any]) -> NDArray[Any]:
        return truth.ravel() if truth.shape[1] == 1 else truth

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Go over the rows once more, going on from the weights and the optimizer there are.

        With ``solver="lbfgs"`` it is a whole fit that goes on from the weights there are: scikit-learn's regressor lets
        that pass, its classifier does not.

        Parameters
        ----------
        X : array or scipy.sparse matrix of shape (N, D)
        y : array of shape (N,) or (N, K)
        sample_weight : array of shape (N,), optional

        Returns
        -------
        self
        """
        return self._partial_fit(X, y, sample_weight)

    def predict_quantiles(self, X: Any) -> NDArray[Any]:
        """Return the quantiles of a model with ``loss="quantile"`` (``predict`` returns the one closest to 0.5).

        Parameters
        ----------
        X : array or scipy.sparse matrix of shape (N, D)

        Returns
        -------
        array (N, Q), or (N, K, Q) for several targets
            In ascending order of level; where neighbouring curves cross, they are sorted.

        Raises
        ------
        ParameterError
            If the model has another loss.
        """
        check_is_fitted(self)
        loss = self.network_.loss
        if not isinstance(loss, Quantile):
            raise ParameterError(f"predict_quantiles needs loss='quantile'; this model has loss={self.loss!r}.")
        predicted = self._predicted(X)
        quantiles = np.sort(predicted.reshape(len(predicted), -1, len(loss.levels)), axis=2)
        return quantiles[:, 0] if quantiles.shape[1] == 1 else quantiles
