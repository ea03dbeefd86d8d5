"""A fitted model opens the steps of its own training."""

import copy
import json
import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from chainrule import MLPClassifier, TableClassifier, TableRegressor, load
from chainrule.errors import ModelFileError, OutputError, ParameterError, ReplayError
from chainrule.estimators.spill import KeyframesInFolder
from chainrule.network import Quantile
from chainrule.storage import read_container, write_container
from chainrule.training.keyframes import Keyframe


@pytest.fixture
def settings(quick):
    return quick | {"max_iter": 12}


@pytest.fixture
def model(settings, features, table):
    return TableClassifier(**settings).fit(features, table["sold"])


def same_steps(one, other, steps=(0, 5, -1)):
    assert one.n_steps == other.n_steps
    for t in steps:
        mine, others = one.step(t), other.step(t)
        assert np.array_equal(mine.weights, others.weights)
        assert np.array_equal(mine.descent.after, others.descent.after)
        assert mine.rows.columns == others.rows.columns
        assert np.array_equal(mine.rows.numbers, others.rows.numbers)
    return True


def test_a_step_shows_the_rows_as_they_were_given(model, features, table):
    run = model.run_
    rows = run.step(3).rows
    given = table[rows.numbers.tolist()]
    assert list(rows.columns) == [*features.columns, "sold"]
    for name, values in rows.columns.items():
        assert values == given[name].to_list()
    encoded = model.encoder_.transform(features[rows.numbers.tolist()])
    assert np.array_equal(rows.encoded, encoded.astype(np.float64))
    assert run.step(3).error.outputs == ["yes"]
    assert str(run.step(3).weight("hidden 1", 2, "town = Rome")) == "hidden 1 · neuron 2 ← town = Rome"


def test_the_weights_of_the_best_epoch_are_the_models(model):
    run = model.run_
    assert run.kept_step == model.history_[model.best_epoch_ - 1]["step"]
    assert np.array_equal(run.weights_before(run.kept_step), model.weights_)
    assert np.isfinite(run.step(-1).error.value)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("include_record", [False, True])
def test_after_save_and_load_the_table_is_given_again(settings, features, table, tmp_path, include_record, engine):
    model = TableRegressor(**settings, engine=engine, n_threads=1).fit(features, table["price"])
    model.save(tmp_path / "m.model", include_record=include_record)
    loaded = load(tmp_path / "m.model")
    with pytest.raises(ReplayError, match=r"the training rows are not at hand.*model\.replay\(X, y\)"):
        _ = loaded.run_
    loaded.set_params(n_threads=2)
    run = loaded.replay(features, table["price"])
    assert (len(run.record.keyframes) > 0) == include_record
    assert same_steps(run, model.run_)
    arrays = read_container(tmp_path / "m.model", kind="model")[1]
    assert any("keyframe" in name for name in arrays) == include_record


@pytest.mark.parametrize("duplicate", [lambda m: pickle.loads(pickle.dumps(m)), copy.copy, copy.deepcopy])
def test_pickles_and_copies_drop_rows_and_keyframes(model, features, table, duplicate):
    assert model.run_ is model.run_
    copied = duplicate(model)
    assert not hasattr(copied, "run_")
    assert "Parameters" in copied._repr_html_()
    assert len(model.run_.record.keyframes) > 0
    with pytest.raises(ReplayError, match="the training rows are not at hand"):
        _ = copied.run_
    run = copied.replay(features, table["sold"])
    assert len(run.record.keyframes) == 0
    assert same_steps(run, model.run_)


def test_a_clone_has_no_run(model):
    for fresh in (clone(model), TableClassifier()):
        with pytest.raises(NotFittedError):
            _ = fresh.run_
        with pytest.raises(NotFittedError):
            fresh.replay([[1.0]], [0])
        assert not hasattr(fresh, "run_")


def test_a_pickle_holds_no_rows(settings):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 20))
    model = TableRegressor(**settings | {"max_iter": 2}).fit(X, X[:, 0])
    assert len(pickle.dumps(model)) < X.nbytes / 4
    record_free = pickle.loads(pickle.dumps(model))
    assert np.array_equal(record_free.predict(X), model.predict(X))


@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: (X.with_columns(area=X["area"] + 1e-3), y),
        lambda X, y: (X, y.reverse()),
        lambda X, y: (X.reverse(), y.reverse()),
        lambda X, y: (X.head(290), y.head(290)),
        lambda X, y: (X.with_columns(town=X["town"].fill_null("Rome")), y),
    ],
)
def test_another_table_is_refused(model, features, table, change):
    with pytest.raises(ReplayError, match="this table is not the one"):
        model.replay(*change(features, table["sold"]))
    assert model.run_.step(3).index == 3


