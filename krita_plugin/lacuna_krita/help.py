"""The help page, in the user's language, in the program that shows pages."""

from .qt import QDesktopServices, QLocale, QUrl


def open_help() -> None:
    """Open the page that is installed with the plug-in."""
    from lacuna_wire.help import page

    QDesktopServices.openUrl(QUrl.fromLocalFile(str(page(QLocale().uiLanguages()))))
