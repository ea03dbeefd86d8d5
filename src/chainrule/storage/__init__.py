"""Containers of bytes that can be trusted: model files, checkpoints, atomic writing."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.storage.atomic import atomic_file, atomic_write, check_writable, remove_leftovers
    from chainrule.storage.container import FORMAT_VERSION, is_container, read_container, write_container
    from chainrule.storage.predictions import PredictionWriter

__all__ = [
    "FORMAT_VERSION",
    "PredictionWriter",
    "atomic_file",
    "atomic_write",
    "check_writable",
    "is_container",
    "read_container",
    "remove_leftovers",
    "write_container",
]

_HOMES = {
    "FORMAT_VERSION": "container",
    "PredictionWriter": "predictions",
    "atomic_file": "atomic",
    "atomic_write": "atomic",
    "check_writable": "atomic",
    "is_container": "container",
    "read_container": "container",
    "remove_leftovers": "atomic",
    "write_container": "container",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: polars, behind one of them, takes its time."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
