import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from chainrule.cli import predict as module
from chainrule.estimators import TableRegressor, load
from chainrule.table import scan_batches

READERS = {"p.csv": pl.read_csv, "p.parquet": pl.read_parquet}


@pytest.mark.parametrize("name", READERS)
def test_predictions_are_the_models_own(chainrule, houses, models, name):
    ended = chainrule("predict", "price.chainrule", "houses.csv", "--out", name)
    assert ended.out == f"150 predictions: {name}\n"
    expected = pl.DataFrame({"prediction": load("price.chainrule").predict(houses[["x", "colour"]])})
    assert_frame_equal(
        READERS[name](name), expected, check_dtypes=False, check_exact=name.endswith("parquet"), rel_tol=1e-6
    )


def test_probabilities_have_a_column_for_each_class(chainrule, houses, models):
    chainrule("predict", "sold.chainrule", "houses.csv", "--proba", "--out", "p.parquet")
    model, X = load("sold.chainrule"), houses[["x", "colour"]]
    proba = model.predict_proba(X)
    expected = {"prediction": model.predict(X), "probability_no": proba[:, 0], "probability_yes": proba[:, 1]}
    assert_frame_equal(pl.read_parquet("p.parquet"), pl.DataFrame(expected), check_exact=True)


@pytest.mark.parametrize("out", [[], ["--out", "-"]])
def test_without_a_file_predictions_go_to_standard_output_and_nothing_else(chainrule, houses, models, out):
    houses.with_columns(pl.lit(1).alias("odd")).write_csv("odd.csv")
    ended = chainrule("predict", "sold.chainrule", "odd.csv", *out)
    assert pl.read_csv(ended.out.encode()).columns == ["prediction"]
    assert ended.out.count("\n") == 151
    assert ended.error == "note: odd.csv: columns the model does not know are ignored: price, w, odd\n"


def test_json_tells_what_was_written(chainrule, houses, models):
    facts = chainrule("predict", "sold.chainrule", "houses.csv", "--out", "p.csv", "--json").json()
    assert facts.pop("seconds") > 0
    assert facts == {"rows": 150, "model": "sold.chainrule", "predictions": "p.csv"}


def test_order_of_columns_does_not_matter_and_the_target_is_not_needed(chainrule, houses, models):
    houses.select("colour", "x").write_csv("reordered.csv")
    for table in ("houses.csv", "reordered.csv"):
        chainrule("predict", "sold.chainrule", table, "--out", f"{table}.p.csv")
    assert_frame_equal(pl.read_csv("houses.csv.p.csv"), pl.read_csv("reordered.csv.p.csv"))


def test_columns_that_training_dropped_may_be_absent(chainrule, houses, quick):
    houses.with_columns(pl.lit(1).alias("same")).write_csv("same.csv")
    chainrule("train", "same.csv", "--target", "price", *quick)
    ended = chainrule("predict", "same.chainrule", "houses.csv", "--out", "p.csv")
    assert ended.code == 0, ended
    X = houses.with_columns(pl.lit(1).alias("same"))[["x", "colour", "sold", "w", "same"]]
    np.testing.assert_allclose(pl.read_csv("p.csv")["prediction"], load("same.chainrule").predict(X), rtol=1e-6)


def test_a_model_of_several_outputs_writes_a_column_each(chainrule, houses):
    y = houses[["price", "w"]].to_numpy()
    TableRegressor(max_iter=2, random_state=0).fit(houses[["x", "colour"]], y).save("two.chainrule")
    chainrule("predict", "two.chainrule", "houses.csv", "--out", "p.csv")
    assert pl.read_csv("p.csv").columns == ["prediction_0", "prediction_1"]


def test_a_model_trained_on_an_array_takes_columns_by_place(chainrule, houses):
    X = houses[["x", "w"]].to_numpy()
    model = TableRegressor(max_iter=2, random_state=0).fit(X, houses["price"])
    model.save("array.chainrule")
    houses[["x", "w"]].write_csv("x.csv")
    chainrule("predict", "array.chainrule", "x.csv", "--out", "p.parquet")
    np.testing.assert_allclose(pl.read_parquet("p.parquet")["prediction"], model.predict(X), rtol=1e-6)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(module, "scan_batches", lambda path, **more: scan_batches(path, batch_rows=40, **more))


@pytest.mark.parametrize("name", READERS)
def test_pieces_give_what_the_whole_gives(chainrule, houses, models, small_batches, name):
    chainrule("predict", "sold.chainrule", "houses.csv", "--proba", "--out", name)
    model, X = load("sold.chainrule"), houses[["x", "colour"]]
    np.testing.assert_array_equal(READERS[name](name)["prediction"], model.predict(X))
    np.testing.assert_allclose(READERS[name](name)["probability_yes"], model.predict_proba(X)[:, 1], rtol=1e-5)


def test_an_error_in_a_later_piece_names_its_row_in_the_table_and_leaves_no_file(
    chainrule, houses, models, small_batches, here
):
    text = (here / "houses.csv").read_text().splitlines()
    text[1 + 123] = "oops" + text[1 + 123][text[1 + 123].index(",") :]
    (here / "houses.csv").write_text("\n".join(text))
    ended = chainrule("predict", "sold.chainrule", "houses.csv", "--out", "p.csv")
    assert "houses.csv: column 'x', row 123 (counting from 0) holds 'oops'" in ended.mistake()
    assert not (here / "p.csv").exists()


def test_a_reader_that_has_seen_enough_is_no_error(houses, models, here):
    pl.concat([houses] * 200).write_csv("long.csv")
    program = (
        f"{sys.executable} -c 'from chainrule.cli import main; main()' predict sold.chainrule long.csv | head -n 2"
    )
    ended = subprocess.run(["bash", "-c", f"set -o pipefail; {program}"], capture_output=True, text=True, check=False)
    assert ended.stdout.splitlines()[0] == "prediction"
    assert (ended.returncode, [line for line in ended.stderr.splitlines() if not line.startswith("note")]) == (0, [])


@pytest.mark.slow
def test_memory_does_not_grow_with_the_table(houses, models, here):
    """Beyond the reader's first block, 1,200,000 more rows take at most 30 MB more. At once they are 45 MB of text."""
    program = (
        "import resource, sys; from chainrule.cli.run import run\n"
        "code = run(['predict', 'price.chainrule', sys.argv[1], '--out', 'p.csv'])\n"
        "print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    peaks = []
    for rows in (800_000, 2_000_000):
        many = pl.concat([houses.with_columns(pl.col("x").round(4))] * (rows // houses.height + 1))[:rows]
        many.write_csv("many.csv")
        ended = subprocess.run(
            [sys.executable, "-c", program, "many.csv"],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        code, peak = ended.stderr.splitlines()[-1].split()
        assert code == "0"
        peaks.append(int(peak) * 1024)
    assert peaks[1] - peaks[0] < 30e6
