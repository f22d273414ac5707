#!/usr/bin/env python3
"""The plug-in that GIMP 3 starts: its procedures, and what GIMP hears of how they end.

GIMP wants this file executable, in a folder of the same name. Hence the package is called
`lacuna_gimp`: a script named like it would be imported in its place.
"""

import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

# `lacuna_wire` is copied in here when the plug-in is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent / "_vendor"))

import gi

gi.require_version("Gimp", "3.0")  # also in GIMP 3.2
from gi.repository import Gimp, Gio, GLib, GObject

import lacuna_wire
from lacuna_gimp import dialog, removing
from lacuna_gimp.translation import _
from lacuna_wire import LacunaError, sentences
from lacuna_wire.engine_install import words
from lacuna_wire.engine_install.places import carried_wheel
from lacuna_wire.errors import JobCancelled
from lacuna_wire.options import MAX_VARIATION
from lacuna_wire.refusals import refusal_text

ICON = Path(lacuna_wire.__file__).parent / "icons" / "lacuna.svg"
VARIATION = "variation"
NEXT = -1


class Call(NamedTuple):
    """One call of a procedure, as GIMP makes it."""

    procedure: Gimp.Procedure
    run_mode: Gimp.RunMode
    image: Gimp.Image
    drawables: list
    config: Gimp.ProcedureConfig

    @property
    def by_script(self) -> bool:
        return bool(self.run_mode == Gimp.RunMode.NONINTERACTIVE)

    @property
    def may_ask(self) -> bool:
        """Whether a dialog is wanted; not when the last filter is repeated."""
        return bool(self.run_mode == Gimp.RunMode.INTERACTIVE)

    @property
    def tell(self) -> removing.Tell:
        """What tells a user a few words: GIMP shows them in the bar below the image for a while."""
        return None if self.by_script else Gimp.message


def inpaint(call: Call) -> Optional[Gimp.Layer]:
    """Fill the selection with the last options."""
    settings = dialog.read_settings(call.config) if call.by_script else dialog.last_settings()
    return removing.inpaint_selection(call.image, call.drawables, settings, call.tell)


def inpaint_with_options(call: Call) -> Optional[Gimp.Layer]:
    """Fill the selection after asking."""
    if not call.may_ask:
        return inpaint(call)
    last = dialog.last_settings()
    settings = dialog.ask(
        call.procedure, call.config, call.image, call.drawables, last, sentences.TITLE
    )
    if settings is None:
        return None
    return removing.inpaint_selection(call.image, call.drawables, settings, call.tell)


def inpaint_strokes(call: Call) -> Optional[Gimp.Layer]:
    """Fill what is painted on the active layer."""
    settings = dialog.read_settings(call.config) if call.by_script else dialog.last_settings()
    return removing.inpaint_strokes(call.image, call.drawables, settings, call.tell)


def try_another(call: Call) -> Optional[Gimp.Layer]:
    """Make the last fill once more, in another variation."""
    earlier = removing.last_fill(call.image, call.drawables)
    settings = earlier.record.settings
    number = call.config.get_property(VARIATION)
    if number == NEXT:
        number = (settings.options.variation + 1) % (MAX_VARIATION + 1)
    settings = settings._replace(options=replace(settings.options, variation=number))
    return removing.fill_again(call.image, call.drawables, earlier, settings, call.tell)


def fill_again(call: Call) -> Optional[Gimp.Layer]:
    """Make the last fill once more, with other options."""
    earlier = removing.last_fill(call.image, call.drawables)
    settings: Any = earlier.record.settings
    if call.by_script:
        settings = dialog.read_settings(call.config)
    elif call.may_ask:
        settings = dialog.ask(
            call.procedure, call.config, call.image, call.drawables, settings,
            sentences.FILL_AGAIN, preview=False,
        )  # fmt: skip
    if settings is None:
        return None
    return removing.fill_again(call.image, call.drawables, earlier, settings, call.tell)


def show_engine(call: Call) -> None:
    """Show what there is to install, to bring up to date, or to remove."""
    from lacuna_gimp.engine import EngineWindow  # only where there is a screen to show it on

    if not call.by_script:
        EngineWindow().run()


class MenuEntry(NamedTuple):
    """A procedure, which has an entry in the menu.

    Attributes:
        do: Does it; gives the layer, or None if the user has cancelled.
        label: In the menu.
        sentence: What it does.
        options: Whether its arguments are the options.
        fills: Whether it needs the engine.
    """

    do: Callable[[Call], Optional[Gimp.Layer]]
    label: str
    sentence: str
    options: bool = True
    fills: bool = True


