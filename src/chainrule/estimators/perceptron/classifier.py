"""The drop-in for scikit-learn's ``MLPClassifier``."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from chainrule.errors import ParameterError
from chainrule.estimators.metrics import classification_metrics, label_set_metrics
from chainrule.estimators.perceptron.base import MultilayerPerceptron, has_partial_fit
from chainrule.estimators.perceptron.documentation import documented
from chainrule.estimators.perceptron.labels import codes_of, few_labels
from chainrule.estimators.perceptron.problem import Problem
from chainrule.network import CrossEntropy, LogLoss, Loss, Poisson
from chainrule.network.losses import ClippedCrossEntropy, ClippedLogLoss
from chainrule.training import Metrics

__all__ = ["MLPClassifier"]


@documented
class MLPClassifier(ClassifierMixin, MultilayerPerceptron):  # type: ignore[misc]  # scikit-learn has no types
    """A multilayer perceptron that classifies: scikit-learn's ``MLPClassifier``, faster, with more to it.

    Everything that scikit-learn's has is here under the same name, and gives the same numbers for the same
    ``random_state``. The loss is log loss for two classes and for several labels, cross-entropy for several classes.

    More are the parameters after ``max_fun`` (off by default, but for ``record``), the arguments of ``fit`` after
    ``sample_weight``, and methods: ``run_.step(t)`` opens any step of the training, ``diagnose`` tells why a network
    does not learn, the ``plot_…`` draw it, ``replay`` opens the training of a model from a file, ``save`` writes one,
    ``from_sklearn`` and ``to_sklearn`` convert.

    Parameters
    ----------
    $parameters
    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss by label (1 where not given); "balanced" gives each the same total weight.
    loss : "log_loss" or Loss, default="log_loss"
        A loss object sets options, such as ``CrossEntropy(label_smoothing=0.1)``, or is one of your own.

    Attributes
    ----------
    classes_ : array (K,)
        Class labels, sorted.
    $attributes

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from chainrule import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(learning_rate_init=0.01, tol=1e-3, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    """

    _parameter_constraints = MultilayerPerceptron._parameter_constraints | {
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "loss": [StrOptions({"log_loss"}), Loss],
    }

    def __init__(
        self,
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
        class_weight: Any = None,
        loss: Any = "log_loss",
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
        self.class_weight = class_weight
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
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, dtype=(np.float64, np.float32), reset=reset
        )
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if classes == "new":
            self._learn_labels(few_labels(y))
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(few_labels(y)), all_of_them=classes == "same")
        return X, y

    def _learn_labels(self, y: Any) -> None:
        from sklearn.preprocessing import LabelBinarizer  # it comes with all of its room, which takes long to import

        self._label_binarizer = LabelBinarizer().fit(y)

    def _check_classes(self, classes: NDArray[Any], *, all_of_them: bool) -> None:
        """Raise ValueError, in scikit-learn's words, unless the classes are those known, or among them."""
        if all_of_them and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    @property
    def _is_multilabel(self) -> bool:
        return bool(self._label_binarizer.y_type_.startswith("multilabel"))

    def _make_loss(self) -> Loss:
        is_multiclass = self._label_binarizer.y_type_ == "multiclass"
        if isinstance(self.loss, str):
            return ClippedCrossEntropy() if is_multiclass else ClippedLogLoss()
        what = "several labels" if self._is_multilabel else f"{len(self.classes_)} classes"
        predicts_numbers = type(self.loss).predict in (Loss.predict, Poisson.predict)
        wrong = predicts_numbers or (
            isinstance(self.loss, LogLoss)
            if is_multiclass
            else isinstance(self.loss, CrossEntropy) and self._is_multilabel
        )
        if wrong:
            raise ParameterError(
                f"loss={self.loss!r} does not suit {what}; leave it at 'log_loss', or give one whose predict returns "
                "their probabilities."
            )
        loss: Loss = self.loss
        return loss

    def _count_outputs(self, y: NDArray[Any]) -> int:
        if self._is_multilabel or len(self.classes_) > 2 or isinstance(self._make_loss(), CrossEntropy):
            return len(self.classes_)
        return 1

    def _problem(self, X: Any, y: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        if self._is_multilabel:
            transformed = self._label_binarizer.transform(y)
            truth = transformed.toarray() if issparse(transformed) else transformed  # type: ignore[attr-defined]
            return Problem(X, truth.astype(X.dtype), truth, weight)
        codes = codes_of(y, self.classes_)
        if isinstance(self._make_loss(), CrossEntropy):
            return Problem(X, codes, codes, weight)
        indicator = codes[:, None] == np.arange(len(self.classes_)) if self.n_outputs_ > 1 else codes[:, None]
        return Problem(X, indicator.astype(X.dtype), codes, weight)

    def _training_weight(self, y: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any] | None:
        if self.class_weight is None:
            return weight
        if self._is_multilabel:
            raise ParameterError("class_weight has no effect on several labels; use sample_weight.")
        if self.class_weight == "balanced":
            factors = compute_class_weight("balanced", classes=self.classes_, y=y)
        else:
            from chainrule.estimators.class_weights import class_factors

            factors = class_factors(self.class_weight, self.classes_.tolist())
        by_class: NDArray[Any] = factors[codes_of(y, self.classes_)]
        return by_class if weight is None else weight * by_class

    def _strata(self, truth: NDArray[Any]) -> NDArray[Any] | None:
        return truth if self.n_outputs_ == 1 and not self._is_multilabel else None

    def _score_of(self, truth: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> float | None:
        is_right = (predicted > 0.5) == truth if self._is_multilabel else (self._codes(predicted) == truth)[:, None]
        return float(np.average(is_right.all(axis=1), weights=weight))

    def _metrics(self, truth: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> Metrics:
        measure = label_set_metrics if self._is_multilabel else classification_metrics
        return measure(truth, self._probabilities(predicted), weight)

    def _codes(self, predicted: NDArray[Any]) -> NDArray[Any]:
        """Return the class codes (N,) of predictions (N, K)."""
        if predicted.shape[1] == 1:
            return (predicted[:, 0] > 0.5).astype(np.int64) if len(self.classes_) > 1 else np.zeros(len(predicted), int)
        return np.asarray(predicted.argmax(axis=1))

    def _answer(self, predicted: NDArray[Any]) -> NDArray[Any]:
        if self._is_multilabel:
            return self._label_binarizer.inverse_transform(predicted)  # type: ignore[no-any-return]
        answer: NDArray[Any] = self.classes_[self._codes(predicted)]
        return answer

    def _answer_of_truth(self, truth: NDArray[Any]) -> NDArray[Any]:
        return truth if self._is_multilabel else np.asarray(self.classes_[truth])

    def _probabilities(self, predicted: NDArray[Any]) -> NDArray[Any]:
        if predicted.shape[1] == 1:
            return np.hstack([1 - predicted, predicted])
        return predicted

    @available_if(has_partial_fit)  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Go over the rows once more, going on from the weights and the optimizer there are.

        Parameters
        ----------
        X : array or scipy.sparse matrix of shape (N, D)
        y : array of shape (N,) or (N, K)
        sample_weight : array of shape (N,), optional
        classes : array of shape (K,), optional
            All classes there will ever be: needed in the first call.

        Returns
        -------
        self
        """
        if self.class_weight == "balanced":
            raise ParameterError(
                "class_weight='balanced' has no meaning in partial_fit, which does not know all rows; give a dict, or "
                "use sample_weight."
            )
        return self._partial_fit(X, y, sample_weight, classes=classes)

    def _begin_partial_fit(self, y: Any, classes: Any) -> None:
        if _check_partial_fit_first_call(self, classes):
            multilabel = type_of_target(y).startswith("multilabel")
            self._learn_labels(y if multilabel else classes)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return the probability of each class, or of each label.

        Parameters
        ----------
        X : array or scipy.sparse matrix of shape (N, D)

        Returns
        -------
        array (N, K)
            Columns in the order of ``classes_``; rows sum to 1, but for several labels.
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
