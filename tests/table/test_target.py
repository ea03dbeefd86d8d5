import datetime as dt
import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from chainrule.errors import ParameterError, ShapeError, TableError
from chainrule.table import ClassTarget, LabelSetTarget, NumberTarget, as_target_array, target_gaps

eighths = st.integers(-(10**6), 10**6).map(lambda n: n / 8)
ordinary = nps.arrays(np.float64, st.tuples(st.integers(2, 20), st.integers(1, 3)), elements=eighths)
finite = nps.arrays(np.float64, st.integers(1, 9), elements=st.floats(allow_nan=False, allow_infinity=False))


def through_json(target):
    return type(target).from_config(json.loads(json.dumps(target.to_config(), sort_keys=True, allow_nan=False)))


class TestNumbers:
    @given(st.data(), ordinary)
    @settings(deadline=None)
    def test_mean_and_deviation_are_numpys(self, data, y):
        weights = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=len(y), max_size=len(y))))
        target = NumberTarget().fit(y, weights)
        mean = np.average(y, axis=0, weights=weights)
        deviation = np.sqrt(np.average((y - mean) ** 2, axis=0, weights=weights))
        scale = np.abs(y).max(axis=0)
        assert (np.abs(target.mean_ - mean) <= 1e-14 * scale).all()
        varies = np.ptp(y, axis=0) > 0
        assert (np.abs(target.std_ - deviation)[varies] <= 1e-13 * scale[varies]).all()
        assert (target.std_[~varies] == 1).all()
        assert target.n_outputs == y.shape[1]

    @given(ordinary)
    @settings(deadline=None)
    def test_decoding_undoes_encoding(self, y):
        target = NumberTarget().fit(y)
        encoded = target.encode(y, np.float64)
        assert encoded.shape == y.shape
        scale = np.abs(y).max(axis=0)
        assert (np.abs(target.decode(encoded) - y) <= 1e-14 * scale).all()

    def test_units_and_shapes(self):
        target = NumberTarget().fit([2.0, 4.0, 6.0, 8.0])
        assert (target.mean_.tolist(), target.std_.tolist()) == ([5.0], [np.sqrt(5.0)])
        encoded = target.encode([5.0, 10.0])
        assert encoded.dtype == np.float32
        assert encoded.shape == (2, 1)
        assert target.decode(np.zeros((3, 1))).tolist() == [5.0, 5.0, 5.0]
        assert target.decode([[1e9], [-1e9]], clamp=True).tolist() == [8.0, 2.0]
        assert NumberTarget().fit([[1.0], [2.0]]).decode([[0.0]]).shape == (1, 1)

    @given(st.data(), ordinary)
    @settings(deadline=None)
    def test_rows_of_weight_zero_are_absent(self, data, y):
        counted = np.array([True, *data.draw(st.lists(st.booleans(), min_size=len(y) - 1, max_size=len(y) - 1))])
        assert NumberTarget().fit(y, counted * 2.5).to_config() == NumberTarget().fit(y[counted]).to_config()

    def test_predictions_beyond_float64_are_infinite_or_clamped(self):
        target = NumberTarget().fit([0.0, 1.5e308, 1.5e308])
        np.testing.assert_array_equal(target.decode([[9.0], [-99.0]]), [np.inf, -np.inf])
        np.testing.assert_array_equal(target.decode([[9.0], [-99.0]], clamp=True), [1.5e308, 0])

    @given(finite)
    @settings(deadline=None)
    def test_any_finite_target_is_learned(self, y):
        target = NumberTarget().fit(y)
        assert np.isfinite(target.mean_).all()
        assert np.isfinite(target.std_).all()
        assert (target.std_ > 0).all()
        restored = through_json(target)
        np.testing.assert_array_equal(restored.decode(np.ones((2, 1))), target.decode(np.ones((2, 1))))
        assert restored.to_config() == target.to_config()

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (
                [1.0, np.nan, np.nan],
                r"missing \(NaN\) in 2 of 3 rows, first in row 1 \(counting from 0\); drop these rows",
            ),
            ([1.0, 2.0, np.inf], r"infinite in 1 of 3 rows, first in row 2 \(counting from 0\)"),
            (
                ["1.5", "abc"],
                r"hold numbers for regression, but row 1 \(counting from 0\) holds 'abc'; correct the value or "
                "drop the row, or train a classifier",
            ),
            (pl.Series(["1", "2", "$3"]), r"but row 2 .* holds '\$3'"),
            (np.array([1.0, "x"], dtype=object), "but row 1 .* holds 'x'"),
            (np.array([1, 10**400], dtype=object), "but row 1 .* holds 1000"),
            (["1", "nan"], "but row 1 .* holds 'nan'"),
            ([["1", "2"], ["3", ""]], "but row 1 .* holds ''"),
            ([[1.0, np.nan], [1, 2]], r"missing \(NaN\) in 1 of 2 rows, first in row 0"),
        ],
    )
    def test_bad_targets(self, y, message):
        with pytest.raises(TableError, match=message):
            NumberTarget().fit(y)
        with pytest.raises(TableError, match=message):
            NumberTarget().fit(np.ones(np.shape(y))).encode(y)

    def test_text_of_numbers_is_numbers(self):
        assert NumberTarget().fit(["1", "2.5", " 4"]).to_config() == NumberTarget().fit([1, 2.5, 4]).to_config()

    def test_another_number_of_targets(self):
        with pytest.raises(ShapeError, match="y has 2 targets, but 1 are expected"):
            NumberTarget().fit([1.0, 2.0]).encode([[1.0, 2.0]])


