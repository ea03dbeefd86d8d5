import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError
from chainrule.table import TableEncoder
from chainrule.table.bins import bin_names, encode_bins, learn_knots, share_bins
from chainrule.table.scaling import Scale

FINITE = st.floats(-1e300, 1e300)


def components(values, knots, scale):
    out = np.zeros((len(values), len(knots) - 1))
    encode_bins(scale.apply(np.asarray(values, dtype=float)), knots, scale, out)
    return out


def test_knots_are_the_quantiles():
    values = np.arange(1.0, 101.0)
    assert learn_knots(values, None, Scale.learn(values), 4) == (1.0, 25.0, 50.0, 75.0, 100.0)
    assert bin_names("age", (1.0, 25.0, 50.5)) == ["age: 1 to 25", "age: 25 to 50.5"]


def test_components_say_how_far_a_number_has_come_through_each_bin():
    scale = Scale(50.0, 1e9)  # so wide that the smooth clip bends nothing
    knots = (0.0, 10.0, 30.0)
    expected = [[-0.15, -0.15], [0.0, -0.15], [0.15, 0.0], [0.15, 0.15], [0.15, 0.15]]
    np.testing.assert_allclose(components([-5.0, 5.0, 20.0, 30.0, 99.0], knots, scale), expected, atol=1e-8)


def test_few_distinct_or_nearly_constant_values_have_no_bins():
    few = np.repeat(np.arange(24.0), 10)
    assert learn_knots(few, None, Scale.learn(few), 12) == ()
    assert len(learn_knots(np.append(few, 24.0), None, Scale.learn(few), 12)) == 13
    narrow = np.append(np.linspace(0, 1e-9, 1000), [1.0, -1.0] * 400)
    knots = learn_knots(narrow, None, Scale(0.0, 1.0), 12)
    assert np.diff(knots).min() > 1e-6


@settings(deadline=None, max_examples=60)
@given(st.lists(FINITE, min_size=30, max_size=60, unique=True), st.integers(1, 12))
def test_components_are_finite_monotone_and_bounded_for_any_numbers(values, n_bins):
    values = np.sort(np.array(values))
    scale = Scale.learn(values)
    knots = learn_knots(values, None, scale, n_bins)
    if knots:
        encoded = components([-1e308, *values, 1e308], knots, scale)
        assert np.isfinite(encoded).all()
        assert np.abs(encoded).max() <= 0.15
        assert (np.diff(encoded, axis=0) >= 0).all()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_a_weight_is_a_repetition(seed):
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=40), rng.integers(1, 4, 40)
    scale = Scale.learn(values)
    weighted = learn_knots(values, weights.astype(float), scale, 6)
    assert weighted == learn_knots(rng.permutation(np.repeat(values, weights)), None, scale, 6)


def test_wide_tables_get_fewer_bins():
    assert [share_bins(12, n) for n in (1, 32, 33, 64, 96, 97)] == [12, 12, 11, 6, 4, 0]
    assert share_bins(2, 10) == 2
    assert share_bins(0, 10) == 0


def test_the_encoder_spreads_numbers_and_keeps_the_rest():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=200)
    frame = pl.DataFrame(
        {
            "size": [None if i % 9 == 0 else v for i, v in enumerate(numbers)],
            "count": rng.integers(0, 5, 200),
            "town": rng.choice(["Rome", "Oslo", "Lima"], 200),
        }
    )
    plain, binned = TableEncoder().fit(frame), TableEncoder(n_bins=8).fit(frame)
    names = binned.encoded_names_
    assert len(names) == len(plain.encoded_names_) + 8
    assert names[0] == "size"
    assert names[9] == "size is missing"
    assert all(name.startswith("size: ") for name in names[1:9])
    kept = [i for i, name in enumerate(names) if name in plain.encoded_names_]
    encoded = binned.transform(frame)
    np.testing.assert_array_equal(encoded[:, kept], plain.transform(frame))
    assert binned.summary()[0].note == "8 bins; gaps get the median and an indicator"
    again = TableEncoder.from_config(binned.to_config())
    np.testing.assert_array_equal(again.transform(frame), encoded)
    np.testing.assert_array_equal(binned.transform(frame[50:60]), encoded[50:60])
    weight = (np.arange(200) < 150).astype(float)
    part = TableEncoder(n_bins=8).fit(frame[:150])
    np.testing.assert_array_equal(TableEncoder(n_bins=8).fit(frame, weight).transform(frame), part.transform(frame))


@pytest.mark.parametrize("knots", [[1.0], [2.0, 1.0], [1.0, 1.0], "x", [1.0, None]], ids=str)
def test_hostile_knots_are_refused(knots):
    config = TableEncoder(n_bins=4).fit(np.random.default_rng(0).normal(size=(50, 1))).to_config()
    config["plans"][0]["knots"] = knots
    with pytest.raises(ParameterError, match=r"\['knots'\]"):
        TableEncoder.from_config(config)


@pytest.mark.parametrize("n_bins", [-1, 2.5, True, None])
def test_a_number_of_bins_out_of_range_is_named(n_bins):
    with pytest.raises(ParameterError, match="n_bins must be an int of at least 0"):
        TableEncoder(n_bins=n_bins).fit([[1.0], [2.0]])
