"""Keys of rows: the same for rows that are alike, whatever holds them, and for no others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from chainrule.glassbox.doctor import row_keys
from chainrule.glassbox.doctor.row_keys import keys_of_column, keys_of_rows

VALUES = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e300, np.nan, np.inf])
TABLES = st.tuples(st.integers(1, 40), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=VALUES)
)


def said(row):
    """Return a row as text that is the same for −0 and 0, and for all NaNs."""
    return repr((row + 0.0).tolist())


@settings(deadline=None, max_examples=200)
@given(TABLES)
def test_keys_are_alike_where_rows_are(X):
    keys = keys_of_rows(X).tolist()
    rows = [said(row) for row in X]
    assert [[a == b for b in keys] for a in keys] == [[a == b for b in rows] for a in rows]


@settings(deadline=None, max_examples=60)
@given(TABLES, st.integers(1, 9))
def test_pieces_and_columns_give_what_the_whole_gives(X, cells):
    keys = keys_of_rows(X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_keys, "PIECE", cells)
        assert (keys_of_rows(X) == keys).all()
    assert (sum(keys_of_column(column, j) for j, column in enumerate(X.T)) == keys).all()
    assert (keys_of_rows(np.asfortranarray(X)) == keys).all()


def test_numbers_of_either_precision_are_the_same():
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    assert (keys_of_rows(X) == keys_of_rows(X.astype(np.float64))).all()


@settings(deadline=None, max_examples=60)
@given(TABLES)
def test_a_sparse_row_is_like_another_whether_its_zeros_are_stored_or_not(X):
    rows, columns = np.indices(X.shape).reshape(2, -1)
    stored = csr_array((X.reshape(-1), (rows, columns)), shape=X.shape)
    left_out = csr_array(X)
    assert stored.nnz == X.size
    assert (keys_of_rows(stored) == keys_of_rows(left_out)).all()
    dense = keys_of_rows(X)
    keys = keys_of_rows(left_out)
    assert ((keys[:, None] == keys) == (dense[:, None] == dense)).all()


def test_many_different_rows_have_different_keys():
    X = np.stack(np.meshgrid(*[np.arange(60.0)] * 3), axis=-1).reshape(-1, 3)
    assert len(np.unique(keys_of_rows(X))) == 60**3
