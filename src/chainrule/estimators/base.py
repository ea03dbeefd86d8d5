"""What both table estimators are: encode the table, train a network, predict.

The way through ``fit``: rows are checked (``rows``), target and table are encoded on the training rows only
(``encoding``), parameters become network and recipe (``settings``), ``chainrule.training.train`` trains.
Predicting: encode → logits → decode.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from chainrule import engine
from chainrule.errors import DivergedError, ParameterError
from chainrule.estimators.all_or_nothing import all_or_nothing, twin
from chainrule.estimators.checkpoint import Checkpoint, fingerprint
from chainrule.estimators.diagnosing import Diagnosing
from chainrule.estimators.drawing import Drawing
from chainrule.estimators.encoding import Encoded, encode, encode_again
from chainrule.estimators.metrics import GREATER_IS_BETTER, metric_value
from chainrule.estimators.parameters import Rule, check_parameters
from chainrule.estimators.recording import AtHand, Recording, make_recorder
from chainrule.estimators.rows import Rows, check_features, read_evaluation_rows, read_rows, together
from chainrule.estimators.settings import make_recipe, seed_of, settle
from chainrule.network import Loss, Network, Penalty, multilayer_perceptron
from chainrule.training import (
    LBFGS,
    Callback,
    CallbackLike,
    Metrics,
    ProgressBar,
    Recipe,
    TrainingState,
    Validation,
    as_callbacks,
    train,
)

if TYPE_CHECKING:
    from chainrule.table import TableEncoder

__all__ = ["TableEstimator"]


class TableEstimator(Diagnosing, Drawing, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of ``TableClassifier`` and ``TableRegressor``."""

    _rules: dict[str, Rule]
    encoder_: "TableEncoder"
    target_: Any

    @abstractmethod
    def _fit_target(self, rows: Rows, training: NDArray[np.int64], kept: NDArray[np.int64]) -> Any:
        """Return the target encoder, fitted on the training rows (classes: on the ones kept back too)."""

    @abstractmethod
    def _make_loss(self) -> Loss:
        """Return the loss for the fitted target."""

    def _metric_target(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return a target of the user's in the form that ``_metrics`` compares with."""
        return y

    @abstractmethod
    def _metrics(self, target: NDArray[Any], predicted: NDArray[Any], weight: NDArray[Any] | None) -> Metrics:
        """Return metrics, in the user's units, of the network's predictions (n, K)."""

    @abstractmethod
    def _answer(self, predicted: NDArray[Any]) -> NDArray[Any]:
        """Return what ``predict`` returns for the network's predictions (n, K)."""

    @abstractmethod
    def _strata(self, y: NDArray[Any]) -> NDArray[np.int64] | None:
        """Return class codes (N,) to split within, or None."""

    def _encode_target(self, y: NDArray[Any], dtype: Any) -> NDArray[Any]:
        """Return the target in the shape and dtype that the loss needs."""
        return np.asarray(self.target_.encode(y, dtype))

    def _fit_weights(self, rows: Rows, training: NDArray[np.int64]) -> None:
        """Learn from the training rows what ``_training_weight`` needs; here, nothing."""

    def _training_weight(self, y: NDArray[Any], weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the rows' weights in E; class weights enter here."""
        return weight

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        eval_set: Any = None,
        callbacks: Iterable[CallbackLike] | CallbackLike | None = None,
        checkpoint: Any = None,
    ) -> Self:
        """Train a network on a table.

        Parameters
        ----------
        X : DataFrame (pandas, polars, pyarrow), array or scipy.sparse matrix of shape (N, D)
            Raw columns: numbers, text, booleans, dates, with gaps.
        y : array, Series or DataFrame of shape (N,) or (N, K)
            Target, in its own units.
        sample_weight : array (N,), optional
            Rows of weight zero are as absent.
        eval_set : tuple (X, y) or (X, y, sample_weight), optional
            Validation rows of your own; no training rows are kept back then.
        callbacks : list of ``chainrule.training.Callback``, or functions of the run, optional
            Functions are called after every epoch.
        checkpoint : str, path or ``Checkpoint``, optional
            A file that the training state is written to now and then. If it is there, training goes on from it, to the
            same bits as if it had never stopped.

        Returns
        -------
        self

        Raises
        ------
        ParameterError, TableError, ShapeError (all ValueError)
            If a parameter or the table breaks a rule; the message says which and what to do.
        DivergedError (ArithmeticError)
            If the error is not finite even after going back three times with half the learning rate. Its ``model`` has
            the training that was given up: ``error.model.diagnose()`` says why.
        """
        check_parameters(type(self).__name__, self.get_params(deep=False), self._rules)
        told, kept = as_callbacks(callbacks), Checkpoint.of(checkpoint)
        with all_or_nothing(self):
            for name in [name for name in vars(self) if name.endswith("_")]:
                delattr(self, name)
            self._fit(X, y, sample_weight, eval_set, told, kept)
        return self

    def _fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        eval_set: Any,
        callbacks: Sequence[Callback],
        checkpoint: Checkpoint | None,
    ) -> None:
        """Do what ``fit`` says; should it fail, attributes may be left half set."""
        started = perf_counter()
        rows = read_rows(self, X, y, sample_weight)
        given = read_evaluation_rows(self, eval_set) if eval_set is not None else None
        kept_seed = checkpoint.seed() if checkpoint is not None and self.random_state is None else None
        self.seed_ = seed_of(self.random_state) if kept_seed is None else kept_seed
        self.target_name_ = getattr(y, "name", None) if isinstance(getattr(y, "name", None), str) else None
        encoded = encode(self, rows, given)
        recorder = make_recorder(self.record)
        settled = settle(
            self.get_params(deep=False),
            n_rows=encoded.training.n_rows,
            has_validation=encoded.validation is not None,
            has_eval_set=given is not None,
        )
        recipe = make_recipe(settled, seed=self.seed_)
        network = self._make_network(encoded.training.numbers.shape[1], float(settled["dropout"]))
        seconds = perf_counter() - started

        def close(state: TrainingState) -> None:
            self._keep(network, state)
            at_hand = AtHand(encoded.training, rows, encoded.rows, encoded.validation)
            recording = Recording(recorder.record, has_eval_set=given is not None, at_hand=at_hand)
            self._recording = recording.kept(self.record)
            self.fit_seconds_ = seconds + state.seconds  # of a resumed run: all of its training

        try:
            close(self._train(network, recipe, encoded, [*callbacks, recorder], checkpoint))
        except DivergedError as error:
            assert recorder.given_up is not None, "training tells its callbacks that it gives up"
            close(recorder.given_up)
            error.model = twin(self)
            raise

    def _make_network(self, n_inputs: int, dropout: float) -> Network:
        sizes = self.hidden_layer_sizes
        return multilayer_perceptron(
            n_inputs,
            [int(size) for size in (sizes if np.iterable(sizes) else [sizes])],
            self._n_outputs(),
            activation=self.activation,
            loss=self._make_loss(),
            dropout=dropout,
            initialiser=self.initialiser,
            penalty=Penalty(l1=float(self.l1), l2=float(self.alpha)),
        )

    @abstractmethod
    def _n_outputs(self) -> int:
        """Return the number of targets, or of classes where each has a logit."""

    def _train(
        self,
        network: Network,
        recipe: Recipe,
        encoded: Encoded,
        callbacks: Sequence[Callback],
        checkpoint: Checkpoint | None,
    ) -> TrainingState:
        """Train, with progress and checkpoint."""
        state = None
        if checkpoint is not None:
            checkpoint.bind(self._fingerprint(network, recipe, encoded), self.seed_)
            state = checkpoint.load()
            callbacks = [*callbacks, checkpoint]
        bar = ProgressBar(delay=2.0 if self.verbose == "auto" else 0.0, terminal_only=self.verbose == "auto")
        try:
            return train(
                network,
                encoded.training,
                recipe,
                weights=network.initialise(self.seed_, self.encoder_.dtype),
                state=state,
                validation=self._validation(encoded),
                callbacks=[*callbacks, bar] if self.verbose else callbacks,
                engine=self.engine,
            )
        finally:
            bar.close()

    def _fingerprint(self, network: Network, recipe: Recipe, encoded: Encoded) -> str:
        """Return the hash of all that the final weights are a function of."""
        if isinstance(recipe.optimizer, LBFGS):
            raise ParameterError(
                "checkpoint has no effect with lbfgs, whose memory is inside SciPy; leave it out or use another solver."
            )
        metric = self.eval_metric
        name = metric if isinstance(metric, str) else f"{metric.__module__}.{getattr(metric, '__qualname__', metric)}"
        return fingerprint(network, recipe, encoded.training, encoded.validation, metric=name, engine=self.engine)

    def _validation(self, encoded: Encoded) -> Validation | None:
        if encoded.validation is None or encoded.judged is None:
            return None
        y, weight = encoded.judged.y, encoded.judged.weight
        target = self._metric_target(y)

        def score(predicted: NDArray[Any]) -> Metrics:
            metrics = self._metrics(target, predicted, weight)
            if callable(self.eval_metric):
                metrics["score"] = metric_value(self.eval_metric(y, self._answer(predicted)))
            elif metrics.get(self.eval_metric, 0.0) is None:
                raise ParameterError(
                    f"eval_metric={self.eval_metric!r} is not defined on the validation rows (a single class or row, "
                    "or numbers too large); use 'error', or other validation rows."
                )
            return metrics

        return Validation(encoded.validation, score)

    def _keep(self, network: Network, state: TrainingState) -> None:
        """Take over what training has made."""
        self.network_, self.weights_ = network, state.weights
        self.history_ = state.history
        self.n_iter_ = state.epoch
        self.stop_reason_ = state.stop_reason or "diverged"
        self.best_epoch_ = state.best_epoch if state.best_weights is not None else state.epoch
        kept = state.history[self.best_epoch_ - 1] if state.history else {}
        names = [name for name in kept if name in GREATER_IS_BETTER or name == "score"]
        self.validation_metrics_ = {name: kept[name] for name in names} or None

    def _predicted(self, X: Any) -> NDArray[Any]:
        """Return the network's predictions (n, K) in its own units; float64, so that probabilities sum to 1."""
        check_is_fitted(self)
        X = check_features(self, X, reset=False)
        numbers = self.encoder_.transform(X, caller=type(self).__name__)
        logits = engine.logits(self.network_, self.weights_, numbers, n_threads=self.n_threads, engine=self.engine)
        return self.network_.loss.predict(logits.astype(np.float64))

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the target of rows.

        Parameters
        ----------
        X : DataFrame, array or scipy.sparse matrix of shape (N, D)
            The columns of ``fit``.

        Returns
        -------
        array (N,) or (N, K)
            In the target's own units, or class labels.
        """
        return self._answer(self._predicted(X))

    def score_table(self, X: Any, y: Any, sample_weight: Any = None) -> Metrics:
        """Return metrics by name: rmse, mae, r2, or accuracy, log_loss and, with two classes, roc_auc.

        Parameters
        ----------
        X : DataFrame, array or scipy.sparse matrix of shape (N, D)
        y : array, Series or DataFrame of shape (N,) or (N, K)
        sample_weight : array (N,), optional
        """
        check_is_fitted(self)
        rows = together(check_features(self, X, reset=False), y, sample_weight)
        predicted = self._predicted(rows.X)
        return self._metrics(self._metric_target(rows.y), predicted, None if sample_weight is None else rows.weight)

    def _rows_again(self, X: Any, y: Any, sample_weight: Any) -> AtHand:
        rows = together(check_features(self, X, reset=False), y, sample_weight)
        return encode_again(self, rows, may_keep_back=not self._recording.has_eval_set)

    def _input_names(self) -> list[str]:
        return self.encoder_.encoded_names_

    def _encode_features(self, X: Any) -> Any:
        return self.encoder_.transform(X, caller=type(self).__name__)

    def save(self, path: Any, *, include_record: bool = False) -> None:
        """Write the model to a file, atomically; ``chainrule.load`` gives it back.

        The file holds no code and no training rows. Predictions after loading are the same bits.

        Parameters
        ----------
        path : str or path
        include_record : bool
            Whether the keyframes of the training go into the file, so that ``replay`` opens its steps sooner (and that
            of a resumed training at all).

        Raises
        ------
        OutputError (OSError)
            If the file cannot be written, or is there and not one of chainrule's; what was there is untouched.
        """
        from chainrule.estimators.persistence import save

        check_is_fitted(self)
        save(self, path, include_record=include_record)

    def describe(self) -> dict[str, Any]:
        """Return task, network, columns, target, settings and history in short, as plain values (for JSON)."""
        from chainrule.estimators.description import describe

        check_is_fitted(self)
        return describe(self)

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's HTML and, once fitted, what the network is and how training went."""
        html: str = super()._repr_html_inner()
        if not hasattr(self, "network_"):
            return html
        from chainrule.estimators.description import as_html

        return html + as_html(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.target_tags.multi_output = True
        return tags
