"""From a table to arrays and back: reading files, typing columns, encoding features and targets."""

__all__ = [
    "ClassTarget",
    "ColumnSummary",
    "LabelSetTarget",
    "NumberTarget",
    "TableEncoder",
    "Task",
    "as_target_array",
    "infer_task",
    "read_table",
    "refuse_non_table",
    "scan_batches",
    "target_gaps",
]

from chainrule.table.class_target import ClassTarget
from chainrule.table.columns import refuse_non_table
from chainrule.table.encoder import ColumnSummary, TableEncoder
from chainrule.table.files import read_table, scan_batches
from chainrule.table.label_set_target import LabelSetTarget
from chainrule.table.number_target import NumberTarget
from chainrule.table.target_array import as_target_array, target_gaps
from chainrule.table.task import Task, infer_task
