"""The options of ``chainrule train``, and what can be said against them before the table is read."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.cli.outputs import check_outputs, check_page
from chainrule.errors import OutputError, ParameterError, nearest
from chainrule.glassbox import check_plotly
from chainrule.storage import is_container

__all__ = ["TrainOptions", "check_options", "default_out"]

_TASKS = ("auto", "regression", "classification")


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """The options of ``chainrule train``, as typed."""

    table: str
    target: str
    out: str | None
    task: str
    test: str | None
    holdout: float | None
    weight: str | None
    ignore: list[str]
    columns: list[str]
    settings: list[str]
    checkpoint: str | None
    figure: str | None
    time_limit: float | None
    threads: int | None
    seed: int
    as_json: bool


def default_out(table: str) -> str:
    """Return the table's name with the ending ``.chainrule``, in the current folder."""
    name = "model" if table == "-" else Path(table).name.split(".")[0] or "model"
    return f"{name}.chainrule"


def check_options(options: TrainOptions) -> None:
    """Check what can be checked before the table is read.

    Raises
    ------
    ParameterError, OutputError, MissingExtraError
        Naming the option.
    """
    if options.task not in _TASKS:
        raise ParameterError(
            f"--task must be one of {', '.join(_TASKS)}. Got {options.task!r}.{nearest(options.task, _TASKS)}"
        )
    if options.weight == options.target:
        raise ParameterError(f"--weight {options.weight} is the target; name another column.")
    if options.test is not None and options.holdout is not None:
        raise ParameterError("--test and --holdout both say which rows to judge by; give one of them.")
    if options.holdout is not None and not 0 <= options.holdout < 1:
        raise ParameterError(f"--holdout must be at least 0 and less than 1. Got {options.holdout}.")
    if "-" in (options.out, options.figure, options.checkpoint):
        raise ParameterError("--out, --figure and --checkpoint must name files; '-' is not one.")
    if options.test == "-":
        raise ParameterError("--test must name a file; standard input is for the training table.")
    _check_files(options)


def _check_files(options: TrainOptions) -> None:
    if options.figure is not None:
        check_plotly()
        check_page("--figure", options.figure)
    outputs = {"--out": options.out, "--figure": options.figure, "--checkpoint": options.checkpoint}
    check_outputs(outputs, inputs={"TABLE": options.table, "--test": options.test})
    out = Path(options.out or "")
    if out.is_file() and out.stat().st_size and not is_container(out):
        raise OutputError(
            f"--out {options.out} exists and is no chainrule model; name another file, or delete it first."
        )
