"""What the doctor says: in text, in HTML, as plain values."""

import json

import numpy as np

from chainrule.glassbox.doctor import Columns, Diagnosis, Evidence, Finding, Level, examine_columns
from chainrule.glassbox.doctor.cure import Cure


def test_nothing_found_is_said():
    diagnosis = Diagnosis([], n_rules=26, subject="a run")
    assert "a run: nothing found" in str(diagnosis)
    assert (len(diagnosis), diagnosis.level, diagnosis.all) == (0, None, [])
    assert diagnosis.to_dict() == {"subject": "a run", "n_rules": 26, "level": None, "findings": []}


def test_findings_hold_what_they_explain():
    symptom = Finding("oscillation", Level.FAULT, "up and down", Evidence(), "c", Cure("x"))
    cause = Finding("learning_rate_too_large", Level.WARNING, "too far", Evidence(step=3), "c", Cure("x"))
    diagnosis = Diagnosis([cause.explaining([symptom])], n_rules=2, subject="a run")
    assert [finding.rule for finding in diagnosis.all] == ["learning_rate_too_large", "oscillation"]
    assert diagnosis.level is Level.FAULT
    assert "fault: up and down" in str(diagnosis[0])
    assert diagnosis[:1][0].rule == "learning_rate_too_large"
    stored = diagnosis.to_dict()["findings"][0]
    assert stored["consequences"][0]["rule"] == "oscillation"
    assert (stored["level"], stored["evidence"]["step"]) == ("warning", 3)


def test_numbers_that_are_not_finite_are_stored_as_text():
    evidence = Evidence(numbers={"a": np.inf, "b": float("nan"), "c": 1.5}, rows=np.arange(3))
    stored = json.dumps(evidence.to_dict(), allow_nan=False)
    assert json.loads(stored)["numbers"] == {"a": "inf", "b": "nan", "c": 1.5}


def test_many_names_are_cut_and_counted():
    cells = dict(Evidence(layer="hidden 1", rows=list(range(50)), neurons=["neuron 1"]).cells())
    assert cells == {"layer": "hidden 1", "neurons": "neuron 1", "rows": "0, 1, 2, 3, 4, 5, … (50 in all)"}


def test_names_of_columns_are_escaped():
    X = np.random.default_rng(0).normal(size=(40, 2))
    X[:, 1] = X[:, 0]
    names = ["<script>alert(1)</script>", "b & c"]
    diagnosis = examine_columns(Columns(names=names, values=X, target=X[::-1, :1].copy()))
    assert "<script>" not in diagnosis._repr_html_()
    assert "&lt;script&gt;" in diagnosis._repr_html_()


def test_rows_are_numbered_as_in_a_larger_table():
    symptom = Finding("oscillation", Level.FAULT, "up and down", Evidence(rows=[2]), "c", Cure("x"))
    cause = Finding("dominant_rows", Level.WARNING, "few", Evidence(rows=[0, 3]), "c", Cure("x"))
    diagnosis = Diagnosis([cause.explaining([symptom])], n_rules=2, subject="a run").numbered(np.array([7, 8, 9, 11]))
    assert [finding.evidence.rows for finding in diagnosis.all] == [[7, 11], [9]]
