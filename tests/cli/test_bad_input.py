"""What users get wrong: each ends with exit code 2 and one line that says what, where, and the way out."""

import os
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from chainrule.storage import container, write_container

TRAIN = ["train", "houses.csv", "--target", "sold"]
PREDICT = ["predict", "sold.chainrule"]


def write(name: str, text: str | bytes) -> None:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.fixture
def files(houses: pl.DataFrame, here) -> None:
    """Write bad tables and other odd files beside ``houses.csv``."""
    write("empty.csv", "")
    write("header.csv", "x,sold\n")
    write("binary.csv", b"PK\x03\x04\0\0\xff\xfe" * 50)
    write("latin.csv", "x,sold\n1,süß\n".encode("latin-1"))
    write("ragged.csv", "x,sold\n1,a\n2,b,c\n")
    write("twice.csv", "x,x,sold\n1,2,a\n3,4,b\n")
    houses.write_parquet("whole.parquet")
    write("cut.parquet", (here / "whole.parquet").read_bytes()[:-30])
    n, rows = houses.height, pl.int_range(pl.len())
    houses.with_columns(sold=pl.lit(None, pl.String)).write_csv("no_target.csv")
    houses.with_columns(sold=pl.lit("yes")).write_csv("one_class.csv")
    houses[:1].write_csv("one_row.csv")
    houses[:2].write_csv("two_rows.csv")
    houses.select("sold").write_csv("only_target.csv")
    houses.select("price", c=1, d=pl.lit("a")).write_csv("constant.csv")
    houses.with_columns(x=pl.when(rows == 17).then(np.inf).otherwise("x")).write_csv("infinite.csv")
    for name, weight in [("negative", -1.0), ("nan", None), ("inf", np.inf)]:
        houses.with_columns(w=pl.when(rows == 17).then(weight).otherwise(1.0)).write_csv(f"{name}_weight.csv")
    houses.with_columns(w=0).write_csv("zero_weight.csv")
    houses.with_columns(sold=pl.Series([f"class {i}" for i in range(n)])).write_csv("all_classes.csv")
    houses.drop("colour").write_csv("without_colour.csv")
    houses.with_columns(x=pl.when(rows == 17).then(pl.lit("oops")).otherwise(pl.col("x").cast(str))).write_csv(
        "text.csv"
    )
    oops = [pl.when(rows == 17).then(pl.lit("oops")).otherwise(pl.col(c).cast(str)).alias(c) for c in ("price", "w")]
    houses.with_columns(oops).write_csv("words.csv")
    houses.with_columns(w=pl.col("w") / 2).write_csv("halves.csv")
    houses.with_columns(day=pl.date(2020, 1, 1) + pl.duration(days=rows)).write_parquet("dates.parquet")
    write("notes.txt", "mine")


