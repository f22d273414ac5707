"""What every editor says, in one place: the sentences of refusals, and words of menus and progress.

English. An editor that can be translated gives each of them to its own translation before it fills
in the values; `{}` stand for what the comment above says, in that order. Numbers are written by
`numbers.py`. What is said of the daemon's errors is in `refusals.py`.
"""

from typing import Callable, Optional, Sequence

from .messages import JobStatus
from .numbers import decimal, whole

# Of the menus, the docker and the dialog.
TITLE = "Inpaint Selection"
INPAINT = "Inpaint"
SHOW = "Show"
MORE_OPTIONS = "More options"
SOURCE = "Source"
SOURCE_TIP = "What the fill is made from."
ACTIVE_LAYER = "Active layer"
VISIBLE_LAYERS = "All visible layers"
# In the place of a number that the daemon chooses.
AUTOMATIC = "Automatic"

# Where a fill goes.
DESTINATION = "Result"
DESTINATION_TIP = "Where the fill goes. Automatic: a new layer, or a copy where that looks better."
DESTINATIONS = {
    "auto": AUTOMATIC,
    "layer": "New layer",
    "into": "Into the layer",
    "copy": "Filled copy of the layer",
}
# What may be copied.
COPY = "Copy from"
COPY_TIP = "Which parts of the picture may be used for the fill."
COPY_FROM = {
    "everywhere": "Everywhere nearby",
    "sides": "Left and right",
    "above_below": "Above and below",
    "only": "Only from a mask",
    "never": "Never from a mask",
}
STROKES_TITLE = "Inpaint Painted Strokes"
STROKES_TIP = "Remove what is painted over on the active layer, and the strokes with it."
TRY_ANOTHER = "Try Another"
TRY_ANOTHER_TIP = "Put another fill of the same selection in the place of the last one."
FILL_AGAIN = "Fill Again"
FILL_AGAIN_TIP = "Put a fill with other options in the place of the last one."
CANCEL_TITLE = "Cancel Inpainting"
# Of the model.
BEST_MODEL = "The best that is installed"
# The same, and its name.
BEST_MODEL_IS = "The best that is installed: {}"


def best_model_text(names: Sequence[str], translate: Callable[[str], str] = str) -> str:
    """Name the choice that is left to the daemon.

    Args:
        names: Of all models, the one first that the daemon takes by itself; empty if nobody knows.
        translate: Gives a text in the user's language.

    >>> best_model_text(["big-lama", "lacuna-small"])
    'The best that is installed: big-lama'
    """
    return translate(BEST_MODEL_IS).format(names[0]) if names else translate(BEST_MODEL)


# Number of the fill in its picture: the name of its layer.
LAYER_NAME = "Inpaint {}"

# Of the entry in the menu of the desktop.
MENU_COMMENT = "See what Lacuna fills, and how far it is"

NOTHING_SELECTED = "Nothing is selected. Select what you want to remove."
NO_LAYER_ACTIVE = "No layer is active. Choose the layer that you want to inpaint."
# Of these, the name of a layer.
LAYER_HIDDEN = "The layer “{}” is hidden. Show it, or choose the layer that you want to inpaint."
LAYER_LOCKED = "The layer “{}” is locked. Unlock it, or choose another result."
NO_STROKES = (
    "The layer “{}” has no strokes. Paint over what you want to remove on a new, transparent layer."
)
NOTHING_PAINTED = "Nothing is painted on the layer “{}”. Paint over what you want to remove."
NOTHING_BELOW = (
    "There is nothing below the layer “{}” that could be filled. Paint the strokes on a layer of "
    "their own, above the picture."
)
NO_COPY_MASK = (
    "No mask is chosen that says what may be copied. Choose one, or copy from everywhere."
)
# Name of the mask, or of the channel.
COPY_MASK_EMPTY = "The mask “{}” is empty. Choose another one, or copy from everywhere."
FILL_GONE = (
    "The last fill is no longer in the image, so nothing can be put in its place. Select what you "
    "want to remove, and fill it anew."
)
LAYER_REMOVED = "The layer was removed before the fill was ready."
IMAGE_CLOSED = "The image was closed before the fill was ready."
CANCELLED = "The fill was cancelled."
# Name of the editor.
LAYER_NOT_TAKEN = "{} did not accept the new layer."
# Width, height, bytes that were expected, bytes that came.
WRONG_SIZE = "An area of {} x {} px should have {} bytes, but has {}."
# Name and text of an exception of Python.
BUG = "A bug in Lacuna ended the fill ({}: {})."

