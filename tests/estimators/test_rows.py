import polars as pl
import pytest
from sklearn.exceptions import NotFittedError

from chainrule import TableRegressor
from chainrule.estimators import rows
from chainrule.estimators.rows import check_features

FRAME = pl.DataFrame({"a": [1.0, 2.0, 3.0], "größe": ["x", "y", "z"]})

libraries = pytest.mark.parametrize(
    "convert", [pl.DataFrame.to_pandas, pl.DataFrame.to_arrow, pl.DataFrame.clone], ids=["pandas", "pyarrow", "polars"]
)


@libraries
def test_names_and_number_of_columns_are_noted_and_checked(convert):
    model = TableRegressor()
    assert check_features(model, X := convert(FRAME), reset=True) is X
    assert model.feature_names_in_.tolist() == ["a", "größe"]
    assert model.n_features_in_ == 2
    assert check_features(model, X, reset=False) is X
    with pytest.raises(ValueError, match="feature names should match those that were passed during fit"):
        check_features(model, convert(FRAME.rename({"a": "b"})), reset=False)
    with pytest.raises(ValueError, match="Feature names must be in the same order as they were in fit"):
        check_features(model, convert(FRAME.select("größe", "a")), reset=False)


@libraries
def test_scikit_learn_before_1_9_can_read_the_columns_of_any_frame(convert, monkeypatch):
    """Its ``_get_feature_names`` and ``_num_features`` read nothing but these two."""
    shown = []
    monkeypatch.setattr(rows, "READS_NARWHALS", False)
    monkeypatch.setattr(rows, "validate_data", lambda *given, **_: shown.append(given[1]))
    check_features(TableRegressor(), convert(FRAME), reset=True)
    assert list(shown[0].__dataframe__().column_names()) == ["a", "größe"]
    assert shown[0].shape == (3, 2)


def test_before_fit_there_is_nothing_to_check_against():
    with pytest.raises(NotFittedError):
        TableRegressor().predict(FRAME)
