import re

import numpy as np
import polars as pl
import pytest
from sklearn.model_selection import train_test_split

from chainrule.estimators import load

EXPLAIN = ["explain", "sold.chainrule", "houses.csv"]


@pytest.fixture
def trained(models, houses):
    """The training rows of ``sold.chainrule``, as train chose them, and their places in the file."""
    rows, _ = train_test_split(np.arange(150), test_size=0.2, random_state=0, stratify=houses["sold"].to_numpy())
    return houses[rows], rows


def test_the_step_is_the_runs_own(chainrule, trained):
    table, rows = trained
    facts = chainrule(*EXPLAIN, "--step", "2", "--json").json()
    step = load("sold.chainrule").replay(table[["x", "colour"]], table["sold"]).step(2)
    assert facts["step"] == 2
    assert facts["rows"] == rows[step.moment.rows].tolist()
    assert facts["error"] == step.error.value
    assert facts["gradient_norm"] == step.backward.norm
    assert facts["predicted_drop"] == step.predicted_drop
    assert facts["actual_drop"] == step.actual_drop
    assert facts["change_norm"] == pytest.approx(np.linalg.norm(step.descent.change))
    changes = [one["change"] for one in facts["largest_changes"]]
    assert changes == step.descent.change[[one["index"] for one in facts["largest_changes"]]].tolist()
    assert max(map(abs, changes)) == np.abs(step.descent.change).max()
    for one in facts["largest_changes"]:
        assert sum(one["parts"].values()) == pytest.approx(one["change"])


def test_rows_are_numbered_as_in_the_file(chainrule, houses, trained, here):
    page = chainrule(*EXPLAIN, "--html", "step.html")
    assert page.code == 0
    facts = chainrule(*EXPLAIN, "--json").json()
    text = (here / "step.html").read_text(encoding="utf-8")
    for row in facts["rows"]:
        cells = f"<td[^>]*>{row}</td><td[^>]*>{re.escape(format(houses['x'][row], '.6g'))}</td>"
        assert re.search(cells, text)


@pytest.mark.parametrize("option", [[], ["--step", "0"]])
def test_by_default_the_first_step_and_its_largest_gradient(chainrule, trained, option):
    facts = chainrule(*EXPLAIN, *option, "--json").json()
    assert facts["step"] == 0
    table, _ = trained
    gradient = load("sold.chainrule").replay(table[["x", "colour"]], table["sold"]).step(0).backward.gradient
    assert abs(facts["weight"]["gradient"]) == np.abs(gradient).max()
    assert facts["weight"]["name"] in facts["derivation"]


def test_a_row_opens_the_last_step_that_took_it_and_leads_the_derivation(chainrule, trained):
    row = chainrule(*EXPLAIN, "--json").json()["rows"][0]
    facts = chainrule(*EXPLAIN, "--row", row, "--json").json()
    assert row in facts["rows"]
    assert f"training row {row}" in facts["derivation"]
    assert facts["row"] == row


def test_people_are_told_the_step_its_error_and_the_derivation(chainrule, trained):
    told = chainrule(*EXPLAIN, "--weight", "output, 1, bias").out
    for part in [
        "step 0",
        "predicted drop of E",
        "rows of largest loss",
        "Step 0: output · yes ← bias",
        "The weight after the step",
    ]:
        assert part in told


@pytest.mark.parametrize(
    "name", ["hidden 1 · neuron 2 ← x", "hidden 1 · neuron 2 <- x", "hidden 1, 2, x", "hidden 1,2,1"]
)
def test_a_weight_is_named_in_several_ways(chainrule, trained, name):
    facts = chainrule(*EXPLAIN, "--weight", name, "--json").json()
    assert facts["weight"]["name"].startswith("hidden 1 · neuron 2 ← x")


