import gzip
import io
import json
import re
import sys

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.model_selection import train_test_split

from chainrule.estimators import TableClassifier, TableRegressor, load

FEATURES = ["x", "colour"]
IGNORE = ["--ignore", "w"]


def held_out(frame: pl.DataFrame, *, stratify: str | None, share: float = 0.2, seed: int = 0):
    """Return training and held-out rows as scikit-learn alone would."""
    classes = frame[stratify].to_numpy() if stratify else None
    rows = train_test_split(np.arange(frame.height), test_size=share, random_state=seed, stratify=classes)
    return [frame[part] for part in rows]


def test_regression_metrics_are_those_of_scikit_learns_held_out_rows(chainrule, houses, quick):
    ended = chainrule("train", "houses.csv", "--target", "price", "--ignore", "sold", *IGNORE, *quick, "--json")
    facts = ended.json()
    training, judged = held_out(houses, stratify=None)
    model = load("houses.chainrule")
    prediction = model.predict(judged[FEATURES])
    assert facts["metrics"] == {
        "rmse": pytest.approx(root_mean_squared_error(judged["price"], prediction)),
        "mae": pytest.approx(mean_absolute_error(judged["price"], prediction)),
        "r2": pytest.approx(r2_score(judged["price"], prediction)),
    }
    expected = {"task": "regression", "target": "price", "rows": training.height, "features": 2, "epochs": 3}
    assert expected.items() <= facts.items()
    assert facts["metrics_rows"] == judged.height
    assert (facts["model"], facts["metrics_of"]) == ("houses.chainrule", "held-out rows")
    assert facts["seconds"] == model.fit_seconds_


@pytest.mark.parametrize(("share", "seed"), [(None, 0), ("0.3", 7)])
def test_classification_metrics_are_those_of_stratified_held_out_rows(chainrule, houses, quick, share, seed):
    options = ["--holdout", share, "--seed", str(seed)] if share else []
    ended = chainrule(
        "train", "houses.csv", "--target", "sold", "--ignore", "price", *IGNORE, *quick, *options, "--json"
    )
    _, judged = held_out(houses, stratify="sold", share=float(share or 0.2), seed=seed)
    model = load("houses.chainrule")
    proba = model.predict_proba(judged[FEATURES])
    assert ended.json()["metrics"] == {
        "accuracy": pytest.approx(accuracy_score(judged["sold"], model.predict(judged[FEATURES]))),
        "log_loss": pytest.approx(log_loss(judged["sold"], proba)),
        "roc_auc": pytest.approx(roc_auc_score(judged["sold"], proba[:, 1])),
    }


def test_the_model_is_the_one_that_python_would_train(chainrule, houses, quick):
    chainrule("train", "houses.csv", "--target", "price", "--ignore", "sold", *IGNORE, *quick, "--seed", "5")
    training, judged = held_out(houses, stratify=None, seed=5)
    model = TableRegressor(max_iter=3, hidden_layer_sizes=8, random_state=5).fit(training[FEATURES], training["price"])
    np.testing.assert_array_equal(load("houses.chainrule").predict(judged[FEATURES]), model.predict(judged[FEATURES]))


def test_weights_count_in_training_and_metrics(chainrule, houses, quick):
    ended = chainrule("train", "houses.csv", "--target", "price", "--ignore", "sold", "--weight", "w", *quick, "--json")
    training, judged = held_out(houses, stratify=None)
    model = TableRegressor(max_iter=3, hidden_layer_sizes=8, random_state=0)
    model.fit(training[FEATURES], training["price"], sample_weight=training["w"].to_numpy())
    expected = root_mean_squared_error(judged["price"], model.predict(judged[FEATURES]), sample_weight=judged["w"])
    assert ended.json()["metrics"]["rmse"] == pytest.approx(expected)
    assert (ended.json()["weight"], ended.json()["features"]) == ("w", 2)


def test_another_table_can_judge(chainrule, houses, quick):
    houses[:40].select("sold", "colour", "x", pl.lit(1).alias("odd")).write_csv("test.csv")
    options = ["--target", "sold", "--ignore", "price", *IGNORE, "--test", "test.csv"]
    ended = chainrule("train", "houses.csv", *options, *quick, "--json")
    model = load("houses.chainrule")
    assert ended.json()["rows"] == houses.height
    assert ended.json()["metrics_of"] == "test.csv"
    accuracy = accuracy_score(houses[:40]["sold"], model.predict(houses[:40][FEATURES]))
    assert ended.json()["metrics"]["accuracy"] == pytest.approx(accuracy)
    assert "note: test.csv: columns the training table lacks are ignored: odd" in ended.error