class TestClasses:
    @pytest.mark.parametrize(
        ("y", "classes"),
        [
            (np.array(["b", "a", "b"]), np.array(["a", "b"])),
            (np.array(["b", "a", "b"], dtype=object), np.array(["a", "b"], dtype=object)),
            (np.array([3, -1, 3], dtype=np.int16), np.array([-1, 3], dtype=np.int16)),
            (np.array([True, False]), np.array([False, True])),
            (np.array([[2.5], [1.0]]), np.array([1.0, 2.5])),
            (["no", "yes"], np.array(["no", "yes"])),
            (pl.Series(["é", "z"]), np.array(["z", "é"])),
            (pl.Series([2, 1], dtype=pl.UInt8), np.array([1, 2], dtype=np.uint8)),
            (pd.Series(["x", "y"]), np.array(["x", "y"])),
            (pd.Series(pd.Categorical([7, 5, 7])), np.array([5, 7])),
            (pd.DataFrame({"y": [1, 2]}), np.array([1, 2])),
            (pl.DataFrame({"y": [True, False]}), np.array([False, True])),
        ],
    )
    def test_classes_keep_their_type_also_through_a_file(self, y, classes):
        target = ClassTarget().fit(y)
        for one in (target, through_json(target)):
            assert one.classes_.dtype == classes.dtype
            assert one.classes_.tolist() == classes.tolist()
            codes = one.encode(y)
            assert codes.dtype == np.int64
            assert one.decode(codes).tolist() == as_target_array(y).ravel().tolist()

    def test_decoding_probabilities(self):
        target = ClassTarget().fit(["a", "b", "c"])
        assert target.decode([[0.2, 0.3, 0.5], [0.4, 0.4, 0.2]]).tolist() == ["c", "a"]
        assert ClassTarget().fit(["n", "y"]).decode([[0.2], [0.7], [0.5]]).tolist() == ["n", "y", "n"]

    def test_unknown_class(self):
        target = ClassTarget().fit(["setosa", "virginica"])
        with pytest.raises(TableError, match=r"holds 'virginca' in row 1 .*2 classes .*Did you mean 'virginica'\?"):
            target.encode(["setosa", "virginca"])
        many = ClassTarget().fit(list(range(9)))
        with pytest.raises(TableError, match=r"holds 77 in row 0 .* 9 classes seen in training: 0, 1, 2, 3, 4, …"):
            many.encode([77])

    @pytest.mark.parametrize(
        ("y", "error", "message"),
        [
            (["a", None], TableError, r"missing \(NaN\) in 1 of 2 rows, first in row 1"),
            (
                np.array(["a", 1], dtype=object),
                TableError,
                r"mixes types \(int, str\); make all classes text or all numbers",
            ),
            ([[1, 2], [3, 4]], ShapeError, r"one class a row, \(N,\)\. Got shape \(2, 2\)"),
        ],
    )
    def test_bad_targets(self, y, error, message):
        with pytest.raises(error, match=message):
            ClassTarget().fit(y)


class TestLabelSets:
    def test_there_and_back(self):
        y = np.array([[1, 0, 1], [0, 0, 0]])
        target = through_json(LabelSetTarget().fit(y))
        encoded = target.encode(y, np.float64)
        assert encoded.dtype == np.float64
        assert target.n_outputs == 3
        np.testing.assert_array_equal(target.decode(encoded), y)
        assert target.decode([[0.5, 0.51, 0.49]]).tolist() == [[0, 1, 0]]
        np.testing.assert_array_equal(target.encode(y.astype(bool)), y)

    @pytest.mark.parametrize(
        ("y", "error", "message"),
        [
            ([0, 1], ShapeError, r"a matrix \(N, K\) of 0 and 1\. Got shape \(2,\)"),
            ([[0, 1], [2, 0]], TableError, r"must be 0 and 1\. Got \[2, 0\] in row 1"),
            ([[0, 1], [np.nan, 0]], TableError, r"missing \(NaN\) in 1 of 2 rows, first in row 1"),
        ],
    )
    def test_bad_targets(self, y, error, message):
        with pytest.raises(error, match=message):
            LabelSetTarget().fit(y)

    def test_another_number_of_labels(self):
        with pytest.raises(ShapeError, match="y has 1 labels, but 2 are expected"):
            LabelSetTarget().fit([[0, 1]]).encode([[1]])


