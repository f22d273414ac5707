"""The window that asks for the options: GIMP's own dialog of a procedure, with our rows in it."""

from typing import Any, List, Tuple

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gimp, GimpUi, Gio, GLib, Gtk

from lacuna_wire import sentences
from lacuna_wire.choices import shown_options

from . import dialog
from .masks import channels
from .memory import keep_under, recall
from .mnemonics import Label, with_mnemonics
from .models import ask_for_models, remember_models, remembered_models
from .outlook import Outlook
from .rows import SPACING, NamesBox, Rows
from .translation import _

PARASITE = "lacuna-window"
UNFOLDED = "more_options"
# Rows of what is no option of the daemon: argument and label.
CHOICES = {
    dialog.SOURCE: sentences.SOURCE,
    dialog.DESTINATION: sentences.DESTINATION,
    dialog.COPY_FROM: sentences.COPY,
}
BORDER = 12  # pixels around all rows, as in GIMP's own dialogs


class Window:
    """Asks once; the arguments of the procedure say at any time what is chosen in it."""

    def __init__(
        self,
        procedure: Any,
        config: Any,
        image: Any,
        drawables: List[Any],
        title: str,
        preview: bool,
    ) -> None:
        """Build it; see `dialog.ask` for what is what."""
        GimpUi.init("lacuna-gimp")
        self._config, self._image = config, image
        self._dialog = GimpUi.ProcedureDialog.new(procedure, config, title)
        sizes = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        self._rows, self._rare = Rows(sizes), Rows(sizes)
        self._add_choices()
        for option in shown_options():
            rows = self._rare if option.rare else self._rows
            widget = rows.add_option(option, config)
            if isinstance(widget, NamesBox):
                self._models = widget
                self._gone = Gtk.Label(xalign=0, wrap=True, no_show_all=True)
                rows.add_wide(self._gone)
        self._outlook = Outlook(config, image, drawables, self._allow) if preview else None
        if self._outlook:
            self._add_outlook(self._outlook)
        self._expander = self._fold(self._rare.grid)
        self._fill()
        self._give_keys()
        self._offer_models(remembered_models(), known=False)
        self._listen()

    def run(self) -> bool:
        """Show it, and tell whether the user goes on."""
        ask_for_models(lambda names: GLib.idle_add(self._offer_models, names, True))
        if self._outlook:
            self._outlook.begin()
        chosen = self._dialog.run()
        if self._outlook:
            self._outlook.end()
        keep_under(PARASITE, {UNFOLDED: self._expander.get_expanded()})
        self._dialog.destroy()
        return chosen

    def _add_choices(self) -> None:
        """Add the rows of what is no option of the daemon."""
        for name, english in CHOICES.items():
            widget = GimpUi.prop_choice_combo_box_new(self._config, name)
            self._rows.add(english, widget, self._tip(name))
        masks = NamesBox(self._config, dialog.COPY_MASK)
        masks.offer([key for key, _name in channels(self._image)])
        tip = self._tip(dialog.COPY_MASK)
        self._mask_row = self._rows.add("Mask", masks, tip)
        text = _("The image has no channel. Save a selection first: Select > Save to Channel.")
        self._no_mask = Gtk.Label(label=text, xalign=0, wrap=True, max_width_chars=40)
        self._rows.add_wide(self._no_mask)
        self._masks = masks
        for widget in (*self._mask_row, self._no_mask):
            widget.set_no_show_all(True)

    def _add_outlook(self, outlook: Outlook) -> None:
        box = Gtk.Box(spacing=SPACING)
        box.pack_start(outlook.text, True, True, 0)
        box.pack_start(outlook.button, False, False, 0)
        self._rows.add(sentences.TO_FILL, box, _(sentences.TO_FILL_TIP), key=False)
        self._rows.labelled.append(
            (Label(sentences.SHOW, _(sentences.SHOW)), outlook.button.set_label)
        )

    def _fold(self, widget: Any) -> Any:
        expander = Gtk.Expander(use_underline=True, resize_toplevel=True)
        widget.set_margin_top(SPACING)
        expander.set_expanded(recall(PARASITE).get(UNFOLDED) is True)
        expander.add(widget)
        label = Label(sentences.MORE_OPTIONS, _(sentences.MORE_OPTIONS))
        self._rows.labelled.append((label, expander.set_label))
        return expander

    def _fill(self) -> None:
        """Put all into GIMP's dialog."""
        content = self._dialog.get_content_area()
        for child in content.get_children():
            # What was chosen is remembered anyway: nobody need save and load it by hand.
            if isinstance(child, Gtk.ButtonBox):
                child.hide()
                child.set_no_show_all(True)
        self._replace_help()
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=BORDER)
        box.pack_start(self._rows.grid, False, False, 0)
        box.pack_start(self._expander, False, False, 0)
        box.show_all()
        content.pack_start(box, True, True, 0)

    def _replace_help(self) -> None:
        """Put a button of ours in the place of GIMP's, which looks into GIMP's own manual."""
        gimps = self._dialog.get_widget_for_response(Gtk.ResponseType.HELP)
        if gimps is None:  # the user has turned it off in the preferences
            return
        gimps.hide()
        gimps.set_no_show_all(True)
        button = Gtk.Button(label=gimps.get_label(), use_underline=True, visible=True)
        button.connect("clicked", lambda _button: show_help())
        area = self._dialog.get_action_area()
        area.add(button)
        area.set_child_secondary(button, area.get_child_secondary(gimps))
        area.reorder_child(button, 0)

    def _give_keys(self) -> None:
        """Mark the key of every text, GIMP's own buttons first."""
        area = self._dialog.get_action_area()
        inpaint = self._dialog.get_widget_for_response(Gtk.ResponseType.OK)
        taken = [
            chr(label.get_mnemonic_keyval())
            for label in _labels_in(area)
            if not label.is_ancestor(inpaint) and label.get_mnemonic_keyval() != Gdk.KEY_VoidSymbol
        ]
        labelled: List[Tuple[Label, Any]] = [
            (Label(sentences.INPAINT, _(sentences.INPAINT)), self._dialog.set_ok_label),
            *self._rows.labelled,
            *self._rare.labelled,
        ]
        marked = with_mnemonics([label for label, _set in labelled], taken)
        for number, text in enumerate(marked):
            labelled[number][1](text)

    def _listen(self) -> None:
        self._config.connect(f"notify::{dialog.COPY_FROM}", self._allow)
        self._dialog.connect("key-press-event", self._press)
        if self._outlook:
            self._dialog.connect("focus-in-event", lambda *_what: self._outlook.look_soon())
        self._allow()

    def _allow(self, *_what: Any) -> None:
        """Show the row of the mask if there is one to choose; allow to go on if all is there."""
        masked = dialog.read_settings(self._config).has_copy_mask
        some = bool(self._masks.names)
        for widget in self._mask_row:
            widget.set_visible(masked and some)
        self._no_mask.set_visible(masked and not some)
        possible = not self._outlook or self._outlook.possible
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, possible and (some or not masked))

    def _offer_models(self, names: List[str], known: bool) -> bool:
        """Offer these models; those that are remembered, and the chosen one, unless it is known."""
        if not names and known:
            return GLib.SOURCE_REMOVE  # nobody knows
        chosen = self._config.get_property("weights") or ""
        best = sentences.best_model_text(names, _)
        if known:
            remember_models(names)
        elif chosen and chosen not in names:
            names = [*names, chosen]
        self._models.offer(names, best)
        if chosen and chosen not in names:
            text = _("The model “{}” is no longer installed.").format(chosen)
            self._gone.set_text(text)
            self._gone.show()
            self._expander.set_expanded(True)
        return GLib.SOURCE_REMOVE

    def _press(self, _window: Any, event: Any) -> bool:
        if event.keyval != Gdk.KEY_F1:
            return False
        show_help()
        return True

    def _tip(self, argument: str) -> str:
        return str(self._config.find_property(argument).get_blurb())


def show_help() -> None:
    """Open the page that is installed with the plug-in."""
    from lacuna_wire.help import page

    path = page()
    try:
        Gio.AppInfo.launch_default_for_uri(path.as_uri(), None)
    except GLib.Error:  # no browser
        Gimp.message(_("No program opens web pages. The help is {}.").format(path))


def _labels_in(widget: Any) -> List[Any]:
    """Return all labels in a widget that are shown."""
    if not widget.get_visible():
        return []
    if isinstance(widget, Gtk.Label):
        return [widget]
    if not isinstance(widget, Gtk.Container):
        return []
    return [label for child in widget.get_children() for label in _labels_in(child)]
