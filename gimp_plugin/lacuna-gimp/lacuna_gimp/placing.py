"""The last step of the line: a fill goes where the user wants it, in one undo step.

Everything is ready before the image hears of it. Who comes here has ended GIMP's progress, and
with it the Cancel button: nobody is killed with the undo group open.
"""

from typing import Any, List, NamedTuple, Optional, Tuple

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp

from lacuna_wire import LacunaError, Rect, sentences
from lacuna_wire.client import Answer
from lacuna_wire.editor import EditorSettings
from lacuna_wire.numbers import whole

from . import buffers, fills, layer_work, layers, records
from . import image as picture
from .fills import Known
from .image import GimpSource
from .records import FillRecord
from .translation import _


class Placing(NamedTuple):
    """What is to be done with a fill.

    Attributes:
        settings: What the user chose.
        active: The drawables that were active at the click.
        earlier: The fill that this one replaces.
        strokes: The layer whose strokes were the selection; it goes.
    """

    settings: EditorSettings
    active: List[Any]
    earlier: Optional[Known] = None
    strokes: Optional[Any] = None


def result_wanted(source: GimpSource, settings: EditorSettings) -> str:
    """Return what the daemon is asked for, as in `Options.result`.

    Raises:
        LacunaError: If nothing can be put where the user wants it.
    """
    destination = settings.destination
    if source.visible or destination == "layer":
        return "layer"
    if destination == "into":
        layer_work.check_writable(source.layer)
    if destination != "auto":
        return "composite"
    same = layers.looks_like_its_pixels(source.layer)
    return "auto" if same and picture.is_whole(source, settings.options.most_grow) else "composite"


def place(source: GimpSource, answer: Answer, placing: Placing) -> Any:
    """Put a fill where it belongs, and return the layer that it is or is in.

    Args:
        source: From `image.open_source`.
        answer: Of the daemon, in the layout of the source.
        placing: What is to be done with it.

    Raises:
        LacunaError: If the image or the layer is gone, or GIMP does not take the fill.
    """
    picture.check_open(source)
    expected = answer.rect.area * source.layout.pixel_bytes
    if len(answer.pixels) != expected:
        raise LacunaError(
            _(sentences.WRONG_SIZE).format(
                *map(whole, (*answer.rect[2:], expected, len(answer.pixels)))
            )
        )
    stack = fills.look(source.image)
    kind = _kind(source, answer, placing, stack)
    if kind != records.LAYER and layers.rect_of(source.layer)[2:] != source.size:
        raise LacunaError(
            _("The size of the layer “{}” was changed before the fill was ready.").format(
                source.layer.get_name()
            )
        )
    put = {records.LAYER: _put_above, records.INTO: _put_into, records.COPY: _put_into_copy}[kind]
    source.image.undo_group_start()
    try:
        new = put(source, answer, placing, stack)
        if placing.strokes is not None and layers.is_in(source.image, placing.strokes):
            source.image.remove_layer(placing.strokes)
    finally:
        source.image.undo_group_end()
    return new


def _kind(source: GimpSource, answer: Answer, placing: Placing, stack: List[Known]) -> str:
    if answer.result == "layer" or source.visible:
        return records.LAYER
    if placing.settings.destination == "into" or _goes_on(source, placing, stack):
        return records.INTO
    return records.COPY


def _goes_on(source: GimpSource, placing: Placing, stack: List[Known]) -> bool:
    """Return whether the layer is a filled copy already, and takes this fill, too."""
    record = fills.known(stack, source.layer).record
    if record is None or record.kind != records.COPY:
        return False
    earlier = placing.earlier
    again = earlier is not None and layers.same(earlier.layer, source.layer)
    return again or placing.settings.destination == "auto"


def _put_above(source: GimpSource, answer: Answer, placing: Placing, stack: List[Known]) -> Any:
    """Make a layer of the fill, and leave active what was active."""
    image, rect = source.image, answer.rect
    number, name = _number_and_name(source, placing, stack)
    new = buffers.new_layer(image, name, rect.width, rect.height)
    if new is None:  # the image was given indexed colours in the meantime
        raise LacunaError(
            _("GIMP could not make a layer for the fill ({}).").format(layers.last_error())
        )
    buffers.mix_as_they_lie(new, image)
    left, top = picture.origin_now(source)
    new.set_offsets(left + rect.left, top + rect.top)
    whole = Rect(0, 0, rect.width, rect.height)
    buffers.write(new, whole, source.encoding, answer.pixels)
    seal = buffers.checksum(new, whole, source.encoding)
    parent, position = _place_above(source, placing, stack)
    if _earlier_layer(source, placing) is not None:
        layer_work.take_over(placing.earlier.layer, new)  # type: ignore[union-attr]
    _take_back(source, placing)
    owner = "" if source.visible else records.name_source(source.layer)
    record = _record(source, answer, placing, number, records.LAYER, owner, seal)
    records.attach(new, record, source.mask)
    layer_work.insert(image, new, parent, position)
    still = layers.without(placing.active, placing.strokes)
    there = [each for each in still if each.is_valid() and layer_work.is_there(image, each)]
    replaced = len(there) < len(still)
    layers.select_again(image, there or [new if replaced else source.layer])
    return new


