"""What an editor shows of the options, and how it keeps what the user chose.

The options themselves are declared in `options.py`. One with a label is shown by every editor, as
what its kind says.
"""

from typing import Any, Dict, List, Mapping

from .editor import EditorSettings
from .options import OPTIONS, Option, Options

VISIBLE = "visible"  # the one choice that is the editor's own


def shown_options() -> List[Option]:
    """Return the options that an editor shows, in the order of its rows."""
    return [option for option in OPTIONS.values() if option.label]


def kind_of(option: Option) -> str:
    """Return what an option is chosen with: `flag`, `number`, `choice` or `weights`.

    >>> [(option.name, kind_of(option)) for option in shown_options()][:2]
    [('weights', 'weights'), ('grow', 'number')]
    """
    if isinstance(option.default, bool):
        return "flag"
    if isinstance(option.default, int):
        return "number"
    if option.choices:
        return "choice"
    assert option.name == "weights", f"no editor can show a free text like {option.name}"
    return "weights"


def settings_to_keep(settings: EditorSettings) -> Dict[str, Any]:
    """Return all that the user can choose in an editor, by name: values that JSON can say."""
    values = {option.name: getattr(settings.options, option.name) for option in shown_options()}
    return {VISIBLE: settings.visible, **values}


def kept_settings(kept: Mapping[str, Any]) -> EditorSettings:
    """Return what was chosen from what was kept.

    Another version may have kept it, or a hand have changed it: unknown names and impossible values
    count as not chosen, each for itself.
    """
    values = {
        option.name: kept[option.name]
        for option in shown_options()
        if option.name in kept and option.admits(kept[option.name])
    }
    return EditorSettings(kept.get(VISIBLE) is True, Options(**values))
