import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError
from chainrule.training import (
    SCHEDULES,
    Clock,
    Constant,
    Cosine,
    CosLog4,
    FlatCosine,
    InverseScaling,
    OneCycle,
    ReduceOnPlateau,
    StepDecay,
    WarmUp,
)

CLOCK = Clock(steps_per_epoch=10, n_steps=100)


def at(schedule, *steps):
    return schedule.factors(np.array(steps, dtype=np.float64), CLOCK).tolist()


def test_each_schedule_at_points_known_from_its_formula():
    assert at(Constant(), 0, 50, 99) == [1, 1, 1]
    assert at(InverseScaling(power=0.5), 0, 3, 99) == pytest.approx([1, 1 / 2, 1 / 10])
    assert at(StepDecay(epochs=2, factor=0.1), 0, 19, 20, 45) == pytest.approx([1, 1, 0.1, 0.01])
    assert at(Cosine(floor=0.2), 0, 50, 100) == pytest.approx([1, 0.6, 0.2])
    assert at(OneCycle(rise=0.25, start=0.1, end=0.0), 0, 25, 62.5, 100) == pytest.approx([0.1, 1, 0.5, 0])
    assert at(WarmUp(epochs=2), 0, 9, 19, 20, 99) == pytest.approx([0.05, 0.5, 1, 1, 1])
    # coslog4: 1 + 15 s = √2, 2, 4: a quarter, one and two periods
    assert at(CosLog4(), 0, 100 / 15 * (2**0.5 - 1), 100 / 15, 20) == pytest.approx([0, 1, 0, 0], abs=1e-12)
    assert at(FlatCosine(), 0, 49, 75, 100) == pytest.approx([1, 1, 0.5, 0])
    assert at(ReduceOnPlateau(), 0, 99) == [1, 1]


@pytest.mark.parametrize("name", SCHEDULES)
@settings(deadline=None, max_examples=30)
@given(first=st.integers(0, 90), n=st.integers(1, 10), per_epoch=st.integers(1, 50), epochs=st.integers(1, 9))
def test_factors_are_between_0_and_1_and_do_not_depend_on_the_chunk(name, first, n, per_epoch, epochs):
    clock = Clock(per_epoch, per_epoch * epochs)
    first = first % clock.n_steps
    steps = np.arange(clock.n_steps, dtype=np.float64)
    whole = SCHEDULES[name]().factors(steps, clock)
    assert whole.dtype == np.float64
    assert ((whole >= 0) & (whole <= 1 + 1e-12)).all()
    np.testing.assert_array_equal(SCHEDULES[name]().factors(steps[first : first + n], clock), whole[first : first + n])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InverseScaling(power=-1), "power of schedule 'inverse_scaling' must be at least 0, got -1"),
        (lambda: StepDecay(epochs=0), "epochs of schedule 'step' must be at least 1, got 0"),
        (lambda: StepDecay(factor=0), "factor of schedule 'step' must be above 0 and at most 1, got 0"),
        (lambda: Cosine(floor=1), "floor of schedule 'cosine' must be at least 0 and below 1, got 1"),
        (lambda: OneCycle(rise=1), "rise of schedule 'one_cycle' must be above 0 and below 1, got 1"),
        (lambda: OneCycle(start=2), "start of schedule 'one_cycle' must be between 0 and 1, got 2"),
        (lambda: OneCycle(end=-1), "end of schedule 'one_cycle' must be between 0 and 1, got -1"),
        (lambda: WarmUp(epochs=0), "epochs of schedule 'warm_up' must be positive, got 0"),
        (lambda: ReduceOnPlateau(factor=1), "factor of schedule 'reduce_on_plateau' must be above 0 and below 1, got"),
        (lambda: ReduceOnPlateau(patience=0), "patience of schedule 'reduce_on_plateau' must be at least 1, got 0"),
        (lambda: ReduceOnPlateau(floor=1), "floor of schedule 'reduce_on_plateau' must be at least 0 and below 1"),
    ],
)
def test_settings_out_of_range_are_named(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_settings_are_plain_values():
    assert OneCycle().to_config() == {"kind": "one_cycle", "rise": 0.25, "start": 0.04, "end": 1e-4}
