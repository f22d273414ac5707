"""The rows of the window: a label, and a widget that is tied to an argument of the procedure."""

from typing import Any, Callable, List, Tuple

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import GimpUi, Gtk

from lacuna_wire import sentences
from lacuna_wire.choices import kind_of
from lacuna_wire.options import Option

from .dialog import argument_of, label_of
from .mnemonics import Label
from .translation import _

SPACING = 6  # pixels, as in GIMP's own dialogs
PAGE = 10  # pixels that Page Up adds to a number


class NamesBox(Gtk.ComboBoxText):
    """A list of names for a text argument, which may change while it is shown."""

    def __init__(self, config: Any, argument: str) -> None:
        super().__init__()
        self._config, self._argument = config, argument
        self.names: List[str] = []
        self.connect("changed", self._chosen)
        config.connect(f"notify::{argument}", self._show)

    def offer(self, names: List[str], empty: str = "") -> None:
        """Offer these names and no others; what is not among them is chosen no longer.

        Args:
            names: To choose from.
            empty: What the empty text is called; if nothing, it cannot be chosen.
        """
        chosen = self._config.get_property(self._argument) or ""
        self.names = ["", *names] if empty else list(names)
        # `changed` says None while the list is empty.
        self.remove_all()
        for name in self.names:
            self.append(name, name or empty)
        if chosen not in self.names:
            chosen = self.names[0] if self.names else ""
        self._config.set_property(self._argument, chosen)
        self._show()

    def _chosen(self, _box: Any) -> None:
        name = self.get_active_id()
        if name is not None and name != (self._config.get_property(self._argument) or ""):
            self._config.set_property(self._argument, name)

    def _show(self, *_what: Any) -> None:
        self.set_active_id(self._config.get_property(self._argument) or "")


class Rows:
    """Rows below each other, their labels as wide as those of all rows of the window.

    Attributes:
        grid: The widget.
        labelled: Every text with a key, and the function that takes it with the key marked.
    """

    def __init__(self, sizes: Any) -> None:
        self.grid = Gtk.Grid(row_spacing=SPACING, column_spacing=2 * SPACING)
        self.labelled: List[Tuple[Label, Callable[[str], None]]] = []
        self._sizes = sizes
        self._count = 0

    def add(
        self, english: str, widget: Any, tip: str, unit: str = "", key: bool = True
    ) -> Tuple[Any, Any]:
        """Add a row and return its two widgets; `key` says whether a key leads to it."""
        label = Gtk.Label(label=_(english), xalign=0, tooltip_text=tip)
        self._sizes.add_widget(label)
        if key:
            label.set_mnemonic_widget(widget)
            self.labelled.append((Label(english, _(english)), label.set_text_with_mnemonic))
            widget.set_tooltip_text(tip)
        shown = widget
        if unit:
            shown = Gtk.Box(spacing=SPACING)
            shown.pack_start(widget, False, False, 0)
            shown.pack_start(Gtk.Label(label=unit), False, False, 0)
        shown.set_hexpand(True)
        self.grid.attach(label, 0, self._count, 1, 1)
        self.grid.attach(shown, 1, self._count, 1, 1)
        self._count += 1
        return label, shown

    def add_wide(self, widget: Any) -> None:
        """Add a row that is one widget, below the widgets of the others."""
        self.grid.attach(widget, 1, self._count, 1, 1)
        self._count += 1

    def add_option(self, option: Option, config: Any) -> Any:
        """Add the row of an option and return its widget."""
        name, tip = argument_of(option), _(option.tip)
        kind = kind_of(option)
        if kind == "flag":
            widget = GimpUi.prop_check_button_new(config, name, label_of(option))
            widget.set_tooltip_text(tip)
            self.labelled.append((Label(option.label, label_of(option)), widget.set_label))
            self.add_wide(widget)
            return widget
        if kind == "number":
            widget = GimpUi.prop_spin_button_new(config, name, 1, PAGE, 0)
            if option.automatic is not None:
                _name_automatic(widget, option.automatic)
        elif kind == "choice":
            widget = GimpUi.prop_choice_combo_box_new(config, name)
        else:
            widget = NamesBox(config, name)
        self.add(option.label, widget, tip, _(option.unit) if option.unit else "")
        return widget


def _name_automatic(box: Any, automatic: int) -> None:
    """Let a box of numbers show the number that leaves the choice to the daemon as a word."""
    word = _(sentences.AUTOMATIC)

    def write(_box: Any) -> bool:
        if box.get_value_as_int() != automatic:
            return False
        if box.get_text() != word:
            box.set_text(word)
        return True

    box.set_numeric(False)  # or no letter could be written into it
    box.set_update_policy(Gtk.SpinButtonUpdatePolicy.IF_VALID)  # what is no number changes nothing
    box.set_width_chars(max(box.get_width_chars(), len(word)))
    box.connect("output", write)
    box.update()
    write(box)
