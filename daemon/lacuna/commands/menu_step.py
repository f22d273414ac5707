"""The step of `lacuna setup` that puts the page into the menu of the desktop."""

from typing import TYPE_CHECKING

from lacuna.commands.service import PROGRAM
from lacuna.commands.steps import Step, StepRow

if TYPE_CHECKING:
    from lacuna.desktop.home import Home

PAGE = (*PROGRAM, "page")
WHAT = "menu"


def menu_step(home: "Home", wanted: bool) -> Step:
    """Return the step: add the entry, keep it, or remove it where it is not wanted."""
    from lacuna.desktop import menu

    there = menu.found_in_menu(home)
    if not wanted and not there:
        return Step(StepRow(WHAT, "skipped", "Left out by --no-menu."))
    if not wanted:

        def remove() -> str:
            return f"Removed {', '.join(map(str, menu.remove_from_menu(home)))}."

        return Step(StepRow(WHAT, "planned", "Remove the entry."), remove)
    files = menu.menu_files(home, PAGE)
    if not files:
        return Step(StepRow(WHAT, "skipped", "There is none here. `lacuna page` opens the page."))
    note = f"{files[0].path} opens the page."
    if menu.is_in_menu(home, PAGE):
        return Step(StepRow(WHAT, "kept", note))

    def add() -> str:
        menu.add_to_menu(home, PAGE)
        return note

    return Step(StepRow(WHAT, "planned", note), add)
