"""What the commands print: words for people, or one JSON object for programs."""

import json
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["Teller", "counted", "metrics_table", "text_table"]


class _Console(Console):
    """A console whose work goes on when its reader has seen enough, as in ``chainrule train … | head -1``."""

    def on_broken_pipe(self) -> None:
        """Print no more; rich would end the process, and the model would not be saved."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


class Teller:
    """Tells people what happens; with ``as_json``, standard output is left to one JSON object.

    Parameters
    ----------
    as_json : bool
        Whether a program reads standard output.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = _Console(soft_wrap=True, highlight=False, markup=False)
        self._error = _Console(stderr=True, soft_wrap=True, highlight=False, markup=False)

    def say(self, text: str, *, style: str | None = None) -> None:
        """Print a line for people, on standard error where standard output is a program's."""
        (self._error if self.as_json else self._out).print(text, style=style)

    def note(self, text: str) -> None:
        """Print a line on standard error: what was left out or treated in a way one should know."""
        self._error.print(f"note: {text}", style="yellow")

    def show(self, title: str, table: Table) -> None:
        """Print a table for people; programs get the same as JSON."""
        if not self.as_json:
            self._out.print(title, style="bold")
            self._out.print(table, soft_wrap=False)

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Print the JSON object, if one was asked for. Numbers that are not finite become null."""
        if self.as_json:
            print(json.dumps(_plain(facts), allow_nan=False))


def counted(n: int, one: str, many: str | None = None) -> str:
    """Return ``1 row`` or ``1,234 rows``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def metrics_table(metrics: Mapping[str, float | None]) -> Table:
    """Return a table of metrics, four significant digits each, and no fewer than the whole number."""
    table = Table(show_header=False)
    for name, value in metrics.items():
        table.add_row(name, _short(value))
    return table


def _short(value: float | None) -> str:
    if value is None:
        return "not defined"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e12 else f"{value:.4g}"


def text_table(heads: Iterable[str], rows: Iterable[Iterable[Any]]) -> Table:
    """Return a table of texts, taken as they are: column names may look like rich's markup."""
    table = Table(*heads)
    for row in rows:
        table.add_row(*[Text(str(cell)) for cell in row])
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
