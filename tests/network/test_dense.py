import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array, csr_matrix

from chainrule.errors import ParameterError, ShapeError
from chainrule.network import Context, CounterRandom, Dense

sizes = st.integers(1, 5)


@st.composite
def dense_cases(draw):
    """Integer values, so that every sum is exact and any order of adding gives the same bits."""
    n, n_in, n_out = draw(st.integers(0, 5)), draw(sizes), draw(sizes)
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    numbers = st.integers(-9, 9).map(float)
    shapes = ((n, n_in), (n_in + 1, n_out), (n, n_out))
    return [draw(arrays(dtype, shape, elements=numbers)) for shape in shapes]


@settings(deadline=None, max_examples=100)
@given(dense_cases())
def test_both_passes_equal_the_sums_written_out(case):
    X, W, d_outputs = case
    layer = Dense(X.shape[1], W.shape[1])
    outputs, cache = layer.forward((W,), X, Context())
    d_inputs, (d_W,) = layer.backward((W,), cache, d_outputs)
    for n, x in enumerate([*X]):
        for j in range(W.shape[1]):
            assert outputs[n, j] == sum(x[i] * W[i, j] for i in range(len(x))) + W[-1, j]
        for i in range(len(x)):
            assert d_inputs[n, i] == sum(d_outputs[n, j] * W[i, j] for j in range(W.shape[1]))
    for j in range(W.shape[1]):
        for i in range(X.shape[1]):
            assert d_W[i, j] == sum(X[n, i] * d_outputs[n, j] for n in range(len(X)))
        assert d_W[-1, j] == sum(d_outputs[:, j])
    assert outputs.dtype == d_inputs.dtype == d_W.dtype == W.dtype


@settings(deadline=None, max_examples=100)
@given(dense_cases(), st.sampled_from([csr_array, csr_matrix]))
def test_sparse_rows_equal_dense_rows(case, sparse):
    X, W, d_outputs = case
    layer = Dense(X.shape[1], W.shape[1])
    expected, cache = layer.forward((W,), X, Context())
    outputs, sparse_cache = layer.forward((W,), sparse(X), Context())
    assert isinstance(outputs, np.ndarray)
    assert np.array_equal(outputs, expected)
    d_inputs, (d_W,) = layer.backward((W,), sparse_cache, d_outputs, needs_d_inputs=False)
    assert d_inputs is None
    assert np.array_equal(d_W, layer.backward((W,), cache, d_outputs)[1][0])
    assert outputs.dtype == d_W.dtype == W.dtype


def test_passes_leave_their_arguments_alone():
    X, W, d_outputs = np.ones((2, 3)), np.full((4, 2), 2.0), np.ones((2, 2))
    for array in (X, W, d_outputs):
        array.setflags(write=False)
    layer = Dense(3, 2)
    outputs, cache = layer.forward((W,), X, Context())
    assert outputs.tolist() == [[8, 8], [8, 8]]
    layer.backward((W,), cache, d_outputs)


def test_initialise_draws_weights_and_starts_biases_at_zero():
    (W,) = Dense(3, 2, "glorot_normal").initialise(CounterRandom(0, 1), None)
    assert W.shape == (4, 2)
    assert (W[:-1] != 0).all()
    assert (W[-1] == 0).all()


def test_width():
    assert Dense(3, 2).width(3) == 2
    with pytest.raises(ShapeError, match=r"Dense\(n_in=3, n_out=2\) takes 3 inputs\. Got 4\."):
        Dense(3, 2).width(4)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, "3", None, 2**24 + 1])
@pytest.mark.parametrize("name", ["n_in", "n_out"])
def test_sizes_out_of_range(name, size):
    with pytest.raises(ParameterError, match=rf"Dense: {name} must be an integer from 1 to 16777216\. Got"):
        Dense(**{"n_in": 1, "n_out": 1, name: size})


def test_unknown_initialiser():
    with pytest.raises(
        ParameterError, match=r"Dense: initialiser must be one of glorot_.* Did you mean 'he_uniform'\?"
    ):
        Dense(1, 1, "he_unifrom")
    with pytest.raises(ParameterError, match=r"Dense: initialiser must be one of .* Got None instead\.$"):
        Dense(1, 1, None)