BAD_TRAINING = {
    "no such file": (
        ["train", "house.csv", "--target", "sold"],
        r"house\.csv: no such file\. Did you mean 'houses\.csv'\?",
    ),
    "a folder": (["train", ".", "--target", "sold"], r"is a folder"),
    "an empty file": (["train", "empty.csv", "--target", "sold"], r"empty\.csv: is empty"),
    "a header only": (["train", "header.csv", "--target", "sold"], r"header\.csv: .*no rows"),
    "a binary file": (["train", "binary.csv", "--target", "sold"], r"binary\.csv: "),
    "not UTF-8": (["train", "latin.csv", "--target", "sold"], r"latin\.csv: .*line 2.*UTF-8"),
    "a ragged file": (["train", "ragged.csv", "--target", "sold"], r"ragged\.csv: line 3 has 3 fields"),
    "a name twice": (["train", "twice.csv", "--target", "sold"], r"twice\.csv: .*'x'"),
    "a cut file": (["train", "cut.parquet", "--target", "sold"], r"cut\.parquet: .*truncated or damaged"),
    "an unknown ending": (["train", "notes.txt.zip", "--target", "sold"], r"notes\.txt\.zip: no such file"),
    "no such target": (
        ["train", "houses.csv", "--target", "Sold"],
        r"no column 'Sold' \(--target\)\. Did you mean 'sold'\?",
    ),
    "no target at all": (
        ["train", "no_target.csv", "--target", "sold"],
        r"'sold' \(--target\) has no value in any of 150 rows",
    ),
    "one class": (["train", "one_class.csv", "--target", "sold"], r"'sold' \(--target\) has one class only, 'yes'"),
    "one row": (["train", "one_row.csv", "--target", "price"], r"1 row: too few to hold out.*--holdout 0"),
    "one row, all of it": (
        ["train", "one_row.csv", "--target", "price", "--holdout", "0"],
        r"one_row\.csv: .*constant",
    ),
    "two rows": (["train", "two_rows.csv", "--target", "price"], r"two_rows\.csv: 2 rows, .*Use --holdout 0"),
    "a class a row": (
        ["train", "all_classes.csv", "--target", "sold"],
        r"150 rows of 150 classes: too few to hold out",
    ),
    "no features": (["train", "only_target.csv", "--target", "sold"], r"has no column besides 'sold'"),
    "constant features": (["train", "constant.csv", "--target", "price"], r"constant\.csv: all columns are constant"),
    "infinite features": (["train", "infinite.csv", "--target", "sold"], r"infinite\.csv: column 'x', row 17 .* inf"),
    "infinite, no holdout": (
        ["train", "infinite.csv", "--target", "sold", "--holdout", "0"],
        r"column 'x', row 17 .* inf",
    ),
    "numbers as classes": (
        ["train", "houses.csv", "--target", "x", "--task", "classification"],
        r"'x' \(--target\) holds .*, and a fraction is no class",
    ),
    "fractions as classes": (
        ["train", "halves.csv", "--target", "w", "--task", "classification"],
        r"'w' \(--target\) holds 0\.5, and a fraction is no class\. Use --task regression",
    ),
    "an infinite target": (
        ["train", "infinite.csv", "--target", "x"],
        r"infinite\.csv: column 'x' \(--target\), row 17 .*holds inf; targets must be finite",
    ),
    "a date as target": (
        ["train", "dates.parquet", "--target", "day"],
        r"'day' \(--target\) must hold numbers, text.*Got Date",
    ),
    "text as numbers": ([*TRAIN, "--task", "regression"], r"houses\.csv: .*must hold numbers"),
    "an unknown task": (
        [*TRAIN, "--task", "clasification"],
        r"--task must be one of .* Did you mean 'classification'\?",
    ),
    "no such weight": ([*TRAIN, "--weight", "v"], r"no column 'v' \(--weight\)"),
    "text as weight": (
        [*TRAIN, "--weight", "colour"],
        r"'colour' \(--weight\) must hold numbers\. Got '(red|green|blue)'",
    ),
    "a negative weight": (
        ["train", "negative_weight.csv", *TRAIN[2:], "--weight", "w"],
        r"'w' \(--weight\), row 17 .*-1\.0 is negative",
    ),
    "a missing weight": (
        ["train", "nan_weight.csv", *TRAIN[2:], "--weight", "w"],
        r"'w' \(--weight\), row 17 .*missing or not finite",
    ),
    "an infinite weight": (
        ["train", "inf_weight.csv", *TRAIN[2:], "--weight", "w"],
        r"row 17 .*inf is missing or not finite",
    ),
    "zero weights": (["train", "zero_weight.csv", *TRAIN[2:], "--weight", "w"], r"'w' \(--weight\) is 0 in every row"),
    "weight is target": (["train", "houses.csv", "--target", "w", "--weight", "w"], r"--weight w is the target"),
    "no such column to ignore": (
        [*TRAIN, "--ignore", "prise"],
        r"no column 'prise' \(--ignore\)\. Did you mean 'price'\?",
    ),
    "several columns to ignore at once": ([*TRAIN, "--ignore", "price,w"], r"no column 'price,w'.*repeat --ignore"),
    "the target ignored": ([*TRAIN, "--ignore", "sold"], r"--ignore sold is the target"),
    "all ignored": (
        [*TRAIN, "--ignore", "x", "--ignore", "colour", "--ignore", "price", "--ignore", "w"],
        r"no column besides 'sold'",
    ),
    "no such column to type": ([*TRAIN, "--columns", "z=number"], r"no column 'z' \(--columns\)"),
    "no such kind": ([*TRAIN, "--columns", "x=numeric"], r"columns\['x'\] must be one of 'number'.*Got 'numeric'"),
    "the wrong kind": (
        [*TRAIN, "--columns", "colour=number"],
        r"houses\.csv: column 'colour', row 0 .* is not a number",
    ),
    "no such setting": ([*TRAIN, "--set", "max_itr=3"], r"--set max_itr: .* Did you mean 'max_iter'\?"),
    "a setting without value": ([*TRAIN, "--set", "max_iter"], r"--set must look like NAME=VALUE"),
    "a setting out of range": ([*TRAIN, "--set", "max_iter=0"], r"'max_iter' parameter .* must be an int .*Got 0"),
    "a setting of another type": ([*TRAIN, "--set", "dropout=much"], r"'dropout' parameter .*Got 'much'"),
    "no time": ([*TRAIN, "--time-limit", "0"], r"'time_limit' parameter .*Got 0\.0"),
    "all held out": ([*TRAIN, "--holdout", "1"], r"--holdout must be at least 0 and less than 1\. Got 1\.0"),
    "too little held out": ([*TRAIN, "--holdout", "0.001"], r"too few to hold out a share of 0\.001"),
    "held out and test": ([*TRAIN, "--holdout", "0.1", "--test", "houses.csv"], r"--test and --holdout both"),
    "no such test": ([*TRAIN, "--test", "house.csv"], r"house\.csv: no such file"),
    "a test with an unknown class": (
        [*TRAIN, "--test", "all_classes.csv"],
        r"all_classes\.csv: column 'sold' \(--target\), row 0 .*'class 0', which is not one of the 2 classes",
    ),
    "a test with a word as number": (
        ["train", "houses.csv", "--target", "price", "--test", "words.csv"],
        r"words\.csv: column 'price' \(--target\), row 17 .*holds 'oops', but the model predicts numbers",
    ),
    "a test with a word among integer classes": (
        ["train", "houses.csv", "--target", "w", "--task", "classification", "--test", "words.csv"],
        r"words\.csv: column 'w' \(--target\), row 17 .*holds 'oops', which is not one of the 3 classes .*: 0, 1, 2\.",
    ),
    "test from standard input": ([*TRAIN, "--test", "-"], r"--test must name a file"),
    "a test without a column": (
        [*TRAIN, "--test", "without_colour.csv"],
        r"without_colour\.csv: has no column 'colour'",
    ),
    "out in no folder": (
        [*TRAIN, "--out", "no/m.chainrule"],
        r"cannot write 'no/m\.chainrule': .*make the folder first",
    ),
    "out is a folder": ([*TRAIN, "--out", "."], r"cannot write '\.': Is a directory"),
    "out is standard output": ([*TRAIN, "--out", "-"], r"must name files"),
    "out is the table": ([*TRAIN, "--out", "houses.csv"], r"--out houses\.csv is the same file as TABLE"),
    "out is another file": ([*TRAIN, "--out", "notes.txt"], r"--out notes\.txt exists and is no chainrule model"),
    "checkpoint is out": (
        [*TRAIN, "--out", "m", "--checkpoint", "./m"],
        r"--checkpoint \./m is the same file as --out",
    ),
    "checkpoint is another file": (
        [*TRAIN, "--checkpoint", "notes.txt"],
        r"cannot read 'notes\.txt' as a chainrule checkpoint",
    ),
    "a figure of another kind": ([*TRAIN, "--figure", "f.png"], r"its name must end in \.html\. Got 'f\.png'"),
    "a figure in no folder": ([*TRAIN, "--figure", "no/f.html"], r"cannot write 'no/f\.html'"),
}