def _put_into(source: GimpSource, answer: Answer, placing: Placing, stack: List[Known]) -> Any:
    """Write the fill into its source, and the older fills that are seen over it, too."""
    image, layer = source.image, source.layer
    layer_work.check_writable(layer)
    old = fills.known(stack, layer).record
    number, _name = _number_and_name(source, placing, stack)
    burned = layer_work.seen_of_fills(source)
    before = picture.read_pixels(source, answer.rect)
    if source.before is not None:
        burned = [tuple(source.before), *burned]
    writes = [*burned, (answer.rect, answer.pixels)]
    layer_work.write_into(source, layer, writes)
    for fill in source.fills:
        if layers.is_in(image, fill):
            image.remove_layer(fill)
    _take_back(source, placing, written=True)
    kind, owner = records.INTO, records.name_source(layer)
    if old is not None and old.kind == records.COPY:
        kind, owner = records.COPY, old.source
    seal = buffers.checksum(layer, answer.rect, source.encoding)
    record = _record(source, answer, placing, number, kind, owner, seal)
    records.attach(layer, record, source.mask, before)
    there = [each for each in layers.without(placing.active, placing.strokes) if each.is_valid()]
    layers.select_again(
        image, [each for each in there if layer_work.is_there(image, each)] or [layer]
    )
    return layer


def _put_into_copy(source: GimpSource, answer: Answer, placing: Placing, stack: List[Known]) -> Any:
    """Write the fill into a copy of its source, and hide the source with its fills."""
    image, layer = source.image, source.layer
    number, name = _number_and_name(source, placing, stack)
    burned = layer_work.seen_of_fills(source)
    before = picture.read_pixels(source, answer.rect)
    if source.before is not None:
        burned = [tuple(source.before), *burned]
    parent, position = _place_above(source, placing, stack)
    copy = layer_work.copy_of(image, layer)
    for rect, pixels in (*burned, (answer.rect, answer.pixels)):
        buffers.write(copy, rect, source.encoding, pixels)
    records.forget(copy)
    copy.set_name(name)
    seal = buffers.checksum(copy, answer.rect, source.encoding)
    _take_back(source, placing)
    owner = records.name_source(layer)
    record = _record(source, answer, placing, number, records.COPY, owner, seal)
    records.attach(copy, record, source.mask, before)
    copy.set_visible(True)
    layer_work.insert(image, copy, parent, position)
    for hidden in (layer, *source.fills):
        if layers.is_in(image, hidden):
            hidden.set_visible(False)
    active = map(layers.layer_of, placing.active)
    channels = [each for each in active if isinstance(each, Gimp.Channel)]
    layers.select_again(image, [copy] if not channels or placing.strokes else channels)
    return copy


def _record(
    source: GimpSource,
    answer: Answer,
    placing: Placing,
    number: int,
    kind: str,
    owner: str,
    seal: int,
) -> FillRecord:
    return FillRecord(
        number=number,
        kind=kind,
        source=owner,
        tattoo=source.layer.get_tattoo(),
        size=source.size,
        selected=source.selection,
        rect=answer.rect,
        seal=seal,
        settings=placing.settings._replace(visible=source.visible),
    )


def _number_and_name(source: GimpSource, placing: Placing, stack: List[Known]) -> Tuple[int, str]:
    number = fills.next_number(stack)
    name = _(sentences.LAYER_NAME).format(number)
    earlier = placing.earlier
    if earlier is None or earlier.record is None:
        return number, name
    if not earlier.is_fill:
        return earlier.record.number, name
    if _earlier_layer(source, placing) is None or is_painted_on(earlier, source):
        return number, name
    return earlier.record.number, earlier.layer.get_name()


def is_painted_on(fill: Known, source: GimpSource) -> bool:
    """Return whether somebody has changed the pixels of a fill since it was made."""
    assert fill.record is not None
    place = layers.rect_of(fill.layer)
    rect = Rect(0, 0, place.width, place.height) if fill.is_fill else fill.record.rect
    return buffers.checksum(fill.layer, rect, source.encoding) != fill.record.seal


def _earlier_layer(source: GimpSource, placing: Placing) -> Optional[Any]:
    """Return the layer that this fill replaces, if there is one and it is still there."""
    earlier = placing.earlier
    if earlier is None or not earlier.is_fill or not layers.is_in(source.image, earlier.layer):
        return None
    return earlier.layer


def _place_above(
    source: GimpSource, placing: Placing, stack: List[Known]
) -> Tuple[Optional[Any], int]:
    """Return the group, if any, and the position in it where a new layer goes."""
    below = _earlier_layer(source, placing)
    if below is None and source.visible:
        return None, 0
    if below is None:
        parent = source.layer.get_parent()
        older = [
            fill
            for fill in fills.fills_of(stack, source.layer)
            if layers.is_seen(fill) or layers.alike(fill.get_parent(), parent)
        ]
        below = older[-1] if older else source.layer
    return below.get_parent(), source.image.get_item_position(below)


def _take_back(source: GimpSource, placing: Placing, written: bool = False) -> None:
    """Remove the fill that is replaced; what the user has painted on it is hidden instead."""
    earlier = placing.earlier
    if earlier is None:
        return
    if not earlier.is_fill:
        if not written and source.before is not None:
            layer_work.write_into(source, source.layer, [tuple(source.before)])
            records.forget_fill(source.layer)
        return
    layer = _earlier_layer(source, placing)
    if layer is None:
        return
    if is_painted_on(earlier, source):
        layer.set_visible(False)
    else:
        source.image.remove_layer(layer)
