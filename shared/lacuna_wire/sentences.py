"""What every editor says, in one place: the sentences of refusals, and words of menus and progress.

English. An editor that can be translated gives each of them to its own translation before it fills
in the values; `{}` stand for what the comment above says, in that order.
"""

from typing import Callable, Optional

from .messages import JobStatus

# Of the menus, the docker and the dialog.
TITLE = "Inpaint Selection"
SOURCE = "Source"
SOURCE_TIP = "What the fill is made from."
ACTIVE_LAYER = "Active layer"
VISIBLE_LAYERS = "All visible layers"

# Where a fill goes.
DESTINATION = "Result"
DESTINATIONS = {
    "auto": "Automatic",
    "layer": "New layer",
    "into": "Into the layer",
    "copy": "Filled copy of the layer",
}
# What may be copied.
COPY = "Copy from"
COPY_FROM = {
    "everywhere": "Everywhere nearby",
    "sides": "Left and right",
    "above_below": "Above and below",
    "only": "Only from a mask",
    "never": "Never from a mask",
}
STROKES_TITLE = "Inpaint Painted Strokes"
TRY_ANOTHER = "Try Another"
FILL_AGAIN = "Fill Again"
CANCEL_TITLE = "Cancel Inpainting"

# Number of the fill in its picture: the name of its layer.
LAYER_NAME = "Inpaint {}"

NOTHING_SELECTED = "Nothing is selected. Select what you want to remove."
NO_LAYER_ACTIVE = "No layer is active. Choose the layer that you want to inpaint."
LAYER_REMOVED = "The layer was removed before the fill was ready."
IMAGE_CLOSED = "The image was closed before the fill was ready."
CANCELLED = "The fill was cancelled."
# Name of the editor.
LAYER_NOT_TAKEN = "{} did not accept the new layer."
# Width, height, bytes that came, bytes that were expected.
WRONG_SIZE = "An area of {:,} x {:,} px should have {:,} bytes, but has {:,}."
# Name and text of an exception of Python.
BUG = "A bug in Lacuna ended the fill ({}: {})."

WAITING_FOR_DAEMON = "Waiting for the daemon"
WAITING_FOR_ONE = "Waiting for another fill"
# How many.
WAITING_FOR_SEVERAL = "Waiting for {} other fills"
# What is done just now, seconds.
TIME_LEFT = "{}, {:.0f} s left"
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
        return translate(TIME_LEFT).format(text, status.eta_s)
    return text


# How much will be filled, before the click: pixels, millions of pixels, seconds.
TO_FILL = "To fill"
TO_FILL_TIP = "How much will be filled once the selection is grown."
PIXELS = "{} px"
MEGAPIXELS = "{} megapixels"
ABOUT_SECONDS = "about {} s"
MEGAPIXELS_FROM = 10_000  # pixels; fewer are no hundredth


def amount_text(
    pixels: int, seconds: Optional[float], translate: Callable[[str], str] = str
) -> str:
    """Say how much will be filled, and how long that will take if somebody knows.

    Thousands are set apart by a narrow space, which no language takes for a decimal sign.

    >>> amount_text(1_234_567, 2.8).replace("\u202f", " ")
    '1 234 567 px, 1.23 megapixels, about 3 s'
    >>> amount_text(600, None)
    '600 px'
    """
    parts = [translate(PIXELS).format(f"{pixels:,}".replace(",", "\u202f"))]
    if pixels >= MEGAPIXELS_FROM:
        parts.append(translate(MEGAPIXELS).format(f"{pixels / 1e6:.2f}"))
    if seconds is not None:
        parts.append(translate(ABOUT_SECONDS).format(max(1, round(seconds))))
    return ", ".join(parts)