ENTRIES = {
    "plug-in-lacuna-inpaint": MenuEntry(
        inpaint,
        f"_{_(sentences.TITLE)}",
        _("Remove what is selected, with the last options."),
    ),
    "plug-in-lacuna-inpaint-options": MenuEntry(
        inpaint_with_options,
        _("{} _Options...").format(_(sentences.TITLE)),
        _("Remove what is selected, after asking for the options."),
    ),
    "plug-in-lacuna-inpaint-strokes": MenuEntry(
        inpaint_strokes,
        _("Inpaint _Painted Strokes"),
        _(sentences.STROKES_TIP),
    ),
    "plug-in-lacuna-try-another": MenuEntry(
        try_another,
        f"_{_(sentences.TRY_ANOTHER)}",
        _(sentences.TRY_ANOTHER_TIP),
        options=False,
    ),
    "plug-in-lacuna-fill-again": MenuEntry(
        fill_again,
        _("_Fill Again..."),
        _(sentences.FILL_AGAIN_TIP),
    ),
}
if carried_wheel() is not None:  # who has installed it with `lacuna setup` looks after it there
    ENTRIES["plug-in-lacuna-engine"] = MenuEntry(
        show_engine,
        _(words.ENGINE),
        _(words.ENGINE_TIP),
        options=False,
        fills=False,
    )


class Lacuna(Gimp.PlugIn):
    """What GIMP asks when it starts: which procedures there are."""

    def do_set_i18n(self, _name: str) -> bool:
        return False

    def do_query_procedures(self) -> list:
        return list(ENTRIES)

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        entry = ENTRIES[name]
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("RGB*, GRAY*")
        procedure.set_sensitivity_mask(
            Gimp.ProcedureSensitivityMask.DRAWABLE | Gimp.ProcedureSensitivityMask.DRAWABLES
        )
        procedure.set_menu_label(entry.label)
        procedure.add_menu_path(f"<Image>/Filters/Enhance/{_(sentences.INPAINT)}")
        if ICON.exists():
            procedure.set_icon_file(Gio.File.new_for_path(str(ICON)))
        procedure.set_documentation(
            entry.sentence,
            _("Lacuna fills the selection from its surroundings, on this computer."),
            name,
        )
        procedure.set_attribution("Lacuna", "Lacuna", "2026")
        if not entry.fills:
            return procedure
        if entry.options:
            dialog.add_arguments(procedure)
        else:
            procedure.add_int_argument(
                VARIATION, _("Variation"), _("Which one; -1 takes the next."),
                NEXT, MAX_VARIATION, NEXT, _READ_WRITE,
            )  # fmt: skip
        procedure.add_layer_return_value(
            "layer", _("Layer"), _("The layer that the fill is, or is in"), True, _READ_WRITE
        )
        return procedure


def run(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list,
    config: Gimp.ProcedureConfig,
    _data: Any,
) -> Gimp.ValueArray:
    """Answer one call. A script gets the sentence of an error, a user an ordinary message."""
    status = Gimp.PDBStatusType
    call = Call(procedure, run_mode, image, drawables, config)
    try:
        entry = ENTRIES[procedure.get_name()]
        if entry.fills and not call.by_script and not _have_engine(call):
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        layer = entry.do(call)
    except JobCancelled as error:
        return procedure.new_return_values(status.CANCEL, GLib.Error(refusal_text(error, _)))
    except LacunaError as error:
        sentence = refusal_text(error, _)
        if not call.by_script:
            Gimp.message(sentence)
            return procedure.new_return_values(status.CANCEL, GLib.Error())
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(sentence))
    except Exception as error:  # here the plug-in ends: GIMP would only say "execution error"
        traceback.print_exc()
        sentence = _(sentences.BUG).format(type(error).__name__, error)
        return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(sentence))
    if layer is None:
        return procedure.new_return_values(status.CANCEL, GLib.Error())
    if not call.by_script:
        Gimp.displays_flush()
    values = procedure.new_return_values(status.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(Gimp.Layer, layer))
    return values


def _have_engine(call: Call) -> bool:
    """Offer the engine if there is none; tell whether to go on."""
    if carried_wheel() is None:
        return True
    from lacuna_gimp.engine import have_engine  # only where there is a screen to show it on

    return have_engine(update=call.may_ask)


_READ_WRITE = GObject.ParamFlags.READWRITE

Gimp.main(Lacuna.__gtype__, sys.argv)
