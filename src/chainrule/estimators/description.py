"""A fitted estimator described: plain values for programs, HTML for notebooks."""

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.estimators.base import TableEstimator

__all__ = ["as_html", "describe", "describe_network", "describe_settings"]


def describe(model: "TableEstimator") -> dict[str, Any]:
    """Return task, network, columns, target, settings and history in short, as plain values."""
    return {
        "estimator": type(model).__name__,
        "task": "classification" if hasattr(model, "classes_") else "regression",
        "target": model.target_name_,
        "classes": model.classes_.tolist() if hasattr(model, "classes_") else None,
        "features": model.n_features_in_,
        "columns": [
            {"name": str(c.name), "kind": c.kind, "inputs": c.width, "note": c.note} for c in model.encoder_.summary()
        ],
        "network": describe_network(model),
        "settings": describe_settings(model),
        "seed": model.seed_,
        "epochs": model.n_iter_,
        "best_epoch": model.best_epoch_,
        "stop_reason": model.stop_reason_,
        "seconds": model.fit_seconds_,
        "validation_metrics": model.validation_metrics_,
        "history": {
            "first": model.history_[0],
            "best": model.history_[model.best_epoch_ - 1],
            "last": model.history_[-1],
        },
    }


def describe_network(model: Any) -> dict[str, Any]:
    """Return sizes, loss and dtype of an estimator's network, as plain values."""
    network = model.network_
    sizes = model.hidden_layer_sizes
    return {
        "inputs": network.n_inputs,
        "hidden_layer_sizes": [int(size) for size in (sizes if hasattr(sizes, "__iter__") else [sizes])],
        "outputs": network.n_outputs,
        "weights": network.layout.size,
        "loss": network.loss.kind,
        "dtype": str(model.weights_.dtype),
    }


def describe_settings(model: Any) -> dict[str, Any]:
    """Return an estimator's parameters as plain values."""
    return {name: _shown(value) for name, value in model.get_params(deep=False).items()}


def _shown(value: Any) -> Any:
    """Return a setting as JSON knows it: numbers, names and lists as they are, objects by their repr."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_shown(v) for v in value]
    return repr(value)


def as_html(model: "TableEstimator") -> str:
    """Return a small table: what the network is, how training went, what became of the columns."""
    about = describe(model)
    network = about["network"]
    widths = " → ".join(str(w) for w in (network["inputs"], *network["hidden_layer_sizes"], network["outputs"]))
    facts = {
        "network": f"{widths} ({network['weights']:,} weights, {network['dtype']})",
        "loss": network["loss"],
        "trained": f"{about['epochs']} epochs in {about['seconds']:.1f} s, weights of epoch {about['best_epoch']} kept "
        f"({about['stop_reason']})",
    }
    for name, value in (about["validation_metrics"] or {}).items():
        facts[f"validation {name}"] = "not defined" if value is None else f"{value:.5g}"
    left = [str(c["name"]) for c in about["columns"] if c["inputs"] == 0]
    if left:
        facts["columns left out"] = ", ".join(left)
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(k)}</th><td style='text-align:left'>{escape(v)}</td></tr>"
        for k, v in facts.items()
    )
    return f"<table class='chainrule-summary'><tbody>{rows}</tbody></table>"
