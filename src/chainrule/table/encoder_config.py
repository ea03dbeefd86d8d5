"""Plans as plain JSON, and back without trust: every entry is checked."""

__all__ = ["read_encoder_config", "write_plan"]

from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import pairwise
from typing import Any, get_args

import numpy as np

from chainrule.errors import ParameterError
from chainrule.table.categories import CategoryPlan
from chainrule.table.checked_json import Reader, finite, list_of, one_of, read_object, require, text, truth, whole
from chainrule.table.dates import DATE_PARTS, DatePlan
from chainrule.table.kinds import KINDS
from chainrule.table.plans import BooleanPlan, DroppedPlan, NumberPlan, Plan
from chainrule.table.raw_column import ColumnName, Storage
from chainrule.table.scaling import Scale


def write_plan(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON values: its kind, and its fields under their own names."""
    learned = {field.name: _plain(getattr(plan, field.name)) for field in fields(plan)}  # type: ignore[arg-type]
    return {"kind": plan.kind, **learned}


def _plain(value: Any) -> Any:
    if isinstance(value, Scale):
        return [value.centre, value.spread]
    if isinstance(value, dict):  # As pairs: the order of the parts counts, and a JSON writer may sort keys.
        return [[key, _plain(part)] for key, part in value.items()]
    return list(value) if isinstance(value, tuple) else value


def read_encoder_config(config: object) -> tuple[dict[str, Any], bool, bool, list[Plan]]:
    """Return settings, whether columns have names, whether `fit` saw a sparse table, and the plans.

    Raises
    ------
    ParameterError
        If an entry is absent, unknown or not of its type, or names repeat.
    """
    settings = read_object(config, "config", _ENCODER)
    named, sparse, plans = settings.pop("named"), settings.pop("sparse"), settings.pop("plans")
    _check_plan_names([plan.name for plan in plans], named)
    if sparse and not all(isinstance(plan, NumberPlan | DroppedPlan) for plan in plans):
        raise ParameterError("config['plans'] must be numbers or dropped where config['sparse'] is true.")
    settings["columns"] = dict(settings["columns"]) or None
    settings["dtype"] = np.dtype(settings["dtype"])
    return settings, named, sparse, plans


def _check_plan_names(names: list[ColumnName], named: bool) -> None:
    if named and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
        return
    if not named and names == list(range(len(names))):
        return
    rule = "distinct names" if named else "the positions 0, 1, … in order"
    raise ParameterError(f"config['plans'] must be called by {rule}. Got {names!r:.80} instead.")


def _plan(value: Any, where: str) -> Plan:
    require(isinstance(value, dict), where, "a JSON object", value)
    kind = one_of(*_PLANS)(value.get("kind"), f"{where}['kind']")
    make, spec = _PLANS[kind]
    plan: Plan = make(**read_object({name: entry for name, entry in value.items() if name != "kind"}, where, spec))
    return plan


def _name(value: Any, where: str) -> ColumnName:
    return text(value, where) if isinstance(value, str) else whole(value, where)


def _names(value: Any, where: str) -> tuple[str, ...]:
    names = tuple(list_of(text)(value, where))
    require(len(set(names)) == len(names), where, "a list of distinct names", value)
    return names


def _scale(value: Any, where: str) -> Scale:
    numbers = list_of(finite)(value, where)
    require(len(numbers) == 2 and numbers[1] > 0, where, "[centre, spread] with a spread above 0", value)
    return Scale(*numbers)


def _knots(value: Any, where: str) -> tuple[float, ...]:
    knots = tuple(list_of(finite)(value, where))
    ascending = all(low < high for low, high in pairwise(knots))
    require(ascending and len(knots) != 1, where, "a list of ascending numbers, two or more or none", value)
    return knots


def _pair(value: Any, where: str) -> list[Any]:
    require(isinstance(value, list) and len(value) == 2, where, "a list of two", value)
    return list(value)


def _part(value: Any, where: str) -> tuple[str, Scale]:
    part, scale = _pair(value, where)
    return one_of(*DATE_PARTS)(part, where), _scale(scale, where)


def _parts(value: Any, where: str) -> dict[str, Scale]:
    pairs = list_of(_part)(value, where)
    parts = dict(pairs)
    require(len(parts) == len(pairs), where, "a list of distinct parts", value)
    return parts


def _override(value: Any, where: str) -> tuple[ColumnName, str]:
    name, kind = _pair(value, where)
    return _name(name, where), one_of(*KINDS)(kind, where)


_PLANS: dict[str, tuple[Callable[..., Any], Mapping[str, Reader[Any]]]] = {
    "dropped": (DroppedPlan, {"name": _name, "reason": text}),
    "number": (NumberPlan, {"name": _name, "scale": _scale, "gaps": truth, "said": text, "knots": _knots}),
    "boolean": (BooleanPlan, {"name": _name, "words": truth, "gaps": truth, "said": text}),
    "date": (DatePlan, {"name": _name, "origin": whole, "parts": _parts, "gaps": truth, "said": text}),
    "category": (
        CategoryPlan,
        {
            "name": _name,
            "categories": _names,
            "rare": _names,
            "gaps": truth,
            "source": one_of(*get_args(Storage)),
            "said": text,
        },
    ),
}

_ENCODER: Mapping[str, Reader[Any]] = {
    "max_categories": whole,
    "n_bins": whole,
    "dtype": one_of("float32", "float64"),
    "columns": list_of(_override),
    "named": truth,
    "sparse": truth,
    "plans": list_of(_plan),
}
