import doctest
import importlib

import pytest

import chainrule.network


@pytest.mark.parametrize("name", ["chainrule.network", "chainrule.network.gradient_check"])
def test_examples_run(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_the_door_names_what_is_there_once():
    names = chainrule.network.__all__
    assert all(hasattr(chainrule.network, name) for name in names)
    assert len(set(names)) == len(names)
