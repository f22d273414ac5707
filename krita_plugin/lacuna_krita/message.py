"""The last line of the docker: what was last said of this document."""

from .qt import QLabel, Qt

# Readable with the text colour of any theme: a red that shines through, and a bar of it.
FAILURE = "* { background: rgba(217, 83, 79, 45); border-left: 3px solid #d9534f; padding: 4px; }"


class MessageLabel(QLabel):
    """A sentence that can be copied; one that tells of a failure stands out."""

    def __init__(self) -> None:
        super().__init__()
        self.failed = False
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def tell(self, text: str, failed: bool) -> None:
        """Show a sentence."""
        if failed != self.failed:
            self.failed = failed
            self.setStyleSheet(FAILURE if failed else "")
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))
