"""From a click to the fill in the image: what each of the menu's entries does."""

from typing import Any, Callable, List, Optional, Tuple

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.client import Answer
from lacuna_wire.editor import EditorSettings, new_request
from lacuna_wire.planes import nearest_sources
from lacuna_wire.unused_card import is_news

from . import buffers, fills, layers, masks, meant, placing, records
from . import image as picture
from .fills import Known
from .image import Before, GimpSource
from .inpaint import fill
from .placing import Placing
from .translation import _

# Nobody sees what a script is told.
Tell = Optional[Callable[[str], None]]


def inpaint_selection(
    image: Any, drawables: List[Any], settings: EditorSettings, tell: Tell
) -> Any:
    """Fill the selection; return the layer that the fill is, or is in.

    Args:
        image: The user's.
        drawables: What is active in it.
        settings: What the user chose.
        tell: Gets a few words, once the fill is in the image, if there is anything to say of it;
            None if nobody would see them.

    Raises:
        LacunaError: Whatever kept it from being done; then nothing is changed.
    """
    buffers.start()
    meant.check_image(image)
    if not masks.is_quick_mask(drawables):
        meant.active_layer(image, drawables)  # a missing layer is told before a missing selection
    stack = fills.look(image)
    mask = masks.selected(image, drawables)
    layer = meant.layer_to_fill(image, drawables, mask, stack, settings.visible)
    older = _seen(fills.fills_of(stack, layer))
    with picture.open_source(image, layer, mask, settings.visible, older) as source:
        return _fill(source, Placing(settings, drawables), tell)


def inpaint_strokes(image: Any, drawables: List[Any], settings: EditorSettings, tell: Tell) -> Any:
    """Fill what is painted on the active layer, from the first layer below that has pixels there.

    The arguments are those of `inpaint_selection`.

    Raises:
        LacunaError: Whatever kept it from being done; then nothing is changed.
    """
    buffers.start()
    meant.check_image(image)
    strokes = meant.active_layer(image, drawables)
    stack = fills.look(image)
    mask = masks.painted(strokes)
    layer = meant.topmost_under(stack, mask, below=strokes)
    if layer is None:
        raise LacunaError(_(sentences.NOTHING_BELOW).format(strokes.get_name()))
    older = _seen(fills.fills_of(stack, layer))
    unseen = (strokes,)
    with picture.open_source(image, layer, mask, settings.visible, older, unseen=unseen) as source:
        return _fill(source, Placing(settings, drawables, strokes=strokes), tell)


def last_fill(image: Any, drawables: List[Any]) -> Known:
    """Return the fill that is to be made once more.

    Raises:
        LacunaError: If there is none.
    """
    buffers.start()
    meant.check_image(image)
    active = layers.layer_of(drawables[0]) if len(drawables) == 1 else None
    if not isinstance(active, Gimp.Layer):
        active = None
    found = fills.newest(fills.look(image), active)
    if found is None:
        raise LacunaError(
            _(
                "No fill of this image is known: there was none, or it was merged or deleted. "
                "Select what you want to remove first."
            )
        )
    return found


def fill_again(
    image: Any, drawables: List[Any], earlier: Known, settings: EditorSettings, tell: Tell
) -> Any:
    """Make a fill once more with other options, and put it in the place of the earlier one.

    The other arguments are those of `inpaint_selection`.

    Raises:
        LacunaError: Whatever kept it from being done; then nothing is changed.
    """
    record = earlier.record
    assert record is not None, "only a fill is made again"
    if not image.is_valid():
        raise LacunaError(_(sentences.IMAGE_CLOSED))
    if not layers.is_in(image, earlier.layer):
        raise LacunaError(_(sentences.FILL_GONE))
    name = earlier.layer.get_name()
    stack = fills.look(image)
    visible = not record.source
    layer = earlier.layer if visible else fills.source_of(stack, earlier)
    if layer is None:
        raise LacunaError(_("The layer that “{}” fills is no longer in this image.").format(name))
    size: Tuple[int, int] = layers.rect_of(layer)[2:]
    if visible:
        size = (image.get_width(), image.get_height())
    if size != record.size:
        raise LacunaError(
            _(
                "What “{}” fills has another size now, so it cannot be filled again. Select it "
                "and fill it anew."
            ).format(name)
        )
    before = None if earlier.is_fill else _before(image, earlier)
    left, top = (0, 0) if visible else layers.rect_of(layer)[:2]
    mask = masks.kept(records.kept_mask(earlier.layer, record), record.selected.shift(left, top))
    older = _older(stack, layer, earlier)
    with picture.open_source(
        image, layer, mask, visible, older, before, unseen=(earlier.layer,)
    ) as source:
        wish = Placing(settings._replace(visible=visible), drawables, earlier)
        return _fill(source, wish, tell)


