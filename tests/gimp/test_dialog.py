"""GIMP's arguments and its memory, made from what is declared of the options."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from lacuna_wire import Options, options, questions, sentences
from lacuna_wire.choices import settings_to_keep, shown_options
from lacuna_wire.editor import EditorSettings
from lacuna_wire.errors import DaemonUnreachable

CHOSEN = EditorSettings(True, Options("big-lama", grow=3, feather=4, colour_correction=False))
BEFORE_OPTIONS = ["source", "destination", "copy-from", "copy-mask"]


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
    """The plug-in's dialog with as much of GIMP as it takes, and no daemon."""
    from lacuna_gimp import dialog, memory

    attached = {}
    gimp = SimpleNamespace(
        Choice=Choice,
        Parasite=SimpleNamespace(new=lambda name, _flags, data: (name, data)),
        PARASITE_PERSISTENT=1,
        attach_parasite=lambda parasite: attached.update([parasite]),
        get_parasite=lambda name: Parasite(attached[name]) if name in attached else None,
    )
    for module in (dialog, memory):
        monkeypatch.setattr(module, "Gimp", gimp)
    monkeypatch.setattr(questions, "connect", no_daemon)
    dialog.attached = attached
    return dialog


def no_daemon(start):
    assert not start
    raise DaemonUnreachable("The Lacuna daemon is not running.")


@pytest.fixture
def daemon_has(monkeypatch, dialog):
    """Let a daemon run that has these models."""

    def run(*names):
        client = SimpleNamespace(status=lambda: {"weights": list(names)})
        monkeypatch.setattr(questions, "connect", lambda start: client)

    return run


def arguments(dialog):
    procedure = Procedure()
    dialog.add_arguments(procedure)
    return procedure.arguments


def test_every_option_that_is_shown_is_an_argument_of_its_kind(dialog):
    found = arguments(dialog)

    names = [each.name.replace("_", "-") for each in shown_options()]
    assert list(found) == [*BEFORE_OPTIONS, *names, "variation"]
    grow = options.OPTIONS["grow"]
    tip, auto = f"{grow.tip} For scripts: -1 is Automatic.", options.AUTO_GROW
    assert found["grow"] == ("int", "Grow (px)", tip, auto, options.MAX_GROW, auto)
    assert found["variation"][::3] == ("int", 0)
    assert found["weights"][0] == "string"
    assert found["colour-correction"][::3] == ("boolean", True)
    assert found["source"][3] == {"layer": "Active layer", "visible": "All visible layers"}
    assert found["destination"][3:] == (sentences.DESTINATIONS, "auto")
    assert found["copy-from"][3:] == (sentences.COPY_FROM, "everywhere")
    transparency = options.OPTIONS["transparency"]
    assert list(found["transparency"][3].values()) == list(transparency.choice_labels)


def test_option_that_gets_a_label_is_an_argument_and_read(dialog, monkeypatch):
    for name in ("strategy", "tile"):
        labelled = options.OPTIONS[name]._replace(label=name)
        monkeypatch.setitem(options.OPTIONS, name, labelled)

    found = arguments(dialog)
    assert found["strategy"][0] == "choice"
    assert list(found["strategy"][3]) == list(options.STRATEGIES)
    assert found["tile"][-3:] == (0, options.MAX_TILE, 0)

    config = config_of(found, strategy="tiles", tile=256, weights=None, source="visible")
    chosen = replace(EditorSettings().options, strategy="tiles", tile=256)
    assert dialog.read_settings(config) == EditorSettings(True, chosen)


def config_of(found, **chosen):
    """The arguments of a call, as GIMP gives them: by name, with their defaults."""
    given = {name: facts[-1] for name, facts in found.items()}
    given.update({name.replace("_", "-"): value for name, value in chosen.items()})
    return SimpleNamespace(
        get_property=given.__getitem__, set_property=lambda name, value: given.update({name: value})
    )


def test_script_may_say_all_that_the_dialog_can_and_the_variation(dialog):
    config = config_of(
        arguments(dialog), destination="into", copy_from="never", copy_mask="Sky", variation=4,
        transparency="empty", weights="typo", grow=0,
    )  # fmt: skip

    settings = dialog.read_settings(config)

    chosen = Options("typo", transparency="empty", variation=4)
    assert settings == EditorSettings(False, chosen, "into", "never", "Sky")
    assert dialog.attached == {}  # a typo of a script is an error of that call alone


def test_arguments_say_what_settings_say(dialog):
    settings = EditorSettings(
        True, Options("big-lama", grow=9, variation=2), "copy", "only", "Selection Mask copy"
    )
    config = config_of(arguments(dialog))

    dialog.write_settings(config, settings)

    assert dialog.read_settings(config) == settings


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


def test_model_that_is_gone_is_chosen_no_longer(dialog, daemon_has):
    dialog.keep(CHOSEN)

    daemon_has("lacuna-small")
    assert dialog.last_settings().options == replace(CHOSEN.options, weights="")

    for names in ([], ["big-lama", "lacuna-small"]):  # one that has not looked yet; one that has it
        daemon_has(*names)
        assert dialog.last_settings() == CHOSEN


def test_models_are_remembered_for_the_time_without_a_daemon(dialog):
    from lacuna_gimp import models

    assert models.remembered_models() == []
    models.remember_models(["big-lama", "lacuna-small"])
    models.remember_models([])  # nobody knew

    assert models.remembered_models() == ["big-lama", "lacuna-small"]
    dialog.attached[models.PARASITE] = b'{"names": 7}'
    assert models.remembered_models() == []
