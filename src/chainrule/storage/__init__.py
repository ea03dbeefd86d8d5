"""Containers of bytes that can be trusted: model files, checkpoints, atomic writing."""

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
