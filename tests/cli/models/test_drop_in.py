"""Every command takes the files of drop-ins, and gives what the drop-in gives in Python."""

import re

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn import neural_network
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, root_mean_squared_error

from chainrule.estimators import MLPClassifier, MLPRegressor

NAMES = ["b", "flag", "a"]
QUICK = {"hidden_layer_sizes": (6,), "random_state": 0, "solver": "lbfgs", "max_iter": 1000}
STEPS = {"hidden_layer_sizes": (6,), "random_state": 0, "max_iter": 3, "batch_size": 40}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def rows(here):
    """Write ``rows.csv`` and ``ab.csv``, with the columns a, b, price only; return the first's rows."""
    rng = np.random.default_rng(0)
    a, b, flag = rng.normal(size=120), rng.normal(size=120), rng.random(120) < 0.5
    price = 2 * a - b + flag + 0.1 * rng.normal(size=120)
    sold = np.where(price > 1, "yes", np.where(price > 0, "maybe", "no"))
    frame = pl.DataFrame(
        {"a": a, "note": ["x"] * 120, "flag": flag, "b": b, "price": price, "sold": sold, "w": rng.integers(0, 3, 120)}
    )
    frame.write_csv("rows.csv")
    frame[["a", "b", "price"]].write_csv("ab.csv")
    return frame


@pytest.fixture
def classifier(rows):
    """Save ``sold.chainrule``, trained with names, and return it."""
    model = MLPClassifier(**QUICK).fit(rows[NAMES], rows["sold"])
    model.save("sold.chainrule")
    return model


@pytest.fixture
def regressor(rows):
    """Save ``price.chainrule``, trained on an array of a and b, and return it."""
    model = MLPRegressor(**QUICK).fit(rows[["a", "b"]].to_numpy(), rows["price"])
    model.save("price.chainrule")
    return model


@pytest.fixture(params=[False, True], ids=["alone", "with its record"])
def stepped(rows, request):
    """Save ``steps.chainrule``, trained by minibatches with row weights, and return it."""
    model = MLPClassifier(**STEPS).fit(rows[NAMES], rows["sold"], rows["w"].to_numpy())
    model.save("steps.chainrule", include_record=request.param)
    return model


def test_predict_by_name_in_any_order(chainrule, rows, classifier):
    ended = chainrule("predict", "sold.chainrule", "rows.csv", "--proba", "--out", "p.parquet")
    assert ended.out == "120 predictions: p.parquet\n"
    assert ended.error == "note: rows.csv: columns the model does not know are ignored: note, price, w\n"
    proba = classifier.predict_proba(rows[NAMES])
    expected = {"prediction": classifier.predict(rows[NAMES])}
    expected |= {f"probability_{label}": proba[:, k] for k, label in enumerate(["maybe", "no", "yes"])}
    assert_frame_equal(pl.read_parquet("p.parquet"), pl.DataFrame(expected), check_exact=True)


@pytest.mark.parametrize("columns", [["a", "b", "price"], ["a", "price", "b"], ["a", "b"]])
def test_predict_by_place_without_the_target(chainrule, rows, regressor, columns):
    rows[columns].write_csv("t.csv")
    assert chainrule("predict", "price.chainrule", "t.csv", "--out", "p.parquet").code == 0
    expected = regressor.predict(rows[["a", "b"]].to_numpy())
    np.testing.assert_array_equal(pl.read_parquet("p.parquet")["prediction"], expected)


@pytest.mark.parametrize("sparse", [False, True])
def test_predict_of_several_labels_writes_a_column_each(chainrule, rows, sparse):
    from scipy.sparse import csr_array

    labels = np.column_stack([rows["price"] > 0, rows["flag"]]).astype(int)
    model = MLPClassifier(**STEPS).fit(rows[NAMES], csr_array(labels) if sparse else labels)
    model.save("labels.chainrule")
    assert chainrule("predict", "labels.chainrule", "rows.csv", "--proba", "--out", "p.csv").code == 0
    written = pl.read_csv("p.csv")
    assert written.columns == ["prediction_0", "prediction_1", "probability_0", "probability_1"]
    np.testing.assert_array_equal(written.to_numpy()[:, :2], model.predict_proba(rows[NAMES]) > 0.5)
    assert "target without a name" in chainrule("evaluate", "labels.chainrule", "rows.csv").mistake()