def test_class_weights_sample_weights_and_rows_without_weight(settings, features, table, tmp_path):
    weight = np.where(np.arange(300) % 7 == 0, 0.0, 1.0 + np.arange(300) % 3)
    model = TableClassifier(**settings, class_weight="balanced").fit(features, table["sold"], sample_weight=weight)
    rows = model.run_.step(2).rows
    assert (rows.numbers % 7 != 0).all()
    assert rows.columns["area"] == features["area"][rows.numbers.tolist()].to_list()
    model.save(tmp_path / "m.model")
    assert same_steps(load(tmp_path / "m.model").replay(features, table["sold"], weight), model.run_)
    with pytest.raises(ReplayError, match="this table is not the one"):
        model.replay(features, table["sold"])


def test_an_eval_set_keeps_all_rows_for_training(settings, features, table, tmp_path):
    y = table["price"]
    model = TableRegressor(**settings).fit(features, y, eval_set=(features.head(40), y.head(40)))
    assert model.run_.record.n_rows == 300
    model.save(tmp_path / "m.model")
    assert same_steps(load(tmp_path / "m.model").replay(features, y), model.run_)


def test_lbfgs_has_its_iterations(settings, features, table, tmp_path):
    model = TableRegressor(**settings | {"max_iter": 5}, solver="lbfgs").fit(features, table["price"])
    assert model.run_.n_steps == 5
    assert np.array_equal(model.run_.weights_before(model.run_.kept_step), model.weights_)
    model.save(tmp_path / "m.model")
    assert same_steps(load(tmp_path / "m.model").replay(features, table["price"]), model.run_, (0, 3, -1))


def test_tables_of_other_kinds_show_their_values(settings):
    rng = np.random.default_rng(0)
    X = np.where(rng.random((120, 5)) < 0.3, rng.normal(size=(120, 5)), 0.0)
    y = rng.normal(size=(120, 2))
    run = TableRegressor(**settings).fit(X, y).run_
    rows = run.step(1).rows
    assert list(rows.columns) == ["x0", "x1", "x2", "x3", "x4", "target 1", "target 2"]
    assert rows.columns["x3"] == X[rows.numbers, 3].tolist()
    assert rows.columns["target 2"] == y[rows.numbers, 1].tolist()
    sparse = TableRegressor(**settings).fit(csr_array(X), y).run_.step(1).rows
    for name, values in sparse.columns.items():
        if name.startswith("x"):
            assert values == X[sparse.numbers, int(name[1:])].tolist()
    assert {name for name in sparse.columns if name.startswith("x")} == {
        f"x{j}" for j in range(5) if X[sparse.numbers, j].any()
    }


def test_outputs_are_called_by_what_they_stand_for(settings, features, table):
    quantiles = TableRegressor(**settings, loss=Quantile((0.1, 0.9))).fit(features, table["price"])
    assert quantiles.run_.step(0).error.outputs == ["price at 0.1", "price at 0.9"]
    towns = np.array(table["town"].fill_null("none").to_list())
    several = TableClassifier(**settings).fit(features.drop("town"), towns)
    assert several.run_.step(0).error.outputs == ["Lima", "Oslo", "Rome", "none"]
    sets = TableClassifier(**settings).fit(features, np.stack([table["garden"], ~table["garden"]], axis=1).astype(int))
    assert sets.run_.step(0).error.outputs == ["0", "1"]
    same_name = TableRegressor(**settings).fit(features, table["price"].alias("area"))
    assert list(same_name.run_.step(0).rows.columns)[-1] == "area (target)"


@pytest.mark.parametrize("what", ["X", "y"])
def test_a_table_changed_after_fit_is_not_shown_for_what_was_trained_on(settings, what):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(150, 4)), rng.normal(size=150)
    run = TableRegressor(**settings).fit(X, y).run_
    before, weights = run.step(2).rows.columns, run.step(2).weights
    {"X": X, "y": y}[what][:] *= 2
    step = run.step(2)
    assert np.array_equal(step.weights, weights)
    with pytest.raises(ReplayError, match="the table was changed after fit"):
        _ = step.rows
    {"X": X, "y": y}[what][:] /= 2
    assert run.step(2).rows.columns == before


def test_full_keeps_more_than_none(settings, features, table):
    kept = {}
    for record in ("full", "auto", False):
        model = TableRegressor(**settings, record=record).fit(features, table["price"])
        kept[record] = len(model._recording.run.keyframes)
        assert same_steps(model.replay(features, table["price"]), model.replay(features, table["price"]))
    assert kept["full"] >= kept["auto"] > kept[False] == 0
    with pytest.raises(ReplayError, match="not kept with record=False"):
        _ = model.run_


def test_large_tables_are_not_kept(settings, features, table, monkeypatch):
    monkeypatch.setattr("chainrule.estimators.recording.BUDGET", 1000)
    model = TableRegressor(**settings).fit(features, table["price"])
    with pytest.raises(ReplayError, match="take more than 64 MiB"):
        _ = model.run_
    assert model.replay(features, table["price"]).step(2).index == 2