WAITING_FOR_DAEMON = "Waiting for Lacuna"
WAITING_FOR_ONE = "Waiting for another fill"
# How many.
WAITING_FOR_SEVERAL = "Waiting for {} other fills"
# What is done just now, seconds.
TIME_LEFT = "{}, {} s left"
# The daemon's word for what it does -> the user's. `guiding` is as old as the wire.
PHASES = {
    "uploading": "Reading the picture",
    "waiting": "Waiting",
    "loading": "Getting ready",
    "guiding": "Looking for what fits",
    "filling": "Filling",
    "done": "Receiving the fill",
}
# For a word of a newer daemon, and between two phases.
WORKING = "Working"


def progress_text(status: JobStatus, translate: Callable[[str], str] = str) -> str:
    """Say in a few words what the daemon does, and how long it will take.

    >>> progress_text(JobStatus("", "running", phase="filling", eta_s=7.6))
    'Filling, 8 s left'
    """
    if status.state == "queued" and status.queue_position == 1:
        return translate(WAITING_FOR_ONE)
    if status.state == "queued" and status.queue_position:
        return translate(WAITING_FOR_SEVERAL).format(status.queue_position)
    text = translate(PHASES.get(status.phase or status.state, WORKING))
    if status.state == "running" and status.eta_s is not None and status.eta_s >= 1:
        return translate(TIME_LEFT).format(text, whole(status.eta_s))
    return text


# By how many pixels the selection was enlarged, because what was selected showed beside it.
EDGE_FOUND = "Edge found: +{} px"


def edge_text(grown_px: int, translate: Callable[[str], str] = str) -> str:
    """Say how far a fill went beyond its selection by itself; nothing if it did not.

    Args:
        grown_px: As in `JobStatus`.
        translate: Gives a text in the user's language.

    >>> edge_text(3), edge_text(0)
    ('Edge found: +3 px', '')
    """
    return translate(EDGE_FOUND).format(whole(grown_px)) if grown_px else ""


# The model that filled.
FILLED_BY = "Filled by {}"


def model_text(weights: str, translate: Callable[[str], str] = str) -> str:
    """Say which model filled; nothing if none did, or an older daemon does not tell.

    Args:
        weights: As in `JobStatus`.
        translate: Gives a text in the user's language.

    >>> model_text("big-lama"), model_text("")
    ('Filled by big-lama', '')
    """
    return translate(FILLED_BY).format(weights) if weights else ""


# Why PyTorch does not use the card: a sentence in English without its full stop, as the daemon and
# the command say it.
UNUSED_CARD = (
    "The fill ran on the processor, though a graphics card is there: {}. `lacuna doctor` says what "
    "helps."
)
# The same where there is room for little.
CARD_NOT_USED = "The graphics card is not used: `lacuna doctor` says why."


def card_text(reason: str, translate: Callable[[str], str] = str) -> str:
    """Say that a graphics card is not used; nothing without a reason.

    Args:
        reason: As in `Answer.unused_card`, if it `is_news`.
        translate: Gives a text in the user's language.

    >>> card_text("")
    ''
    """
    return translate(UNUSED_CARD).format(reason) if reason else ""


# How much will be filled, before the click.
TO_FILL = "To fill"
TO_FILL_TIP = (
    "What will be filled: the selection after Grow. What Automatic finds beside it comes on top."
)
SHOW_TIP = (
    "Grow the selection itself by the number in Grow, to see what will be filled. Grow is 0 after "
    "that."
)
PIXELS = "{} px"
# Pixels, millions of pixels.
MEGAPIXELS = "{} px ({} MP)"
# One of the two above, seconds.
ABOUT_SECONDS = "{}, about {} s"
LESS_THAN_A_SECOND = "{}, less than 1 s"
MEGA = 1_000_000
MEGAPIXELS_FROM = 10_000  # pixels; fewer are no hundredth of a megapixel


def amount_text(
    pixels: int, seconds: Optional[float], translate: Callable[[str], str] = str
) -> str:
    """Say how much will be filled, and how long that will take if somebody knows.

    Args:
        pixels: How many, after growing.
        seconds: How long it will take; None if nobody knows.
        translate: Gives a text in the user's language.

    >>> amount_text(1_234_567, 2.8).replace("\u202f", " ")
    '1 234 567 px (1.2 MP), about 3 s'
    >>> amount_text(600, 0.2)
    '600 px, less than 1 s'
    """
    text = translate(PIXELS).format(whole(pixels))
    if pixels >= MEGAPIXELS_FROM:
        digits = 1 if pixels >= MEGA else 2
        mega = decimal(pixels / MEGA, digits, translate)
        text = translate(MEGAPIXELS).format(whole(pixels), mega)
    if seconds is None:
        return text
    if seconds < 1:
        return translate(LESS_THAN_A_SECOND).format(text)
    return translate(ABOUT_SECONDS).format(text, whole(seconds))
