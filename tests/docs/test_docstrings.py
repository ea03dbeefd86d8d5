"""Every example in a docstring of the package runs."""

import doctest
import importlib
import pkgutil

import pytest

import chainrule


def modules_with_examples():
    for module in pkgutil.walk_packages(chainrule.__path__, "chainrule."):
        spec = module.module_finder.find_spec(module.name)
        if ">>> " in (spec.loader.get_source(module.name) or ""):  # a compiled module has none
            yield module.name


@pytest.mark.parametrize("name", ["chainrule", *modules_with_examples()])
def test_examples_run(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
