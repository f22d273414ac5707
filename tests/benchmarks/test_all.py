"""What holds for every benchmark: it is run by hand and rarely, so it has to be ready."""

from importlib import import_module
from pathlib import Path

import pytest

import benchmarks

MODULES = sorted(path.stem for path in Path(benchmarks.__path__[0]).glob("[!_]*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_benchmark_finds_all_that_it_uses(name):
    assert import_module(f"benchmarks.{name}").__doc__