def test_evaluate_gives_scikit_learns_metrics(chainrule, rows, classifier, regressor):
    facts = chainrule("evaluate", "sold.chainrule", "rows.csv", "--weight", "w", "--json").json()
    proba, w = classifier.predict_proba(rows[NAMES]), rows["w"].to_numpy()
    assert facts.pop("seconds") > 0
    assert facts.pop("metrics") == pytest.approx(
        {
            "accuracy": accuracy_score(rows["sold"], classifier.predict(rows[NAMES]), sample_weight=w),
            "log_loss": log_loss(rows["sold"], proba, sample_weight=w),
        }
    )
    assert facts == {
        "task": "classification",
        "target": "sold",
        "rows": 120,
        "rows_without_target": 0,
        "features": 3,
        "weight": "w",
        "epochs": classifier.n_iter_,
        "model": "sold.chainrule",
    }
    metrics = chainrule("evaluate", "price.chainrule", "ab.csv", "--json").json()["metrics"]
    y, prediction = rows["price"], regressor.predict(rows[["a", "b"]].to_numpy())
    assert metrics == pytest.approx(
        {
            "rmse": root_mean_squared_error(y, prediction),
            "mae": mean_absolute_error(y, prediction),
            "r2": r2_score(y, prediction),
        }
    )


@pytest.mark.parametrize("labels", [[0, 1, 2], [False, True], ["01", "02"]], ids=str)
def test_evaluate_knows_labels_of_every_kind(chainrule, rows, labels):
    y = pl.Series("label", [labels[i] for i in np.arange(120) % len(labels)])
    model = MLPClassifier(**STEPS).fit(rows[["a", "b"]], y)
    model.save("m.chainrule")
    rows[["a", "b"]].with_columns(y).write_csv("labels.csv")
    facts = chainrule("evaluate", "m.chainrule", "labels.csv", "--json").json()
    assert facts["metrics"]["accuracy"] == pytest.approx(model.score(rows[["a", "b"]], y))


def test_inspect_tells_what_it_is(chainrule, classifier, stepped):
    told = chainrule("inspect", "sold.chainrule").out
    assert told.startswith("MLPClassifier: classification of 'sold' (3 classes: maybe, no, yes)\n")
    assert f"trained for {classifier.n_iter_} epochs in" in told
    assert " s (converged), seed 0\n" in told
    assert "settings: hidden_layer_sizes=[6], max_iter=1000, solver='lbfgs'\n" in told
    assert classifier.network_.summary().splitlines()[0] in told
    facts = chainrule("inspect", "steps.chainrule", "--json").json()
    assert (facts["estimator"], facts["task"], facts["target"]) == ("MLPClassifier", "classification", "sold")
    assert [column["name"] for column in facts["columns"]] == NAMES
    assert facts["network"]["weights"] == len(stepped.weights_)
    assert facts["settings"]["batch_size"] == 40
    assert facts["history"]["last"]["train_error"] == stepped.loss_


def test_inspect_of_a_model_that_scikit_learn_trained(chainrule, rows):
    theirs = neural_network.MLPRegressor(max_iter=1, random_state=np.random.RandomState(0))
    MLPRegressor.from_sklearn(theirs.fit(rows[["a", "b"]].to_numpy(), rows["price"])).save("m.chainrule")
    told = chainrule("inspect", "m.chainrule").out
    assert told.startswith("MLPRegressor: regression of a target without a name\ntrained for 1 epoch (unknown)\n")
    assert "x1" in told
    assert chainrule("inspect", "m.chainrule", "--json").json()["history"] is None


def test_explain_opens_the_drop_ins_own_step(chainrule, rows, stepped, here):
    facts = chainrule("explain", "steps.chainrule", "rows.csv", "--row-weight", "w", "--step", "4", "--json").json()
    step = stepped.run_.step(4)
    assert facts["rows"] == step.moment.rows.tolist()
    assert (facts["error"], facts["gradient_norm"]) == (step.error.value, step.backward.norm)
    named = chainrule("explain", "steps.chainrule", "rows.csv", "--row-weight", "w", "--weight", "hidden 1, 2, flag")
    assert "hidden 1 · neuron 2 ← flag" in named.out
    page = chainrule("explain", "steps.chainrule", "rows.csv", "--row-weight", "w", "--html", "s.html")
    assert page.code == 0, page
    assert format(rows["b"][facts["rows"][0]], ".6g") in (here / "s.html").read_text(encoding="utf-8")


