"""Regression on table rows: one number or several."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin

from chainrule import table
from chainrule.errors import ParameterError, TableError
from chainrule.estimators.base import TableEstimator
from chainrule.estimators.documentation import documented
from chainrule.estimators.metrics import regression_metrics
from chainrule.estimators.rows import Rows
from chainrule.estimators.settings import COMMON_RULES, loss_rule, metric_rule
from chainrule.network import LOSSES, CrossEntropy, LogLoss, Loss, Poisson, Quantile
from chainrule.training import Metrics

__all__ = ["TableRegressor"]


@documented
class TableRegressor(RegressorMixin, TableEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A neural network that predicts numbers from the rows of a table.

    Takes raw tables: numbers, text, booleans, dates, with gaps. The defaults do well without tuning. The target is
    standardised inside (for "poisson": divided by its mean), and predictions come back in its own units.

    Parameters
    ----------
    $parameters
    loss : {"auto", "squared_error", "absolute_error", "huber", "quantile", "poisson"} or Loss, default="auto"
        "auto" is squared error. A loss object sets options, such as ``Quantile(levels=(0.05, 0.5, 0.95))`` or
        ``Huber(delta=0.5)`` (in standard deviations of the target).
    eval_metric : {"error", "rmse", "mae", "r2"} or function, default="error"
        What decides on validation rows which epoch is best and when to stop: the loss itself ("error"), a metric, or a
        function of (y_true, y_pred) whose greater values are better.

    Attributes
    ----------
    $attributes

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from chainrule import TableRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = TableRegressor(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.4)
    True
    """

    _rules = COMMON_RULES | {
        "loss": loss_rule(("squared_error", "absolute_error", "huber", "quantile", "poisson")),
        "eval_metric": metric_rule(("rmse", "mae", "r2")),
    }

    def __init__(
        self,
        *,
        hidden_layer_sizes: Any = (256, 256),
        activation: str = "relu",
        initialiser: str | None = None,
        dropout: Any = "auto",
        alpha: float = 0.0,
        l1: float = 0.0,
        loss: Any = "auto",
        solver: Any = "adamw",
        learning_rate_init: float = 1e-3,
        momentum: float | None = None,
        weight_decay: float | None = None,
        schedule: Any = "auto",
        batch_size: Any = "auto",
        shuffle: bool = True,
        max_iter: int = 200,
        max_grad_norm: float | None = None,
        early_stopping: bool = True,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 20,
        tol: float = 0.0,
        eval_metric: Any = "error",
        time_limit: float | None = None,
        record: Any = "auto",
        columns: dict[Any, str] | None = None,
        max_categories: int = 30,
        n_bins: int = 12,
        dtype: str = "auto",
        engine: str = "auto",
        n_threads: int | None = None,
        random_state: Any = None,
        verbose: Any = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.initialiser = initialiser
        self.dropout = dropout
        self.alpha = alpha
        self.l1 = l1
        self.loss = loss
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.max_iter = max_iter
        self.max_grad_norm = max_grad_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.eval_metric = eval_metric
        self.time_limit = time_limit
        self.record = record
        self.columns = columns
        self.max_categories = max_categories
        self.n_bins = n_bins
        self.dtype = dtype
        self.engine = engine
        self.n_threads = n_threads
        self.random_state = random_state
        self.verbose = verbose

    def _strata(self, y: NDArray[Any]) -> None:
        return None

    def _fit_target(self, rows: Rows, training: NDArray[np.int64], kept: NDArray[np.int64]) -> "table.NumberTarget":
        weight = rows.weight.copy()
        weight[kept] = 0.0  # left out, and yet a wrong value is named by its row in the whole table
        target = table.NumberTarget().fit(rows.y, weight)
        if isinstance(self._make_loss(), Poisson):
            self._check_counts(rows.y)
            if not (target.mean_ > 0).all():
                raise TableError("loss='poisson' needs a target that is not all zeros; use 'squared_error'.")
            # Counts keep their zero: divided by their mean, not standardised.
            target.std_, target.mean_ = target.mean_, np.zeros_like(target.mean_)
        return target

    def _make_loss(self) -> Loss:
        name = "squared_error" if self.loss == "auto" else self.loss
        loss = LOSSES[name]() if isinstance(name, str) else name
        if isinstance(loss, LogLoss | CrossEntropy):
            raise ParameterError(f"loss={self.loss!r} is for classes; use TableClassifier, or squared_error.")
        return loss

    def _n_outputs(self) -> int:
        return int(self.target_.n_outputs)

    def _check_counts(self, y: NDArray[Any]) -> None:
        low = np.min(np.asarray(y, dtype=np.float64))
        if low < 0:
            raise TableError(f"loss='poisson' needs a target of at least 0, got {low:g}; use 'squared_error'.")

    def _encode_target(self, y: NDArray[Any], dtype: Any) -> NDArray[Any]:
        if isinstance(self._make_loss(), Poisson):
            self._check_counts(y)
        return super()._encode_target(y, dtype)

    def _metric_target(self, y: NDArray[Any]) -> NDArray[Any]:
        return y.astype(np.float64)

    def _metrics(self, target: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> Metrics:
        return regression_metrics(target, self._answer(predicted), weight)

    def _answer(self, predicted: NDArray[Any]) -> NDArray[Any]:
        levels = self._levels()
        if levels is not None:
            middle = int(np.argmin(np.abs(np.array(levels) - 0.5)))
            predicted = predicted[:, middle :: len(levels)]
        return np.asarray(self.target_.decode(predicted))

    def _levels(self) -> tuple[float, ...] | None:
        loss = self._make_loss()
        return loss.levels if isinstance(loss, Quantile) else None

    def predict_quantiles(self, X: Any) -> NDArray[Any]:
        """Return the quantiles of a model with ``loss="quantile"`` (``predict`` returns the one closest to 0.5).

        Parameters
        ----------
        X : DataFrame, array or scipy.sparse matrix of shape (N, D)

        Returns
        -------
        array (N, Q), or (N, K, Q) for several targets
            In ascending order of level; where neighbouring curves cross, they are sorted.

        Raises
        ------
        ParameterError
            If the model has another loss.
        """
        levels = self._levels()
        if levels is None:
            raise ParameterError(f"predict_quantiles needs loss='quantile'; this model has loss={self.loss!r}.")
        predicted = np.sort(self._predicted(X).reshape(-1, self._n_outputs(), len(levels)), axis=2)
        columns = [np.asarray(self.target_.decode(predicted[:, :, i])) for i in range(len(levels))]
        return np.stack(columns, axis=-1)
