"""From a table to arrays and back: reading files, typing columns, encoding features and targets."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.table.class_target import ClassTarget
    from chainrule.table.columns import refuse_non_table
    from chainrule.table.encoder import ColumnSummary, TableEncoder
    from chainrule.table.files import read_table, scan_batches
    from chainrule.table.label_set_target import LabelSetTarget
    from chainrule.table.number_target import NumberTarget
    from chainrule.table.target_array import as_target_array, target_gaps
    from chainrule.table.task import Task, infer_task

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

_HOMES = {
    "ClassTarget": "class_target",
    "ColumnSummary": "encoder",
    "LabelSetTarget": "label_set_target",
    "NumberTarget": "number_target",
    "TableEncoder": "encoder",
    "Task": "task",
    "as_target_array": "target_array",
    "infer_task": "task",
    "read_table": "files",
    "refuse_non_table": "columns",
    "scan_batches": "files",
    "target_gaps": "target_array",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: polars, behind most of them, takes its time."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
