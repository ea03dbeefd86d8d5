"""Ranking by cause: nothing is lost, nothing is told twice, and no notice explains a fault."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.glassbox.doctor import RULES, Cure, Evidence, Finding, Level
from chainrule.glassbox.doctor.ranking import ranked
from chainrule.glassbox.doctor.rule import RunRule

NAMES = [rule.name for rule in RULES]
EXPLAINS = {rule.name: rule.explains for rule in RULES}


def finding(name, level=Level.WARNING):
    return Finding(name, level, "seen", Evidence(), "cause", Cure("cure"))


def names_of(causes):
    return [(cause.rule, [c.rule for c in cause.consequences]) for cause in causes]


def test_rules_have_names_of_their_own_and_explain_only_those_after_them():
    assert len(set(NAMES)) == len(NAMES) == 26
    for place, rule in enumerate(RULES):
        assert set(rule.explains) <= set(NAMES[place + 1 :]), rule.name


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(list(Level))))
def test_every_finding_is_told_once_under_a_cause_that_explains_it(levels):
    findings = [finding(name, levels[name]) for name in NAMES if name in levels]
    causes = ranked(findings, EXPLAINS)
    told = [f.rule for cause in causes for f in (cause, *cause.consequences)]
    assert sorted(told) == sorted(levels)
    for cause in causes:
        beneath = {cause.rule}
        for name in sorted((c.rule for c in cause.consequences), key=NAMES.index):
            assert any(
                name in EXPLAINS[above] and levels[above] >= min(levels[name], Level.WARNING) for above in beneath
            )
            beneath.add(name)
        serious = [above for above in levels if levels[above] > Level.NOTICE]
        assert not any(cause.rule in EXPLAINS[above] for above in serious)
    gravest = [max(f.level for f in (cause, *cause.consequences)) for cause in causes]
    assert gravest == sorted(gravest, reverse=True)


def test_a_finding_is_told_under_the_gravest_that_explains_it_and_under_none_that_it_has_no_part_in():
    dead, stuck, flat = finding("dead_units"), finding("cannot_fit_one_batch", Level.FAULT), finding("plateau")
    assert {"cannot_fit_one_batch", "plateau"} <= set(EXPLAINS["dead_units"])
    assert names_of(ranked([dead, stuck, flat], EXPLAINS)) == [("dead_units", ["cannot_fit_one_batch", "plateau"])]
    dead = replace(dead, unrelated=("cannot_fit_one_batch",))
    assert names_of(ranked([dead, stuck, flat], EXPLAINS)) == [
        ("cannot_fit_one_batch", ["plateau"]),
        ("dead_units", []),
    ]


def test_a_cause_comes_before_a_graver_symptom_and_takes_its_place():
    findings = [finding("duplicate_columns"), finding("learning_rate_too_large"), finding("non_finite", Level.FAULT)]
    assert names_of(ranked(findings, EXPLAINS)) == [
        ("learning_rate_too_large", ["non_finite"]),
        ("duplicate_columns", []),
    ]


def test_a_notice_explains_a_notice_and_no_more():
    notice = finding("saturated_units", Level.NOTICE)
    assert len(ranked([notice, finding("plateau")], EXPLAINS)) == 2
    assert len(ranked([notice, finding("plateau", Level.NOTICE)], EXPLAINS)) == 1


def test_causes_of_causes_are_told_at_the_root():
    chain = [finding("learning_rate_too_large"), finding("dead_units"), finding("cannot_fit_one_batch")]
    assert names_of(ranked(chain, EXPLAINS)) == [("learning_rate_too_large", ["dead_units", "cannot_fit_one_batch"])]


def test_a_rule_is_what_its_file_says():
    for rule in RULES:
        module = rule.look.__module__
        assert module.rpartition(".")[2] == rule.name
        assert isinstance(rule, RunRule) or rule.look.__annotations__["columns"].__name__ == "Columns"
    assert replace(RULES[0], name="x").name == "x"
