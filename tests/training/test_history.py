import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.training.history import history_rows

shapes = st.tuples(st.integers(1, 7), st.integers(1, 40))


@settings(deadline=None, max_examples=100)
@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_the_rows_of_epochs_are_averages_of_their_steps(shape, seed):
    """To the bits that np.average and np.mean have for one epoch alone."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(3, *shape)) * 10.0 ** rng.integers(-9, 9, (3, *shape))
    steps[1] = np.where(rng.random(shape) < 0.3, 0.0, np.abs(steps[1]))
    steps[1, rng.random(shape[0]) < 0.2] = 0.0
    last_steps = [5 + shape[1] * i for i in range(shape[0])]
    rates = rng.random(shape[0]).tolist()
    rows = history_rows(steps, first_epoch=3, last_steps=last_steps, rates=rates)
    for i, (error, weight, norm) in enumerate(zip(*steps, strict=True)):
        assert rows[i] == {
            "epoch": 3 + i,
            "step": last_steps[i],
            "train_error": float(np.average(error, weights=weight)) if weight.any() else 0.0,
            "validation_error": None,
            "learning_rate": rates[i],
            "gradient_norm": float(norm.mean()),
        }
        assert (
            history_rows(steps[:, i : i + 1], first_epoch=3 + i, last_steps=last_steps[i : i + 1], rates=[rates[i]])[0]
            == rows[i]
        )


@pytest.mark.parametrize("n_steps", [1, 3])
def test_errors_at_the_edge_of_float64_warn_of_nothing(n_steps):
    [row] = history_rows(np.full((3, 1, n_steps), 1.5e308), first_epoch=1, last_steps=[n_steps], rates=[None])
    assert row["train_error"] > 1e308 or np.isnan(row["train_error"])


def test_a_mean_error_is_told_where_the_sum_of_errors_overflows():
    steps = np.full((3, 2, 40), 1e303)
    steps[1] = 100.0
    steps[0, 1] = 1e307
    first, second = history_rows(steps, first_epoch=1, last_steps=[40, 80], rates=[None, None])
    assert first["train_error"] == np.average(steps[0, 0], weights=steps[1, 0])
    assert second["train_error"] == pytest.approx(1e307, rel=1e-12)
