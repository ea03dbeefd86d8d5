"""Errors that go up and down: a warning where they stay up, a notice where each rise is soon made good."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.glassbox.doctor import Level
from chainrule.glassbox.doctor.rules import oscillation


def level_of(errors, *, remaining=0.2, scale=2.0):
    """Return the level of what is found in a run of these errors, in base errors; None if nothing is."""
    examination = SimpleNamespace(
        train_errors=scale * np.asarray(errors),
        scale=scale,
        remaining=remaining,
        case=SimpleNamespace(history=[{"step": 10 * (i + 1)} for i in range(len(errors))]),
    )
    finding = oscillation.RULE.look(examination)
    return None if finding is None else finding.level


@settings(deadline=None, max_examples=60)
@given(st.integers(4, 12), st.floats(0.2, 50.0), st.floats(0.0, 6.0))
def test_waves_that_get_nowhere_are_a_warning(period, height, phase):
    errors = 1.0 + height * (1 + np.sin(2 * np.pi * np.arange(80) / period + phase))
    assert level_of(errors) is Level.WARNING
    assert level_of(errors, remaining=0.95) is Level.FAULT


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(3, 10), st.floats(0.15, 5.0), st.integers(1, 2))
def test_starts_that_are_soon_made_good_are_a_notice(seed, n_starts, height, width):
    """Spikes of an epoch or two on a curve that goes down."""
    errors = np.linspace(0.5, 0.3, 100)
    for place in 30 + 6 * np.random.default_rng(seed).choice(11, n_starts, replace=False):
        errors[place : place + width] += height
    assert level_of(errors) is Level.NOTICE


@pytest.mark.parametrize("rises", [0, 1, 2])
def test_few_rises_are_nothing(rises):
    errors = np.linspace(1.0, 0.1, 60)
    for k in range(rises):
        errors[30 + 8 * k] += 1.0
    assert level_of(errors) is None


def test_small_rises_and_short_runs_are_nothing():
    wave = np.sin(np.arange(60))
    assert level_of(1.0 + 0.01 * wave) is None
    assert level_of(5.0 + wave[:7]) is None
    assert level_of(np.where(np.arange(60) == 50, np.nan, 5.0 + wave)) is None
