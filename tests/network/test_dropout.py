from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError
from chainrule.network import Context, Dropout, bits, key
from chainrule.network.random import DROPOUT

TRAINING = Context(training=True, seed=5, step=3, layer=2)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(0, 6),
    st.integers(1, 6),
    st.floats(0.01, 0.99),
    st.floats(0.01, 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 1000),
)
def test_mask_follows_its_definition(n, units, rate, factor, seed, step):
    context = Context(training=True, seed=seed, step=step, dropout=factor, layer=4)
    X = np.ones((n, units))
    outputs, mask = Dropout(rate).forward((), X, context)
    effective = rate * factor
    for row in range(n):
        for unit in range(units):
            number = int(bits(key(seed, DROPOUT, step, 4), row * units + unit, 1)[0])
            expected = 0 if number < effective * 2**64 else 1 / (1 - effective)
            assert outputs[row, unit] == mask[row, unit] == expected


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 8), st.integers(0, 8))
def test_shards_draw_the_mask_of_the_whole_minibatch(a, b):
    X = np.arange(1.0, 25.0).reshape(8, 3)
    whole, _ = Dropout(0.4).forward((), X, TRAINING)
    a, b = sorted((a, b))
    shard, _ = Dropout(0.4).forward((), X[a:b], replace(TRAINING, first_row=a))
    assert np.array_equal(shard, whole[a:b])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backward_is_the_same_mask(dtype):
    X = np.full((5, 4), 2, dtype=dtype)
    outputs, cache = Dropout(0.5).forward((), X, TRAINING)
    d_inputs, parameters = Dropout(0.5).backward((), cache, np.full_like(X, 3))
    assert np.array_equal(d_inputs, 1.5 * outputs)
    assert set(outputs.ravel()) == {0, 4}
    assert d_inputs.dtype == outputs.dtype == dtype
    assert parameters == ()
    assert Dropout(0.5).backward((), cache, X, needs_d_inputs=False) == (None, ())


@pytest.mark.parametrize("context", [Context(), replace(TRAINING, dropout=0.0)])
def test_identity_where_nothing_is_dropped(context):
    X = np.ones((3, 2))
    outputs, cache = Dropout(0.5).forward((), X, context)
    assert np.array_equal(outputs, X)
    assert np.array_equal(Dropout(0.5).backward((), cache, 7 * X)[0], 7 * X)
    assert Dropout(0.5).width(2) == 2


def test_share_of_dropped_and_expectation():
    X = np.ones((400, 500))
    outputs, _ = Dropout(0.3).forward((), X, TRAINING)
    deviation = np.sqrt(0.3 * 0.7 / X.size)
    assert abs((outputs == 0).mean() - 0.3) < 4 * deviation
    assert abs(outputs.mean() - 1) < 4 * deviation / 0.7


@pytest.mark.parametrize("change", [{"seed": 6}, {"step": 4}, {"layer": 3}])
def test_masks_of_other_seeds_steps_and_layers_are_independent(change):
    X = np.ones((200, 200))
    first, _ = Dropout(0.5).forward((), X, TRAINING)
    second, _ = Dropout(0.5).forward((), X, replace(TRAINING, **change))
    assert abs(((first == 0) & (second == 0)).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / X.size)


@pytest.mark.parametrize("factor", [-0.1, 2.0, np.nan])
def test_factor_that_takes_the_rate_out_of_range(factor):
    with pytest.raises(
        ParameterError, match=r"Dropout: rate times Context\.dropout must be a number from 0 to below 1\."
    ):
        Dropout(0.5).forward((), np.ones((2, 2)), replace(TRAINING, dropout=factor))


@pytest.mark.parametrize("rate", [-0.1, 1, 1.0, 2, np.nan, "0.5", True, None])
def test_rate_out_of_range(rate):
    with pytest.raises(ParameterError, match=r"Dropout: rate must be a number with 0 <= rate < 1\. Got"):
        Dropout(rate)