def test_text_stays_text_in_the_other_table(chainrule, houses, quick):
    codes = houses.with_columns(
        pl.Series("colour", ["007", "08", "x"] * 50), pl.Series("sold", ["01", "02", "no"] * 50)
    )
    codes.write_csv("codes.csv")
    codes.filter(pl.col("colour") == "007", pl.col("sold") == "01").write_csv("test.csv")
    ended = chainrule("train", "codes.csv", "--target", "sold", "--test", "test.csv", *quick, "--json")
    assert ended.code == 0, ended
    assert ended.json()["metrics"]["accuracy"] is not None


def test_without_holdout_the_metrics_are_those_of_the_validation_rows_and_say_so(chainrule, houses, quick):
    options = ["--target", "price", "--ignore", "sold", "--holdout", "0", *quick]
    facts = chainrule("train", "houses.csv", *options, "--json").json()
    assert facts["rows"] == houses.height
    assert facts["metrics_of"] == "validation rows"
    assert facts["metrics"] == load("houses.chainrule").validation_metrics_
    assert "on validation rows" in chainrule("train", "houses.csv", *options).out


def test_too_few_rows_to_judge_by_is_said(chainrule, houses, quick):
    houses[:20].write_csv("few.csv")
    options = ["few.csv", "--target", "price", "--holdout", "0", *quick]
    assert "nothing to judge by" in chainrule("train", *options).out
    facts = chainrule("train", *options, "--json").json()
    assert (facts["metrics"], facts["metrics_of"]) == ({}, None)


def test_rows_without_a_target_are_left_out_and_counted(chainrule, houses, quick):
    gaps = houses.with_columns(pl.when(pl.int_range(pl.len()) % 10 != 3).then("price").alias("price"))
    gaps.write_csv("gaps.csv")
    ended = chainrule("train", "gaps.csv", "--target", "price", *quick, "--json")
    facts = ended.json()
    assert "note: gaps.csv: left out 15 rows without a value of 'price'" in ended.error
    assert (facts["rows_without_target"], facts["rows"] + facts["metrics_rows"]) == (15, 135)
    judged = held_out(gaps.filter(pl.col("price").is_not_null()), stratify=None)[1]
    prediction = load("gaps.chainrule").predict(judged[["x", "colour", "sold", "w"]])
    assert facts["metrics"]["rmse"] == pytest.approx(root_mean_squared_error(judged["price"], prediction))


def test_a_class_with_one_row_stays_in_training(chainrule, houses, quick):
    houses.with_columns(pl.Series("sold", ["rare", *houses["sold"][1:]])).write_csv("rare.csv")
    ended = chainrule("train", "rare.csv", "--target", "sold", *quick, "--json")
    assert "note: 1 class has one row only, which stays in training" in ended.error
    assert load("rare.chainrule").classes_.tolist() == ["no", "rare", "yes"]
    assert ended.json()["metrics_rows"] == 30


@pytest.mark.parametrize(("task", "kind"), [("regression", TableRegressor), ("classification", TableClassifier)])
def test_the_task_can_be_chosen(chainrule, houses, quick, task, kind):
    ended = chainrule("train", "houses.csv", "--target", "w", "--task", task, *quick)
    assert f"{task} of 'w', as you say" in ended.out
    assert isinstance(load("houses.chainrule"), kind)


def test_people_are_told_task_columns_metrics_files_and_the_next_step(chainrule, houses, quick):
    houses.with_columns(pl.lit(1).alias("[bold]same")).write_csv("houses.csv")
    options = ["--target", "sold", "--figure", "curve.html", "--columns", "w=category"]
    ended = chainrule("train", "houses.csv", *options, *quick)
    assert ended.code == 0
    told = ended.out
    assert told.startswith("classification: 'sold' holds text with 2 distinct values (override: --task regression)\n")
    for part in [
        "[bold]same",
        "dropped: constant",
        "on held-out rows (30 rows)",
        "accuracy",
        "log_loss",
        "roc_auc",
        "4 of 5 columns",
    ]:
        assert part in told
    assert "model: houses.chainrule\nlearning curve: curve.html\nnext: chainrule predict houses.chainrule TABLE" in told
    kinds = {c.name: c.kind for c in load("houses.chainrule").encoder_.summary()}
    assert (kinds["w"], kinds["x"]) == ("category", "number")


