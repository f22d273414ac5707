"""Runs inside GIMP: a layer of every kind above another one, and the picture as it is seen."""

import json

from gi.repository import Gegl, Gimp, Gio
from inside import FOLDER, call, load, pixels, place

TOWER = (52, 50, 40, 40)  # a selection across the tower, and across the edge of the cut-out
REPLACE = Gimp.ChannelOps.REPLACE
# Kind -> precision of the image; its name in babl for colours, or for gray.
DEPTHS = {
    "16 bit": ("U16_NON_LINEAR", "R'G'B'A u16"),
    "float": ("FLOAT_LINEAR", "RGBA float"),
    "gray": ("U8_NON_LINEAR", "Y'A u8"),
}
EIGHT_BIT = ("U8_NON_LINEAR", "R'G'B'A u8")
# Left and right of what is left of a cut-out.
CUT_OUTS = {"cut-out": (60, 150), "strip": (65, 77)}
# Left and right of what a layer mask hides, for the most part.
HIDDEN = {"mask over it": (70, 130), "mask beside it": (140, 200)}
displays = []


def prepare(kind, name="tower.png", rect=TOWER, feather=0):
    """Open a picture, `image`, with a ramp below its layer `it`, and select a rectangle.

    Args:
        kind: What `it` is like.
        name: Of the picture's file.
        rect: Left, top, width and height of the selection.
        feather: Pixels.
    """
    global image, it, encoding
    close_all()
    image = load(name)
    it = image.get_layers()[0]
    it.set_name("it")
    precision, encoding = DEPTHS.get(kind, EIGHT_BIT)
    if kind == "gray":
        image.convert_grayscale()
    else:
        image.convert_precision(getattr(Gimp.Precision, precision))
    it.add_alpha()
    make(kind)
    add_ramp()
    select(*rect, feather=feather)
    image.set_selected_layers([chosen])


def close_all():
    while displays:
        displays.pop().delete()
    for left_over in Gimp.get_images():
        left_over.delete()


def add_ramp():
    """Lay another picture below, which is seen wherever something is transparent."""
    wide, high = image.get_width(), image.get_height()
    gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
    form = Gimp.ImageType.GRAYA_IMAGE if gray else Gimp.ImageType.RGBA_IMAGE
    ramp = Gimp.Layer.new(image, "ramp", wide, high, form, 100, Gimp.LayerMode.NORMAL)
    row = b"".join(bytes([x % 256, 255 - x % 256, x * 3 % 256, 255]) for x in range(wide))
    put(ramp, (0, 0, wide, high), row * high, EIGHT_BIT[1])
    image.insert_layer(ramp, None, len(image.get_layers()))


def put(drawable, rect, data, encoded):
    buffer = drawable.get_buffer()
    buffer.set(Gegl.Rectangle.new(*rect), encoded, data)
    buffer.flush()
    drawable.update(*rect)


def make(kind):
    """Let the layer `it` be of a kind, and be `chosen`, or the group around it."""
    global chosen
    chosen = it
    wide, high = image.get_width(), image.get_height()
    if kind == "opacity":
        it.set_opacity(48)
    if kind == "multiply":
        it.set_mode(Gimp.LayerMode.MULTIPLY)
    if kind == "moved":
        it.set_offsets(7, -5)
    if kind in HIDDEN:
        left, right = HIDDEN[kind]
        mask = it.create_mask(Gimp.AddMaskType.WHITE)
        it.add_mask(mask)
        put(mask, (left, 0, right - left, high), bytes([60]) * (right - left) * high, "Y u8")
    if kind in CUT_OUTS:
        left, right = CUT_OUTS[kind]
        for start, end in ((0, left), (right, wide)):
            put(it, (start, 0, end - start, high), bytes(4 * (end - start) * high), EIGHT_BIT[1])
    if kind in ("group", "in a group"):
        group = Gimp.GroupLayer.new(image)
        image.insert_layer(group, None, 0)
        image.reorder_item(it, group, 0)
        group.set_opacity(60)
        chosen = group if kind == "group" else it