def test_keyframes_in_a_folder(settings, features, table, tmp_path):
    folder = tmp_path / "keyframes"
    model = TableRegressor(**settings, record=folder).fit(features, table["price"])
    in_memory = TableRegressor(**settings).fit(features, table["price"])
    files = sorted(path.name for path in (folder / "run-1").iterdir())
    assert files == sorted(f"keyframe-{step}.chainrule" for step in model.run_.record.keyframes.steps)
    assert same_steps(model.run_, in_memory.run_)
    first = {path: path.read_bytes() for path in folder.rglob("*.chainrule")}
    model.fit(features, table["price"])
    assert {path: path.read_bytes() for path in first} == first
    assert (folder / "run-2").is_dir()
    model.save(tmp_path / "m.model", include_record=True)
    assert load(tmp_path / "m.model").record == "auto"
    assert same_steps(load(tmp_path / "m.model").replay(features, table["price"]), in_memory.run_)


def test_keyframes_in_a_folder_that_were_undone_are_deleted(tmp_path):
    keyframes = KeyframesInFolder(tmp_path)
    for step in (0, 10, 20):
        keyframes.add(Keyframe(step, np.full(3, float(step)), (np.zeros(3),)))
    keyframes.drop_after(10)
    assert sorted(path.name for path in keyframes.folder.iterdir()) == ["keyframe-0.chainrule", "keyframe-10.chainrule"]
    assert np.array_equal(keyframes.before(15).weights, np.full(3, 10.0))


def test_a_damaged_keyframe_is_noticed(settings, features, table, tmp_path):
    model = TableRegressor(**settings, record=tmp_path).fit(features, table["price"])
    for path in tmp_path.rglob("*.chainrule"):
        raw = bytearray(path.read_bytes())
        raw[-1] ^= 1
        path.write_bytes(raw)
    with pytest.raises(ModelFileError, match="checksum does not match"):
        model.run_.step(3)


def test_a_folder_that_cannot_be_made(settings, features, table, tmp_path):
    (tmp_path / "file").write_text("mine")
    for where in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match=r"record='.*file.*must be a folder|no folder can be made there"):
            TableRegressor(**settings, record=where).fit(features, table["price"])
    assert (tmp_path / "file").read_text() == "mine"


def test_a_checkpoint_that_had_ended_has_no_record(settings, features, table, tmp_path):
    model = TableRegressor(**settings)
    model.fit(features, table["price"], checkpoint=tmp_path / "c")
    again = TableRegressor(**settings).fit(features, table["price"], checkpoint=tmp_path / "c")
    for ask in (lambda: again.run_, lambda: again.replay(features, table["price"])):
        with pytest.raises(ReplayError, match="holds no record of its training"):
            ask()
    again.save(tmp_path / "m.model", include_record=True)
    with pytest.raises(ReplayError, match="holds no record of its training"):
        load(tmp_path / "m.model").replay(features, table["price"])
    assert pickle.loads(pickle.dumps(again)).n_iter_ == again.n_iter_


def rewritten(path, change):
    """Rewrite a model file with another description, its checksum right."""
    header, arrays = read_container(path, kind="model")
    header = json.loads(json.dumps(header))
    change(header)
    write_container(path, header, arrays, kind="model")


def test_files_from_before_records_have_none(model, features, table, tmp_path):
    path = tmp_path / "m.model"
    model.save(path)
    rewritten(path, lambda header: header.pop("recording"))
    loaded = load(path)
    assert np.array_equal(loaded.predict(features), model.predict(features))
    with pytest.raises(ReplayError, match="holds no record of its training: its file is older"):
        loaded.replay(features, table["sold"])


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["recording"].update(has_eval_set=1),
        lambda header: header["recording"]["run"].update(n_steps="many"),
        lambda header: header.update(recording={}),
    ],
)
def test_a_recording_that_is_none_is_refused(model, tmp_path, change):
    path = tmp_path / "m.model"
    model.save(path)
    rewritten(path, change)
    with pytest.raises(ModelFileError, match="its description is wrong"):
        load(path)


def test_parameters_changed_after_fit_do_not_change_the_run(model, features, table):
    before = model.run_.step(4).weights
    model.set_params(max_iter=3, learning_rate_init=1.0, batch_size=7, solver="sgd")
    assert np.array_equal(model.run_.step(4).weights, before)
    assert np.array_equal(model.replay(features, table["sold"]).step(4).weights, before)


def test_the_rule_of_the_parameter(features, table, settings):
    with pytest.raises(ParameterError, match="'record' parameter of TableRegressor must be one of"):
        TableRegressor(**settings, record="fulll").fit(features, table["price"])


@pytest.mark.parametrize("cls", [TableClassifier, MLPClassifier])
def test_two_classes_go_by_their_labels(cls):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    y = np.array(["ill", "well"])[(X[:, 0] > 0).astype(int)]
    params = {"tol": 1.0} if cls is MLPClassifier else {"max_iter": 5}
    run = cls(hidden_layer_sizes=(3,), random_state=0, **params).fit(X, y).run_
    assert [run.names.class_label(code) for code in (0, 1)] == ["ill", "well"]
    assert run.names.neurons(run.names.dense[-1]) == ["well"]
    assert set(run.step(0).error.classes) == {"ill", "well"}
