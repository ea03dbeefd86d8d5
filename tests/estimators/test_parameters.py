import numpy as np
import pytest

from chainrule import TableClassifier, TableRegressor
from chainrule.errors import ParameterError
from chainrule.estimators.parameters import AnyOf, Number, OneOf, Sizes
from chainrule.training import Adam

BAD = {
    "hidden_layer_sizes": [0, (5, 0), (5.5,), "5", None],
    "activation": ["relu6", None, 3],
    "initialiser": ["he"],
    "dropout": [1.0, -0.1, "0.5", True, None],
    "alpha": [-1, np.nan, np.inf, None],
    "l1": [-1],
    "solver": ["adamm", Adam, None],
    "learning_rate_init": [0, -1, np.inf, "fast"],
    "momentum": [1.0, -0.1],
    "weight_decay": [-0.1],
    "schedule": ["cosin", None],
    "batch_size": [0, 2.5, "all", None],
    "shuffle": [1, None],
    "max_iter": [0, 1.5, True],
    "max_grad_norm": [0, -1],
    "early_stopping": [1, "yes"],
    "validation_fraction": [0, 1, 1.5],
    "n_iter_no_change": [0],
    "tol": [-1e-9],
    "time_limit": [0, -5],
    "record": ["all", True, None, 64],
    "columns": [["a"], "a"],
    "max_categories": [1, 2.5],
    "n_bins": [-1, 2.5, None],
    "dtype": ["float16", np.float32],
    "engine": ["gpu"],
    "n_threads": [0, 1.5],
    "random_state": [-1, 1.5, "seed", 2**64],
    "verbose": [2, "yes"],
    "loss": ["squared", 3],
    "eval_metric": ["f1", None],
    "class_weight": ["auto", [1, 2]],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values], ids=str
)
def test_every_parameter_out_of_its_range_is_named_with_rule_and_value(name, value):
    cls = TableClassifier if name == "class_weight" else TableRegressor
    X = np.arange(20.0).reshape(10, 2)
    with pytest.raises(ParameterError, match=rf"The '{name}' parameter of {cls.__name__} must be .* Got .* instead\."):
        cls(**{name: value}).fit(X, np.arange(10) % 2)


@pytest.mark.parametrize("cls", [TableClassifier, TableRegressor])
def test_every_parameter_has_a_rule_that_its_default_keeps(cls):
    assert set(cls._rules) == set(cls().get_params())
    assert all(cls._rules[name].accepts(value) for name, value in cls().get_params().items())
    assert set(BAD) == set(TableClassifier._rules) | set(TableRegressor._rules)


def test_the_nearest_name_is_suggested():
    with pytest.raises(ParameterError, match=r"Got 'relu6' instead\. Did you mean 'relu'\?"):
        TableRegressor(activation="relu6").fit([[1.0], [2.0]], [1.0, 2.0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"solver": "adam", "momentum": 0.5},
            "momentum has no effect with solver='adam'; use 'momentum' or 'nesterov'",
        ),
        ({"solver": "adam", "weight_decay": 0.5}, "weight_decay has no effect with solver='adam'; use 'adamw' .*alpha"),
        ({"solver": Adam(), "momentum": 0.5}, r"momentum has no effect when solver is an object; give it to Adam\(\)"),
        ({"solver": "lbfgs", "dropout": 0.5}, "dropout has no effect with lbfgs"),
        ({"solver": "lbfgs", "batch_size": 10}, "batch_size has no effect with lbfgs"),
        ({"solver": "lbfgs", "learning_rate_init": 0.1}, "learning_rate_init has no effect with lbfgs"),
        ({"solver": "lbfgs", "schedule": "cosine"}, "schedule has no effect with lbfgs"),
        ({"solver": "lbfgs", "max_grad_norm": 1.0}, "max_grad_norm has no effect with lbfgs"),
    ],
)
def test_an_option_without_effect_is_an_error(settings, message):
    with pytest.raises(ParameterError, match=message):
        TableRegressor(**settings).fit(np.arange(20.0).reshape(10, 2), np.arange(10.0))


def test_rules_in_words():
    assert str(Number(0, 1, open="high")) == "a float in the range [0, 1)"
    assert str(Number(1, integer=True)) == "an int in the range [1, inf)"
    assert str(AnyOf((OneOf(("auto",)), Number(0)))) == "'auto' or a float in the range [0, inf)"
    assert str(OneOf(("a", "b"))) == "one of {'a', 'b'}"
    assert Sizes().accepts(np.int64(3))
    assert Number().accepts(np.float32(1))
    assert not Number().accepts(np.True_)


def test_names_and_truths_from_arrays_are_accepted():
    """Grids that are built from arrays hold NumPy's own kinds."""
    settings = {
        "activation": np.array(["tanh", "relu"])[0],
        "solver": np.str_("sgd"),
        "schedule": np.str_("constant"),
        "shuffle": np.array([False, True])[0],
        "early_stopping": np.False_,
        "verbose": np.False_,
        "max_iter": np.int64(2),
    }
    plain = {name: value.item() for name, value in settings.items()}
    X, y = np.arange(20.0).reshape(10, 2), np.arange(10.0)
    models = [TableRegressor(random_state=0, **given).fit(X, y) for given in (settings, plain)]
    np.testing.assert_array_equal(models[0].weights_, models[1].weights_)
    with pytest.raises(ParameterError, match=r"The 'activation' parameter .* Did you mean 'relu'"):
        TableRegressor(activation=np.str_("relu6")).fit(X, y)
    assert not OneOf((0, 1)).accepts(np.True_)
