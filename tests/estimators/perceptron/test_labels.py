"""Labels that are counted are those that scikit-learn finds by sorting."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets

from chainrule.estimators.perceptron.labels import MOST_LABELS, codes_of, few_labels

DTYPES = [np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)]


@st.composite
def whole_numbers(draw):
    """Whole numbers of any type, at most 24 apart, also at the ends of what the type holds."""
    dtype = draw(st.sampled_from(DTYPES))
    least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    low = draw(st.sampled_from([least, most - 24]) | st.integers(least, most - 24))
    chosen = draw(st.lists(st.integers(low, low + draw(st.integers(0, 24))), min_size=1))
    return draw(arrays(dtype, draw(st.integers(1, 80)), elements=st.sampled_from(chosen)))


@given(whole_numbers())
@settings(deadline=None, max_examples=300)
def test_a_binarizer_learns_the_same_from_few_labels(y):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        expected = LabelBinarizer().fit(y)
        check_classification_targets(y)
        n_said = len(said)
        got = LabelBinarizer().fit(few_labels(y))
        check_classification_targets(few_labels(y))
    assert got.y_type_ == expected.y_type_
    assert got.classes_.dtype == expected.classes_.dtype
    assert got.classes_.tolist() == expected.classes_.tolist()
    assert len(said) == 2 * n_said


@given(whole_numbers())
@settings(deadline=None, max_examples=300)
def test_codes_are_places_among_the_classes(y):
    classes = np.unique(y)
    codes = codes_of(y, classes)
    assert codes.dtype == np.int64
    assert codes.tolist() == np.searchsorted(classes, y).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_many_rows_are_few_labels(dtype):
    y = np.tile(np.array([7, 3, 9], dtype), 100)
    assert few_labels(y).tolist() == [3, 7, 9]
    assert few_labels(y).dtype == dtype


@pytest.mark.parametrize(
    "y",
    [
        np.tile([0, MOST_LABELS], 100),
        np.tile([0.0, 1.0], 100),
        np.tile([False, True], 100),
        np.tile(["a", "b"], 100),
        np.tile(np.array(["a", 1], object), 100),
        np.tile([[0, 1]], (100, 1)),
        np.array([0, 1, 2]),
        [0, 1] * 100,
    ],
)
def test_other_targets_stay_as_they_are(y):
    assert few_labels(y) is y


@pytest.mark.parametrize("y", [np.tile(["b", "a"], 30), np.tile([0.5, 2.0, -1.0], 30), np.tile([5, 900, -3], 30)])
def test_codes_of_other_labels(y):
    classes = np.unique(y)
    assert classes[codes_of(y, classes)].tolist() == y.tolist()