def test_json_tells_what_became_of_the_columns(chainrule, houses, quick):
    houses.with_columns(pl.lit(1).alias("same")).write_csv("same.csv")
    ended = chainrule("train", "same.csv", "--target", "price", *quick, "--json")
    assert ended.json()["columns"] == chainrule("inspect", "same.chainrule", "--json").json()["columns"]
    assert re.findall("^note: column .*$", ended.error, re.MULTILINE) == ["note: column 'same' dropped: constant"]


def test_wide_tables_list_only_the_dropped_columns(chainrule, houses, quick):
    rng = np.random.default_rng(0)
    wide = pl.DataFrame(rng.normal(size=(60, 50)), schema=[f"c{i}" for i in range(50)])
    wide.with_columns(pl.lit(1).alias("same"), pl.Series("y", rng.normal(size=60))).write_csv("wide.csv")
    told = chainrule("train", "wide.csv", "--target", "y", *quick).out
    assert "50 of 51 columns become 400 inputs" in told
    assert "same" in told
    assert "c7 " not in told


def test_the_figure_is_a_page_of_its_own(chainrule, houses, quick, here):
    chainrule("train", "houses.csv", "--target", "price", "--figure", "curve.html", *quick)
    page = (here / "curve.html").read_text()
    assert "<title>regression of price: learning curve</title>" in page
    assert "Plotly.newPlot" in page


def test_standard_input_can_be_the_table(chainrule, houses, quick, monkeypatch, here):
    stream = io.TextIOWrapper(io.BytesIO((here / "houses.csv").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stream)
    assert chainrule("train", "-", "--target", "price", *quick, "--json").json()["model"] == "model.chainrule"


def test_the_default_model_file_is_in_the_current_folder(chainrule, houses, quick, here):
    (here / "data").mkdir()
    (here / "data" / "homes.csv.gz").write_bytes(gzip.compress((here / "houses.csv").read_bytes()))
    chainrule("train", "data/homes.csv.gz", "--target", "price", *quick)
    assert (here / "homes.chainrule").is_file()


def test_a_checkpoint_is_gone_on_from(chainrule, houses, here):
    options = ["houses.csv", "--target", "price", "--set", "hidden_layer_sizes=8", "--set", "max_iter=6"]
    whole = chainrule("train", *options, "--out", "whole.chainrule", "--json").json()
    ended = chainrule(
        "train", *options, "--out", "cut.chainrule", "--checkpoint", "run", "--time-limit", "1e-9", "--json"
    )
    assert "goes on" not in ended.error
    cut = ended.json()
    assert cut["stop_reason"] == "time_limit"
    assert cut["epochs"] < 6
    ended = chainrule("train", *options, "--out", "rest.chainrule", "--checkpoint", "run", "--json")
    assert "goes on from run\n" in ended.error
    rest = ended.json()
    assert rest["metrics"] == whole["metrics"]
    assert_frame_equal(
        pl.DataFrame(load("rest.chainrule").history_).drop("seconds"),
        pl.DataFrame(load("whole.chainrule").history_).drop("seconds"),
        check_exact=True,
    )


def test_json_is_all_that_goes_to_standard_output(chainrule, houses, quick):
    ended = chainrule("train", "houses.csv", "--target", "price", *quick, "--json")
    assert ended.out.count("\n") == 1
    assert isinstance(json.loads(ended.out), dict)
    assert "regression: 'price' holds numbers" in ended.error


@pytest.mark.filterwarnings("default::chainrule.errors.DivergenceWarning", "ignore::RuntimeWarning")
def test_a_diverging_training_ends_with_advice(chainrule, houses):
    ended = chainrule(
        "train", "houses.csv", "--target", "price", "--set", "solver=sgd", "--set", "learning_rate_init=1e12"
    )
    assert "warning: Training diverged" in ended.error
    assert "try a tenth of it" in ended.mistake()


def test_class_weights_reach_integer_classes(chainrule, houses, quick):
    options = ["--target", "w", "--task", "classification", "--set", 'class_weight={"0": 1, "1": 3}', *quick]
    assert chainrule("train", "houses.csv", *options).code == 0
    assert load("houses.chainrule").class_weight == {0: 1, 1: 3}
