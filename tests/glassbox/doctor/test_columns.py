"""The rules about tables, by properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ShapeError
from chainrule.glassbox.doctor import Columns, Level, examine_columns
from chainrule.glassbox.doctor.columns import MOST_ROWS, spread_rows

SEEDS = st.integers(0, 2**32)
SCALES = st.floats(1e-3, 1e3)
SHIFTS = st.floats(-10.0, 10.0)


def columns(values, target=None, **settings):
    values = np.asarray(values, dtype=float)
    target = np.random.default_rng(9).normal(size=(len(values), 1)) if target is None else target
    return Columns(names=[f"x{j}" for j in range(values.shape[1])], values=values, target=target, **settings)


def rules_of(given_columns):
    return {finding.rule: finding for finding in examine_columns(given_columns).all}


def normal(seed, n=60, d=4):
    return np.random.default_rng(seed).normal(size=(n, d))


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_plain_columns_are_healthy(seed):
    assert rules_of(columns(normal(seed), is_encoded=True)) == {}


@settings(deadline=None, max_examples=60)
@given(SEEDS, SCALES, SHIFTS, st.booleans())
def test_a_column_in_another_unit_is_a_duplicate(seed, scale, shift, turned):
    X = normal(seed)
    X[:, 2] = shift + (-scale if turned else scale) * X[:, 0]
    assert rules_of(columns(X))["duplicate_columns"].evidence.columns == ["x0", "x2"]
    X[30, 2] += 0.1 * scale
    assert "duplicate_columns" not in rules_of(columns(X))


def test_columns_with_gaps_are_duplicates_if_their_gaps_are():
    X = normal(0)
    X[3, 1] = np.nan
    X[:, 2] = 2 * X[:, 1]
    assert "duplicate_columns" in rules_of(columns(X))
    X[3, 2] = 0.0
    assert "duplicate_columns" not in rules_of(columns(X))


@settings(deadline=None, max_examples=60)
@given(SEEDS, SCALES, SHIFTS)
def test_numbers_that_count_rows_are_identifiers_in_any_unit_and_order(seed, scale, shift):
    X, rng = normal(seed), np.random.default_rng(seed)
    X[:, 1] = shift + scale * rng.permutation(90)[:60]
    assert rules_of(columns(X))["identifier_columns"].evidence.columns == ["x1"]
    X[0, 1] = X[1, 1]
    assert "identifier_columns" not in rules_of(columns(X))


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.booleans(), st.integers(4097, 40_000))
def test_identifiers_are_known_by_a_sample_of_a_large_table(seed, is_sorted, n_rows):
    rng = np.random.default_rng(seed)
    rows = spread_rows(n_rows, MOST_ROWS)
    numbers = np.arange(n_rows) if is_sorted else rng.permutation(n_rows)
    X = normal(seed, n=MOST_ROWS)
    X[:, 1] = 7.0 + 0.5 * numbers[rows]
    X[:, 2] = rng.choice(3 * n_rows, MOST_ROWS, replace=False)  # all different, and not as dense as rows
    X[:2, 2] = 0, 3 * n_rows - 1
    found = rules_of(columns(X, rows=rows))["identifier_columns"]
    assert found.evidence.columns == ["x1"]
    assert found.cure.text == "Leave it out: columns={'x1': \"drop\"}."


def test_a_few_rows_far_apart_in_the_table_make_no_identifier():
    X = normal(0)
    X[:, 1] = np.random.default_rng(0).permutation(60) ** 2
    assert "identifier_columns" not in rules_of(columns(X, rows=np.arange(60) * 1000))


def test_all_identifiers_are_named_in_the_cure():
    X = normal(0)
    X[:, 1], X[:, 3] = np.arange(60), np.arange(60)[::-1]
    cure = rules_of(columns(X))["identifier_columns"].cure
    assert cure.text == "Leave them out: columns={'x1': \"drop\", 'x3': \"drop\"}."


def test_categories_that_are_all_different_are_identifiers_and_others_are_not():
    X = normal(0)
    X[:, 1] = np.random.default_rng(0).permutation(60) ** 2
    is_category = [False, True, False, False]
    assert "identifier_columns" in rules_of(columns(X, is_category=is_category))
    X[:, 1] = np.arange(60) % 7
    assert "identifier_columns" not in rules_of(columns(X, is_category=is_category))
    X[5, 0] = np.nan
    assert "identifier_columns" not in rules_of(columns(X[:, [0]]))


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.sampled_from([0.0, 3.5, np.nan]))
def test_a_column_of_one_value_is_constant(seed, value):
    X = normal(seed)
    X[:, 3] = value
    finding = rules_of(columns(X, is_encoded=True))["constant_columns"]
    assert finding.evidence.columns == ["x3"]
    assert finding.level == (Level.WARNING if value == 3.5 else Level.NOTICE)


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.floats(20.0, 1e9))
def test_a_large_column_is_unscaled_and_a_fault_to_a_network_only(seed, scale):
    X = normal(seed)
    X[:, 1] *= scale
    finding = rules_of(columns(X, is_encoded=True))["unscaled_columns"]
    assert finding.evidence.columns == ["x1"]
    assert finding.level >= Level.WARNING
    assert rules_of(columns(X))["unscaled_columns"].level == Level.NOTICE
    assert "unscaled_columns" not in rules_of(columns(X, is_category=[False, True, False, False]))


def test_numbers_beyond_all_scales_are_no_reason_to_fall_over():
    X = normal(0)
    X[4, 0], X[5, 1], X[:, 2] = np.inf, np.nan, 1e300
    X[6, 2] = -1e300
    assert "unscaled_columns" in rules_of(columns(X))
    target = normal(1, d=1)
    target[3] = np.inf
    rules_of(columns(X, target))


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.sampled_from([1, -1]))
def test_a_column_in_the_order_of_the_target_leaks(seed, sign):
    X = normal(seed)
    target = np.exp(sign * X[:, [2]])
    finding = rules_of(columns(X, target))["leaking_columns"]
    assert finding.evidence.columns == ["x2"]
    shuffled = np.random.default_rng(seed).permutation(target)
    assert "leaking_columns" not in rules_of(columns(X, shuffled))


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(2, 4))
def test_a_column_that_tells_the_classes_apart_leaks(seed, n_classes):
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(80) % n_classes)
    X = normal(seed, n=80)
    X[:, 0] = (codes * 7) % 5 + 0.01 * X[:, 0]  # in another order than the codes
    assert rules_of(columns(X, codes))["leaking_columns"].evidence.columns == ["x0"]
    assert "leaking_columns" not in rules_of(columns(normal(seed + 1, n=80), codes))


def test_a_target_of_one_class_or_a_constant_one_leaks_nothing():
    X = normal(0)
    assert "leaking_columns" not in rules_of(columns(X, np.zeros(60, dtype=int)))
    assert "leaking_columns" not in rules_of(columns(X, np.ones((60, 1))))


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(2, 30))
def test_rows_that_are_alike_with_other_targets_conflict(seed, n_pairs):
    X, codes = normal(seed), np.arange(60) % 2
    X[30 : 30 + n_pairs] = X[:n_pairs]
    codes[30 : 30 + n_pairs] = 1 - codes[:n_pairs]
    finding = rules_of(columns(X, codes, rows=np.arange(60) + 100))["conflicting_labels"]
    assert finding.evidence.rows == [*range(100, 100 + n_pairs), *range(130, 130 + n_pairs)]
    share = 2 * n_pairs / 60
    assert finding.level == (Level.FAULT if share > 0.2 else Level.WARNING)
    codes[30 : 30 + n_pairs] = codes[:n_pairs]
    assert "conflicting_labels" not in rules_of(columns(X, codes))


def test_a_gap_is_like_another_gap_and_not_like_0():
    X, codes = normal(0), np.arange(60) % 2
    X[20:40] = X[:20]
    X[:20, 1], X[20:40, 1] = np.nan, 0.0
    codes[20:40] = 1 - codes[:20]
    assert "conflicting_labels" not in rules_of(columns(X, codes))
    X[20:40, 1] = np.nan
    assert "conflicting_labels" in rules_of(columns(X, codes))


def test_numbers_conflict_only_if_they_are_clearly_apart():
    X, y = normal(0), normal(1, d=1)
    X[30:40], y[30:40] = X[:10], y[:10] + 0.01
    assert "conflicting_labels" not in rules_of(columns(X, y))
    y[30:40] += 1.0
    assert "conflicting_labels" in rules_of(columns(X, y))


def test_too_few_rows_prove_nothing():
    X = np.arange(9.0)[:, None] * [1.0, 2.0]
    assert rules_of(columns(X, np.arange(9.0)[:, None])) == {}


def test_columns_check_their_shapes():
    with pytest.raises(ShapeError, match="values have 60 rows and the target 2; give both alike"):
        columns(normal(0), np.zeros((2, 1)))
    with pytest.raises(ShapeError, match="names must be 4, one for each column, got 1"):
        Columns(names=["a"], values=normal(0), target=np.zeros((60, 1)))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 5000), st.integers(1, 600))
def test_spread_rows_are_different_ascending_and_reach_both_ends(n_rows, most):
    rows = spread_rows(n_rows, most)
    assert len(rows) == min(n_rows, most)
    assert (np.diff(rows) > 0).all()
    assert rows[0] == 0
    assert most == 1 or rows[-1] == n_rows - 1
