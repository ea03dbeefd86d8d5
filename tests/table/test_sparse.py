import json

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from chainrule.errors import ParameterError, TableError
from chainrule.table import TableEncoder

entries = st.sampled_from([0.0, 0.0, 0.0, 1.0, -2.0, 5e-324, 1e300, -1.7e308, 3.5])
dense = nps.arrays(np.float64, st.tuples(st.integers(2, 8), st.integers(1, 5)), elements=entries).map(
    lambda X: np.hstack([X, np.eye(len(X), 1)])
)


@given(dense, st.sampled_from(["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]))
@settings(deadline=None)
def test_zeros_stay_zero_and_all_is_finite(X, form):
    before = scipy.sparse.coo_array(X).asformat(form)
    encoder = TableEncoder(dtype=np.float64)
    encoded = encoder.fit_transform(before)
    kept = encoder.column_origin_
    assert encoded.format == "csr"
    assert encoded.dtype == np.float64
    assert encoded.shape == (len(X), len(kept))
    assert np.isfinite(encoded.data).all()
    assert (np.abs(encoded.data) <= 3).all()
    assert not encoded.toarray()[X[:, kept] == 0].any()
    assert (encoded.toarray() * np.sign(X[:, kept]) >= 0).all()
    np.testing.assert_array_equal(before.toarray(), X)


def test_scale_by_hand():
    """Magnitudes 1, 2, 8 that are not zero have the median 2, so 8 is u = 4: 4 / sqrt(1 + 16/9) = 2.4."""
    X = scipy.sparse.csr_array(np.array([[1.0], [0], [-2], [8], [0], [0]]))
    encoded = TableEncoder(dtype=np.float64).fit_transform(X).toarray().ravel()
    np.testing.assert_allclose(encoded[3], 2.4, rtol=1e-15)
    np.testing.assert_allclose(encoded[2], -1 / np.sqrt(1 + 1 / 9), rtol=1e-15)


@given(st.data(), dense)
@settings(deadline=None)
def test_integer_weights_are_repetitions(data, X):
    counts = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(X), max_size=len(X))))
    counts[:2] = np.maximum(counts[:2], 1)
    weighted = TableEncoder().fit(scipy.sparse.csr_array(X), counts / 3)
    repeated = TableEncoder().fit(scipy.sparse.csr_array(np.repeat(X, counts, axis=0)))
    assert weighted.to_config() == repeated.to_config()


@given(st.data(), dense)
@settings(deadline=None)
def test_parts_dense_rows_and_configurations_agree(data, X):
    table = scipy.sparse.csr_array(X)
    encoder = TableEncoder().fit(table)
    whole = encoder.transform(table)
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1))
    np.testing.assert_array_equal(encoder.transform(table[rows]).toarray(), whole.toarray()[rows])
    np.testing.assert_array_equal(encoder.transform(X), whole.toarray())
    restored = TableEncoder.from_config(json.loads(json.dumps(encoder.to_config())))
    assert (restored.transform(table) != whole).nnz == 0


def test_stored_zeros_are_zeros_and_the_table_stays_as_it_was():
    X = scipy.sparse.csr_array(np.array([[4.0, 1], [1, 0], [2, 3]]))
    with_zeros = X.copy()
    with_zeros.data[1:3] = 0
    bare = with_zeros.copy()
    bare.eliminate_zeros()
    assert TableEncoder().fit(with_zeros).to_config() == TableEncoder().fit(bare).to_config()
    assert with_zeros.nnz == bare.nnz + 2


def test_dense_training_takes_sparse_rows():
    X = np.array([[0.0, 1], [2, 0], [3, 3]])
    encoder = TableEncoder().fit(X)
    np.testing.assert_array_equal(encoder.transform(scipy.sparse.csr_matrix(X)), encoder.transform(X))
    sparse = TableEncoder().fit(scipy.sparse.csr_array(X))
    assert sparse.check_columns(scipy.sparse.csr_array(X)) == ([], [])
    assert isinstance(sparse.fit(X).transform(X), np.ndarray)


def test_constant_and_unwanted_columns_are_dropped():
    X = scipy.sparse.csr_array(np.array([[0.0, 5, 1, 7], [0, 5, 0, 8]]))
    encoder = TableEncoder(columns={3: "drop", 2: "number"}).fit(X)
    assert [column.note for column in encoder.summary()] == ["dropped: constant"] * 2 + ["", "dropped: by you"]
    assert encoder.transform(X).shape == (2, 1)


def with_entry(value):
    X = np.zeros((4, 3))
    X[0, 0], X[2, 1] = 1, value
    return scipy.sparse.csc_array(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (
            with_entry(np.nan),
            r"column 1, row 2 \(counting from 0\) holds nan; numbers in a sparse table must be",
        ),
        (with_entry(-np.inf), r"column 1, row 2 \(counting from 0\) holds -inf"),
        (with_entry(1).astype(complex), r"Complex data not supported\. Got a sparse table of complex128"),
        (scipy.sparse.csr_array((0, 3)), r"0 sample\(s\) \(shape=\(0, 3\)\)"),
        (scipy.sparse.csr_array((3, 0)), r"0 feature\(s\) \(shape=\(3, 0\)\)"),
        (scipy.sparse.coo_array(np.ones(3)), "Expected 2D array, got 1D sparse array"),
        (scipy.sparse.csr_array((3, 2)), "all columns are constant"),
    ],
)
def test_bad_tables(X, message):
    with pytest.raises(TableError, match=message):
        TableEncoder().fit(X)


def test_other_kinds_and_counts():
    X = with_entry(5)
    with pytest.raises(ParameterError, match=r"columns\[1\] must be 'number' or 'drop' for a sparse table.*'category'"):
        TableEncoder(columns={1: "category"}).fit(X)
    with pytest.raises(TableError, match="X has 2 features, but TableEncoder is expecting 3 features as input"):
        TableEncoder().fit(X).transform(X[:, :2])
