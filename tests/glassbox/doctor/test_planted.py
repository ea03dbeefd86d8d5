"""Every rule names what was planted, in its place; what it says can be opened, shown and stored."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from chainrule import diagnose
from chainrule.engine import Source
from chainrule.errors import ParameterError
from chainrule.glassbox.doctor import RULES, Level, examine
from chainrule.glassbox.doctor.columns import columns_of_source
from chainrule.network import LogLoss


def test_every_rule_has_two_planted_faults(planted):
    assert set(planted.planted()) == {rule.name for rule in RULES}
    assert all(len(setups) == 2 for setups in planted.planted().values())


def test_a_planted_fault_is_named_in_its_place(fault):
    rule, rank, setup = fault
    diagnosis = examine(setup.observe())
    assert rule in [finding.rule for finding in diagnosis.all][:rank]
    finding = next(finding for finding in diagnosis.all if finding.rule == rule)
    if finding.evidence.step is None:
        with pytest.raises(ParameterError, match=f"{rule} is not seen in a single step"):
            finding.open()
    else:
        assert finding.open().index == finding.evidence.step
    stored = json.dumps(diagnosis.to_dict(), allow_nan=False)
    assert rule in stored
    assert finding.symptom in str(finding)
    assert diagnosis._repr_html_().count("</table>") == 1 + len(diagnosis)


def test_a_healthy_run_has_no_finding_above_notice(healthy):
    diagnosis = examine(healthy.observe())
    assert diagnosis.level in (None, Level.NOTICE), str(diagnosis)


def test_there_are_enough_healthy_runs_over_all_tables_and_losses(planted):
    setups = planted.healthy().values()
    assert len(setups) >= 20
    assert {setup.name for setup in setups} == set(planted.LOADERS)
    assert len({str(setup.loss) for setup in setups}) >= 7


def test_a_class_goes_by_its_label(planted):
    setup = planted.planted()["class_imbalance"][0]
    X, y, _, _ = planted.table("breast_cancer")
    few = planted.rare("breast_cancer", 0, 12)
    two = replace(setup, loss=LogLoss(), X=X[few][:, 14:16], y=y[few], outputs=("benign",))
    swapped = replace(two, y=1 - y[few], outputs=("malignant",))
    many = replace(setup, outputs=("malignant", "benign"))
    for run, label in ((two, "other than benign"), (swapped, "malignant"), (many, "malignant"), (setup, "0")):
        found = [finding for finding in examine(run.observe()).all if finding.rule == "class_imbalance"]
        assert f"class {label} is recognised in" in found[0].symptom


def test_a_class_is_missed_that_a_sample_of_the_rows_hardly_has(planted):
    """Of 20,000 rows six are of a class, and none of them among the 512 that probes share."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 2)), np.arange(20_000) % 2
    rare = np.array([11, 3011, 6011, 9011, 12_011, 15_011])
    y[rare] = 2
    setup = replace(planted.Setup("iris"), X=X, y=y, hidden=(4,), epochs=2, batch=500)
    found = next(finding for finding in examine(setup.observe()).all if finding.rule == "class_imbalance")
    assert found.symptom == "class 2 is recognised in 0% of its rows, and has 0.0% of the weight"
    assert len(found.evidence.rows) == 6


def test_an_examination_gives_the_same_findings_again(planted):
    case = planted.planted()["learning_rate_too_large"][1].observe()
    assert examine(case).to_dict() == examine(case).to_dict()


def test_a_run_of_no_step_has_what_can_be_seen_without_one(planted):
    diagnosis = examine(replace(planted.planted()["non_finite"][0], batch=178).observe())
    assert diagnosis[0].rule == "non_finite"
    assert diagnosis[0].open().index == 0


@pytest.mark.parametrize("epochs", [4, 8])
def test_a_training_that_has_just_begun_was_stopped_too_early(planted, epochs):
    """Each epoch takes hardly anything off, and as much as the one before."""
    begun = replace(planted.Setup("iris"), hidden=(4,), activation="tanh", rate=1e-3, epochs=epochs)
    diagnosis = examine(begun.observe())
    assert [(f.rule, f.level) for f in diagnosis] == [("stopped_too_early", Level.WARNING)]
    [finding] = diagnosis
    assert finding.evidence.numbers["fall, in base errors"] < 0.05
    assert finding.try_cure(seconds=20).improvement > 0


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize("name", ["iris", "diabetes", "digits"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_or_two_epochs_that_have_learned_nothing_were_too_few(planted, name, epochs, seed):
    short = replace(planted.Setup(name), rate=1e-3, batch=200, epochs=epochs, seed=seed)
    finding = examine(short.observe())[0]
    assert (finding.rule, finding.level) == ("stopped_too_early", Level.WARNING)
    assert finding.symptom.startswith("1 epoch, of " if epochs == 1 else "2 epochs, of ")
    assert finding.try_cure(seconds=20).improvement > 0


def test_an_epoch_of_many_steps_is_not_too_few(planted):
    """Of noise there is nothing to learn, and what is simple is learned by then: both are at rest."""
    X = np.random.default_rng(0).normal(size=(50_000, 3))
    noise, sum_of_columns = np.random.default_rng(1).normal(size=(50_000, 1)), X.sum(axis=1, keepdims=True)
    for y in (noise, sum_of_columns):
        setup = replace(planted.Setup("diabetes"), X=X, y=y, hidden=(8,), epochs=1)
        assert "stopped_too_early" not in [finding.rule for finding in examine(setup.observe()).all]


def test_conflicting_labels_are_found_in_all_rows_of_a_large_table(planted):
    """Eight of 20,000 rows are like another far away: a sample would hardly have both."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20_000, 3)), np.arange(20_000) % 2
    X[10_001:10_009], y[10_001:10_009] = X[1:9], 1 - y[1:9]
    expected = [*range(1, 9), *range(10_001, 10_009)]
    setup = replace(planted.Setup("iris"), X=X, y=y, hidden=(4,), epochs=1, batch=500)
    case = setup.observe()
    run = next(finding for finding in examine(case).all if finding.rule == "conflicting_labels")
    order = np.random.default_rng(setup.seed).permutation(20_000)
    assert sorted(order[run.evidence.rows].tolist()) == expected
    table = next(finding for finding in diagnose(X, y) if finding.rule == "conflicting_labels")
    assert table.evidence.rows == expected
    assert table.symptom == "16 of 20,000 rows are like another in every column, with another target"


def test_tables_too_wide_to_look_at_are_left_alone():
    wide = Source(csr_array((20, 2**22)), np.zeros(20, dtype=int))
    assert columns_of_source(wide, (), np.arange(20), is_classes=True) is None
