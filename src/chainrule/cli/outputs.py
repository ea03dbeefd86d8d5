"""Files that a command writes, checked before any work is done."""

import os
from collections.abc import Mapping
from pathlib import Path

from chainrule.errors import OutputError
from chainrule.storage import check_writable

__all__ = ["check_outputs", "check_page"]


def check_page(option: str, path: str) -> None:
    """Check that the name of a page that is to be written ends as a browser expects it.

    Raises
    ------
    OutputError
        Naming the option and the path.
    """
    if Path(path).suffix.lower() not in {".html", ".htm"}:
        raise OutputError(f"{option} writes a page, so its name must end in .html. Got {path!r}.")


def check_outputs(outputs: Mapping[str, str | None], *, inputs: Mapping[str, str | None]) -> None:
    """Check that every output can be written and that none is an input or another output.

    Parameters
    ----------
    outputs, inputs : mapping of option to path
        None and ``"-"`` are no files.

    Raises
    ------
    OutputError
        Naming the option and the path.
    """
    seen = {os.path.realpath(path): option for option, path in inputs.items() if path not in (None, "-")}
    for option, path in outputs.items():
        if path is None or path == "-":
            continue
        real = os.path.realpath(path)
        if real in seen:
            raise OutputError(f"{option} {path} is the same file as {seen[real]}; it would be lost. Name another file.")
        seen[real] = option
        check_writable(path)
