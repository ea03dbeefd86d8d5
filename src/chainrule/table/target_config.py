"""Targets as plain JSON, and back without trust."""

__all__ = ["read_classes", "read_label_count", "read_number_target", "write_classes"]

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.errors import ParameterError
from chainrule.table.checked_json import Reader, finite, list_of, one_of, read_object, require, truth, whole
from chainrule.table.raw_column import FloatArray

_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_FLOATS = ("float16", "float32", "float64")


def write_classes(classes: npt.NDArray[Any]) -> dict[str, Any]:
    """Return classes as JSON values, with the type of their array: "int64", "bool", "str" and so on, or "object"."""
    kind = "str" if classes.dtype.kind == "U" else classes.dtype.name
    return {"dtype": kind, "values": [_plain(label) for label in classes.tolist()]}


def read_classes(config: object) -> npt.NDArray[Any]:
    """Return the classes of a `ClassTarget` configuration: at least one, sorted, distinct; else ParameterError."""
    where = "config['classes']"
    found = read_object(config, "config", {"classes": lambda value, at: read_object(value, at, _CLASSES)})["classes"]
    kind, values = found["dtype"], found["values"]
    fitting: dict[str, Any] = {"bool": bool, "str": str, "object": (str, bool, int, float)}
    types = fitting.get(kind, float if kind in _FLOATS else int)
    fits = all(isinstance(value, types) and (kind in fitting or not isinstance(value, bool)) for value in values)
    require(fits and len(values) > 0, where, f"one or more values of the type {kind}", values)
    try:
        classes = np.array(values, dtype=kind)
        ordered = bool((classes[:-1] < classes[1:]).all())
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError(f"{where} cannot be classes: {error}.") from error
    require(ordered, where, "sorted and distinct", values)
    return classes


def read_label_count(config: object) -> int:
    """Return K of a `LabelSetTarget` configuration, 1 or more; else ParameterError."""
    labels = read_object(config, "config", {"labels": whole})["labels"]
    require(labels >= 1, "config['labels']", "at least 1", labels)
    return int(labels)


def read_number_target(config: object) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, bool]:
    """Return mean, standard deviation, low, high (K,) and flatness of a `NumberTarget`; else ParameterError."""
    found = read_object(config, "config", _NUMBERS)
    flat = bool(found.pop("flat"))
    mean, std, low, high = (np.array(values, dtype=np.float64) for values in found.values())
    alike = len(mean) == len(std) == len(low) == len(high) and len(mean) >= 1 and (len(mean) == 1 or not flat)
    require(alike, "config", "of one length in all its lists", config)
    require(bool((std > 0).all() and (low <= high).all()), "config", "of std above 0 and low up to high", config)
    return mean, std, low, high, flat


def _plain(label: object) -> object:
    return label.item() if isinstance(label, np.generic) else label


_CLASSES: Mapping[str, Reader[Any]] = {
    "dtype": one_of("bool", "str", "object", *_INTEGERS, *_FLOATS),
    "values": list_of(lambda value, _where: value),
}
_NUMBERS: Mapping[str, Reader[Any]] = {name: list_of(finite) for name in ("mean", "std", "low", "high")} | {
    "flat": truth
}