def test_explain_by_place_and_around_rows_without_a_target(chainrule, rows):
    model = MLPRegressor(**STEPS).fit(rows[["a", "b"]][30:].to_numpy(), rows["price"][30:])
    model.save("m.chainrule")
    gaps = pl.Series("price", [None] * 30 + rows["price"][30:].to_list())
    rows[["a", "b"]].with_columns(gaps, a=pl.when(gaps.is_null()).then(None).otherwise("a")).write_csv("gaps.csv")
    ended = chainrule("explain", "m.chainrule", "gaps.csv", "--json")
    assert ended.json()["rows"] == (model.run_.step(0).moment.rows + 30).tolist()
    assert "note: gaps.csv: left out 30 rows without a value of 'price'" in ended.error


def test_diagnose_is_the_drop_ins_own(chainrule, rows, stepped):
    facts = chainrule("diagnose", "steps.chainrule", "rows.csv", "--row-weight", "w", "--json").json()
    expected = stepped.diagnose().to_dict()
    assert {name: facts[name] for name in expected} == expected
    assert chainrule("diagnose", "steps.chainrule", "rows.csv", "--row-weight", "w", "--holdout", "0").code == 0


def test_another_table_is_refused_with_a_way_out(chainrule, rows, stepped):
    for options, table in (([], rows), (["--row-weight", "w"], rows[::-1]), (["--row-weight", "w"], rows[1:])):
        table.write_csv("other.csv")
        said = chainrule("explain", "steps.chainrule", "other.csv", *options).mistake()
        assert "other.csv: this table is not the one" in said
        assert "Give the table of fit, all its rows in their order, and its sample_weight as a column" in said


@pytest.mark.parametrize("command", ["explain", "diagnose"])
def test_what_was_held_out_is_not_known(chainrule, stepped, command):
    said = chainrule(command, "steps.chainrule", "rows.csv", "--holdout", "0.2").mistake()
    assert re.search(r"--holdout is for models of train, and steps\.chainrule is of MLPClassifier\.fit", said)


@pytest.mark.parametrize("command", ["explain", "diagnose"])
def test_a_model_without_a_record_says_so(chainrule, rows, command):
    model = MLPRegressor(**STEPS | {"early_stopping": False}).partial_fit(rows[["a", "b"]].to_numpy(), rows["price"])
    model.save("m.chainrule")
    assert "partial_fit keeps no record of its steps" in chainrule(command, "m.chainrule", "ab.csv").mistake()


COMMANDS = [["predict"], ["evaluate"], ["explain"], ["diagnose"]]
REFUSED = {
    "text": (pl.lit("oops"), "column 'b', row 1 .* holds 'oops', which is no number, and MLPClassifier takes"),
    "a gap": (pl.lit(None), "column 'b', row 1 .* has no value, and MLPClassifier takes no gaps"),
    "infinite": (pl.lit("inf"), "column 'b', row 1 .* holds inf, and numbers must be finite"),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("case", REFUSED)
def test_a_value_that_is_no_number_is_refused_in_its_row(chainrule, rows, classifier, command, case):
    value, message = REFUSED[case]
    second = pl.arange(120) == 1
    rows.with_columns(b=pl.when(second).then(value).otherwise(pl.col("b").cast(pl.String))).write_csv("bad.csv")
    assert re.search(f"bad.csv: {message}", chainrule(*command, "sold.chainrule", "bad.csv").mistake())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_columns_that_are_missing_or_too_many_are_named(chainrule, rows, classifier, regressor, command):
    rows.rename({"flag": "flags"}).write_csv("renamed.csv")
    said = chainrule(*command, "sold.chainrule", "renamed.csv").mistake()
    assert "renamed.csv: has no column 'flag', which the model was trained on. Did you mean 'flags'?" in said
    said = chainrule(*command, "price.chainrule", "rows.csv").mistake()
    assert "rows.csv: has 6 columns of features, but the model was trained on an array of 2" in said


def test_probabilities_need_classes(chainrule, regressor):
    assert "--proba needs a classifier" in chainrule("predict", "price.chainrule", "ab.csv", "--proba").mistake()


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda words: words[0])
def test_a_target_without_a_name_is_refused(chainrule, rows, command):
    MLPRegressor(**STEPS).fit(rows[["a", "b"]].to_numpy(), rows["price"].to_numpy()).save("m.chainrule")
    assert "target without a name" in chainrule(*command, "m.chainrule", "ab.csv").mistake()


@pytest.mark.parametrize("command", COMMANDS[1:], ids=lambda words: words[0])
def test_a_target_that_the_model_cannot_have_is_refused(chainrule, rows, classifier, command):
    rows.with_columns(sold=pl.Series(["no"] * 119 + ["never"])).write_csv("t.csv")
    said = chainrule(*command, "sold.chainrule", "t.csv").mistake()
    assert "t.csv: column 'sold' (the model's target), row 119 (counting from 0) holds 'never'" in said
