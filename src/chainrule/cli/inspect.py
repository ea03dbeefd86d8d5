"""``chainrule inspect``: what is in a model file."""

from typing import Any

from chainrule.cli.console import Teller, counted, metrics_table, text_table
from chainrule.cli.models import open_model

__all__ = ["inspect"]


def inspect(model_path: str, *, as_json: bool) -> None:
    """Tell a model's task, network, columns, target, settings and history in short.

    Raises
    ------
    ModelFileError
        If the file is no model.
    """
    model = open_model(model_path)
    about: dict[str, Any] = {"model": model_path, **model.describe()}
    teller = Teller(as_json=as_json)
    if not as_json:
        _tell(teller, about, usual=type(model.estimator)().get_params())
        teller.say(model.estimator.network_.summary())
    teller.finish(about)


def _tell(teller: Teller, about: dict[str, Any], *, usual: dict[str, Any]) -> None:
    classes = about["classes"] or []
    named = f" ({len(classes)} classes: {', '.join(map(str, classes[:10]))}{', …' if len(classes) > 10 else ''})"
    target = "a target without a name" if about["target"] is None else repr(about["target"])
    teller.say(f"{about['estimator']}: {about['task']} of {target}{named if classes else ''}", style="bold")
    teller.say(_how_trained(about))
    changed = {name: value for name, value in about["settings"].items() if value != _plain(usual[name])}
    quiet = {"random_state", "verbose", "n_threads"}
    words = [f"{name}={value!r}" for name, value in changed.items() if name not in quiet]
    teller.say(f"settings: {', '.join(words) or 'all as usual'}")
    if about["validation_metrics"]:
        teller.show("on its validation rows", metrics_table(about["validation_metrics"]))
    columns = [(c["name"], c["kind"], c["inputs"], c["note"]) for c in about["columns"]]
    teller.show(counted(len(columns), "column"), text_table(["column", "kind", "inputs", "note"], columns))


def _how_trained(about: dict[str, Any]) -> str:
    """Return how long it was trained, and how that ended, as far as it is known."""
    words = f"trained for {counted(about['epochs'], 'epoch')}"
    words += "" if about["seconds"] is None else f" in {about['seconds']:.1f} s"
    words += f" ({about['stop_reason'].replace('_', ' ')})"
    words += "" if about["seed"] is None else f", seed {about['seed']}"
    return words + ("" if about["best_epoch"] is None else f"; the weights of epoch {about['best_epoch']} are kept")


def _plain(value: Any) -> Any:
    """Return a setting as ``describe`` writes it: JSON has no tuples."""
    return list(value) if isinstance(value, tuple) else value
