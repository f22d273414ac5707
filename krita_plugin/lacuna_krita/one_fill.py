"""One fill, from the click to the layer.

Whatever the user does meanwhile, it ends with a layer in its place, or with a sentence.
"""

import time
import traceback
from typing import Any, List, NamedTuple, Optional, Tuple

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.errors import JobCancelled

from . import document as picture
from .clicks import Click
from .colours import Converter, converter_back
from .fill_thread import FillThread, MainThreadWork
from .qt import QObject, QTimer, pyqtSignal
from .translation import _

# What Krita's one thread reads or writes at once, between two looks at what the user does.
STRIP_PIXELS = 1 << 21
CONVERTED_PIXELS = 1 << 16  # of a colour space that has to be converted first
CHECK_MS = 500  # between two looks whether the document is still open
RESTORE_MS, RESTORE_TRIES = 40, 50


class Placed(NamedTuple):
    """A fill as it was put into its image.

    Attributes:
        result: What its pixels are: `layer` or `composite`, as in `Options.result`.
        space: Their colour space.
        parts: Places on the canvas as it was at the click, and their pixels.
    """

    result: str
    space: Any
    parts: List[Tuple[Rect, bytes]]


class Made(NamedTuple):
    """What a finished fill was: enough to fill again, and to put something else in its place.

    No layer is held in here: it would keep the image alive after its document is closed.

    Attributes:
        source: Where it has read, with its own copy of the selection.
        settings: What the user had chosen, `options.variation` included.
        layer_ids: Ids of the layers that it has made, from the bottom to the top.
        placed: What it has put into them.
        number: Of the fill in its image; the name of a layer says it.
    """

    source: Any
    settings: EditorSettings
    layer_ids: List[Any]
    placed: Placed
    number: int


class Wanted(NamedTuple):
    """What a click asks for, besides the settings.

    Attributes:
        mask: What is filled: the `selection`, or what is painted on the active layer (`strokes`).
        instead_of: A finished fill whose source and selection are taken, and whose layers this
            fill replaces, in one undo step.
        placed: Pixels that are known already: they are put there, and the daemon is not asked.
        click: What was selected and active at the click; None for what is so now.
    """

    mask: str = "selection"
    instead_of: Optional[Made] = None
    placed: Optional[Placed] = None
    click: Optional[Click] = None


NOTHING_SPECIAL = Wanted()


class Fill(QObject):
    """One fill of one document.

    Attributes:
        document: The user's.
        made: What it was, once it has ended well.
        shown: Gets this fill and a status of its job.
        ended: Gets this fill, a sentence, and whether it tells of a failure.
    """

    shown = pyqtSignal(object, object)
    ended = pyqtSignal(object, str, bool)

    def __init__(
        self, document: Any, settings: EditorSettings, wanted: Wanted = NOTHING_SPECIAL
    ) -> None:
        super().__init__()
        self.document = document
        self.made: Optional[Made] = None
        self._settings = settings
        self._wanted = wanted
        self._source: Any = None
        self._thread: Optional[FillThread] = None
        self._convert_back: Any = None
        self._cancelled = False
        self._pointless = ""
        self._begun = time.monotonic()
        self._check = QTimer(self)
        self._check.setInterval(CHECK_MS)
        self._check.timeout.connect(self._check_open)

    def start(self) -> None:
        """Look at the document and hand the work to a thread; from then on the signals tell.

        Raises:
            LacunaError: If there is nothing to fill, or the user has cancelled meanwhile.
        """
        picture.wait_for_krita(self.document)
        if self._cancelled:
            raise JobCancelled(_(sentences.CANCELLED))
        self._source = source = picture.open_source(
            self.document, self._settings.visible, self._wanted.click
        )
        self._convert = Converter(source.space, source.travel)
        self._thread = FillThread(
            new_request(source.size, source.bounds, source.layout, self._settings),
            MainThreadWork(
                read_pixels=self._read_pixels,
                read_selection=self._read_selection,
                show=lambda status: self.shown.emit(self, status),
                convert=self._convert_result,
                add=self._add,
                strip_pixels=STRIP_PIXELS if source.space == source.travel else CONVERTED_PIXELS,
            ),
        )
        self._thread.finished.connect(self._finish)
        self._check.start()
        self._thread.start()

    def cancel(self) -> None:
        self._cancelled = True
        if self._thread is not None:
            self._thread.cancel()

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _read_pixels(self, rect: Rect) -> memoryview:
        return memoryview(self._convert(picture.read_pixels(self._source, rect), rect))

    def _read_selection(self, rect: Rect) -> memoryview:
        self._convert.close()  # all pixels are read by now
        return memoryview(picture.read_selection(self._source, rect))

    def _convert_result(self, rect: Rect, pixels: memoryview) -> Any:
        if self._convert_back is None:
            target = picture.target_space(self._source)
            self._convert_back = converter_back(self._source.travel, target)
        return self._convert_back(pixels, rect)

    def _add(self, parts: List[Tuple[Rect, Any]]) -> Any:
        return picture.add_layer(self._source, parts)

    def _check_open(self) -> None:
        try:
            picture.find(self._source)
        except LacunaError as error:
            self._pointless = error.message
            self.cancel()

    def _finish(self, layer_id: Any, error: Optional[Exception]) -> None:
        self._check.stop()
        self._convert.close()
        if self._convert_back is not None:
            self._convert_back.close()
        self._source = self._source._replace(selection=None)  # freed here, and not in some thread
        if error is None:
            sentence = _("Done in {:.1f} s. The fill is on a new layer.").format(
                time.monotonic() - self._begun
            )
        elif isinstance(error, JobCancelled):
            sentence = self._pointless or _(sentences.CANCELLED)
        elif isinstance(error, LacunaError):
            sentence = error.message
        else:
            traceback.print_exception(type(error), error, error.__traceback__)
            sentence = _(sentences.BUG).format(type(error).__name__, error)
        by_hand = isinstance(error, JobCancelled) and not self._pointless
        self.ended.emit(self, sentence, error is not None and not by_hand)
        if layer_id is not None:
            self._restore_active_layer(layer_id)

    def _restore_active_layer(self, layer_id: Any) -> None:
        """Make the picture the active layer again, and not its fill, as soon as Krita lets it."""
        timer = QTimer(self)
        tries, was_active = RESTORE_TRIES, False

        def look() -> None:
            nonlocal tries, was_active
            tries -= 1
            was_active, restored = picture.keep_source_active(self._source, layer_id, was_active)
            if restored or (tries <= 0 and not was_active):
                timer.stop()
                self.deleteLater()  # named here, so that this fill lives until then

        timer.timeout.connect(look)
        timer.start(RESTORE_MS)
