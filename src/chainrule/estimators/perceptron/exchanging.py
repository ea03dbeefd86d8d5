"""How a drop-in leaves and comes back: as a file, and as scikit-learn's own network."""

from typing import Any, Self

from sklearn.utils.validation import check_is_fitted

__all__ = ["Exchanging"]


class Exchanging:
    """The methods that write a drop-in to a file and convert it; ``chainrule.load`` reads the file."""

    def save(self, path: Any, *, include_record: bool = False) -> None:
        """Write the model to a file, atomically; ``chainrule.load`` gives it back.

        The file holds no code and no training rows. Predictions after loading are the same bits, and ``partial_fit``
        and ``warm_start`` go on as they would have; only a ``RandomState`` is not kept: ``random_state`` is None then.

        Parameters
        ----------
        path : str or path
        include_record : bool
            Whether the file also holds the keyframes of the training: ``replay`` opens steps sooner then, also those of
            a fit that went on from other weights (``warm_start``).

        Raises
        ------
        OutputError (OSError)
            If the file cannot be written, or is there and not one of chainrule's; what was there is untouched.
        """
        from chainrule.estimators.perceptron.persistence import save

        check_is_fitted(self)
        save(self, path, include_record=include_record)

    @classmethod
    def from_sklearn(cls, model: Any) -> Self:
        """Return the drop-in for a fitted network of scikit-learn's: predictions are equal, and training goes on alike.

        Parameters
        ----------
        model : sklearn.neural_network.MLPClassifier or MLPRegressor
            Fitted, and of this class's name. It is left as it is.

        Raises
        ------
        ParameterError
            If the model is not scikit-learn's class of the same name.
        """
        from chainrule.estimators.perceptron.conversion import from_sklearn

        return from_sklearn(cls, model)

    def to_sklearn(self) -> Any:
        """Return scikit-learn's network of the same name: predictions are equal.

        Options that only chainrule has, and that only training needs, are left out: a solver becomes "adam" or "sgd",
        a loss the one whose predictions are made alike. Where both have solver and loss, training goes on alike.

        Raises
        ------
        ParameterError
            If scikit-learn cannot predict the same: it has one activation for all hidden layers, one of four, no
            quantiles, and one output for two classes.
        """
        from chainrule.estimators.perceptron.conversion import to_sklearn

        check_is_fitted(self)
        return to_sklearn(self)
