"""Fitting all or nothing: a model that cannot be fitted stays the one it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["all_or_nothing", "twin"]


@contextmanager
def all_or_nothing(model: Any) -> Iterator[None]:
    """Give a model back the attributes it had, should what is done inside fail or be interrupted."""
    before = dict(vars(model))
    try:
        yield
    except BaseException:
        model.__dict__.clear()
        model.__dict__.update(before)
        raise


def twin(model: Any) -> Any:
    """Return another estimator with the same attributes, not copied: what an error carries of a fit that fails."""
    other = object.__new__(type(model))
    other.__dict__.update(vars(model))
    return other
