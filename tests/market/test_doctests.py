"""The worked examples in the docstrings say what the code does."""

import doctest
from importlib import import_module
from types import ModuleType

import pytest

import rebal.market
from rebal import discover

MODULES = ["rebal.amounts", *(f"rebal.market.{name}" for name in discover.names(rebal.market))]
WITH_EXAMPLES = {"rebal.amounts", "rebal.market.contract", "rebal.market.maintenance"}


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module: ModuleType = import_module(name)
    found = doctest.testmod(module)
    assert found.failed == 0
    assert found.attempted > 0 or name not in WITH_EXAMPLES