@pytest.mark.parametrize("case", BAD_TRAINING)
def test_train(chainrule, files, here, case):
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    words, message = BAD_TRAINING[case]
    assert re.search(message, chainrule(*words).mistake())
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before


BAD_USE = {
    "no such model": (
        ["predict", "old.chainrule", "houses.csv"],
        r"'old\.chainrule' as a chainrule model: there is no such file",
    ),
    "a table as model": (["predict", "houses.csv", "houses.csv"], r"'houses\.csv' .*not a chainrule file"),
    "a cut model": (["predict", "cut.chainrule", "houses.csv"], r"'cut\.chainrule' .*(cut off|checksum)"),
    "a flipped bit": (
        ["evaluate", "flipped.chainrule", "houses.csv"],
        r"'flipped\.chainrule' .*checksum does not match",
    ),
    "random bytes": (["inspect", "random.chainrule"], r"'random\.chainrule' .*not a chainrule file"),
    "a newer model": (["inspect", "newer.chainrule"], r"newer chainrule .*pip install --upgrade chainrule"),
    "a checkpoint as model": (["inspect", "run"], r"it is a 'checkpoint'\. Name a model instead"),
    "an empty model": (["inspect", "hollow.chainrule"], r"hollow\.chainrule"),
    "no such table": ([*PREDICT, "house.csv"], r"house\.csv: no such file"),
    "a column missing": (
        [*PREDICT, "without_colour.csv"],
        r"without_colour\.csv: has no column 'colour', which the model",
    ),
    "a column of another type": ([*PREDICT, "text.csv"], r"text\.csv: column 'x', row 17 .*'oops'"),
    "infinite": ([*PREDICT, "infinite.csv"], r"infinite\.csv: column 'x', row 17 .*inf"),
    "another type in evaluate": (["evaluate", "sold.chainrule", "text.csv"], r"text\.csv: column 'x', row 17 .*'oops'"),
    "infinite in evaluate": (
        ["evaluate", "sold.chainrule", "infinite.csv"],
        r"infinite\.csv: column 'x', row 17 .*inf",
    ),
    "a column missing in evaluate": (["evaluate", "sold.chainrule", "without_colour.csv"], r"has no column 'colour'"),
    "no target in evaluate": (
        ["evaluate", "sold.chainrule", "no_sold.csv"],
        r"no_sold\.csv: has no column 'sold' \(the model's target\)",
    ),
    "a word as number in evaluate": (
        ["evaluate", "price.chainrule", "words.csv"],
        r"words\.csv: column 'price' \(the model's target\), row 17 .*holds 'oops', but the model predicts numbers",
    ),
    "an unknown class": (["evaluate", "sold.chainrule", "all_classes.csv"], r"all_classes\.csv: .*row 0 .*'class 0'"),
    "a wrong weight": (["evaluate", "sold.chainrule", "negative_weight.csv", "--weight", "w"], r"row 17 .*negative"),
    "probabilities of numbers": (
        ["predict", "price.chainrule", "houses.csv", "--proba"],
        r"--proba needs a classifier",
    ),
    "predictions in no folder": ([*PREDICT, "houses.csv", "--out", "no/p.csv"], r"cannot write 'no/p\.csv'"),
    "predictions of another kind": (
        [*PREDICT, "houses.csv", "--out", "p.xlsx"],
        r"Let the name end in \.csv or \.parquet",
    ),
    "predictions over the table": ([*PREDICT, "houses.csv", "--out", "houses.csv"], r"same file as TABLE"),
    "JSON and predictions at once": ([*PREDICT, "houses.csv", "--json"], r"--json needs --out FILE"),
    "a test of another type": (
        [*TRAIN, "--ignore", "price", "--test", "text.csv", "--out", "m"],
        r"text\.csv: column 'x', row 17",
    ),
    "no such sample": (["sample", "irs"], r"no sample 'irs'\. Did you mean 'iris'\?"),
    "a sample of another kind": (["sample", "iris", "--out", "iris.txt"], r"Let the name end in \.csv or \.parquet"),
}


