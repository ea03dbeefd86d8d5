"""Every rule names what was planted, in its place; what it says can be opened, shown and stored."""

import json

import pytest

from chainrule.errors import ParameterError
from chainrule.glassbox.doctor import RULES, Level, examine


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
