"""The row that says how much will be filled, and keeps that true while the user goes on."""

import threading
from typing import Any, Callable, List

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk

from lacuna_wire import LacunaError, sentences
from lacuna_wire.editor import EditorSettings
from lacuna_wire.refusals import refusal_text
from lacuna_wire.sentences import amount_text

from .dialog import read_settings
from .masks import is_quick_mask
from .preview import (
    Selected,
    count_pixels,
    estimate_s,
    grow_selection,
    read_selected,
    selection_bounds,
)
from .translation import _

PAUSE_MS = 120  # after the last change, before it is counted: a button that is held counts on
LOOK_MS = 500  # between two looks at the selection, which the user may change meanwhile


class Outlook:
    """A sentence for what will be filled, and a button that shows it in the image.

    Attributes:
        text: The widget of the sentence.
        button: *Show*.
        possible: Whether there is anything to fill.
    """

    def __init__(
        self, config: Any, image: Any, drawables: List[Any], changed: Callable[[], None]
    ) -> None:
        """Make both widgets.

        Args:
            config: What is chosen.
            image: Whose selection it is.
            drawables: What is active in it.
            changed: Called whenever `possible` may have changed.
        """
        self.text = Gtk.Label(xalign=0, wrap=True, max_width_chars=40, hexpand=True)
        self.button = Gtk.Button(use_underline=True, valign=Gtk.Align.START)
        self.button.set_tooltip_text(_(sentences.SHOW_TIP))
        self.possible = True  # until somebody has looked: the button of the window keeps its focus
        self._config, self._image, self._drawables = config, image, drawables
        self._changed = changed
        self._seen: Any = None  # of the selection, when it was looked at
        self._turn = 0  # counts changes: what was asked before the last one is no longer wanted
        self._timers: List[int] = []

    def begin(self) -> None:
        """Look now, and from now on whenever something changes."""
        self.button.connect("clicked", self._show)
        self._config.connect("notify", lambda *_what: self.look_soon())
        self._timers.append(GLib.timeout_add(LOOK_MS, self._look_whether_selected_anew))
        self._look()

    def end(self) -> None:
        self._turn += 1
        for timer in self._timers:
            GLib.source_remove(timer)

    def look_soon(self) -> None:
        """Count again when nothing has changed for a moment."""
        self._turn += 1
        turn = self._turn

        def look() -> bool:
            if turn == self._turn:
                self._look()
            return GLib.SOURCE_REMOVE

        GLib.timeout_add(PAUSE_MS, look)

    def _look(self) -> None:
        """Read the selection; count and estimate in another thread."""
        self._turn += 1
        settings = read_settings(self._config)
        grow = settings.options.least_grow
        self._seen = selection_bounds(self._image)
        try:
            selected = read_selected(self._image, self._drawables, settings.visible, grow)
        except LacunaError as error:
            self._say(refusal_text(error, _), possible=False)
            return
        # The Quick Mask is a picture of the selection, which GIMP does not grow.
        self.button.set_sensitive(grow > 0 and not is_quick_mask(self._drawables))
        arguments = (self._turn, selected, settings)
        threading.Thread(target=self._count, args=arguments, daemon=True).start()

    def _count(self, turn: int, selected: Selected, settings: EditorSettings) -> None:
        """Have the main thread say how much it is, and once more when the time is known."""
        count = count_pixels(selected, settings.options.least_grow)
        GLib.idle_add(self._answer, turn, amount_text(count, None, _))
        seconds = estimate_s(selected, settings)
        if seconds is not None:
            GLib.idle_add(self._answer, turn, amount_text(count, seconds, _))

    def _answer(self, turn: int, text: str) -> bool:
        if turn == self._turn:
            self._say(text, possible=True)
        return GLib.SOURCE_REMOVE

    def _say(self, text: str, possible: bool) -> None:
        self.text.set_text(text)
        self.possible = possible
        if not possible:
            self.button.set_sensitive(False)
        self._changed()

    def _look_whether_selected_anew(self) -> bool:
        if selection_bounds(self._image) != self._seen:
            self._look()
        return GLib.SOURCE_CONTINUE

    def _show(self, _button: Any) -> None:
        grow_selection(self._image, read_settings(self._config).options.least_grow)
        self._config.set_property("grow", 0)