def select(left, top, width, height, feather=0):
    """Select a rectangle; that is no step for undo."""
    Gimp.context_set_feather(feather > 0)
    Gimp.context_set_feather_radius(feather, feather)
    image.undo_freeze()
    image.select_rectangle(REPLACE, left, top, width, height)
    image.undo_thaw()


def seen(of=None):
    """The picture as it is seen, in the samples of the image."""
    picture = Gimp.Layer.new_from_visible(of or image, of or image, "seen")
    data = pixels(picture, encoding)
    picture.delete()
    return bytes(data)


def replaced(data, rect=None):
    """What would be seen if these were the pixels of the layer, and nothing else were changed."""
    other = image.duplicate()
    twin = layer("it", other)
    put(twin, rect or (0, 0, twin.get_width(), twin.get_height()), data, encoding)
    try:
        return seen(other)
    finally:
        other.delete()


def inverted(left, top, width, height):
    """What would be seen if the colours of the layer were inverted in this part of the canvas."""
    x, y, _width, _height = place(it)
    rect = (left - x, top - y, width, height)
    data = bytearray(pixels(it, encoding, rect))
    size = len(data) // (width * height)
    colours = size - size // (2 if "Y" in encoding else 4)
    for at in range(0, len(data), size):
        data[at : at + colours] = bytes(255 - byte for byte in data[at : at + colours])
    return replaced(bytes(data), rect)


def all_layers(of=None, layers=None):
    """Every layer from the top to the bottom, groups before what is in them."""
    for each in (of or image).get_layers() if layers is None else layers:
        yield each
        if each.is_group():
            yield from all_layers(of, each.get_children())


def names():
    return [each.get_name() for each in all_layers()]


def layer(name, of=None):
    return next(each for each in all_layers(of) if each.get_name() == name)


def made():
    """Every layer that knows of a fill: its name, the number of the fill, and which try it is."""
    found = []
    for each in all_layers():
        parasite = each.get_parasite("lacuna-fill")
        if parasite is not None:
            fields = json.loads(bytes(parasite.get_data()))
            variation = fields["settings"]["options"].get("variation", 0)
            found.append([each.get_name(), fields["number"], variation])
    return found


def paint(left, top, width, height):
    """Lay a layer with strokes over all, and make it active."""
    strokes = Gimp.Layer.new(
        image, "strokes", image.get_width(), image.get_height(), it.type_with_alpha(), 100,
        Gimp.LayerMode.NORMAL,
    )  # fmt: skip
    put(strokes, (left, top, width, height), bytes([0, 0, 255, 255]) * width * height, encoding)
    image.insert_layer(strokes, None, 0)


def add_channel(name, *rect, of=None):
    """Add a channel that is white in a rectangle, and neither seen nor active."""
    owner = of or image
    red = Gegl.Color.new("red")
    new = Gimp.Channel.new(owner, name, owner.get_width(), owner.get_height(), 50, red)
    if rect:
        put(new, rect, b"\xff" * (rect[2] * rect[3]), "Y u8")
    owner.insert_channel(new, None, 0)
    new.set_visible(False)
    owner.set_selected_layers(owner.get_layers()[:1])


def fill(entry="inpaint", **arguments):
    """Do what an entry of the menu does; return the sentence with which it refused, if it did."""
    active = image.get_selected_drawables()
    _new, error = call(image, active, f"plug-in-lacuna-{entry}", **arguments)
    return error


def show():
    """Give the image a window, and forget how it was made."""
    displays.append(Gimp.Display.new(image))
    image.undo_disable()
    image.undo_enable()


def saved_and_loaded():
    """Save the image, close it, and return it as it was saved."""
    file = Gio.File.new_for_path(str(FOLDER / "saved.xcf"))
    assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    close_all()
    return load("saved.xcf")
