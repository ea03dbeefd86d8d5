import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from chainrule.errors import ParameterError
from chainrule.network.random import (
    DROPOUT,
    ROW_ORDER,
    VALIDATION,
    WEIGHTS,
    CounterRandom,
    bits,
    key,
    row_order,
    uniform,
)

MASK = 2**64 - 1
seeds = st.integers(0, MASK)


def splitmix64(state: int, n: int) -> list[int]:
    """The published algorithm, in Python integers, as a generator with state."""
    numbers = []
    for _ in range(n):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        numbers.append(z ^ (z >> 31))
    return numbers


def test_published_vector():
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert bits(1234567, 0, 5).tolist() == published


@settings(deadline=None, max_examples=100)
@given(seeds, st.integers(0, 50), st.integers(0, 50))
def test_bits_are_splitmix64_at_any_offset(state, start, n):
    assert bits(np.uint64(state), start, n).tolist() == splitmix64(state, start + n)[start:]


@settings(deadline=None, max_examples=100)
@given(seeds, st.integers(0, 30))
def test_uniform_is_the_upper_53_bits(state, n):
    drawn = uniform(state, 0, n)
    assert drawn.tolist() == [number // 2**11 / 2**53 for number in splitmix64(state, n)]


@settings(deadline=None, max_examples=100)
@given(seeds, st.integers(0, 5), st.integers(0, 2**40))
def test_key_nests_the_hash(seed, stream, step):
    state = splitmix64(splitmix64(splitmix64(seed, 1)[0] ^ stream, 1)[0] ^ step, 1)[0]
    assert int(key(seed, stream, step)) == state


def test_keys_of_small_arguments_differ():
    keys = {int(key(s, u, t, v)) for s in range(6) for u in range(4) for t in range(6) for v in range(6)}
    keys |= {int(key(s, u, t)) for s in range(6) for u in range(4) for t in range(6)}
    assert len(keys) == 6 * 4 * 6 * 6 + 6 * 4 * 6
    assert len({ROW_ORDER, WEIGHTS, DROPOUT, VALIDATION}) == 4


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, True, "0", None])
def test_seed_out_of_range(seed):
    with pytest.raises(ParameterError, match=r"seed must be an integer with 0 <= seed < 2\*\*64\. Got"):
        key(seed, WEIGHTS, 0)


@settings(deadline=None, max_examples=100)
@given(seeds, st.integers(0, 1000), st.integers(0, 300))
def test_row_order_sorts_rows_by_the_upper_half_of_their_hash(seed, epoch, n):
    order = row_order(seed, epoch, n)
    hashes = splitmix64(int(key(seed, ROW_ORDER, epoch)), n)
    assert order.dtype == np.int64
    assert order.tolist() == sorted(range(n), key=lambda row: (hashes[row] >> 32, row))


def test_row_order_ties_fall_by_row(monkeypatch):
    monkeypatch.setattr(
        "chainrule.network.random.bits", lambda _key, _start, n: np.arange(n, dtype=np.uint64) % 2 << 32
    )
    assert row_order(0, 0, 6).tolist() == [0, 2, 4, 1, 3, 5]


@pytest.mark.parametrize("n", [-1, 2**32 + 1])
def test_row_order_of_too_many_rows(n):
    with pytest.raises(ParameterError, match=r"n must be between 0 and 2\*\*32 rows\. Got"):
        row_order(0, 0, n)


def test_row_orders_are_uniform():
    # 6 orders of 3 rows, 6,000 epochs: chi-square of 5 degrees of freedom, 0.999 quantile 20.5.
    counts = np.unique([row_order(0, epoch, 3) @ [9, 3, 1] for epoch in range(6000)], return_counts=True)[1]
    assert len(counts) == 6
    assert ((counts - 1000) ** 2 / 1000).sum() < 20.5


def test_counter_random_goes_on_where_it_was():
    random = CounterRandom(7, WEIGHTS)
    first, second = random.uniform(-1, 3, (2, 3)), random.uniform(-1, 3, (4,))
    expected = -1 + 4 * uniform(key(7, WEIGHTS, 0), 0, 10)
    assert np.array_equal(np.concatenate([first.ravel(), second]), expected)


def test_counter_random_distributions():
    random = CounterRandom(0, WEIGHTS)
    normal = random.normal((100, 200))
    assert normal.shape == (100, 200)
    assert kstest(normal.ravel(), "norm").pvalue > 1e-3
    assert kstest(random.uniform(0, 1, (20000,)), "uniform").pvalue > 1e-3


def test_normal_is_finite_at_the_ends_of_the_hash(monkeypatch):
    ends = np.array([0, MASK], dtype=np.uint64)
    monkeypatch.setattr("chainrule.network.random.bits", lambda *_: ends)
    low, high = CounterRandom(0, WEIGHTS).normal((2,))
    assert np.isfinite([low, high]).all()
    assert low == -high < -8
