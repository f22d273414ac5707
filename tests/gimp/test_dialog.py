"""GIMP's arguments and its memory, made from what is declared of the options."""

import json
from types import SimpleNamespace

import pytest

from lacuna_wire import Options, options
from lacuna_wire.choices import settings_to_keep, shown_options
from lacuna_wire.editor import EditorSettings

CHOSEN = EditorSettings(True, Options("big-lama", grow=3, feather=4, colour_correction=False))


class Procedure:
    """Notes which arguments it is given: by name, kind and all else."""

    def __init__(self):
        self.arguments = {}

    def __getattr__(self, name):
        kind = name.removeprefix("add_").removesuffix("_argument")

        def add(argument, *facts):
            self.arguments[argument] = (kind, *facts[:-1])

        return add


class Choice(dict):
    new = classmethod(lambda cls: cls())

    def add(self, nick, _number, label, _help):
        self[nick] = label


class Parasite:
    """The one that is attached, if any."""

    def __init__(self, data):
        self.get_data = lambda: data


@pytest.fixture
def dialog(monkeypatch):
    """The plug-in's dialog with as much of GIMP as it takes."""
    from lacuna_gimp import dialog, memory

    attached = {}
    gimp = SimpleNamespace(
        Choice=Choice,
        Parasite=SimpleNamespace(new=lambda name, _flags, data: (name, data)),
        PARASITE_PERSISTENT=1,
        attach_parasite=lambda parasite: attached.update([parasite]),
        get_parasite=lambda name: Parasite(attached[name]) if name in attached else None,
    )
    monkeypatch.setattr(dialog, "Gimp", gimp)
    monkeypatch.setattr(memory, "Gimp", gimp)
    dialog.attached = attached
    return dialog


def arguments(dialog):
    procedure = Procedure()
    dialog.add_arguments(procedure)
    return procedure.arguments


def test_every_option_that_is_shown_is_an_argument_of_its_kind(dialog):
    found = arguments(dialog)

    own = {"source", "destination", "copy-from", "copy-mask", "variation"}
    assert set(found) == {*own, *(each.name.replace("_", "-") for each in shown_options())}
    grow = options.OPTIONS["grow"]
    assert found["grow"] == ("int", "Grow (px)", grow.tip, 0, options.MAX_GROW, 0)
    assert found["weights"][0] == "string"
    assert found["colour-correction"][::3] == ("boolean", True)
    assert found["source"][3] == {"layer": "Active layer", "visible": "All visible layers"}


def test_option_that_gets_a_label_is_an_argument_and_read(dialog, monkeypatch):
    for name in ("strategy", "tile"):
        labelled = options.OPTIONS[name]._replace(label=name)
        monkeypatch.setitem(options.OPTIONS, name, labelled)

    found = arguments(dialog)
    assert found["strategy"][0] == "choice"
    assert list(found["strategy"][3]) == list(options.STRATEGIES)
    assert found["tile"][-3:] == (0, options.MAX_TILE, 0)

    given = {name: facts[-1] for name, facts in found.items()}
    given.update({"strategy": "tiles", "tile": 256, "weights": None, "source": "visible"})
    config = SimpleNamespace(get_property=given.__getitem__)
    assert dialog.read_settings(config) == EditorSettings(True, Options(strategy="tiles", tile=256))


def test_what_was_chosen_is_remembered(dialog):
    assert dialog.last_settings() == EditorSettings()

    dialog.keep(CHOSEN)

    assert dialog.last_settings() == CHOSEN


@pytest.mark.parametrize(
    ("data", "settings"),
    [
        (
            b'{"grow": 3, "feather": 4, "visible": true, "weights": "big-lama", '
            b'"colour_correction": false}',  # as 0.1.0 has written it
            CHOSEN,
        ),
        (json.dumps({**settings_to_keep(CHOSEN), "later": 1}).encode(), CHOSEN),
        (b'{"grow": 3, "feather": "wide"}', EditorSettings(options=Options(grow=3))),
        (b"[1, 2]", EditorSettings()),
        (b"\xff", EditorSettings()),
        (b"", EditorSettings()),
    ],
    ids=["0.1.0", "later", "one impossible", "a list", "no text", "nothing"],
)
def test_memory_of_another_version_is_read_option_by_option(dialog, data, settings):
    dialog.attached[dialog.PARASITE] = data

    assert dialog.last_settings() == settings
