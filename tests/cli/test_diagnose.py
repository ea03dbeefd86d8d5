import re

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import train_test_split

from chainrule.estimators import load

DIAGNOSE = ["diagnose", "sold.chainrule", "houses.csv"]
SMALL = ["--set", "solver=sgd", "--set", "learning_rate_init=1e-6"]


@pytest.fixture
def stuck(houses, chainrule, quick):
    """A model ``stuck.chainrule`` whose learning rate was far too small."""
    options = ["--target", "sold", "--ignore", "price", "--ignore", "w", "--out", "stuck.chainrule"]
    assert chainrule("train", "houses.csv", *options, *quick, *SMALL).code == 0


def test_json_is_the_doctors_diagnosis(chainrule, houses, stuck):
    facts = chainrule("diagnose", "stuck.chainrule", "houses.csv", "--json").json()
    assert (facts.pop("model"), facts.pop("table"), facts.pop("html")) == ("stuck.chainrule", "houses.csv", None)
    rows, _ = train_test_split(np.arange(150), test_size=0.2, random_state=0, stratify=houses["sold"].to_numpy())
    expected = load("stuck.chainrule").diagnose(houses[rows][["x", "colour"]], houses[rows]["sold"])
    assert facts == expected.to_dict()
    assert facts["findings"][0]["rule"] == "learning_rate_too_small"


def test_it_ends_with_zero_whatever_it_finds_and_tells_people_cause_and_cure(chainrule, stuck):
    ended = chainrule("diagnose", "stuck.chainrule", "houses.csv")
    assert ended.code == 0
    for part in ["learning rate too small", "cause", "cure", "Multiply the learning rate"]:
        assert part in ended.out


def test_rows_are_numbered_as_in_the_file(chainrule, houses, quick):
    """Two equal rows in each place, with different targets, are conflicting labels; the doctor names the rows."""
    n = houses.height
    other = houses.with_columns(sold=pl.col("sold").replace_strict({"yes": "no", "no": "yes"}))
    twice = pl.concat([houses, other])
    twice.write_csv("twice.csv")
    chainrule("train", "twice.csv", "--target", "sold", "--ignore", "price", "--ignore", "w", *quick)
    facts = chainrule("diagnose", "twice.chainrule", "twice.csv", "--json").json()
    findings = facts["findings"] + [one for finding in facts["findings"] for one in finding["consequences"]]
    rows = set(next(one for one in findings if one["rule"] == "conflicting_labels")["evidence"]["rows"])
    training, _ = train_test_split(np.arange(2 * n), test_size=0.2, random_state=0, stratify=twice["sold"].to_numpy())
    assert rows
    assert rows <= set(training.tolist())
    assert all((row + n) % (2 * n) in rows for row in rows)


def test_the_page_holds_the_findings_and_fetches_nothing(chainrule, stuck, here):
    assert "page: d.html\n" in chainrule("diagnose", "stuck.chainrule", "houses.csv", "--html", "d.html").out
    page = (here / "d.html").read_text(encoding="utf-8")
    assert "1. learning rate too small</h2>" in page
    assert not re.search(r'(src|href)="(?!#)', page)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--html", "d.txt"], r"--html writes a page, so its name must end in \.html\. Got 'd\.txt'"),
        (["--html", "no/d.html"], r"cannot write 'no/d\.html'"),
        (["--holdout", "2"], "--holdout must be at least 0 and less than 1"),
        (["--holdout", "0.5"], r"houses\.csv: this table is not the one of fit"),
    ],
)
def test_mistakes(chainrule, models, options, message):
    assert re.search(message, chainrule(*DIAGNOSE, *options).mistake())
