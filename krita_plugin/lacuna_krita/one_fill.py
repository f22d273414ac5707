"""One fill, from the click to the layer.

Whatever the user does meanwhile, it ends with a layer in its place, or with a sentence.
"""

import time
import traceback
from typing import Any, Iterator, Optional

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.engine_install import words
from lacuna_wire.engine_install.work import can_offer
from lacuna_wire.errors import JobCancelled
from lacuna_wire.numbers import decimal
from lacuna_wire.planes import nearest_sources
from lacuna_wire.refusals import refusal_text
from lacuna_wire.unused_card import is_news

from . import document as picture
from . import placing
from .again import destination_again, source_again
from .colours import Converter, converter_back
from .copy_mask import CopyMask, open_copy_mask
from .fill_thread import FilledParts, FillThread, MainThreadWork
from .made import SELECTION, Made, Placed, Wanted
from .mixing import Mixer
from .qt import QObject, QTimer, pyqtSignal
from .translation import _

# What Krita's one thread reads or writes at once, between two looks at what the user does.
STRIP_PIXELS = 1 << 21
CONVERTED_PIXELS = 1 << 16  # of a colour space that has to be converted first
MIXED_PIXELS = 1 << 19  # of a layer whose fills are mixed into it
CHECK_MS = 500  # between two looks whether the document is still open

__all__ = ["Fill", "Made", "Placed", "Wanted"]


