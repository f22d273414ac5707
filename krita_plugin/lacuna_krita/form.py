"""The docker's form: where a fill goes, what it may copy, and the options."""

from typing import Any, List, Tuple

from lacuna_wire import Options, sentences
from lacuna_wire.choices import shown_options
from lacuna_wire.editor import EditorSettings

from .qt import QComboBox, QFormLayout, QObject, QVBoxLayout, QWidget, pyqtSignal
from .rows import narrow, new_row
from .translation import _


class SettingsForm(QObject):
    """All that can be chosen: what is often changed, and what rarely is.

    Attributes:
        often: Its rows that are always seen.
        rare: The others.
        rows: Of the options, by name.
        chosen: The user has chosen something.
    """

    chosen = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.source = narrow(QComboBox())
        self.source.addItem(_(sentences.ACTIVE_LAYER), False)
        self.source.addItem(_(sentences.VISIBLE_LAYERS), True)
        self.source.setToolTip(_(sentences.SOURCE_TIP))
        self.destination = _box_of(sentences.DESTINATIONS)
        self.destination.setToolTip(_(sentences.DESTINATION_TIP))
        self.copy_from = _box_of(sentences.COPY_FROM)
        self.copy_from.setToolTip(_(sentences.COPY_TIP))
        self.mask = narrow(QComboBox())
        self.mask.setToolTip(_("A mask of this picture: of the selection, or of a layer."))
        self.rows = {option.name: new_row(option) for option in shown_options()}
        self.often, self.rare = QWidget(), QWidget()
        self._masks: List[Tuple[str, str]] = []
        self._lay_out()
        boxes = (self.source, self.destination, self.copy_from, self.mask)
        for signal in (*(box.activated for box in boxes), *(r.chosen for r in self.rows.values())):
            signal.connect(lambda *_: self._choose())
        self._show_mask_row()

    def settings(self) -> EditorSettings:
        """Return what is chosen."""
        return EditorSettings(
            visible=self.source.currentData(),
            options=Options(**{name: row.value() for name, row in self.rows.items()}),
            destination=self.destination.currentData(),
            copy_from=self.copy_from.currentData(),
            copy_mask=(self.mask.currentData() or "") if self.mask.isVisibleTo(self.often) else "",
        )

    def show(self, chosen: EditorSettings) -> None:
        """Show what is chosen."""
        for box, value in (
            (self.source, chosen.visible),
            (self.destination, chosen.destination),
            (self.copy_from, chosen.copy_from),
            (self.mask, chosen.copy_mask),
        ):
            box.setCurrentIndex(max(0, box.findData(value)))
        for name, row in self.rows.items():
            row.widget.blockSignals(True)  # nothing was chosen here
            row.show(getattr(chosen.options, name))
            row.widget.blockSignals(False)
        self._show_mask_row()

    def offer_masks(self, masks: List[Tuple[str, str]]) -> None:
        """Offer these masks, each with its id and its name; the choice stays if it can."""
        if masks == self._masks and self.mask.count():
            return
        self._masks, was = masks, self.mask.currentData()
        self.mask.clear()
        for key, name in masks:
            self.mask.addItem(name, key)
        if not masks:
            self.mask.addItem(_("There is none in this picture"), "")
        self.mask.setEnabled(bool(masks))
        self.mask.setCurrentIndex(max(0, self.mask.findData(was)))

    def _choose(self) -> None:
        self._show_mask_row()
        self.chosen.emit()

    def _show_mask_row(self) -> None:
        self.mask.setVisible(self.copy_from.currentData() in ("only", "never"))

    def _lay_out(self) -> None:
        often, rare = _new_form(self.often), _new_form(self.rare)
        often.addRow(f"{_(sentences.DESTINATION)}:", self.destination)
        # A hidden row of a form would leave a gap.
        copying = QVBoxLayout()
        copying.addWidget(self.copy_from)
        copying.addWidget(self.mask)
        often.addRow(f"{_(sentences.COPY)}:", copying)
        rare.addRow(f"{_(sentences.SOURCE)}:", self.source)
        for option in shown_options():
            row, form = self.rows[option.name], rare if option.rare else often
            form.addRow(row.label and f"{row.label}:", row.widget)


def _new_form(widget: QWidget) -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    widget.setLayout(form)
    return form


def _box_of(words: Any) -> QComboBox:
    box = narrow(QComboBox())
    for key, word in words.items():
        box.addItem(_(word), key)
    return box
