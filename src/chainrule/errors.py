"""Everybody's errors: one small tree.

::

    ChainruleError
    ├── ParameterError   (ValueError)       a setting breaks its rule
    ├── ShapeError       (ValueError)       arrays that do not fit together
    ├── TableError       (ValueError)       a table's column, row or value breaks a rule
    │   ├── TableFileError                  a file cannot be read as a table
    │   └── TableTypeError (TypeError)      a cell holds what no table can: a list, a dict, bytes
    ├── ModelFileError   (ValueError)       a model file or checkpoint cannot be trusted or understood
    ├── OutputError      (OSError)          a file cannot be written; what was there before is untouched
    ├── ReplayError      (ValueError)       a run cannot be repeated as it was: other rows, version or processor
    ├── DivergedError (ArithmeticError, ValueError)  training met a non-finite error and could not recover
    └── MissingExtraError (ImportError)     an optional package is needed and not installed

    ChainruleWarning     (UserWarning)
    ├── DivergenceWarning                   training diverged, went back and goes on with a smaller learning rate
    └── EngineWarning                       the native core cannot be had; the reference engine takes its place

Each inherits from the built-in exception that callers already catch. A message names the parameter or column, the rule,
the value it got, and the way out. ``NotFittedError`` and ``ConvergenceWarning`` are scikit-learn's own.
"""

__all__ = [
    "ChainruleError",
    "ChainruleWarning",
    "DivergedError",
    "DivergenceWarning",
    "EngineWarning",
    "MissingExtraError",
    "ModelFileError",
    "OutputError",
    "ParameterError",
    "ReplayError",
    "ShapeError",
    "TableError",
    "TableFileError",
    "TableTypeError",
    "nearest",
]

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class ChainruleError(Exception):
    """The root: every error that chainrule raises on purpose."""


class ParameterError(ChainruleError, ValueError):
    """A setting breaks its rule."""


class ShapeError(ChainruleError, ValueError):
    """Arrays that do not fit together."""


class TableError(ChainruleError, ValueError):
    """A table's column, row or value breaks a rule."""


class TableFileError(TableError):
    """A file cannot be read as a table."""


class TableTypeError(TableError, TypeError):
    """A cell holds what no table can: a list, a dict, bytes."""


class ModelFileError(ChainruleError, ValueError):
    """A model file or checkpoint cannot be trusted or understood."""


class OutputError(ChainruleError, OSError):
    """A file cannot be written; what was there before is untouched."""


class ReplayError(ChainruleError, ValueError, AttributeError):
    """A run cannot be repeated as it was.

    An ``AttributeError``, too, as ``NotFittedError`` is: ``hasattr(model, "run_")`` is False then.
    """


class DivergedError(ChainruleError, ArithmeticError, ValueError):
    """Training met a non-finite error and could not recover.

    A ``ValueError``, too, as scikit-learn's networks raise. One that an estimator's ``fit`` raises carries, as
    ``model``, an estimator with the training that was given up: ``error.model.diagnose()`` says why, and
    ``error.model.run_`` opens its steps. The estimator that was to be fitted stays what it was.
    """

    model: Any = None


class MissingExtraError(ChainruleError, ImportError):
    """An optional package is needed and not installed."""


class ChainruleWarning(UserWarning):
    """The root of chainrule's warnings."""


class DivergenceWarning(ChainruleWarning):
    """Training diverged, went back to the last finite state and goes on with a smaller learning rate."""


class EngineWarning(ChainruleWarning):
    """The native core cannot be had, and the slower reference engine takes its place."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name closest to ``name``, or an empty string if none is close."""
    by_folded = {k.casefold(): k for k in known}
    close = get_close_matches(str(name).casefold(), by_folded, n=1, cutoff=0.6)
    return f" Did you mean {by_folded[close[0]]!r}?" if close else ""
