"""The rows of the docker's form: one per option, made from what is declared of it."""

from typing import Any, Callable, List, NamedTuple

from lacuna_wire import sentences
from lacuna_wire.choices import kind_of
from lacuna_wire.options import Option

from .qt import QCheckBox, QComboBox, QSizePolicy, QSpinBox
from .translation import _

NARROW_LETTERS = 8


class OptionRow(NamedTuple):
    """How one option is chosen.

    Attributes:
        label: What stands in front of the widget; empty if the widget says it.
        widget: For the form.
        value: Returns what is chosen.
        show: Shows a value.
        chosen: The signal that the user has chosen something.
    """

    label: str
    widget: Any
    value: Callable[[], Any]
    show: Callable[[Any], Any]
    chosen: Any


class WeightsBox(QComboBox):
    """Offers what is installed; the first entry leaves the choice to the daemon."""

    def __init__(self) -> None:
        super().__init__()
        narrow(self)
        self.addItem(sentences.best_model_text([], _), "")

    def name(self) -> str:
        return self.currentData() or ""

    def choose(self, name: str) -> None:
        """Choose what may be gone by now."""
        self.offer([name])
        self.setCurrentIndex(self.findData(name))

    def name_best(self, names: List[str]) -> None:
        """Say which of these, all that there are, the first entry stands for."""
        self.setItemText(0, sentences.best_model_text(names, _))

    def offer(self, names: List[str]) -> None:
        """Offer these too; the choice stays."""
        for name in names:
            if self.findData(name) < 0:
                self.addItem(name, name)


def narrow(box: QComboBox) -> QComboBox:
    """Let a box be narrower than its longest entry, so that it does not widen the docker."""
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(NARROW_LETTERS)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return box


def new_row(option: Option) -> OptionRow:
    """Return the row of an option; its tooltip is what the option says to people."""
    row = _MAKERS[kind_of(option)](option)
    row.widget.setToolTip(_(option.tip))
    return row


def _flag(option: Option) -> OptionRow:
    box = QCheckBox(_(option.label))
    return OptionRow("", box, box.isChecked, box.setChecked, box.clicked)


def _number(option: Option) -> OptionRow:
    """A spin box; if the daemon can choose the number, that is one step below the least."""
    box = QSpinBox()
    box.setSuffix(f" {_(option.unit)}")
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    automatic, choosable = option.low - 1, option.automatic is not None
    box.setRange(automatic if choosable else option.low, option.high)
    if choosable:
        box.setSpecialValueText(_(sentences.AUTOMATIC))

    def value() -> int:
        return option.automatic if choosable and box.value() == automatic else box.value()

    def show(number: int) -> None:
        box.setValue(automatic if choosable and number == option.automatic else number)

    return OptionRow(_(option.label), box, value, show, box.valueChanged)


def _choice(option: Option) -> OptionRow:
    box = narrow(QComboBox())
    for choice, label in zip(option.choices, option.choice_labels or option.choices):
        box.addItem(_(label), choice)

    def show(choice: str) -> None:
        box.setCurrentIndex(box.findData(choice))

    return OptionRow(_(option.label), box, box.currentData, show, box.activated)


def _weights(option: Option) -> OptionRow:
    box = WeightsBox()
    return OptionRow(_(option.label), box, box.name, box.choose, box.activated)


_MAKERS = {"flag": _flag, "number": _number, "choice": _choice, "weights": _weights}
