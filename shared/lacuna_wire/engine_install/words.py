"""What editors say of the engine: sentences and words of buttons, in English.

As of `sentences.py`, `{}` stand for what the comment above says, in that order.
"""

import os
from pathlib import Path
from typing import Callable

from ..numbers import decimal, size
from .offer import InstallOffer

ENGINE = "Lacuna Engine"
ENGINE_TIP = "Install what does the work, bring it up to date, or remove it."
# Of the buttons.
BUTTONS = {
    "install": "Install the Lacuna Engine",
    "update": "Update the Lacuna Engine",
    "cancel": "Cancel Installing",
    "ask": "Remove...",
    "remove": "Remove",
    "keep": "Keep",
    "again": "Look Again",
    "close": "Close",
}

LOOKING = "Looking at this computer"
NOT_THERE = "The Lacuna engine, the part that fills, is not on this computer yet."
# Its version, the version that the plug-in has.
OUTDATED = "The Lacuna engine {} is older than this plug-in, {}."
# Its version, its folder.
THERE = "The Lacuna engine {} is in {}."
# What is downloaded, what that takes on the disk, the folder, and what makes it there.
COSTS = "Installing it downloads about {}. It takes about {} in {}, and {} makes it there."
# The folder, and what makes it there.
COSTS_UNKNOWN = "Installing it downloads up to several GB. It goes into {}, and {} makes it there."
# The folder.
UPDATE_COSTS = "The update downloads what is new, and goes into {}."
# Name of a graphics card.
FOR_CARD = "It will fill on the graphics card: {}."
ON_PROCESSOR = "It will fill on the processor."
SLOW = "This processor has no AVX2, so fills take longer than on those since about 2013."
INSTALLED = "The Lacuna engine is installed."
REMOVED = "The Lacuna engine was removed."
REMOVING = "Removing the Lacuna engine"
CANCELLING = "Cancelling"
# The folder.
REALLY_REMOVE = (
    "This removes the Lacuna engine with all that is in {}, and its start at login. Models that "
    "you have fetched stay, and so does this plug-in."
)
# Of a fill that waits for the engine.
WILL_GO_ON = "The fill goes on when the Lacuna engine is installed."

# Of each of `making.STEPS`.
STEPS = {
    "making": "Making a place for it",
    "downloading": "Downloading",
    "unpacking": "Unpacking",
    "setting up": "Setting up",
}
# What is downloaded.
DOWNLOADING_PACKAGE = "Downloading {}"
# One of these, how much has come, how much will.
OF_ALL = "{}: {} of {}"
# A number with decimals.
GIGABYTES = "{} GB"


def amount(count: float, translate: Callable[[str], str] = str) -> str:
    """Write a number of bytes as people think of downloads.

    >>> amount(378_000_000), amount(2_930_000_000)
    ('378 MB', '2.9 GB')
    """
    if count < 1e9:
        return size(count)
    return translate(GIGABYTES).format(decimal(count / 1e9, 1, translate))


def shown(folder: Path) -> str:
    """Return the path of a folder as people know it, short."""
    home = Path.home()
    if os.name == "nt" or home not in folder.parents:
        return str(folder)
    return f"~/{folder.relative_to(home)}"


def offer_text(offer: InstallOffer, translate: Callable[[str], str] = str) -> str:
    """Say what is offered, what it costs, and where it goes."""
    folder, maker = shown(offer.folder), offer.maker.name
    if offer.before is not None:
        said = [
            translate(OUTDATED).format(offer.before.version, offer.version),
            translate(UPDATE_COSTS).format(folder),
        ]
        return " ".join(said)
    said = [translate(NOT_THERE)]
    if offer.amount.download:
        download, disk = (
            amount(offer.amount.download, translate),
            amount(offer.amount.disk, translate),
        )
        said.append(translate(COSTS).format(download, disk, folder, maker))
    else:
        said.append(translate(COSTS_UNKNOWN).format(folder, maker))
    card = offer.build.card
    said.append(translate(FOR_CARD).format(card.name) if card else translate(ON_PROCESSOR))
    if offer.slow:
        said.append(translate(SLOW))
    return " ".join(said)
