"""What the user may choose: the arguments of both procedures, the dialog, and what was last chosen.

The last choice is kept in GIMP itself, as a parasite: both procedures share it, while GIMP's own
memory of last values belongs to one procedure.
"""

import json
from typing import Any, List, Optional

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GObject

from lacuna_wire import Options, sentences
from lacuna_wire.choices import kept_settings, kind_of, settings_to_keep, shown_options
from lacuna_wire.editor import EditorSettings
from lacuna_wire.options import Option

PARASITE = "lacuna-settings"
SOURCE = "source"  # the argument that is no option


def add_arguments(procedure: Any) -> None:
    """Declare the settings as named arguments, from which GIMP makes the rows of its dialog."""
    source = Gimp.Choice.new()
    source.add("layer", 0, sentences.ACTIVE_LAYER, "")
    source.add("visible", 1, sentences.VISIBLE_LAYERS, "")
    procedure.add_choice_argument(
        SOURCE, f"_{sentences.SOURCE}", sentences.SOURCE_TIP, source, "layer", _READ_WRITE
    )
    for option in shown_options():
        _ADD[kind_of(option)](procedure, option)


def read_settings(config: Any) -> EditorSettings:
    """Return the settings that a procedure was called with."""
    values = {option.name: config.get_property(_argument(option)) for option in shown_options()}
    # GIMP says None where a text is empty.
    options = Options(**{name: "" if value is None else value for name, value in values.items()})
    return EditorSettings(config.get_property(SOURCE) == "visible", options)


def ask(
    procedure: Any,
    config: Any,
    image: Any,
    drawables: List[Any],
    settings: EditorSettings,
    title: str,
) -> Optional[EditorSettings]:
    """Show the dialog and return what was chosen, or None if it was cancelled.

    Args:
        procedure: Whose dialog it is.
        config: Its arguments, as GIMP passes them.
        image: The user's.
        drawables: What is active in it.
        settings: What the dialog shows first.
        title: Of the window.
    """
    gi.require_version("GimpUi", "3.0")
    from gi.repository import GimpUi  # only where there is a window to show

    GimpUi.init("lacuna-gimp")
    dialog = GimpUi.ProcedureDialog.new(procedure, config, title)
    dialog.fill(None)
    chosen = dialog.run()
    settings = read_settings(config)
    dialog.destroy()
    if not chosen:
        return None
    keep(settings)
    return settings


def keep(settings: EditorSettings) -> None:
    """Remember what was chosen, also after GIMP is closed."""
    data = json.dumps(settings_to_keep(settings)).encode("utf-8")
    Gimp.attach_parasite(Gimp.Parasite.new(PARASITE, Gimp.PARASITE_PERSISTENT, data))


def last_settings() -> EditorSettings:
    """Return what was chosen last; what is impossible counts as not chosen."""
    parasite = Gimp.get_parasite(PARASITE)
    if parasite is None:
        return EditorSettings()
    try:
        kept = json.loads(bytes(parasite.get_data()))
    except ValueError:
        return EditorSettings()
    return kept_settings(kept if isinstance(kept, dict) else {})


def _add_flag(procedure: Any, option: Option) -> None:
    procedure.add_boolean_argument(*_words(option), option.default, _READ_WRITE)


def _add_number(procedure: Any, option: Option) -> None:
    lowest = option.low if option.automatic is None else min(option.low, option.automatic)
    procedure.add_int_argument(*_words(option), lowest, option.high, option.default, _READ_WRITE)


def _add_choice(procedure: Any, option: Option) -> None:
    choices = Gimp.Choice.new()
    for number, choice in enumerate(option.choices):
        choices.add(choice, number, choice, "")
    procedure.add_choice_argument(*_words(option), choices, option.default, _READ_WRITE)


def _add_weights(procedure: Any, option: Option) -> None:
    procedure.add_string_argument(*_words(option), option.default, _READ_WRITE)


def _words(option: Option) -> tuple:
    """Return name, label and tooltip of an argument."""
    unit = f" ({option.unit})" if option.unit else ""
    return _argument(option), f"_{option.label}{unit}", option.sentence


def _argument(option: Option) -> str:
    return option.name.replace("_", "-")


_ADD = {
    "flag": _add_flag,
    "number": _add_number,
    "choice": _add_choice,
    "weights": _add_weights,
}
_READ_WRITE = GObject.ParamFlags.READWRITE
