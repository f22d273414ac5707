"""The zip that is handed out, given to Krita's own importer."""

import pytest

from lacuna.desktop.plugins import zip_krita_plugin
from tests.editors.krita.rooms import PLUGIN

# What Tools > Scripts > Import Python Plugin from File does with the file that was chosen.
IMPORT = """
import importlib, pkgutil, sys
from plugin_importer import plugin_importer as importer
done = importer.PluginImporter(archive, folder, lambda _plugin: True)
[plugin["name"] for plugin in done.import_all()]
"""


@pytest.fixture
def archive(krita):
    path = krita.room.folder / "lacuna-krita.zip"
    zip_krita_plugin(PLUGIN, path)
    return path


def test_importer_of_krita_takes_the_zip_and_what_it_unpacks_is_the_plugin(krita, archive):
    folder = krita.room.folder / "imported"
    for name in ("pykrita", "actions"):
        (folder / name).mkdir(parents=True)

    names = krita.run(IMPORT, archive=str(archive), folder=str(folder))

    assert names == ["lacuna_krita"]

    def files(place):
        return {
            path.relative_to(place): path.read_bytes()
            for path in (place / "pykrita").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and "test_driver" not in str(path)
        }

    # The room has what `copy_krita_plugin` installs, which the other tests of this folder use.
    assert files(folder) == files(krita.room.resources)
    action = folder / "actions" / "lacuna_krita.action"
    assert action.read_bytes() == (PLUGIN / "lacuna_krita.action").read_bytes()
