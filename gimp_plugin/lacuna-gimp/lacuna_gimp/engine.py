"""The window that installs The Lacuna engine, brings it up to date, and removes it."""

from typing import Any, Dict, Tuple

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, GimpUi, GLib, Gtk

from lacuna_wire.engine_install import words
from lacuna_wire.engine_install.offer import is_update
from lacuna_wire.engine_install.places import carried_wheel, installed_engine
from lacuna_wire.engine_install.work import EngineWork, can_offer

from .translation import _

SHOW_MS = 200  # between two looks at how far it is
BORDER, SPACING = 12, 6  # pixels, as in the other window
WIDTH_CHARS = 60


def is_outdated() -> bool:
    """Tell whether this plug-in brings a newer engine than the one that is there."""
    wheel, engine = carried_wheel(), installed_engine()
    return wheel is not None and engine is not None and is_update(wheel, engine)


def have_engine(update: bool) -> bool:
    """Offer the engine to the user if it is missing; tell whether to go on.

    Args:
        update: Whether to offer a newer one as well; without it the old one goes on.
    """
    if can_offer():
        return EngineWindow().run()
    if update and is_outdated():
        EngineWindow().run()
    return True


class EngineWindow:
    """Shows how far it is until it is installed or the user closes it."""

    def __init__(self) -> None:
        GimpUi.init("lacuna-gimp")
        self._work = EngineWork(_)
        self._closing = False
        self._choices: Tuple[str, ...] = ()
        self._dialog = Gtk.Dialog(title=_(words.ENGINE), resizable=False)
        self._dialog.set_position(Gtk.WindowPosition.CENTER)
        self._text = Gtk.Label(xalign=0, wrap=True, selectable=True, can_focus=False)
        self._text.set_max_width_chars(WIDTH_CHARS)
        self._text.set_width_chars(WIDTH_CHARS)
        self._bar = Gtk.ProgressBar()
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=BORDER, border_width=BORDER)
        box.pack_start(self._text, False, False, 0)
        box.pack_start(self._bar, False, False, 0)
        self._dialog.get_content_area().add(box)
        self._buttons: Dict[str, Any] = {}
        for choice, english in words.BUTTONS.items():
            button = Gtk.Button(label=_(english), no_show_all=True)
            button.connect("clicked", self._click, choice)
            self._dialog.get_action_area().add(button)
            self._buttons[choice] = button
        self._dialog.get_action_area().set_spacing(SPACING)
        self._dialog.connect("delete-event", self._close)
        self._dialog.connect("response", self._close)

    def run(self) -> bool:
        """Show it, and tell whether an engine was installed."""
        self._work.look()
        self._dialog.show_all()
        self._show()
        GLib.timeout_add(SHOW_MS, self._show)
        Gtk.main()
        self._dialog.destroy()
        while Gtk.events_pending():  # what follows lets no window be drawn, nor taken away
            Gtk.main_iteration()
        Gdk.Display.get_default().sync()
        return self._work.installed > 0

    def _show(self) -> bool:
        state = self._work.state
        closed = state.kind == "nothing" or (self._closing and not state.is_busy)
        if closed or self._work.installed:
            Gtk.main_quit()
            return GLib.SOURCE_REMOVE
        if self._text.get_text() != state.text:
            self._text.set_text(state.text)
        self._bar.set_visible(state.percent is not None)
        self._bar.set_fraction((state.percent or 0.0) / 100)
        if state.choices != self._choices:
            self._choices = state.choices
            for choice, button in self._buttons.items():
                button.set_visible(choice in state.choices)
            if state.choices:
                self._buttons[state.choices[0]].grab_focus()  # Return does it
        return GLib.SOURCE_CONTINUE

    def _click(self, _button: Any, choice: str) -> None:
        if choice == "close":
            self._closing = True
        else:
            self._work.do(choice)

    def _close(self, *_what: Any) -> bool:
        """Close the window, as soon as nothing is left of what was begun."""
        self._closing = True
        self._work.cancel()
        return True
