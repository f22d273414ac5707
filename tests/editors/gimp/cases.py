"""Runs inside GIMP: every kind of image, layer and selection, one after the other."""

from gi.repository import Gimp
from inside import call, fill, finish, load, refuse, report

REPLACE, ADD = Gimp.ChannelOps.REPLACE, Gimp.ChannelOps.ADD
FLAT = Gimp.LayerMode.NORMAL


def select(image, *rect, operation=REPLACE, feather=0):
    Gimp.context_set_feather(feather > 0)
    Gimp.context_set_feather_radius(feather, feather)
    image.select_rectangle(operation, *rect)


def photo(precision=None, rect=(200, 150, 40, 50), feather=0):
    image = load()
    if precision is not None:
        image.convert_precision(precision)
    select(image, *rect, feather=feather)
    return image, image.get_layers()[0]


def copied(image, layer, left, top):
    """Add a copy of a layer elsewhere."""
    new = layer.copy()
    image.insert_layer(new, None, 0)
    new.set_offsets(left, top)
    return new


DEPTHS = {
    "u8": ("U8_NON_LINEAR", "R'G'B'A u8"),
    "u8_linear": ("U8_LINEAR", "RGBA u8"),
    "u8_perceptual": ("U8_PERCEPTUAL", "R~G~B~A u8"),
    "u16": ("U16_NON_LINEAR", "R'G'B'A u16"),
    "u32": ("U32_NON_LINEAR", "R'G'B'A float"),
    "half": ("HALF_NON_LINEAR", "R'G'B'A half"),
    "float_linear": ("FLOAT_LINEAR", "RGBA float"),
    "float": ("FLOAT_NON_LINEAR", "R'G'B'A float"),
    "double_linear": ("DOUBLE_LINEAR", "RGBA float"),
}
for case, (precision, encoding) in DEPTHS.items():
    image, layer = photo(getattr(Gimp.Precision, precision))
    fill(case, image, layer, encoding)
    image.delete()

for case, precision, encoding in (
    ("gray", None, "Y'A u8"),
    ("gray_linear", Gimp.Precision.FLOAT_LINEAR, "YA float"),
):
    image, layer = photo(precision)
    image.convert_grayscale()
    fill(case, image, layer, encoding)
    image.delete()

U8 = "R'G'B'A u8"

image, layer = photo(feather=24)
fill("feathered", image, layer, U8)
image.delete()

image, layer = photo(Gimp.Precision.FLOAT_LINEAR, feather=24)
fill("feathered_float", image, layer, "RGBA float")
image.delete()

image, layer = photo(rect=(20, 20, 30, 30))
select(image, 560, 360, 40, 30, operation=ADD)
fill("two_parts", image, layer, U8)
image.delete()

image, layer = photo(rect=(600, 0, 40, 60))
fill("at_the_border", image, layer, U8)
image.delete()

image, layer = photo()
layer.add_alpha()
fill("with_alpha", image, layer, U8)
image.delete()

image, layer = photo()
image.set_color_profile(Gimp.ColorProfile.new_rgb_adobe())
layer.add_alpha()
fill("adobe_rgb", image, layer, None)  # as it lies in GIMP: any name would convert it to sRGB
image.delete()

image, layer = photo(rect=(300, 200, 40, 40))
top = copied(image, layer, 120, 90)
fill("layer_with_offset", image, top, U8)
image.delete()

image, layer = photo(rect=(2, 2, 40, 40))
image.crop(300, 200, 150, 100)
layer = image.get_layers()[0]
layer.resize(400, 300, 100, 80)
select(image, 4, 4, 40, 40)
fill("layer_larger_than_canvas", image, layer, U8)
image.delete()

image, layer = photo(rect=(300, 200, 120, 60))
layer.scale(200, 150, False)
layer.set_offsets(250, 180)
fill("layer_smaller_than_canvas", image, layer, U8)
image.delete()

image, layer = photo()
fill("options", image, layer, U8, procedure="plug-in-lacuna-inpaint-options", grow=6, feather=5)
image.delete()

image, layer = photo()
layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
fill("layer_mask", image, layer, U8, active=layer.get_mask())
image.delete()

image, layer = photo()
group = Gimp.GroupLayer.new(image)
image.insert_layer(group, None, 0)
image.reorder_item(layer, group, 0)
fill("layer_in_a_group", image, layer, U8)
fill("group", image, group, U8)
image.delete()

image, layer = photo()
copied(image, layer, 60, 0)
new, error = call(image, [layer], source="visible")
report["visible"] = {
    "error": error,
    "position": image.get_item_position(new) if new else None,
    "layers": [each.get_name() for each in image.get_layers()],
}
image.delete()

image, layer = photo()
first, _ = call(image, [layer])
second, error = call(image, image.get_selected_layers())
report["second_click"] = {"error": error, "name": second.get_name() if second else None}
image.delete()

image, layer = photo()
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
refuse("weights_not_there", image, [top], weights="nobody-has-these")
select(image, 10, 10, 20, 20)
Gimp.Selection.float(image, [top], 0, 0)
refuse("floating_selection", image, [image.get_floating_sel()])
image.delete()

image, layer = photo()
image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.WEB, 0, False, False, "")
refuse("indexed", image, [layer])
image.delete()

finish()
