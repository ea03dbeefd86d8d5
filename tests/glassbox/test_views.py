"""The tables of an opened step, as people read them: labels and not codes, a dash for what is missing."""

import numpy as np
import pytest

from chainrule.engine import Settings, Source
from chainrule.glassbox import Names
from chainrule.network import Quantile, multilayer_perceptron
from chainrule.training import SGD, Adam, Recipe

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 2))


def error_of(recorded_run, n_outputs, loss, y, outputs):
    network = multilayer_perceptron(2, (3,), n_outputs, loss=loss)
    run = recorded_run(network, Source(X, y), Recipe(Adam(), epochs=1, settings=Settings(12)), outputs=outputs)
    error = run.step(0).error
    [table] = error.tables()
    return error, table, {row[0]: row[1:] for row in table.rows}


def test_classes_go_by_their_labels(recorded_run):
    labels, y = ["setosa", "versi<color>", "virginica"], np.arange(12) % 3
    error, table, rows = error_of(recorded_run, 3, "cross_entropy", y, labels)
    assert table.columns == ("row", "expected", "its probability", "likeliest", "probability", "loss")
    assert len(rows) == 8
    for row, (expected, its, likeliest, most, loss) in rows.items():
        p = error.predictions[list(error.rows).index(row)]
        assert (expected, its) == (labels[y[row]], p[y[row]])
        assert (likeliest, most) == (labels[p.argmax()], p.max())
        assert loss == pytest.approx(-np.log(its))
    assert "versi&lt;color&gt;" in error._repr_html_()


def test_two_classes_that_share_an_output_have_a_label_each(recorded_run):
    y = (np.arange(12) % 2).reshape(-1, 1).astype(float)
    error, _, rows = error_of(recorded_run, 1, "log_loss", y, ["yes"])
    for row, (expected, its, likeliest, most, loss) in rows.items():
        p = error.predictions[list(error.rows).index(row), 0]
        assert (expected, its) == (("yes", p) if y[row, 0] else ("other than yes", 1 - p))
        assert (likeliest, most) == (("yes", p) if p > 0.5 else ("other than yes", 1 - p))
        assert loss == pytest.approx(-np.log(its))


def test_classes_without_a_name_go_by_their_codes(recorded_run):
    _, _, rows = error_of(recorded_run, 3, "cross_entropy", np.arange(12) % 3, None)
    assert {row[0] for row in rows.values()} <= {"0", "1", "2"}


@pytest.mark.parametrize(
    ("n_outputs", "loss", "outputs", "note"),
    [
        (1, "squared_error", ["size"], ""),
        (2, "log_loss", ["red", "round"], "in brackets: red, round"),
        (1, Quantile((0.1, 0.9)), ["size at 0.1", "size at 0.9"], "in brackets: size at 0.1, size at 0.9"),
    ],
)
def test_numbers_are_shown_as_the_network_takes_them(recorded_run, n_outputs, loss, outputs, note):
    y = (RNG.random((12, 2 if loss == "log_loss" else 1)) > 0.5).astype(float)
    error, table, _ = error_of(recorded_run, n_outputs, loss, y, outputs)
    assert table.columns == ("row", "prediction", "expected", "loss")
    assert table.note == note
    assert error.classes == []


def test_a_missing_value_is_a_dash(recorded_run):
    network = multilayer_perceptron(2, (3,), 1, loss="squared_error")

    def originals(rows):
        return {"age": [float("nan")] * len(rows), "name": [None] * len(rows), "size": [1.5] * len(rows)}

    source = Source(X, RNG.normal(size=(12, 1)))
    run = recorded_run(network, source, Recipe(Adam(), epochs=1, settings=Settings(12)), originals=originals)
    table = next(run.step(0).rows.tables())
    assert {row[1:] for row in table.rows} == {(None, None, 1.5)}
    assert table.title == "8 of 12 rows"
    assert "nan" not in str(run.step(0).rows)
    assert len(run.step(0).rows.as_table(["age"], 99, note="").rows) == 12


def test_rounding_is_no_part_of_the_change(recorded_run):
    """In adam's first step the mean of the gradients is the gradient; with an inverse, but for rounding."""
    network = multilayer_perceptron(2, (3,), 1, loss="squared_error")
    source = Source(X, RNG.normal(size=(12, 1)))
    run = recorded_run(network, source, Recipe(Adam(), epochs=2, settings=Settings(12)))
    assert run.step(0).descent.parts["momentum"].any()
    assert "momentum" not in str(run.step(0).descent)
    assert "momentum" in str(run.step(1).descent)
    plain = recorded_run(network, source, Recipe(SGD(), epochs=1, settings=Settings(12))).step(0)
    assert "gradient" in str(plain.descent)


def test_one_is_singular(recorded_run):
    run = recorded_run(
        multilayer_perceptron(2, (1,), 1, loss="squared_error"),
        Source(X[:1], np.ones((1, 1))),
        Recipe(SGD(), epochs=1, settings=Settings(1)),
    )
    assert str(run.step(0).forward).startswith("hidden 1: 1 neuron, 1 row\n")
    assert str(run.step(0).rows).startswith("1 row\n")


def test_a_class_label():
    two, three = (multilayer_perceptron(2, (3,), k, loss="squared_error") for k in (1, 3))
    assert Names(three, outputs=["a", "b", "c"]).class_label(2) == "c"
    assert Names(three).class_label(2) == "2"
    assert [Names(two, outputs=["ill"]).class_label(code) for code in (0, 1)] == ["other than ill", "ill"]
    named = Names(two, outputs=["ill"], other="well")
    assert [named.class_label(code) for code in (0, 1)] == ["well", "ill"]
