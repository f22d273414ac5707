#!/usr/bin/env python3
"""The plug-in that GIMP 3 starts: two procedures, and what they do from the click to the layer.

GIMP wants this file executable, in a folder of the same name. Hence the package is called
`lacuna_gimp`: a script named like it would be imported in its place.
"""

import sys
import traceback
from pathlib import Path
from typing import Any, Optional

# `lacuna_wire` is copied in here when the plug-in is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent / "_vendor"))

import gi

gi.require_version("Gimp", "3.0")  # also in GIMP 3.2
from gi.repository import Gimp, GLib, GObject

from lacuna_gimp import dialog
from lacuna_gimp import image as picture
from lacuna_gimp.inpaint import fill
from lacuna_wire import LacunaError, sentences
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.errors import JobCancelled

DIRECT = "plug-in-lacuna-inpaint"
WITH_OPTIONS = "plug-in-lacuna-inpaint-options"


class Lacuna(Gimp.PlugIn):
    """What GIMP asks when it starts: which procedures there are."""

    def do_set_i18n(self, _name: str) -> bool:
        return False

    def do_query_procedures(self) -> list:
        return [DIRECT, WITH_OPTIONS]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        label, what = {
            DIRECT: (f"_{sentences.TITLE}", "with the last options"),
            WITH_OPTIONS: (f"{sentences.TITLE} _Options...", "after asking for the options"),
        }[name]
        procedure.set_menu_label(label)
        procedure.add_menu_path("<Image>/Filters/Enhance")
        procedure.set_documentation(
            f"Remove what is selected, {what}",
            "Fills the selection from its surroundings and puts the fill on a new layer above the "
            "active one. The Lacuna daemon on this computer does the work.",
            name,
        )
        procedure.set_attribution("Lacuna", "Lacuna", "2026")
        dialog.add_arguments(procedure)
        procedure.add_layer_return_value("layer", "Layer", "The new layer", True, _READ_WRITE)
        return procedure


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list,
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Answer one call; GIMP shows the sentence of an error that is returned, not of one raised."""
    status = Gimp.PDBStatusType
    try:
        settings = _settings(procedure, run_mode, config, image, drawables)
        if settings is None:
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        layer = remove_selected(image, drawables, settings)
    except JobCancelled as error:
        return procedure.new_return_values(status.CANCEL, GLib.Error(error.message))
    except LacunaError as error:
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(error.message))
    except Exception as error:  # here the plug-in ends: GIMP would only say "execution error"
        traceback.print_exc()
        sentence = sentences.BUG.format(type(error).__name__, error)
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(sentence))
    if run_mode != Gimp.RunMode.NONINTERACTIVE:
        Gimp.displays_flush()
    values = procedure.new_return_values(status.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Layer, layer))
    return values


def remove_selected(image: Gimp.Image, drawables: list, settings: EditorSettings) -> Gimp.Layer:
    """Fill the selection and return the new layer; nothing is changed before that is complete."""
    with picture.open_source(image, drawables, settings.visible) as source:
        Gimp.progress_init("Lacuna")

        def show(text: str, fraction: float) -> None:
            Gimp.progress_set_text(text)
            Gimp.progress_update(fraction)

        rect, pixels, _result = fill(
            new_request(source.size, source.selection, source.layout, settings),
            read_pixels=lambda rect: picture.read_pixels(source, rect),
            read_selection=lambda rect: picture.read_selection(source, rect),
            check_open=lambda: picture.check_open(source),
            show=show,
        )
        # With the progress goes its Cancel button: what follows is not to be killed half-way.
        Gimp.progress_end()
        return picture.add_layer(source, rect, pixels)


def _settings(
    procedure: Gimp.Procedure, run_mode: Any, config: Any, image: Gimp.Image, drawables: list
) -> Optional[EditorSettings]:
    """Return what the caller, the dialog or the last dialog says; None if it was cancelled."""
    if run_mode == Gimp.RunMode.NONINTERACTIVE:
        return dialog.read_settings(config)
    if run_mode == Gimp.RunMode.INTERACTIVE and procedure.get_name() == WITH_OPTIONS:
        last = dialog.last_settings()
        return dialog.ask(procedure, config, image, drawables, last, sentences.TITLE)
    return dialog.last_settings()


_READ_WRITE = GObject.ParamFlags.READWRITE

Gimp.main(Lacuna.__gtype__, sys.argv)