def test_a_class_that_is_called_by_a_number_goes_by_it(chainrule, houses, quick):
    houses.with_columns(sold=pl.Series([5, 2, 9] * 50)).write_csv("three.csv")
    chainrule("train", "three.csv", "--target", "sold", "--ignore", "price", *quick)
    explain = ["explain", "three.chainrule", "three.csv", "--json", "--weight"]
    for given, name in (("2", "2"), ("9", "9"), ("3", "9"), ("1", "2")):  # labels first: 2, 5, 9; then places
        assert chainrule(*explain, f"output, {given}, bias").json()["weight"]["name"] == f"output · {name} ← bias"


def test_a_weight_is_named_by_its_position(chainrule, trained):
    assert chainrule(*EXPLAIN, "--weight", "5", "--json").json()["weight"]["index"] == 5


def test_a_model_of_the_whole_table_is_found_too(chainrule, houses, quick):
    chainrule("train", "houses.csv", "--target", "sold", "--ignore", "price", "--holdout", "0", *quick)
    assert chainrule("explain", "houses.chainrule", "houses.csv", "--json").json()["step"] == 0


def test_what_train_was_told_is_told_again(chainrule, houses, quick):
    told = ["--target", "sold", "--ignore", "price", "--holdout", "0.3", "--weight", "w"]
    chainrule("train", "houses.csv", *told, *quick)
    explain = ["explain", "houses.chainrule", "houses.csv", "--json"]
    message = r"houses\.csv: this table is not the one .* If train was told --holdout or --weight, say the same here"
    assert re.search(message, chainrule(*explain).mistake())
    facts = chainrule(*explain, "--holdout", "0.3", "--row-weight", "w").json()
    assert (houses["w"].to_numpy()[facts["rows"]] > 0).all()


def test_rows_without_a_target_do_not_shift_the_numbers(chainrule, houses, quick):
    gaps = houses.with_columns(pl.Series("sold", [None] * 30 + houses["sold"].to_list()[30:]))
    gaps.write_csv("gaps.csv")
    chainrule("train", "gaps.csv", "--target", "sold", "--ignore", "price", *quick)
    assert min(chainrule("explain", "gaps.chainrule", "gaps.csv", "--json").json()["rows"]) >= 30


MISTAKES = {
    "both": (["--step", "1", "--row", "1"], "--step and --row both choose a step; give one of them"),
    "no such step": (["--step", "1000"], r"this run has the steps 0 to \d+, got 1000"),
    "no such row": (["--row", "1000"], "row 1000 was not trained on: it is held out, kept back"),
    "no such weight": (
        ["--weight", "hidden 2, 1, x"],
        "there is no layer called 'hidden 2'; there is 'hidden 1', 'output'",
    ),
    "not a weight": (["--weight", "x"], "--weight must be a full name like 'hidden 1 · neuron 1 ← x'"),
    "no page": (["--html", "step.txt"], r"--html writes a page, so its name must end in \.html"),
    "in no folder": (["--html", "no/step.html"], r"cannot write 'no/step\.html'"),
    "no such weights of rows": (["--row-weight", "v"], r"has no column 'v' \(--row-weight\)"),
    "weights of rows that are none": (["--row-weight", "colour"], r"'colour' \(--row-weight\) must hold numbers"),
    "a share": (["--holdout", "1"], "--holdout must be at least 0 and less than 1. Got 1.0"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes(chainrule, models, case):
    options, message = MISTAKES[case]
    assert re.search(message, chainrule(*EXPLAIN, *options).mistake())


def test_another_table_is_refused(chainrule, models, houses):
    houses.with_columns(x=pl.col("x") + 1).write_csv("other.csv")
    assert "other.csv: this table is not the one" in chainrule("explain", "sold.chainrule", "other.csv").mistake()


def test_a_table_too_small_to_split_is_refused_in_words(chainrule, models, houses):
    houses[:1].write_csv("one.csv")
    assert "at least two rows" in chainrule("explain", "sold.chainrule", "one.csv").mistake()
