"""A run's record taken apart into plain values and arrays for a file, and put together again."""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Settings
from chainrule.errors import ModelFileError
from chainrule.training.foreign_schedules import FOREIGN_SCHEDULES
from chainrule.training.keyframes import Keyframe, Keyframes
from chainrule.training.lbfgs import LBFGS
from chainrule.training.optimizers import OPTIMIZERS
from chainrule.training.recipe import Recipe
from chainrule.training.record import RunRecord
from chainrule.training.schedules import SCHEDULES, DivideWhenPatienceEnds
from chainrule.training.shuffled_rows import ShuffledRows
from chainrule.training.stream import checked_stream, stream_of
from chainrule.training.surroundings import Surroundings

__all__ = ["record_from_parts", "record_to_parts"]

Parts = tuple[dict[str, Any], dict[str, NDArray[Any]]]

_SCHEDULES = {**SCHEDULES, DivideWhenPatienceEnds.kind: DivideWhenPatienceEnds, **FOREIGN_SCHEDULES}
_ORDER = "record.order"
_SETTINGS = ("batch_size", "seed", "shuffle", "max_gradient_norm")
_PLAIN = ("n_rows", "first_step", "n_steps", "kept_step", "fingerprint")


def record_to_parts(record: RunRecord, *, with_keyframes: bool) -> Parts:
    """Return a record as plain values (for JSON) and arrays, by name; checksums stand in for keyframes left out."""
    if not with_keyframes:
        record = record.without_keyframes()
    recipe, order = record.recipe, record.recipe.settings.order
    values = {name: getattr(record, name) for name in _PLAIN}
    values["surroundings"] = asdict(record.surroundings)
    values["factors"] = [list(pair) for pair in record.factors]
    values["digests"] = {str(step): digest for step, digest in record.digests.items()}
    values["recipe"] = {
        "optimizer": recipe.optimizer.to_config(),
        "learning_rate": recipe.learning_rate,
        "schedule": recipe.schedule.to_config(),
        "penalty": recipe.penalty.to_config(),
        "epochs": recipe.epochs,
        "settings": {name: getattr(recipe.settings, name) for name in _SETTINGS},
    }
    assert order is None or isinstance(order, ShuffledRows), "a file holds no other order"
    arrays: dict[str, NDArray[Any]] = {_ORDER: order.beginning.astype(np.int64)} if order is not None else {}
    values["keyframes"] = record.keyframes.steps
    for frame in record.keyframes:
        arrays[f"keyframe.{frame.step}"] = np.stack([frame.weights, *frame.vectors])
    return values, arrays


def record_from_parts(values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> RunRecord:
    """Return the record that ``record_to_parts`` took apart; arrays are copied.

    Raises
    ------
    ModelFileError
        If the parts are not those of a record.
    """
    try:
        record = RunRecord(
            recipe=_recipe(values["recipe"], order=_order(arrays, _int(values["n_rows"]))),
            surroundings=Surroundings(**values["surroundings"]),
            factors=[(_int(step), float(factor)) for step, factor in values["factors"]],
            keyframes=_keyframes(values["keyframes"], arrays),
            digests={int(step): _str(digest) for step, digest in values["digests"].items()},
            fingerprint=_str(values["fingerprint"]),
            **{name: _int(values[name]) for name in _PLAIN if name != "fingerprint"},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"this is not the record of a run: {error!r}.") from error
    _check(record)
    return record


def _order(arrays: dict[str, NDArray[Any]], n_rows: int) -> ShuffledRows | None:
    return ShuffledRows(stream_of(checked_stream(arrays[_ORDER])), n_rows) if _ORDER in arrays else None


def _recipe(config: dict[str, Any], *, order: ShuffledRows | None) -> Recipe:
    return Recipe(
        optimizer=_build({**OPTIMIZERS, LBFGS.kind: LBFGS}, config["optimizer"]),
        learning_rate=float(config["learning_rate"]),
        schedule=_build(_SCHEDULES, config["schedule"]),
        penalty=_build(_SCHEDULES, config["penalty"]),
        epochs=_int(config["epochs"]),
        settings=Settings(**{name: config["settings"][name] for name in _SETTINGS}, order=order),
    )


def _build(known: dict[str, Any], config: dict[str, Any]) -> Any:
    settings = {name: _build(known, value) if isinstance(value, dict) else value for name, value in config.items()}
    return known[settings.pop("kind")](**settings)


def _keyframes(steps: list[int], arrays: dict[str, NDArray[Any]]) -> Keyframes:
    keyframes = Keyframes(None)
    for step in steps:
        weights, *vectors = arrays[f"keyframe.{step}"]
        keyframes.add(Keyframe(_int(step), weights, tuple(vectors)))
    return keyframes


def _check(record: RunRecord) -> None:
    """Refuse a record whose steps contradict one another."""
    steps = record.keyframes.steps
    starts = [step for step, _ in record.factors]
    if not (
        0 <= record.first_step <= record.kept_step <= record.n_steps
        and record.n_rows > 0
        and all(record.first_step <= step <= record.n_steps for step in (*steps, *starts, *record.digests))
        and steps == sorted(set(steps))
        and starts == sorted(starts)
        and record.first_step in record.digests
    ):
        raise ModelFileError("this is not the record of a run: its steps contradict one another.")


def _int(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no int")
    return value


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