@pytest.fixture
def odd_models(models, files, houses, here, monkeypatch) -> None:
    raw = (here / "sold.chainrule").read_bytes()
    write("cut.chainrule", raw[: len(raw) // 2])
    write("flipped.chainrule", raw[:-10] + bytes([raw[-10] ^ 1]) + raw[-9:])
    write("random.chainrule", os.urandom(500))
    write_container("run", {}, {}, kind="checkpoint")
    write_container("hollow.chainrule", {}, {})
    with monkeypatch.context() as patch:
        patch.setattr(container, "FORMAT_VERSION", 2)
        write_container("newer.chainrule", {}, {})
    houses.drop("sold").write_csv("no_sold.csv")


@pytest.mark.parametrize("case", BAD_USE)
def test_predict_evaluate_inspect_sample(chainrule, odd_models, here, quick, case):
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    words, message = BAD_USE[case]
    ended = chainrule(*words, *(quick if words[0] == "train" else []))
    assert re.search(message, ended.mistake())
    after = {path.name: path.read_bytes() for path in here.iterdir()}
    assert after.items() >= before.items()


def test_a_full_disk_keeps_the_old_predictions(chainrule, models, here, monkeypatch):
    write("p.csv", "old")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in chainrule(*PREDICT, "houses.csv", "--out", "p.csv").mistake()
    assert (here / "p.csv").read_text() == "old"


def test_a_full_disk_keeps_the_old_model(chainrule, models, here, quick, monkeypatch):
    before = (here / "sold.chainrule").read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in chainrule(*TRAIN, "--out", "sold.chainrule", *quick).mistake()
    assert (here / "sold.chainrule").read_bytes() == before
