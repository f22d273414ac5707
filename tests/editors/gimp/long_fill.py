"""Runs inside GIMP: one fill that takes some seconds, in the way of a script."""

from gi.repository import Gimp
from inside import fill, finish, load

image = load()
image.select_rectangle(Gimp.ChannelOps.REPLACE, 60, 60, 420, 300)
fill("one", image, image.get_layers()[0], "R'G'B'A u8")
finish()
