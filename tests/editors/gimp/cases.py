"""Runs inside GIMP: every kind of image, layer and selection, one after the other."""

from array import array
from contextlib import contextmanager

from gi.repository import Gegl, Gimp
from inside import call, load, pixels, refuse, report
from inside import fill as fill_any

REPLACE, ADD = Gimp.ChannelOps.REPLACE, Gimp.ChannelOps.ADD
U8 = "R'G'B'A u8"
DEPTHS = {
    "u8": ("U8_NON_LINEAR", U8),
    "u8_linear": ("U8_LINEAR", "RGBA u8"),
    "u8_perceptual": ("U8_PERCEPTUAL", "R~G~B~A u8"),
    "u16": ("U16_NON_LINEAR", "R'G'B'A u16"),
    "u32": ("U32_NON_LINEAR", "R'G'B'A float"),
    "half": ("HALF_NON_LINEAR", "R'G'B'A half"),
    "float_linear": ("FLOAT_LINEAR", "RGBA float"),
    "float": ("FLOAT_NON_LINEAR", "R'G'B'A float"),
    "double_linear": ("DOUBLE_LINEAR", "RGBA float"),
}


def fill(*case, **more):
    """Fill the selection as it is, unless a case says otherwise."""
    fill_any(*case, **{"grow": 0, **more})


def select(image, *rect, operation=REPLACE, feather=0):
    Gimp.context_set_feather(feather > 0)
    Gimp.context_set_feather_radius(feather, feather)
    image.select_rectangle(operation, *rect)


@contextmanager
def photo(precision=None, rect=(200, 150, 30, 50), feather=0):
    """Image and layer. What is not wider than 32 px is filled without coarse levels, quickly."""
    image = load()
    if precision is not None:
        image.convert_precision(precision)
    select(image, *rect, feather=feather)
    yield image, image.get_layers()[0]
    image.delete()


def copied(image, layer, left, top):
    """Add a copy of a layer elsewhere."""
    new = layer.copy()
    image.insert_layer(new, None, 0)
    new.set_offsets(left, top)
    return new


def depths():
    for case, (precision, encoding) in DEPTHS.items():
        with photo(getattr(Gimp.Precision, precision)) as (image, layer):
            fill(case, image, layer, encoding)
    bright()


def bright():
    """Light of the photo from 1.5 to 4.5: no colour of a screen."""
    with photo(Gimp.Precision.FLOAT_LINEAR) as (image, layer):
        values = array("f", pixels(layer, "RGBA float"))
        for channel in range(3):
            values[channel::4] = array("f", (1.5 + 3 * value for value in values[channel::4]))
        whole = Gegl.Rectangle.new(0, 0, layer.get_width(), layer.get_height())
        buffer = layer.get_buffer()
        buffer.set(whole, "RGBA float", values.tobytes())
        buffer.flush()
        fill("bright", image, layer, "RGBA float")


def colours():
    for case, precision, encoding in (
        ("gray", None, "Y'A u8"),
        ("gray_linear", Gimp.Precision.FLOAT_LINEAR, "YA float"),
    ):
        with photo(precision) as (image, layer):
            image.convert_grayscale()
            fill(case, image, layer, encoding)
    with photo() as (image, layer):
        layer.add_alpha()
        fill("with_alpha", image, layer, U8)
    with photo() as (image, layer):
        image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
        layer.add_alpha()
        fill("adobe_rgb", image, layer, None)  # as it lies in GIMP: any name would convert to sRGB


def selections():
    with photo(feather=24) as (image, layer):
        fill("feathered", image, layer, U8)
    with photo(Gimp.Precision.FLOAT_LINEAR, feather=24) as (image, layer):
        fill("feathered_float", image, layer, "RGBA float")
    with photo(rect=(20, 20, 30, 30)) as (image, layer):
        select(image, 560, 360, 40, 30, operation=ADD)
        fill("two_parts", image, layer, U8)
    with photo(rect=(610, 0, 30, 60)) as (image, layer):
        fill("at_the_border", image, layer, U8)
    with photo() as (image, layer):
        fill(
            "options", image, layer, U8, procedure="plug-in-lacuna-inpaint-options",
            grow=6, feather=5,
        )  # fmt: skip


def layers():
    with photo(rect=(300, 200, 30, 40)) as (image, layer):
        top = copied(image, layer, 120, 90)
        fill("layer_with_offset", image, top, U8)
    with photo(rect=(2, 2, 30, 40)) as (image, layer):
        image.crop(300, 200, 150, 100)
        layer = image.get_layers()[0]
        layer.resize(400, 300, 100, 80)
        select(image, 4, 4, 30, 40)
        fill("layer_larger_than_canvas", image, layer, U8)
    with photo(rect=(300, 200, 120, 60)) as (image, layer):
        layer.scale(200, 150, False)
        layer.set_offsets(250, 180)
        fill("layer_smaller_than_canvas", image, layer, U8)
    with photo() as (image, layer):
        layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
        fill("layer_mask", image, layer, U8, active=layer.get_mask())
    with photo() as (image, layer):
        group = Gimp.GroupLayer.new(image)
        image.insert_layer(group, None, 0)
        image.reorder_item(layer, group, 0)
        fill("layer_in_a_group", image, layer, U8)
        fill("group", image, group, U8)


def clicks():
    with photo() as (image, layer):
        copied(image, layer, 60, 0)
        new, error = call(image, [layer], source="visible")
        report["visible"] = {
            "error": error,
            "position": image.get_item_position(new) if new else None,
            "layers": [each.get_name() for each in image.get_layers()],
        }
    with photo() as (image, layer):
        call(image, [layer])
        second, error = call(image, image.get_selected_layers())
        report["second_click"] = {"error": error, "name": second.get_name() if second else None}


def refusals():
    with photo() as (image, layer):
        Gimp.Selection.none(image)
        refuse("no_selection", image, [layer])
        select(image, 10, 10, 20, 20)
        layer.set_offsets(300, 200)
        refuse("selection_outside_the_layer", image, [layer])
        top = copied(image, layer, 0, 0)
        refuse("several_layers", image, [layer, top])
        refuse("no_layer", image, [])
        channel = Gimp.Channel.new_from_component(image, Gimp.ChannelType.RED, "red")
        image.insert_channel(channel, None, 0)
        refuse("channel", image, [channel])
        Gimp.Selection.all(image)
        refuse("everything_selected", image, [top])
        select(image, 10, 10, 20, 20)
        refuse("weights_not_there", image, [top], weights="nobody-has-these")
        Gimp.Selection.float(image, [top], 0, 0)
        refuse("floating_selection", image, [image.get_floating_sel()])
    with photo() as (image, layer):
        image.convert_indexed(
            Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.WEB, 0, False, False, ""
        )
        refuse("indexed", image, [layer])
