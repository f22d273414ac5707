"""What the user may choose: the arguments of both procedures, the dialog, and what was last chosen.

The last choice is kept in GIMP itself, as a parasite: both procedures share it, while GIMP's own
memory of last values belongs to one procedure.
"""

import json
from typing import Any, Optional

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GObject

from lacuna_wire import Options
from lacuna_wire.editor import EditorSettings
from lacuna_wire.options import MAX_GROW

PARASITE = "lacuna-settings"


def add_arguments(procedure: Any) -> None:
    """Declare the settings as named arguments."""
    flags = GObject.ParamFlags.READWRITE
    source = Gimp.Choice.new()
    source.add("layer", 0, "Active layer", "Fill from the active layer alone")
    source.add("visible", 1, "All that is visible", "Fill from the image as it is seen")
    default = Options()
    procedure.add_int_argument(
        "grow", "_Grow by (pixels)", "Enlarge the selection first, to catch soft edges and halos",
        0, MAX_GROW, default.grow, flags,
    )  # fmt: skip
    procedure.add_int_argument(
        "feather", "_Feather (pixels)", "Let the edge of the fill fade towards its inside",
        0, MAX_GROW, default.feather, flags,
    )  # fmt: skip
    procedure.add_choice_argument(
        "source", "_Source", "What the fill is made from", source, "layer", flags
    )
    procedure.add_string_argument(
        "weights", "_Weights", "Name of installed weights; empty takes the best that are installed",
        default.weights, flags,
    )  # fmt: skip
    procedure.add_boolean_argument(
        "colour-correction", "_Match colours", "Match the fill to the colours around it",
        default.colour_correction, flags,
    )  # fmt: skip


def read_settings(config: Any) -> EditorSettings:
    """Return the settings that a procedure was called with."""
    options = Options(
        grow=config.get_property("grow"),
        feather=config.get_property("feather"),
        weights=config.get_property("weights") or "",
        colour_correction=config.get_property("colour-correction"),
    )
    return EditorSettings(config.get_property("source") == "visible", options)


def ask(procedure: Any, config: Any) -> Optional[EditorSettings]:
    """Show the dialog and return what was chosen, or None if it was left."""
    gi.require_version("GimpUi", "3.0")
    from gi.repository import GimpUi  # only where there is a window to show

    GimpUi.init("lacuna-gimp")
    dialog = GimpUi.ProcedureDialog.new(procedure, config, "Inpaint Selection")
    dialog.fill(None)
    chosen = dialog.run()
    settings = read_settings(config)
    dialog.destroy()
    if not chosen:
        return None
    keep(settings)
    return settings


def keep(settings: EditorSettings) -> None:
    """Remember what was chosen, also when GIMP is closed."""
    data = json.dumps({"visible": settings.visible, **settings.options.as_dict()}).encode("utf-8")
    Gimp.attach_parasite(Gimp.Parasite.new(PARASITE, Gimp.PARASITE_PERSISTENT, data))


def last_settings() -> EditorSettings:
    """Return what was chosen last; what an older or newer version kept counts as nothing."""
    parasite = Gimp.get_parasite(PARASITE)
    if parasite is None:
        return EditorSettings()
    try:
        kept = json.loads(bytes(parasite.get_data()))
        return EditorSettings(kept.pop("visible"), Options(**kept))
    except (AttributeError, KeyError, TypeError, ValueError):
        return EditorSettings()
