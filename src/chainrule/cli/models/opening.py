"""From a model's file to the model."""

from chainrule.cli.models.base import Model
from chainrule.cli.models.drop_in import DropIn
from chainrule.cli.models.table_model import TableModel
from chainrule.estimators import TableClassifier, TableRegressor, load

__all__ = ["open_model"]


def open_model(path: str) -> Model:
    """Return the model in a file.

    Raises
    ------
    ModelFileError
        If the file is no model.
    """
    estimator = load(path)
    kind = TableModel if isinstance(estimator, TableClassifier | TableRegressor) else DropIn
    return kind(estimator, path)