def _fill(source: GimpSource, wish: Placing, tell: Tell) -> Any:
    settings = wish.settings
    result = placing.result_wanted(source, settings)
    bounds: Optional[Rect] = None
    if settings.has_copy_mask:
        area = picture.place_of(source)
        may = masks.copied_from(source.image, settings.copy_from, settings.copy_mask, area)
        source = source._replace(sources=may)
        canvas = Rect(0, 0, *source.size)
        bounds = nearest_sources(
            lambda rect: picture.read_sources(source, rect),
            may.bounds.relative_to(area).intersect(canvas),
            source.selection.grow(settings.options.most_grow).intersect(canvas),
            canvas,
        )
    Gimp.progress_init("Lacuna")

    def show(text: str, fraction: float) -> None:
        Gimp.progress_set_text(text)
        Gimp.progress_update(fraction)

    answer = fill(
        new_request(source.size, source.selection, source.layout, settings, result, bounds),
        read_pixels=lambda rect: picture.read_pixels(source, rect),
        read_selection=lambda rect: picture.read_selection(source, rect),
        read_sources=lambda rect: picture.read_sources(source, rect),
        check_open=lambda: picture.check_open(source),
        show=show,
    )
    # With the progress goes its Cancel button: what follows is not to be killed half-way.
    Gimp.progress_end()
    layer = placing.place(source, answer, wish)
    if tell is not None:
        _tell_of(answer, tell)
    return layer


def _tell_of(answer: Answer, tell: Callable[[str], None]) -> None:
    """Tell what cannot be seen in the image, if there is anything."""
    found = sentences.edge_text(answer.grown_px, _)
    if is_news("gimp", answer.unused_card):
        more = _(sentences.CARD_NOT_USED)
    else:  # the model alone is not worth a message: the dialog has named it
        more = sentences.model_text(answer.weights, _) if found else ""
    text = ". ".join(filter(None, (found, more)))
    if text:
        # GIMP shows it below the image if it is one line and fits there, else in a window.
        tell(text)


def _seen(found: List[Any]) -> List[Any]:
    return [layer for layer in found if layers.is_seen(layer)]


def _older(stack: List[Known], layer: Any, earlier: Known) -> List[Any]:
    """Return the fills of a source that lie under one of them and are seen."""
    if not earlier.is_fill:
        return []  # those that there are were made later
    under = []
    for fill_layer in fills.fills_of(stack, layer) if layer is not earlier.layer else []:
        if layers.same(fill_layer, earlier.layer):
            break
        under.append(fill_layer)
    return _seen(under)


def _before(image: Any, earlier: Known) -> Before:
    record, name = earlier.record, earlier.layer.get_name()
    assert record is not None
    pixels = records.kept_before(earlier.layer)
    layout, encoding = buffers.layout_of(image)
    if pixels is None or len(pixels) != record.rect.area * layout.pixel_bytes:
        raise LacunaError(
            _("What was in “{}” before it was filled is no longer known. Use Edit > Undo.").format(
                name
            )
        )
    if buffers.checksum(earlier.layer, record.rect, encoding) != record.seal:
        raise LacunaError(
            _("“{}” was changed where it was filled. Select it and fill it anew.").format(name)
        )
    return Before(record.rect, pixels)
