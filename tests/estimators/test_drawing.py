import numpy as np
import pytest
from plotly.graph_objects import Figure
from sklearn.exceptions import NotFittedError

from chainrule.errors import ParameterError, ReplayError
from chainrule.estimators import MLPClassifier, MLPRegressor, TableRegressor

DRAWN = {
    "plot_gradient_flow": "{}: gradient flow",
    "plot_update_ratio": "{}: update ratio",
    "plot_activations": "{}: activations",
    "plot_step": "Step 0: means of a and sums of δ over its rows; Δw",
    "plot_landscape": "{}: error landscape",
    "learning_rate_range_test": "{}: learning rate range test",
    "plot_learning_curve": "{}: learning curve",
}


@pytest.fixture(scope="module")
def model():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    return TableRegressor(hidden_layer_sizes=3, max_iter=3, random_state=0).fit(X, X[:, 0])


@pytest.fixture(scope="module")
def drop_ins():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), rng.integers(0, 3, 40)
    early = {"hidden_layer_sizes": 3, "max_iter": 15, "batch_size": 10, "tol": 1.0, "n_iter_no_change": 2}
    estimators = (MLPClassifier, MLPRegressor)
    return {estimator.__name__: estimator(**early, random_state=0).fit(X, y) for estimator in estimators}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("estimator", ["TableRegressor", "MLPClassifier", "MLPRegressor"])
def test_every_method_draws_this_models_training(model, drop_ins, estimator, name):
    figure = getattr(drop_ins.get(estimator, model), name)()
    assert isinstance(figure, Figure)
    assert figure.layout.title.text == DRAWN[name].format(estimator)


def test_options_are_passed_on(model):
    row = int(model.run_.step(1).moment.rows[0])
    assert model.plot_step(1, row=row).layout.title.text == f"Step 1: a and δ of row {row}; Δw"
    assert model.plot_landscape(plane="random").layout.xaxis.title.text == "random direction 1"
    with pytest.raises(ParameterError, match="plane must be 'path' or 'random'"):
        model.plot_landscape(plane="other")


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("estimator", [TableRegressor, MLPRegressor])
def test_before_fit_there_is_nothing_to_draw(estimator, name):
    with pytest.raises(NotFittedError):
        getattr(estimator(), name)()


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"plot_learning_curve"}))
def test_without_the_rows_no_step_can_be_drawn(name):
    X = np.random.default_rng(0).normal(size=(30, 2))
    model = TableRegressor(hidden_layer_sizes=2, max_iter=2, record=False).fit(X, X[:, 0])
    with pytest.raises(ReplayError, match=r"the training rows are not at hand"):
        getattr(model, name)()
