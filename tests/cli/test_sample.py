import polars as pl
import pytest
from sklearn import datasets

from chainrule.cli.sample import SAMPLES
from chainrule.table import infer_task, read_table


@pytest.mark.parametrize("name", SAMPLES)
def test_the_table_is_scikit_learns_with_readable_names(chainrule, name):
    assert chainrule("sample", name).code == 0
    frame = read_table(f"{name}.csv")
    options = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(**options)
    assert frame.columns[-1] == SAMPLES[name]
    assert frame[:, :-1].to_numpy() == pytest.approx(bunch.data)
    assert all(column.replace("_", "").isalnum() for column in frame.columns)
    assert len(set(frame.columns)) == bunch.data.shape[1] + 1
    target = frame[SAMPLES[name]]
    expected = bunch.target_names[bunch.target].tolist() if target.dtype == pl.String else bunch.target.tolist()
    assert target.to_list() == expected


@pytest.mark.parametrize("name", SAMPLES)
def test_the_task_follows_from_the_target(chainrule, name):
    chainrule("sample", name, "--out", f"{name}.parquet")
    task = infer_task(pl.read_parquet(f"{name}.parquet")[SAMPLES[name]])
    assert task.kind == ("regression" if name == "diabetes" else "classification")


def test_iris_looks_as_people_know_it(chainrule):
    out = chainrule("sample", "iris", "--out", "-").out
    assert out.splitlines()[:2] == [
        "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species",
        "5.1,3.5,1.4,0.2,setosa",
    ]


def test_people_are_told_the_next_step(chainrule):
    told = chainrule("sample", "wine").out
    assert told == "178 rows, 14 columns: wine.csv\nnext: chainrule train wine.csv --target cultivar\n"


def test_a_file_that_is_there_is_replaced_by_force_only(chainrule, here):
    (here / "iris.csv").write_text("mine")
    assert "'iris.csv' is there already. Replace it with --force" in chainrule("sample", "iris").mistake()
    assert (here / "iris.csv").read_text() == "mine"
    assert chainrule("sample", "iris", "--force").code == 0
    assert (here / "iris.csv").read_text().startswith("sepal")
