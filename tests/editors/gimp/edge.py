"""Runs inside GIMP: a disc is opened and selected, and looked at."""

from gi.repository import Gimp
from inside import call, load, pixels

RGB = "R'G'B' u8"


def open_disc(name, left, top, width, height):
    """Open a picture, `image`, and select an ellipse in its layer `it`, without soft values."""
    global image, it
    for left_over in Gimp.get_images():
        left_over.delete()
    image = load(name)
    it = image.get_layers()[0]
    select(left, top, width, height)


def select(left, top, width, height):
    Gimp.context_set_feather(False)
    Gimp.context_set_antialias(False)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, left, top, width, height)


def fill(procedure="inpaint", **arguments):
    """Call the plug-in; return why it refused, or nothing."""
    name = f"plug-in-lacuna-{procedure}"
    return call(image, image.get_selected_layers(), procedure=name, **arguments)[1]


def seen(image):
    """All that is visible, as RGB."""
    copy = Gimp.Layer.new_from_visible(image, image, "seen")
    try:
        return bytes(pixels(copy, RGB))
    finally:
        copy.delete()


def selected(image):
    return bytes(pixels(image.get_selection(), "Y u8"))
