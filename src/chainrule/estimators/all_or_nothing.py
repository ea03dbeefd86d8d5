"""Fitting all or nothing: a model that cannot be fitted stays the one it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["all_or_nothing"]


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