class TestArrays:
    @pytest.mark.parametrize(
        ("y", "expected", "gaps"),
        [
            (pl.Series([1, None, 3]), np.array([1, None, 3], dtype=object), [False, True, False]),
            (pl.Series([1.5, None]), np.array([1.5, np.nan]), [False, True]),
            (pl.Series(["a", None]), np.array(["a", None], dtype=object), [False, True]),
            (pd.Series(["a", None]), np.array(["a", None], dtype=object), [False, True]),
            (pd.Series([1, None], dtype="Int64"), np.array([1, None], dtype=object), [False, True]),
            (pd.Series([True, None], dtype="boolean"), np.array([True, None], dtype=object), [False, True]),
            (pl.Series([1, 2]), np.array([1, 2]), [False, False]),
            (["a", None], np.array(["a", None], dtype=object), [False, True]),
            (np.array([[1.0, np.nan], [1, 2]]), np.array([[1.0, np.nan], [1, 2]]), [True, False]),
            (pl.DataFrame({"a": [1, 2], "b": [3.5, 4]}), np.array([[1, 3.5], [2, 4]]), [False, False]),
            (np.array([[pd.NA], [1]], dtype=object), np.array([[pd.NA], [1]], dtype=object), [True, False]),
        ],
    )
    def test_arrays_and_gaps(self, y, expected, gaps):
        array = as_target_array(y)
        assert array.dtype == expected.dtype
        assert array.shape == expected.shape
        assert repr(array) == repr(expected)
        assert target_gaps(array).tolist() == gaps

    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (5, r"one or two dimensions, \(N,\) or \(N, K\)\. Got 0 instead"),
            (np.zeros((2, 2, 2)), "Got 3 instead"),
            ([[1, 2], [3]], "one value, or K values, a row"),
            (pl.Series([dt.date(2020, 1, 1)]), r"numbers, truths or text\. Got datetime64\[D\]"),
            (np.array([1j]), "Got complex128"),
        ],
    )
    def test_no_targets(self, y, message):
        with pytest.raises(TableError, match=message):
            as_target_array(y)


NUMBERS = {"mean": [1.0], "std": [1.0], "low": [0.0], "high": [1.0], "flat": True}


@pytest.mark.parametrize(
    ("target", "config", "message"),
    [
        (
            NumberTarget,
            None,
            r"config must be a JSON object with just the entries mean, std, low, high, flat\. Got None",
        ),
        (NumberTarget, {"mean": [1.0]}, "config must be a JSON object with just the entries"),
        (NumberTarget, NUMBERS | {"mean": ["1"]}, r"config\['mean'\]\[0\] must be a finite number\. Got '1'"),
        (NumberTarget, NUMBERS | {"mean": [float("nan")]}, r"config\['mean'\]\[0\] must be a finite number"),
        (NumberTarget, NUMBERS | {"mean": [10**400]}, r"config\['mean'\]\[0\] must be a finite number"),
        (NumberTarget, NUMBERS | {"std": [0.0]}, "of std above 0"),
        (NumberTarget, NUMBERS | {"low": [2.0]}, "low up to high"),
        (NumberTarget, NUMBERS | {"mean": [1.0, 2.0]}, "of one length in all its lists"),
        (NumberTarget, NUMBERS | {"flat": 1}, r"config\['flat'\] must be true or false"),
        (ClassTarget, {"classes": []}, r"config\['classes'\] must be a JSON object"),
        (ClassTarget, {"classes": {"dtype": "complex128", "values": [1]}}, r"\['dtype'\] must be one of bool, str"),
        (ClassTarget, {"classes": {"dtype": "int64", "values": []}}, "one or more values of the type int64"),
        (ClassTarget, {"classes": {"dtype": "int64", "values": [True]}}, "one or more values of the type int64"),
        (ClassTarget, {"classes": {"dtype": "str", "values": [1]}}, "one or more values of the type str"),
        (ClassTarget, {"classes": {"dtype": "object", "values": [[1], [2]]}}, "one or more values of the type object"),
        (ClassTarget, {"classes": {"dtype": "int8", "values": [1, 1000]}}, "cannot be classes"),
        (ClassTarget, {"classes": {"dtype": "int64", "values": [2, 1]}}, "sorted and distinct"),
        (ClassTarget, {"classes": {"dtype": "object", "values": ["a", 1]}}, "cannot be classes"),
        (LabelSetTarget, {"labels": 0}, r"config\['labels'\] must be at least 1"),
        (LabelSetTarget, {"labels": True}, r"config\['labels'\] must be an int of 64 bits"),
    ],
)
def test_hostile_configurations(target, config, message):
    with pytest.raises(ParameterError, match=message):
        target.from_config(config)
