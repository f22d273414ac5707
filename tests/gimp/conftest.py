"""The plug-in's package, importable without GIMP; `gi` is an empty stand-in where it is named."""

import sys
import types
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / "gimp_plugin" / "lacuna-gimp"


class _Anything(types.ModuleType):
    """A module in which every name exists."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything(name)

    def __call__(self, *_arguments):
        return None

    def __or__(self, _flags):
        return self


@pytest.fixture(scope="session", autouse=True)
def plugin():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PLUGIN))
        for name in ("gi", "gi.repository"):
            patch.setitem(sys.modules, name, _Anything(name))
        yield
        for name in [name for name in sys.modules if name.split(".")[0] == "lacuna_gimp"]:
            del sys.modules[name]
