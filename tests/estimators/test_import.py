"""What importing an estimator takes: little beyond scikit-learn's base."""

import importlib
import json
import subprocess
import sys

import pytest

import chainrule

CODE = """
import json, sys
import sklearn.base
before = set(sys.modules)
from chainrule import {names}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
HEAVY = {
    "chainrule.estimators.persistence",
    "chainrule.storage.container",
    "chainrule.table.encoder",
    "plotly",
    "polars",
    "rich",
    "safetensors",
    "sklearn.callback",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.preprocessing",
    "typer",
}


@pytest.mark.parametrize(
    ("names", "module"),
    [
        ("TableClassifier, TableRegressor", "chainrule.estimators.classifier"),
        ("MLPClassifier, MLPRegressor", "chainrule.estimators.perceptron.classifier"),
    ],
)
def test_importing_an_estimator_imports_only_what_training_needs(names, module):
    """Held by what is imported rather than by the clock: the modules left out take about half a second."""
    code = CODE.replace("{names}", names)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = json.loads(done.stdout)
    assert module in imported
    assert HEAVY.intersection(imported) == set()


@pytest.mark.parametrize("room", ["estimators", "storage", "table"])
def test_a_name_that_a_room_does_not_offer_is_named(room):
    door = importlib.import_module(f"chainrule.{room}")
    with pytest.raises(AttributeError, match=f"module 'chainrule.{room}' has no attribute 'TableClasifier'"):
        _ = door.TableClasifier


def test_the_names_that_are_imported_late_are_the_real_ones():
    from chainrule.estimators.classifier import TableClassifier
    from chainrule.table.encoder import TableEncoder

    assert chainrule.TableClassifier is chainrule.estimators.TableClassifier is TableClassifier
    assert chainrule.table.TableEncoder is TableEncoder
