"""What the drop-in's two estimators are: scikit-learn's networks on chainrule's training.

The way through ``fit``: rows are read (``problem``), weights drawn as scikit-learn draws them (``weights``), parameters
become a recipe that follows its rules (``recipe``), ``fitting`` trains by ``chainrule.training.train``.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils.validation import check_array, check_is_fitted, check_random_state, validate_data

from chainrule import engine
from chainrule.errors import ParameterError, ShapeError
from chainrule.estimators.all_or_nothing import all_or_nothing
from chainrule.estimators.diagnosing import Diagnosing
from chainrule.estimators.drawing import Drawing
from chainrule.estimators.origin import Origin
from chainrule.estimators.perceptron.constraints import CONSTRAINTS
from chainrule.estimators.perceptron.custom_loss import check_custom_loss
from chainrule.estimators.perceptron.exchanging import Exchanging
from chainrule.estimators.perceptron.fitting import Told, fit_lbfgs, fit_stochastic
from chainrule.estimators.perceptron.foreign_callbacks import CallbackSupport, ForeignCallbacks
from chainrule.estimators.perceptron.inputs import plain_rows
from chainrule.estimators.perceptron.options import refuse_idle_options
from chainrule.estimators.perceptron.problem import Problem, as_rows, checked_weight, read_eval_set
from chainrule.estimators.perceptron.reopening import Observation, first_weights_again, rows_again, rows_given
from chainrule.estimators.perceptron.weights import Views, first_weights, functions_of, views_of
from chainrule.estimators.recording import AtHand, make_recorder
from chainrule.network import CrossEntropy, Dense, LogLoss, Loss, Network, Penalty, Poisson, multilayer_perceptron
from chainrule.training import LBFGS, Callback, Metrics, as_callbacks
from chainrule.training.shuffled_rows import MARKS_BUDGET
from chainrule.training.stream import stream_state

__all__ = ["MultilayerPerceptron", "has_partial_fit", "hidden_sizes"]


class MultilayerPerceptron(Exchanging, Diagnosing, Drawing, CallbackSupport, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of ``MLPClassifier`` and ``MLPRegressor``."""

    _parameter_constraints: dict[str, list[Any]] = CONSTRAINTS
    network_: Network
    weights_: NDArray[Any]
    target_name_: str | None

    @abstractmethod
    def _read_target(self, X: Any, y: Any, *, classes: str, reset: bool) -> tuple[Any, NDArray[Any]]:
        """Return X and y checked; without ``reset`` X must have the columns of ``fit``.

        ``classes`` says what the classes in y may be: "new" ones, the "same" that are known, or "among" them.
        """

    @abstractmethod
    def _problem(self, X: Any, y: NDArray[Any], weight: NDArray[Any] | None) -> Problem:
        """Return the rows with the target encoded."""

    @abstractmethod
    def _make_loss(self) -> Loss:
        """Return the loss for the target seen."""

    @abstractmethod
    def _count_outputs(self, y: NDArray[Any]) -> int:
        """Return the number of targets, or of classes where each has a logit."""

    @abstractmethod
    def _strata(self, truth: NDArray[Any]) -> NDArray[Any] | None:
        """Return what early stopping's split is stratified by, or None."""

    @abstractmethod
    def _score_of(self, truth: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> float | None:
        """Return the score that early stopping goes by, of the network's predictions (n, K)."""

    @abstractmethod
    def _metrics(self, truth: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> Metrics:
        """Return all metrics by name, of the network's predictions (n, K)."""

    @abstractmethod
    def _answer(self, predicted: NDArray[Any]) -> NDArray[Any]:
        """Return what ``predict`` returns for the network's predictions (n, K)."""

    @abstractmethod
    def _answer_of_truth(self, truth: NDArray[Any]) -> NDArray[Any]:
        """Return what ``predict`` would return if it were always right."""

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        eval_set: Any = None,
        eval_metric: Any = None,
        callbacks: Any = None,
    ) -> Self:
        """Fit the network to rows X and target y.

        Parameters
        ----------
        X : array or scipy.sparse matrix of shape (N, D)
        y : array of shape (N,) or (N, K)
            Class labels, 0/1 columns for several labels, or numbers.
        sample_weight : array of shape (N,), optional
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Rows to judge by: ``validation_curve_`` tells their loss after every epoch, and early stopping goes by their
            score instead of keeping rows back.
        eval_metric : str or function, optional
            What ``validation_curve_`` tells instead of the loss: "accuracy", "log_loss", "roc_auc" (two classes), or
            "r2", "rmse", "mae"; or a function of (y_true, y_pred) whose greater values are better.
        callbacks : list of ``chainrule.training.Callback``, or functions of the run, optional
            Functions are called after every epoch.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or the rows break a rule, or the weights do not stay finite: a ``DivergedError`` then, whose
            ``model`` has the training that was given up, so that ``error.model.diagnose()`` says why.
        """
        given = read_eval_set(eval_set) if eval_set is not None else None
        told = [*as_callbacks(callbacks), *ForeignCallbacks.of(self, X, y, sample_weight)]
        with all_or_nothing(self):
            self._fit(X, y, sample_weight, incremental=False, eval_set=given, eval_metric=eval_metric, callbacks=told)
        return self

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any = None) -> Self:
        if self.early_stopping and self.solver != LBFGS.kind:
            raise ValueError("partial_fit does not support early_stopping=True")
        with all_or_nothing(self):
            self._fit(X, y, sample_weight, incremental=True, classes=classes)
        return self

    def _begin_partial_fit(self, y: Any, classes: Any) -> None:
        """Note what the first call of ``partial_fit`` says for all of them."""

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        incremental: bool,
        classes: Any = None,
        eval_set: tuple[Any, Any, Any] | None = None,
        eval_metric: Any = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        params = self._settings()
        refuse_idle_options(params, incremental=incremental, eval_set=eval_set, eval_metric=eval_metric)
        sizes = hidden_sizes(self.hidden_layer_sizes)
        is_first = "weights_" not in vars(self) or not (self.warm_start or incremental)
        if is_first:
            self._forget()
        if incremental:
            self._begin_partial_fit(y, classes)
        known = hasattr(self, "classes_")
        given, self.target_name_ = X, _name_of(y)
        X, y = self._read_target(
            X, y, classes="new" if not known else "same" if self.warm_start else "among", reset=is_first
        )
        self.n_outputs_ = self._count_outputs(y)
        weight = self._training_weight(y, checked_weight(sample_weight, X))
        problem = self._problem(as_rows(X), y, weight)
        judged = None if eval_set is None else self._read_evaluation(eval_set, problem)
        self._random_state = check_random_state(self.random_state)
        origin = self._origin(X, is_first=is_first)
        self._build(sizes, X, is_first=is_first)
        recorder = None if incremental or origin is None else make_recorder(self.record, beside=MARKS_BUDGET)
        rows = rows_given(given, y, problem)
        observation = Observation(recorder, self.record, origin, rows, has_eval_set=judged is not None)
        told = Told(judged, eval_metric, callbacks, observation)
        if self.solver == LBFGS.kind:
            fit_lbfgs(self, problem, told)
        else:
            fit_stochastic(self, problem, told, incremental=incremental)

    def _origin(self, X: Any, *, is_first: bool) -> Origin | None:
        """Return what the fit begins with; None where it cannot be told: on another generator."""
        try:
            stream = stream_state(self._random_state)
        except ParameterError:
            return None
        return Origin(stream, X.shape[0], X.dtype.name if is_first else None)

    def _settings(self) -> dict[str, Any]:
        """Return the parameters by name, as ``get_params`` does, which takes as long as some trainings."""
        return {name: getattr(self, name) for name in self._parameter_constraints}

    def _forget(self) -> None:
        """Drop what an earlier ``fit`` has left."""
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("_")]:
            delattr(self, name)
        for name in ("_optimizer", "_no_improvement_count"):
            self.__dict__.pop(name, None)

    def _training_weight(self, y: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any] | None:
        """Return the rows' weights in the loss; class weights enter here."""
        return weight

    def _read_evaluation(self, eval_set: tuple[Any, Any, Any], problem: Problem) -> Problem:
        X, y, sample_weight = eval_set
        X, y = self._read_target(X, y, classes="among", reset=False)
        judged = self._problem(as_rows(X), y, checked_weight(sample_weight, X))
        if judged.target.shape[1:] != problem.target.shape[1:]:
            raise ShapeError(
                f"The y of eval_set must have the columns of that of fit, {problem.target.shape[1]}. "
                f"Got {judged.target.shape[1]}."
            )
        return judged

    def _build(self, sizes: list[int], X: Any, *, is_first: bool) -> None:
        """Make the network, and draw its first weights unless training goes on from others."""
        network = self._make_network(X.shape[1], sizes)
        if is_first:
            check_custom_loss(network)
            functions = functions_of(self.activation, len(sizes) + 1)
            self.weights_ = first_weights(network, functions, self._random_state, X.dtype)
            self.n_iter_ = self.t_ = 0
            self._no_improvement_count = 0
        elif _widths(network) != _widths(self.network_):
            raise ParameterError(
                f"This fit goes on from layers of {_widths(self.network_)} inputs and neurons, and now they would be "
                f"{_widths(network)}. Set warm_start=False and fit to begin anew."
            )
        self._keep_network(network)

    def _keep_network(self, network: Network) -> None:
        """Take over a network, and what scikit-learn's attributes tell of it."""
        self.network_ = network
        self.n_layers_ = len(_widths(network))
        self.out_activation_ = _output_function(network.loss)

    def _make_network(self, n_inputs: int, sizes: list[int]) -> Network:
        is_decoupled = self.solver == "adamw"  # alpha is the optimizer's then
        return multilayer_perceptron(
            n_inputs,
            sizes,
            self.n_outputs_,
            activation=functions_of(self.activation, len(sizes)),
            loss=self._make_loss(),
            dropout=float(self.dropout),
            penalty=Penalty(l2=0.0 if is_decoupled else float(self.alpha)),
        )

    @property
    def coefs_(self) -> Views:
        """The weight matrices (n_in, n_out), layer by layer: views of ``weights_``, which assignments write to."""
        return self._views()[0]

    @coefs_.setter
    def coefs_(self, values: Any) -> None:
        """Write all matrices."""
        self._views()[0].assign(values)

    @property
    def intercepts_(self) -> Views:
        """The biases (n_out,), layer by layer: views of ``weights_``, which assignments write to."""
        return self._views()[1]

    @intercepts_.setter
    def intercepts_(self, values: Any) -> None:
        """Write all biases."""
        self._views()[1].assign(values)

    def _views(self) -> tuple[Views, Views]:
        if "weights_" not in vars(self):
            raise AttributeError(f"This {type(self).__name__} has no weights yet; call fit first.")
        return views_of(self.network_, self.weights_)

    def _predicted(self, X: Any) -> NDArray[Any]:
        """Return the network's predictions (n, K)."""
        rows = plain_rows(self, X)
        if rows is None:
            check_is_fitted(self)
            rows = as_rows(validate_data(self, X, accept_sparse=["csr", "csc"], reset=False))
        weights = self.weights_
        if rows.dtype != weights.dtype:  # as they mix in scikit-learn: the wider one
            dtype = np.result_type(rows.dtype, weights.dtype)
            rows, weights = rows.astype(dtype, copy=False), weights.astype(dtype, copy=False)
        logits = engine.logits(self.network_, weights, rows, n_threads=self.n_threads, engine=self.engine)
        return self.network_.loss.predict(logits)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target of rows.

        Parameters
        ----------
        X : array or scipy.sparse matrix of shape (N, D)

        Returns
        -------
        array (N,) or (N, K)
            Class labels, or numbers.
        """
        return self._answer(self._predicted(X))

    def _rows_again(self, X: Any, y: Any, sample_weight: Any) -> AtHand:
        return rows_again(self, X, y, sample_weight)

    def _first_weights(self) -> Callable[[], NDArray[Any]] | None:
        return first_weights_again(self, self._recording)

    def _input_names(self) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        return [f"x{i}" for i in range(self.n_features_in_)] if names is None else [str(name) for name in names]

    def _encode_features(self, X: Any) -> Any:
        rows = as_rows(check_array(X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32)))
        return rows.astype(self.weights_.dtype, copy=False)

    def _encode_target(self, y: NDArray[Any], dtype: Any) -> NDArray[Any]:
        return self._problem(np.empty((len(y), 0), dtype), y, None).source(dtype).target

    def __sklearn_is_fitted__(self) -> bool:
        return "weights_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _name_of(y: Any) -> str | None:
    """Return the name of a target, if it is a Series with one."""
    name = getattr(y, "name", None)
    return name if isinstance(name, str) else None


def has_partial_fit(model: MultilayerPerceptron) -> bool:
    """Return True, or raise AttributeError in scikit-learn's words if the solver takes all rows at once."""
    if model.solver == LBFGS.kind:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {model.solver} is not stochastic."
        )
    return True


def hidden_sizes(given: Any) -> list[int]:
    """Return the widths of the hidden layers.

    Raises
    ------
    ParameterError
        If one is not an int.
    ValueError
        In scikit-learn's words, if one is not positive.
    """
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if not all(isinstance(size, Integral) for size in sizes):
        raise ParameterError(f"hidden_layer_sizes must be ints, the widths of the hidden layers. Got {given!r}.")
    if np.any(np.array(sizes) <= 0):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def _output_function(loss: Loss) -> str:
    """Return what scikit-learn calls the function from logits to predictions."""
    functions = {Poisson: "exp", LogLoss: "logistic", CrossEntropy: "softmax"}
    return next((name for kind, name in functions.items() if isinstance(loss, kind)), "identity")


def _widths(network: Network) -> list[int]:
    return [network.n_inputs, *(layer.n_out for layer in network.layers if isinstance(layer, Dense))]
