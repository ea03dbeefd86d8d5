"""The estimators inside scikit-learn's machinery."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule import TableClassifier, TableRegressor


def test_cross_validation_on_a_raw_table(quick, table, features):
    frame = features.to_pandas()
    scores = cross_val_score(TableRegressor(**quick, max_iter=150), frame, table["price"].to_numpy(), cv=3)
    assert scores.min() > 0.6


def test_grid_search(quick, iris):
    grid = GridSearchCV(
        TableClassifier(**quick, learning_rate_init=0.01), {"solver": ["adam", "adamw"], "dropout": [0.0, 0.1]}, cv=2
    )
    grid.fit(*iris)
    assert set(grid.best_params_) == {"solver", "dropout"}
    assert grid.best_score_ > 0.8


def test_pipeline_with_pandas_output(quick, iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), TableClassifier(**quick)).set_output(transform="pandas").fit(X, y)
    assert pipeline.score(X, y) > 0.9
    assert pipeline[-1].feature_names_in_.tolist() == X.columns.tolist()


def test_sample_weight_is_routed(quick, diabetes):
    import sklearn

    X, y = diabetes
    weight = np.where(y > 150, 1.0, 0.0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = TableRegressor(**quick, max_iter=5).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model)
        pipeline.fit(X, y, sample_weight=weight)
    scaled = StandardScaler().fit(X).transform(X)
    expected = TableRegressor(**quick, max_iter=5).fit(scaled, y, sample_weight=weight)
    np.testing.assert_array_equal(pipeline[-1].weights_, expected.weights_)


def test_calibration_importance_and_transformed_targets(quick, iris, diabetes):
    calibrated = CalibratedClassifierCV(TableClassifier(**quick, max_iter=20), cv=2).fit(*iris)
    assert calibrated.predict_proba(iris[0]).shape == (150, 3)
    X, y = diabetes
    model = TableRegressor(**quick).fit(X, y)
    importance = permutation_importance(model, X, y, n_repeats=2, random_state=0).importances_mean
    assert X.columns[np.argmax(importance)] in ("bmi", "s5")
    logged = TransformedTargetRegressor(TableRegressor(**quick), func=np.log, inverse_func=np.exp).fit(X, y)
    assert logged.score(X, y) > 0.3


def test_clone_keeps_parameters_only(quick, iris):
    model = TableClassifier(**quick, class_weight={0: 2.0}).fit(*iris)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "weights_")


@pytest.mark.parametrize("cls", [TableClassifier, TableRegressor])
def test_html_repr_tells_about_a_fitted_model(quick, cls, iris):
    X, y = iris
    X = X.rename(columns={X.columns[0]: "<script>alert(1)</script>"}).assign(same=1.0)
    unfitted = cls(**quick)._repr_html_()
    assert "chainrule-summary" not in unfitted
    html = cls(**quick, n_bins=0).fit(X, y)._repr_html_()
    assert "chainrule-summary" in html
    assert "4 → 16 →" in html
    assert "columns left out" in html
    assert "<script>alert(1)" not in html


def test_learning_curve(quick, diabetes):
    figure = TableRegressor(**quick, max_iter=4).fit(*diabetes).plot_learning_curve()
    assert {"training error", "validation error"} <= {trace.name for trace in figure.data}
