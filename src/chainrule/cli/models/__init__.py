"""Saved models as the commands use them: of tables, and drop-ins for scikit-learn's."""

from chainrule.cli.models.base import Features, Model
from chainrule.cli.models.drop_in import DropIn
from chainrule.cli.models.opening import open_model
from chainrule.cli.models.table_model import TableModel

__all__ = ["DropIn", "Features", "Model", "TableModel", "open_model"]
