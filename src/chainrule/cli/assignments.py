"""``NAME=VALUE`` on the command line: settings of the estimator, kinds of columns."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chainrule.errors import ParameterError, nearest

__all__ = ["parse_kinds", "parse_settings", "with_labels"]

_OWN_OPTIONS = {
    "random_state": "--seed",
    "n_threads": "--threads",
    "time_limit": "--time-limit",
    "columns": "--columns",
    "verbose": "nothing: progress is always shown on standard error",
}


def parse_settings(texts: Iterable[str], known: Mapping[str, Any], *, owner: str) -> dict[str, Any]:
    """Return the settings that ``--set NAME=VALUE`` options give.

    Parameters
    ----------
    texts : iterable of str
        ``NAME=VALUE``. VALUE is JSON where it can be read so, else Python's True, False or None, numbers between commas
        (``256,128``), or plain text.
    known : mapping
        The parameters there are.
    owner : str
        Whose parameters, for the message.

    Raises
    ------
    ParameterError
        If there is no such parameter (the nearest is suggested), it has an option of its own, or is set twice.
    """
    settings: dict[str, Any] = {}
    for text in texts:
        name, value = _split(text, "--set", "NAME=VALUE")
        if name in _OWN_OPTIONS:
            raise ParameterError(f"--set {name} has an option of its own; use {_OWN_OPTIONS[name]}.")
        if name not in known:
            hint = nearest(name, known)
            raise ParameterError(f"--set {name}: {owner} has no such parameter.{hint} Known are {', '.join(known)}.")
        if name in settings:
            raise ParameterError(f"--set {name} is given twice; leave one out.")
        settings[name] = _value(value)
    return settings


def parse_kinds(texts: Iterable[str]) -> dict[str, str]:
    """Return the column kinds that ``--columns NAME=KIND`` options give.

    Raises
    ------
    ParameterError
        If a text is not of this form, or names a column twice.
    """
    kinds: dict[str, str] = {}
    for text in texts:
        name, kind = _split(text, "--columns", "NAME=KIND", last=True)
        if name in kinds:
            raise ParameterError(f"--columns {name} is given twice; leave one out.")
        kinds[name] = kind
    return kinds


def with_labels(weights: Mapping[str, Any], labels: Sequence[Any]) -> dict[Any, Any]:
    """Return class weights by label: JSON's keys are text, but labels may be numbers or truths.

    A key that is no label stays as it is, for the estimator to refuse.
    """
    by_text = {str(label): label for label in labels} | {json.dumps(label): label for label in labels}
    return {by_text.get(key, key): weight for key, weight in weights.items()}


def _split(text: str, option: str, form: str, *, last: bool = False) -> tuple[str, str]:
    """Split at the first ``=``, or at the last one, since column names may hold some."""
    name, equals, value = text.rpartition("=") if last else text.partition("=")
    if not (equals and name.strip() and value.strip()):
        raise ParameterError(f"{option} must look like {form}. Got {text!r}.")
    return name.strip(), value.strip()


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        words = {"True": True, "False": False, "None": None}
        if text in words:
            return words[text]
        return _numbers(text) if "," in text else text
    return tuple(value) if isinstance(value, list) else value


def _numbers(text: str) -> Any:
    """Read ``256,128`` or ``(256, 128)`` as a tuple; other text stays text."""
    try:
        return tuple(json.loads(part) for part in text.strip("()").rstrip(",").split(","))
    except ValueError:
        return text
