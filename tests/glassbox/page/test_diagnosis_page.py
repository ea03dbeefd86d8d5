from chainrule.glassbox.doctor import Cure, Diagnosis, Evidence, Finding, Level
from chainrule.glassbox.page import diagnosis_page


def finding(rule, **changes):
    given = {"level": Level.WARNING, "symptom": "seen", "cause": "why", "cure": Cure("what to do")}
    return Finding(rule=rule, evidence=Evidence(columns=["<script>alert(1)</script>"]), **given | changes)


def test_an_overview_and_a_section_for_every_finding(read):
    causes = [finding("dead_units", consequences=(finding("plateau", symptom="stood still"),)), finding("non_finite")]
    page = read(diagnosis_page(Diagnosis(causes, n_rules=26, subject="a run & more")))
    assert page.headings == ["Overview", "1. dead units", "2. non finite"]
    assert page.fetched == []
    assert set(page.links) <= set(page.ids)
    for part in [
        "a run & more, examined by 26 rules",
        "why",
        "what to do",
        "warning: stood still",
        "<script>alert(1)</script>",
    ]:
        assert part in page.text


def test_where_nothing_was_found_the_page_says_so(read):
    page = read(diagnosis_page(Diagnosis([], n_rules=26, subject="a run")))
    assert page.headings == ["Overview"]
    assert "a run: nothing found" in page.text
