"""What an editor shows of the options, and how it keeps what the user chose.

The options themselves are declared in `options.py`. One with a label is shown by every editor, as
what its kind says.
"""

from dataclasses import replace
from typing import Any, Dict, List, Mapping

from .editor import EditorSettings
from .options import OPTIONS, Option
from .sentences import COPY_FROM, DESTINATIONS

# The choices that are the editor's own, by the names under which they are kept.
VISIBLE, DESTINATION, SOURCES = "visible", "destination", "copy_from"
# Which versions have kept it: all before the first that finds edges have kept no number.
FORMAT, FINDS_EDGES = "format", 2


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
    """Return what is remembered of the user's choice, by name: values that JSON can say."""
    values = {option.name: getattr(settings.options, option.name) for option in shown_options()}
    copy_from = "everywhere" if settings.has_copy_mask else settings.copy_from
    own = {VISIBLE: settings.visible, DESTINATION: settings.destination, SOURCES: copy_from}
    own[FORMAT] = FINDS_EDGES
    return {**own, **values}


def kept_settings(kept: Mapping[str, Any]) -> EditorSettings:
    """Return what was chosen from what was kept.

    Another version may have kept it, or a hand have changed it: unknown names and impossible values
    count as not chosen, each for itself. So does a `grow` of 0 from before edges were found: it was
    the default, and nobody could choose anything else that grows by nothing.
    """
    values = {
        option.name: kept[option.name]
        for option in shown_options()
        if option.name in kept and option.admits(kept[option.name])
    }
    if FORMAT not in kept and values.get("grow") == 0:
        del values["grow"]
    default = EditorSettings()
    destination, copy_from = kept.get(DESTINATION), kept.get(SOURCES)
    settings = EditorSettings(
        visible=kept.get(VISIBLE) is True,
        options=replace(default.options, **values),
        destination=destination if destination in DESTINATIONS else default.destination,
        copy_from=copy_from if copy_from in COPY_FROM else default.copy_from,
    )
    # A mask belongs to its picture, and is not there in the next one.
    return settings._replace(copy_from=default.copy_from) if settings.has_copy_mask else settings
