"""Classification of table rows: two classes, several, or sets of labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from chainrule import table
from chainrule.errors import ParameterError, TableError
from chainrule.estimators.base import TableEstimator
from chainrule.estimators.class_weights import class_factors
from chainrule.estimators.documentation import documented
from chainrule.estimators.metrics import classification_metrics, label_set_metrics
from chainrule.estimators.parameters import AnyOf, Instance, OneOf
from chainrule.estimators.rows import Rows
from chainrule.estimators.settings import COMMON_RULES, loss_rule, metric_rule
from chainrule.network import LOSSES, CrossEntropy, LogLoss, Loss
from chainrule.training import Metrics

__all__ = ["TableClassifier"]


@documented
class TableClassifier(ClassifierMixin, TableEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A neural network that classifies the rows of a table.

    Takes raw tables: numbers, text, booleans, dates, with gaps. The defaults do well without tuning. The network
    minimises log loss for two classes and for sets of labels (a 0/1 matrix as target), cross-entropy for several
    classes.

    Parameters
    ----------
    $parameters
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in E by label (1 where not given); "balanced" gives every class the same total weight.
    loss : {"auto", "log_loss", "cross_entropy"} or Loss, default="auto"
        A loss object sets options, such as ``CrossEntropy(label_smoothing=0.1)``.
    eval_metric : {"error", "accuracy", "log_loss", "roc_auc"} or function, default="error"
        What decides on validation rows which epoch is best and when to stop: the loss itself ("error"), a metric, or a
        function of (y_true, y_pred) whose greater values are better.

    Attributes
    ----------
    classes_ : array (K,)
        Class labels, sorted; 0 … K − 1 for sets of labels.
    $attributes

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from chainrule import TableClassifier
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = TableClassifier(random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _rules = COMMON_RULES | {
        "class_weight": AnyOf((OneOf(("balanced",)), Instance((dict,), "a dict of label to weight"), OneOf((None,)))),
        "loss": loss_rule(("log_loss", "cross_entropy")),
        "eval_metric": metric_rule(("accuracy", "log_loss", "roc_auc")),
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
        class_weight: Any = None,
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
        self.class_weight = class_weight
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

    @property
    def _is_label_set(self) -> bool:
        return isinstance(self.target_, table.LabelSetTarget)

    def _strata(self, y: NDArray[Any]) -> NDArray[np.int64] | None:
        if y.ndim == 2 and y.shape[1] > 1:
            return None
        return table.ClassTarget().fit(y).encode(y)

    def _fit_target(self, rows: Rows, training: NDArray[np.int64], kept: NDArray[np.int64]) -> Any:
        y = rows.y[np.sort(np.concatenate([training, kept]))]
        kind = _type_of(y)
        if kind == "multiclass-multioutput":
            raise TableError(
                "Unknown label type: several columns of classes. Train one model a column, or give 0/1 columns for "
                "sets of labels."
            )
        target = table.LabelSetTarget().fit(y) if kind == "multilabel-indicator" else table.ClassTarget().fit(y)
        self.classes_ = classes_of(target)
        if len(self.classes_) < 2 and isinstance(target, table.ClassTarget):
            only = self.classes_.tolist()[0]
            raise TableError(f"The target has one class only, {only!r}: a classifier needs at least two classes.")
        if self.eval_metric == "roc_auc" and (len(self.classes_) != 2 or isinstance(target, table.LabelSetTarget)):
            raise ParameterError("eval_metric='roc_auc' needs a target of two classes; use 'log_loss' or 'accuracy'.")
        self.target_ = target
        self._fit_weights(rows, training)
        return target

    def _fit_weights(self, rows: Rows, training: NDArray[np.int64]) -> None:
        y, weight = rows.y[training], rows.weight[training]
        self._class_factors = self._fit_class_factors(self.target_, y, weight)

    def _fit_class_factors(
        self, target: "table.ClassTarget | table.LabelSetTarget", y: NDArray[Any], weight: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Return each class's factor (K,) on its rows' weights, or None without class weights."""
        given = self.class_weight
        if given is None:
            return None
        if isinstance(target, table.LabelSetTarget):
            raise ParameterError("class_weight has no effect on sets of labels; use sample_weight.")
        if given == "balanced":
            totals = np.bincount(target.encode(y, np.int64), weights=weight, minlength=len(self.classes_))
            return np.asarray(weight.sum() / (len(self.classes_) * totals))
        return class_factors(given, self.classes_.tolist())

    def _training_weight(self, y: NDArray[Any], weight: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._class_factors is None:
            return weight
        factors: NDArray[np.float64] = self._class_factors[self.target_.encode(y, np.int64)]
        return weight * factors

    def _make_loss(self) -> Loss:
        n_classes = len(self.classes_)
        chosen = self.loss
        if chosen == "auto":
            chosen = "log_loss" if n_classes == 2 or self._is_label_set else "cross_entropy"
        loss = LOSSES[chosen]() if isinstance(chosen, str) else chosen
        fits = isinstance(loss, LogLoss) and (n_classes == 2 or self._is_label_set)
        if not fits and not (isinstance(loss, CrossEntropy) and not self._is_label_set):
            what = "sets of labels" if self._is_label_set else f"{n_classes} classes"
            raise ParameterError(f"loss={self.loss!r} does not suit {what}; leave it at 'auto'.")
        return loss

    def _n_outputs(self) -> int:
        binary = not self._is_label_set and isinstance(self._make_loss(), LogLoss)
        return 1 if binary else len(self.classes_)

    def _encode_target(self, y: NDArray[Any], dtype: Any) -> NDArray[Any]:
        if self._is_label_set:
            return super()._encode_target(y, dtype)
        codes = self.target_.encode(y, np.int64)
        return codes[:, None].astype(dtype) if self._n_outputs() == 1 else np.asarray(codes)

    def _probabilities(self, predicted: NDArray[Any]) -> NDArray[Any]:
        if predicted.shape[1] == 1 and not self._is_label_set:
            return np.hstack([1.0 - predicted, predicted])
        return predicted

    def _metric_target(self, y: NDArray[Any]) -> NDArray[Any]:
        return y if self._is_label_set else np.asarray(self.target_.encode(y, np.int64))

    def _metrics(self, target: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> Metrics:
        measure = label_set_metrics if self._is_label_set else classification_metrics
        return measure(target, self._probabilities(predicted), weight)

    def _answer(self, predicted: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self.target_.decode(self._probabilities(predicted)))

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the probability of each class, or of each label.

        Parameters
        ----------
        X : DataFrame, array or scipy.sparse matrix of shape (N, D)

        Returns
        -------
        array (N, K)
            Columns in the order of ``classes_``; rows sum to 1, but for sets of labels.
        """
        return self._probabilities(self._predicted(X))

    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Return the logarithm of ``predict_proba``, shape (N, K)."""
        with np.errstate(divide="ignore"):  # log 0 is −inf
            return np.asarray(np.log(self.predict_proba(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _type_of(y: NDArray[Any]) -> str:
    """Return scikit-learn's type of a target that is made of classes; TableError if it is not."""
    try:
        check_classification_targets(y)
        return str(type_of_target(y))
    except (ValueError, TypeError) as error:
        table.ClassTarget().fit(y)  # says it in better words where it can
        raise TableError(str(error)) from error


def classes_of(target: "table.ClassTarget | table.LabelSetTarget") -> NDArray[Any]:
    """Return the class labels (K,) of a fitted target; sets of labels are numbered."""
    return target.classes_ if isinstance(target, table.ClassTarget) else np.arange(target.n_outputs)