class Fill(QObject):
    """One fill of one document.

    Attributes:
        document: The user's.
        made: What it was, once it has ended well.
        lacks_engine: Whether it has ended because there is no engine, which can be installed.
        shown: Gets this fill and a status of its job.
        ended: Gets this fill, a sentence, and whether it tells of a failure.
    """

    shown = pyqtSignal(object, object)
    ended = pyqtSignal(object, str, bool)

    def __init__(self, document: Any, settings: EditorSettings, wanted: Wanted = SELECTION) -> None:
        super().__init__()
        self.document = document
        self.made: Optional[Made] = None
        self.lacks_engine = False
        self._settings = settings
        self._wanted = wanted
        self._source: Any = None
        self._thread: Optional[FillThread] = None
        self._mixer: Any = None
        self._convert: Any = None
        self._convert_back: Any = None
        self._copy_mask: Optional[CopyMask] = None
        self._placing: Optional[Iterator[None]] = None
        self._cancelled = False
        self._pointless = ""
        self._unused_card = ""
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
        wanted = self._wanted
        if wanted.instead_of is not None:
            self._source = source_again(wanted.instead_of)
            destination = destination_again(wanted.instead_of, self._settings.destination)
            self._settings = self._settings._replace(destination=destination)
        elif wanted.mask == "strokes":
            self._source = picture.open_strokes(self.document, wanted.click)
        else:
            self._source = picture.open_source(self.document, self._settings.visible, wanted.click)
        source = self._source
        result = placing.result_to_ask_for(source, self._settings.destination)
        self._copy_mask = open_copy_mask(source, self._settings)
        self._mixer = Mixer(source.space)
        self._convert = Converter(source.space, source.travel)
        request = new_request(
            source.size, source.bounds, source.layout, self._settings, result, self._sources()
        )
        work = MainThreadWork(
            read_pixels=self._read_pixels,
            read_selection=self._read_selection,
            read_sources=self._read_sources,
            show=lambda status: self.shown.emit(self, status),
            convert=self._convert_result,
            place=self._place,
            strip_pixels=self._strip_pixels(),
        )
        self._thread = FillThread(request, work, self._wanted.placed is not None)
        self._thread.finished.connect(self._finish)
        self._check.start()
        self._thread.start()

    def _strip_pixels(self) -> int:
        if self._source.space != self._source.travel:
            return CONVERTED_PIXELS
        return MIXED_PIXELS if self._source.fill_ids else STRIP_PIXELS

    def cancel(self) -> None:
        self._cancelled = True
        if self._thread is not None:
            self._thread.cancel()

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _read_pixels(self, rect: Rect) -> memoryview:
        pixels = picture.read_pixels(self._source, rect, self._mixer)
        return memoryview(self._convert(pixels, rect))

    def _read_selection(self, rect: Rect) -> memoryview:
        self._mixer.close()
        self._convert.close()  # all pixels are read by now
        return memoryview(picture.read_selection(self._source, rect))

    def _read_sources(self, rect: Rect) -> memoryview:
        assert self._copy_mask is not None
        return memoryview(self._copy_mask.read(rect))

    def _sources(self) -> Optional[Rect]:
        """Return what the window has to hold of what may be copied."""
        mask, canvas = self._copy_mask, Rect(0, 0, *self._source.size)
        if mask is None:
            return None
        within = canvas if mask.inverted else mask.bounds.intersect(canvas)
        part = self._source.bounds.grow(self._settings.options.most_grow).intersect(canvas)
        return nearest_sources(mask.read, within, part, canvas)

    def _kind(self, result: str) -> str:
        return placing.kind_of(self._source, self._settings.destination, result)

    def _convert_result(self, result: str, rect: Rect, pixels: memoryview) -> Any:
        if self._convert_back is None:
            target = placing.target_space(self._source, self._kind(result))
            self._convert_back = converter_back(self._source.travel, target)
        return self._convert_back(pixels, rect)

    def _place(self, filled: FilledParts) -> Optional[Made]:
        """Do the next piece of the placing; when all is done, what was made comes back."""
        self._unused_card = filled.unused_card
        if self._placing is None:
            placed = self._wanted.placed
            if placed is None:
                space = placing.target_space(self._source, self._kind(filled.result))
                parts = [(rect, bytes(part)) for rect, part in filled.parts]
                placed = Placed(filled.result, space, parts, filled.grown_px, filled.weights)
            self._placing = placing.place(
                self._source, self._settings, placed, self._wanted.instead_of
            )
        try:
            next(self._placing)
        except StopIteration as end:
            made: Made = end.value
            return made
        return None

    def _check_open(self) -> None:
        try:
            picture.find(self._source)
        except LacunaError as error:
            self._pointless = refusal_text(error, _)
            self.cancel()

    def _finish(self, made: Optional[Made], error: Optional[Exception]) -> None:
        self._check.stop()
        if self._placing is not None:
            self._placing.close()  # layers that it still holds are freed here, in no other thread
        for each in (self._mixer, self._convert, self._convert_back):
            if each is not None:
                each.close()
        self.made = made
        if made is None:
            self._source = self._source._replace(selection=None)  # freed here as well
        if made is not None:
            seconds = decimal(time.monotonic() - self._begun, 1, _)
            done = _done_sentence(made.kind).format(seconds)
            edge = sentences.edge_text(made.placed.grown_px, _)
            model = sentences.model_text(made.placed.weights, _)
            card = self._unused_card if is_news("krita", self._unused_card) else ""
            said = (done, edge, model, sentences.card_text(card, _))
            sentence = "\n".join(filter(None, said))
        elif isinstance(error, JobCancelled):
            sentence = self._pointless or _(sentences.CANCELLED)
        elif isinstance(error, LacunaError):
            self.lacks_engine = error.code == "daemon_unreachable" and can_offer()
            sentence = refusal_text(error, _)
            if self.lacks_engine:
                sentence = _(words.WILL_GO_ON)
        else:
            assert error is not None
            traceback.print_exception(type(error), error, error.__traceback__)
            sentence = _(sentences.BUG).format(type(error).__name__, error)
        by_hand = isinstance(error, JobCancelled) and not self._pointless
        failed = error is not None and not by_hand and not self.lacks_engine
        self.ended.emit(self, sentence, failed)


def _done_sentence(kind: str) -> str:
    """Return where a fill went, with a place for the seconds that it took."""
    if kind == "into":
        return _("Done in {} s. The fill is in the layer.")
    if kind == "copy":
        return _("Done in {} s. The fill is in a filled copy; the layer itself is hidden.")
    return _("Done in {} s. The fill is on a new layer.")
