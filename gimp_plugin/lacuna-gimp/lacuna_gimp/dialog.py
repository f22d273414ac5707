"""What the user may choose: arguments of the procedures, the dialog, and what was chosen last."""

from dataclasses import replace
from typing import Any, Dict, List, Optional

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, GObject

from lacuna_wire import Options, sentences
from lacuna_wire.choices import kept_settings, kind_of, settings_to_keep, shown_options
from lacuna_wire.editor import EditorSettings
from lacuna_wire.options import OPTIONS, Option

from .memory import keep_under, recall
from .models import is_gone
from .translation import _

PARASITE = "lacuna-settings"
# The arguments that are no options of the daemon.
SOURCE, DESTINATION, COPY_FROM, COPY_MASK = "source", "destination", "copy-from", "copy-mask"
SOURCES = {"layer": sentences.ACTIVE_LAYER, "visible": sentences.VISIBLE_LAYERS}


def add_arguments(procedure: Any) -> None:
    """Declare the settings as named arguments: what scripts give, and the dialog has rows for."""
    words = SOURCE, _(sentences.SOURCE), _(sentences.SOURCE_TIP)
    _add_choices(procedure, words, SOURCES, "layer")
    words = DESTINATION, _(sentences.DESTINATION), _(sentences.DESTINATION_TIP)
    _add_choices(procedure, words, sentences.DESTINATIONS, EditorSettings().destination)
    words = COPY_FROM, _(sentences.COPY), _(sentences.COPY_TIP)
    _add_choices(procedure, words, sentences.COPY_FROM, EditorSettings().copy_from)
    tip = _("The channel that says what may be copied, or what may not.")
    procedure.add_string_argument(COPY_MASK, _("Mask"), tip, "", _READ_WRITE)
    for option in _options():
        _ADD[kind_of(option)](procedure, option)


def argument_of(option: Option) -> str:
    """Return the name of the argument of an option."""
    return option.name.replace("_", "-")


def label_of(option: Option) -> str:
    """Return what stands in front of an option."""
    return _(option.label) if option.label else option.name.replace("_", " ").capitalize()


def read_settings(config: Any) -> EditorSettings:
    """Return the settings that a procedure was called with."""

    def text(name: str) -> str:
        return config.get_property(name) or ""  # GIMP says None where a text is empty

    values: Dict[str, Any] = {}
    for option in _options():
        is_text = isinstance(option.default, str)
        name = argument_of(option)
        values[option.name] = text(name) if is_text else config.get_property(name)
    return EditorSettings(
        visible=text(SOURCE) == "visible",
        options=Options(**values),
        destination=text(DESTINATION),
        copy_from=text(COPY_FROM),
        copy_mask=text(COPY_MASK),
    )


def write_settings(config: Any, settings: EditorSettings) -> None:
    """Let the arguments of a procedure say what the settings say."""
    config.set_property(SOURCE, "visible" if settings.visible else "layer")
    config.set_property(DESTINATION, settings.destination)
    config.set_property(COPY_FROM, settings.copy_from)
    config.set_property(COPY_MASK, settings.copy_mask)
    for option in _options():
        config.set_property(argument_of(option), getattr(settings.options, option.name))


def ask(
    procedure: Any,
    config: Any,
    image: Any,
    drawables: List[Any],
    settings: EditorSettings,
    title: str,
    preview: bool = True,
) -> Optional[EditorSettings]:
    """Show the dialog and return what was chosen, or None if it was cancelled.

    Args:
        procedure: Whose dialog it is.
        config: Its arguments, as GIMP passes them.
        image: The user's.
        drawables: What is active in it.
        settings: What the dialog shows first.
        title: Of the window, in English.
        preview: Whether the image's selection is what will be filled: the dialog then shows how
            much that is, and does not let go on without one.
    """
    from .window import Window  # only where there is a screen to show it on

    write_settings(config, settings)
    window = Window(procedure, config, image, drawables, _(title), preview)
    chosen = window.run()
    if not chosen:
        return None
    settings = read_settings(config)
    keep(settings)
    return settings


def keep(settings: EditorSettings) -> None:
    """Remember what was chosen, also after GIMP is closed."""
    keep_under(PARASITE, settings_to_keep(settings))


def last_settings() -> EditorSettings:
    """Return what was chosen last; what is impossible, or no longer there, counts as not chosen."""
    settings = kept_settings(recall(PARASITE))
    if settings.options.weights and is_gone(settings.options.weights):
        settings = settings._replace(options=replace(settings.options, weights=""))
    return settings


def _options() -> List[Option]:
    """Return the options that are arguments: those of the dialog, and `variation` for scripts."""
    return [*shown_options(), OPTIONS["variation"]]


def _default_of(option: Option) -> Any:
    return getattr(EditorSettings().options, option.name)


def _add_flag(procedure: Any, option: Option) -> None:
    procedure.add_boolean_argument(*_words(option), _default_of(option), _READ_WRITE)


def _add_number(procedure: Any, option: Option) -> None:
    lowest = option.low if option.automatic is None else min(option.low, option.automatic)
    name, label, tip = _words(option)
    if option.automatic is not None:
        tip = _("{} For scripts: {} is Automatic.").format(tip, option.automatic)
    default = _default_of(option)
    procedure.add_int_argument(name, label, tip, lowest, option.high, default, _READ_WRITE)


def _add_choice(procedure: Any, option: Option) -> None:
    shown = option.choice_labels or option.choices
    labels = {choice: shown[number] for number, choice in enumerate(option.choices)}
    _add_choices(procedure, _words(option), labels, _default_of(option))


def _add_choices(procedure: Any, words: tuple, labels: Dict[str, str], default: str) -> None:
    """Declare an argument that is one of several texts.

    Args:
        procedure: Whose argument it is.
        words: Its name, label and tooltip.
        labels: Each text, and what it is called in English.
        default: One of the texts.
    """
    choices = Gimp.Choice.new()
    for number, (choice, label) in enumerate(labels.items()):
        choices.add(choice, number, _(label), "")
    procedure.add_choice_argument(*words, choices, default, _READ_WRITE)


def _add_weights(procedure: Any, option: Option) -> None:
    procedure.add_string_argument(*_words(option), _default_of(option), _READ_WRITE)


def _words(option: Option) -> tuple:
    """Return name, label and tooltip of an argument."""
    unit = f" ({_(option.unit)})" if option.unit else ""
    return argument_of(option), f"{label_of(option)}{unit}", _(option.tip)


_ADD = {
    "flag": _add_flag,
    "number": _add_number,
    "choice": _add_choice,
    "weights": _add_weights,
}
_READ_WRITE = GObject.ParamFlags.READWRITE
