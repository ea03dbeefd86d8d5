import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.training.keyframes import Keyframe, Keyframes

FRAME = 3 * 8 * 2  # bytes of a keyframe of three float64 weights with one vector


def frame(step):
    return Keyframe(step, np.full(3, float(step)), (np.full(3, -float(step)),))


def filled(budget, steps):
    keyframes = Keyframes(budget)
    for step in steps:
        keyframes.add(frame(step))
    return keyframes


@settings(deadline=None, max_examples=200)
@given(st.integers(2, 12), st.sets(st.integers(0, 5000), min_size=1, max_size=60))
def test_they_stay_within_the_budget_and_keep_the_ends(n_frames, steps):
    steps = sorted(steps)
    keyframes = filled(n_frames * FRAME, steps)
    assert keyframes.nbytes == len(keyframes) * FRAME <= n_frames * FRAME
    assert keyframes.steps[0] == steps[0]
    assert keyframes.steps[-1] == steps[-1]
    assert [one.step for one in keyframes] == keyframes.steps == sorted(keyframes.steps)
    for one in keyframes:
        assert np.array_equal(one.weights, frame(one.step).weights)
        assert np.array_equal(one.vectors[0], frame(one.step).vectors[0])


@settings(deadline=None, max_examples=50)
@given(st.integers(4, 40), st.integers(50, 2000))
def test_they_stay_spread_over_the_run(n_frames, n_steps):
    keyframes = filled(n_frames * FRAME, range(n_steps))
    *gaps, last = np.diff(keyframes.steps)
    assert all(gap == keyframes.distance for gap in gaps)
    assert 0 < last <= keyframes.distance
    assert len(keyframes) > n_frames / 2


def test_a_budget_for_fewer_than_two_keeps_none():
    assert len(filled(2 * FRAME - 1, range(9))) == 0
    assert filled(2 * FRAME, range(9)).steps == [0, 8]
    assert len(filled(None, range(1000))) == 1000


def test_the_nearest_one_before_a_step():
    keyframes = filled(None, [10, 20, 30])
    assert [getattr(keyframes.before(step), "step", None) for step in (9, 10, 19, 30, 99)] == [None, 10, 10, 30, 30]


def test_is_due_after_the_distance():
    keyframes = filled(4 * FRAME, range(6))
    assert keyframes.distance == 2
    assert [keyframes.is_due(keyframes.steps[-1] + ahead) for ahead in (1, 2)] == [False, True]
    assert Keyframes(0).is_due(0)


def test_what_was_undone_is_dropped():
    keyframes = filled(None, [10, 20, 30])
    keyframes.drop_after(20)
    assert keyframes.steps == [10, 20]
    assert keyframes.nbytes == 2 * FRAME
    keyframes.drop_after(9)
    assert len(keyframes) == 0


def test_keyframes_are_copies_that_nobody_can_write_to():
    weights, vector = np.zeros(3), np.zeros(3)
    keyframes = Keyframes(None)
    keyframes.add(Keyframe(0, weights, (vector,)))
    weights += 1
    vector += 1
    kept = keyframes.before(0)
    assert not kept.weights.any()
    assert not kept.vectors[0].any()
    for array in (kept.weights, *kept.vectors):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
