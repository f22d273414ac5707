"""The actions of the plug-in: their menu, and what each does with the active document."""

from typing import Any, Callable, List, NamedTuple

from krita import Krita

from lacuna_wire import sentences
from lacuna_wire.engine_install import words
from lacuna_wire.engine_install.places import carried_wheel

from .fills import FILLS
from .help import open_help
from .icon import lacuna_icon
from .panel import show_docker
from .qt import QMenu
from .translation import _

MENU = "lacuna_menu"
INPAINT_SELECTION = "lacuna_inpaint_selection"


class ActionRow(NamedTuple):
    """An entry of the menu.

    Attributes:
        name: As in the .action file, which has its shortcut.
        text: What the menu says.
        tip: What it does.
        act: Does it with a document.
        needs_document: Whether it does nothing without one.
    """

    name: str
    text: str
    tip: str
    act: Callable[[Any], None]
    needs_document: bool = True


def action_rows() -> List[ActionRow]:
    """Return all entries, from top to bottom."""
    engine = ActionRow(
        "lacuna_engine",
        _(words.ENGINE),
        _(words.ENGINE_TIP),
        lambda _document: _show_engine(),
        needs_document=False,
    )
    return [
        ActionRow(
            INPAINT_SELECTION,
            _(sentences.TITLE),
            _("Remove what is selected: fill it from its surroundings."),
            lambda document: FILLS.start(document, FILLS.chosen(document)),
        ),
        ActionRow(
            "lacuna_inpaint_strokes",
            _(sentences.STROKES_TITLE),
            _(sentences.STROKES_TIP),
            lambda document: FILLS.start(document, FILLS.chosen(document), "strokes"),
        ),
        ActionRow(
            "lacuna_try_another",
            _(sentences.TRY_ANOTHER),
            _(sentences.TRY_ANOTHER_TIP),
            lambda document: FILLS.another(document, FILLS.chosen(document)),
        ),
        ActionRow(
            "lacuna_fill_again",
            _(sentences.FILL_AGAIN),
            _(sentences.FILL_AGAIN_TIP),
            lambda document: FILLS.again(document, FILLS.chosen(document)),
        ),
        ActionRow(
            "lacuna_cancel",
            _(sentences.CANCEL_TITLE),
            _("End the fill that is running; once more ends the next one."),
            FILLS.cancel,
        ),
        ActionRow(
            "lacuna_help",
            _("Help on Inpainting"),
            _("Open the help page in the browser."),
            lambda _document: open_help(),
            needs_document=False,
        ),
        # Who has installed it with `lacuna setup` looks after it there.
        *([engine] if carried_wheel() is not None else []),
    ]


def add_actions(window: Any) -> None:
    """Add the menu *Inpaint* to the menu *Tools* of a window."""
    title = _(sentences.INPAINT)
    head = window.createAction(MENU, title, "tools")
    head.setText(title)
    _show_icon(head)
    menu = QMenu(title, window.qwindow())
    head.setMenu(menu)
    for row in action_rows():
        action = window.createAction(row.name, row.text, f"tools/{MENU}")
        # The .action file has told Krita its English text.
        action.setText(row.text)
        action.setToolTip(row.tip)
        action.triggered.connect(lambda *_, row=row: _act(row))
        if row.name == INPAINT_SELECTION:
            _show_icon(action)


def _show_engine() -> None:
    docker = show_docker()
    if docker is not None:
        docker.engine.look()


def _show_icon(action: Any) -> None:
    action.setIcon(lacuna_icon())
    action.setIconVisibleInMenu(True)  # Krita's own entries have none


def _act(row: ActionRow) -> None:
    document = Krita.instance().activeDocument()
    if document is not None or not row.needs_document:
        row.act(document)
