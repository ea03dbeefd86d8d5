import io
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from chainrule.glassbox import sampling
from chainrule.glassbox.sampling import sampled_steps, with_progress


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 1000), st.integers(1, 10_000), st.integers(2, 60), st.booleans())
def test_the_steps_are_few_spread_evenly_and_hold_both_ends(first, length, n_steps, after_last):
    run = SimpleNamespace(first_step=first, n_steps=first + length)
    steps = sampled_steps(run, n_steps, after_last=after_last)
    last = first + length - (not after_last)
    assert (steps[0], steps[-1]) == (first, last)
    assert len(steps) == min(n_steps, last - first + 1)
    gaps = [b - a for a, b in pairwise(steps)]
    assert not gaps or max(gaps) - min(gaps) <= 1
    assert all(isinstance(step, int) for step in steps)


def console(*, terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=80)


def test_what_is_quick_shows_nothing():
    shown = console(terminal=True)
    assert list(with_progress([1, 2, 3], "drawing", console=shown)) == [1, 2, 3]
    assert shown.file.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_what_takes_long_shows_a_bar_on_a_terminal(monkeypatch, terminal):
    monkeypatch.setattr(sampling, "SILENT_SECONDS", -1.0)
    shown = console(terminal=terminal)
    assert list(with_progress([1, 2, 3], "drawing", console=shown)) == [1, 2, 3]
    assert ("drawing" in shown.file.getvalue()) == terminal
