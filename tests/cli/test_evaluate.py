import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error

from chainrule.estimators import TableClassifier, TableRegressor, load

FEATURES = ["x", "colour"]


def test_the_metrics_are_scikit_learns(chainrule, houses, models):
    facts = chainrule("evaluate", "sold.chainrule", "houses.csv", "--json").json()
    model = load("sold.chainrule")
    assert facts["metrics"]["accuracy"] == pytest.approx(
        accuracy_score(houses["sold"], model.predict(houses[FEATURES]))
    )
    assert facts["metrics"]["log_loss"] == pytest.approx(
        log_loss(houses["sold"], model.predict_proba(houses[FEATURES]))
    )
    assert facts.pop("seconds") > 0
    assert set(facts["metrics"]) == {"accuracy", "log_loss", "roc_auc"}
    del facts["metrics"]
    assert facts == {
        "task": "classification",
        "target": "sold",
        "rows": 150,
        "rows_without_target": 0,
        "features": 2,
        "weight": None,
        "epochs": 3,
        "model": "sold.chainrule",
    }


def test_train_and_evaluate_agree_on_the_same_rows(chainrule, houses, quick):
    houses[:50].write_csv("test.csv")
    options = ["--target", "price", "--ignore", "sold", "--weight", "w", "--test", "test.csv", *quick]
    trained = chainrule("train", "houses.csv", *options, "--json").json()
    evaluated = chainrule("evaluate", "houses.chainrule", "test.csv", "--weight", "w", "--json").json()
    assert evaluated["metrics"] == trained["metrics"]


def test_weights_count(chainrule, houses, models):
    facts = chainrule("evaluate", "price.chainrule", "houses.csv", "--weight", "w", "--json").json()
    prediction = load("price.chainrule").predict(houses[FEATURES])
    expected = root_mean_squared_error(houses["price"], prediction, sample_weight=houses["w"])
    assert facts["metrics"]["rmse"] == pytest.approx(expected)


def test_rows_without_a_target_are_left_out_and_counted(chainrule, houses, models):
    houses.with_columns(pl.Series("sold", [None] * 30 + houses["sold"].to_list()[30:])).write_csv("gaps.csv")
    houses[30:].write_csv("rest.csv")
    gaps = chainrule("evaluate", "sold.chainrule", "gaps.csv", "--json")
    assert (gaps.json()["rows"], gaps.json()["rows_without_target"]) == (120, 30)
    assert "note: gaps.csv: left out 30 rows without a value of 'sold'" in gaps.error
    assert gaps.json()["metrics"] == chainrule("evaluate", "sold.chainrule", "rest.csv", "--json").json()["metrics"]


def test_people_get_a_table(chainrule, houses, models):
    told = chainrule("evaluate", "price.chainrule", "houses.csv", "--weight", "w").out
    assert told.startswith("'price' on houses.csv (150 rows, weighted by w)\n")
    for name in ("rmse", "mae", "r2"):
        assert name in told


def test_a_metric_that_is_not_defined_is_null(chainrule, houses, models):
    houses.filter(pl.col("sold") == "yes").write_csv("yes.csv")
    assert chainrule("evaluate", "sold.chainrule", "yes.csv", "--json").json()["metrics"]["roc_auc"] is None
    assert "not defined" in chainrule("evaluate", "sold.chainrule", "yes.csv").out


def test_classes_that_look_like_numbers_stay_text(chainrule, houses):
    codes = houses.select("x", pl.Series("code", ["01", "02", "x"] * 50))
    TableClassifier(max_iter=2, random_state=0).fit(codes[["x"]], codes["code"]).save("code.chainrule")
    codes.filter(pl.col("code") != "x").write_csv("codes.csv")
    assert chainrule("evaluate", "code.chainrule", "codes.csv", "--json").json()["rows"] == 100


def test_a_model_trained_on_an_array_takes_columns_by_place(chainrule, houses):
    X = houses[["x", "w"]].to_numpy()
    model = TableRegressor(max_iter=2, random_state=0).fit(X, houses["price"])
    model.save("array.chainrule")
    houses[["x", "price", "w"]].write_csv("x.csv")
    facts = chainrule("evaluate", "array.chainrule", "x.csv", "--json").json()
    assert facts["metrics"]["rmse"] == pytest.approx(root_mean_squared_error(houses["price"], model.predict(X)))
    wrong = chainrule("evaluate", "array.chainrule", "houses.csv").mistake()
    assert "houses.csv: has 4 columns of features, but the model was trained on an array of 2" in wrong


def test_a_model_without_a_targets_name_says_so(chainrule, houses):
    TableRegressor(max_iter=2, random_state=0).fit(houses[FEATURES], np.asarray(houses["price"])).save("m.chainrule")
    assert "target without a name" in chainrule("evaluate", "m.chainrule", "houses.csv").mistake()
