"""What an editor shows of the options, and what it makes of the choices that it has kept."""

import json

import pytest

from lacuna_wire import Options, options
from lacuna_wire.choices import kept_settings, kind_of, settings_to_keep, shown_options
from lacuna_wire.editor import EditorSettings

CHOSEN = EditorSettings(True, Options("big-lama", grow=3, feather=4, colour_correction=False))


def test_choices_that_were_kept_come_back():
    assert kept_settings(json.loads(json.dumps(settings_to_keep(CHOSEN)))) == CHOSEN


def test_what_gimp_kept_in_0_1_0_is_still_chosen():
    kept = {
        "grow": 3, "feather": 4, "visible": True, "weights": "big-lama", "colour_correction": False,
    }  # fmt: skip

    assert kept_settings(kept) == CHOSEN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("grow", -2), ("grow", 513), ("grow", "3"), ("grow", True), ("grow", None),
        ("feather", 2.5), ("visible", "yes"), ("visible", 1), ("weights", "../secret"),
        ("colour_correction", 1), ("invented_later", 5), ("device", "cpu"),
    ],
)  # fmt: skip
def test_impossible_and_unknown_values_count_as_not_chosen_each_for_itself(name, value):
    kept = {**settings_to_keep(CHOSEN), name: value}

    found = settings_to_keep(kept_settings(kept))

    default = settings_to_keep(EditorSettings())
    assert found == {
        key: default[key] if key == name else chosen
        for key, chosen in settings_to_keep(CHOSEN).items()
    }


def test_nothing_kept_is_the_default_which_looks_for_the_edge():
    assert kept_settings({}) == EditorSettings()
    assert EditorSettings().options == Options(grow=options.AUTO_GROW)


@pytest.mark.parametrize(
    ("kept", "grow"),
    [
        ({"grow": 0}, options.AUTO_GROW),  # the default of 0.1.0, which kept it with any choice
        ({"grow": 7}, 7),
        ({"feather": 2}, options.AUTO_GROW),
        (settings_to_keep(EditorSettings(options=Options(grow=0))), 0),
        (settings_to_keep(EditorSettings()), options.AUTO_GROW),
    ],
    ids=["default of 0.1.0", "choice of 0.1.0", "nothing", "0", "automatic"],
)
def test_number_that_was_chosen_switches_the_search_for_the_edge_off(kept, grow):
    assert kept_settings(kept).options.grow == grow


def test_option_that_gets_a_label_is_shown_kept_and_read(monkeypatch):
    before = [option.name for option in shown_options()]
    labelled = options.OPTIONS["strategy"]._replace(label="Strategy")
    monkeypatch.setitem(options.OPTIONS, "strategy", labelled)

    chosen = EditorSettings(options=Options(strategy="tiles"))

    assert {option.name for option in shown_options()} == {*before, "strategy"}
    assert kind_of(labelled) == "choice"
    assert kept_settings(settings_to_keep(chosen)) == chosen


def test_every_option_that_is_shown_can_be_chosen():
    for option in shown_options():
        assert kind_of(option) in ("flag", "number", "choice", "weights")
        assert option.admits(option.default)
