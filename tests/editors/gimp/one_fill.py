"""Runs inside GIMP: one small fill, in the way of a script."""

from gi.repository import Gimp
from inside import fill, finish, load

image = load()
image.select_rectangle(Gimp.ChannelOps.REPLACE, 200, 150, 20, 20)
fill("one", image, image.get_layers()[0], "R'G'B'A u8")
finish()
