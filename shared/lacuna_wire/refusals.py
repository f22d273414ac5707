"""What an editor says of the errors that come over the wire, by their codes.

The daemon's own sentences are English, and made for its log and for the command line. An error has
a code and values beside its sentence (`errors.py`): for the codes in here, an editor says the same
in words of people who paint, and in its user's language. Any other error is shown as it came.
"""

from string import Formatter
from typing import Callable, Dict, Set, Tuple, Union

from .errors import LacunaError
from .numbers import said, size
from .sentences import CANCELLED, NOTHING_SELECTED

# What stands in braces is a value of the error, `*_bytes` with its unit. Of several sentences the
# first one is taken for which the error has all values; an older daemon sends none.
REFUSALS: Dict[str, Tuple[str, ...]] = {
    "cancelled": (CANCELLED,),
    "empty_selection": (NOTHING_SELECTED,),
    "unfit_computer": (
        "This Mac has an Intel processor ({mac}), for which PyTorch, which Lacuna needs, is no "
        "longer made. Lacuna needs a Mac with Apple silicon.",
        "This computer has a 32-bit system ({system}). Lacuna needs one of 64 bits.",
    ),
    "no_context": (
        "There is nothing around the selection to fill it from: all {pixels} px there are selected "
        "or transparent. Select less.",
        "There is nothing around the selection to fill it from. Select less.",
    ),
    "too_few_sources": (
        "Too little may be copied: of the {width} x {height} px around the selection {allowed} px "
        "may, and a square of {side} x {side} px fits in there in {squares} places; {needed} are "
        "needed. Allow more to be copied.",
        "Too little may be copied. Allow more to be copied.",
    ),
    "too_large": (
        "The selection is too large: with what is around it, it has {pixels} px, and Lacuna takes "
        "{most_pixels} px at a time. Select less.",
        "The picture is too large: one of its sides has {side} px, and Lacuna takes up to {most} "
        "px.",
    ),
    "unknown_weights": (
        "The model “{name}” is not installed. Choose another one: {installed}.",
        "The model is not installed. Choose another one.",
    ),
    "bad_weights": (
        "The model “{name}” cannot be used. Choose another one.",
        "The model cannot be used. Choose another one.",
    ),
    "queue_full": (
        "Lacuna has {jobs} fills to do and takes no more. Try again when one of them is done.",
        "Lacuna has other fills to do and takes no more. Try again when one of them is done.",
    ),
    "out_of_memory": (
        "There is too little memory, even for a piece of {side} x {side} px. Close other programs, "
        "and try again.",
        "There is too little memory for this fill. Close other programs, or select less.",
    ),
    "no_space": (
        "There is no room for this fill: it needs {needed_bytes}, and {free_bytes} are free for "
        "it. Close other programs, or select less.",
        "There is no room for this fill: it needs {needed_bytes} in {folder}. Delete what you no "
        "longer need there, or select less.",
        "There is no room for this fill. Close other programs, or select less.",
    ),
    "no_spool": (
        "There is no folder in which Lacuna can keep the pixels of this fill ({tried}). Make one "
        "of them writable, and try again.",
        "There is no folder in which Lacuna can keep the pixels of this fill.",
    ),
    "pixels_lost": (
        "Another program has removed the pixels of this fill while Lacuna worked on it. Try again.",
    ),
    "device_lost": (
        "The graphics card has failed. Try again: it is started anew for the next fill.",
    ),
    "worker_unavailable": (
        "Lacuna cannot fill just now: the part of it that fills does not start. Try again in a "
        "minute, or run `lacuna doctor` in a terminal.",
    ),
    "worker_died": (
        "The fill broke off ({signal}), after {tiles_done} of {tiles_total} parts. If memory is "
        "short, close other programs. Then try again.",
        "The fill broke off (code {exit_code}), after {tiles_done} of {tiles_total} parts. Try "
        "again.",
        "The fill broke off. If memory is short, close other programs. Then try again.",
    ),
    "stalled": (
        "The fill stood still for {seconds} s and was ended, after {tiles_done} of {tiles_total} "
        "parts. Try again, or select less.",
        "The fill stood still and was ended. Try again, or select less.",
    ),
    "expired": (
        "The fill was not done within {seconds} s, but only {tiles_done} of {tiles_total} parts. "
        "Select less at a time.",
        "Lacuna waited {seconds} s for the picture and then gave up. Try again.",
        "The fill took too long and was ended. Select less at a time.",
    ),
    "upload_broken": ("The picture did not reach Lacuna as a whole. Try again.",),
    "too_slow": (
        "The picture came too slowly: {received_bytes} of {expected_bytes}. Try again.",
        "The picture came too slowly. Try again.",
    ),
    "shutdown": ("Lacuna is shutting down just now. Try again.",),
    "internal": ("A bug in Lacuna ended the fill. Its log says more.",),
    "bad_request": (
        "This plug-in is newer than the Lacuna on this computer, which does not know “{unknown}”. "
        "Run `lacuna setup` in a terminal.",
    ),
    "bad_reply": (
        "This plug-in does not understand the Lacuna on this computer. Run `lacuna setup` in a "
        "terminal, then start this program again.",
    ),
    "protocol_mismatch": (
        "This plug-in (protocol {ours}) and the Lacuna on this computer (version {version}, "
        "protocol {theirs}) do not belong together. Run `lacuna setup` in a terminal, then start "
        "this program again.",
    ),
    "daemon_unreachable": (
        "Lacuna ended {times} times during this fill. Try again, or run `lacuna doctor` in a "
        "terminal.",
        "Lacuna ended with code {exit_code} when it was started. {log} says why.",
        "Lacuna cannot be started: {command}: {reason}. Run `lacuna setup` in a terminal.",
        "Lacuna was started and did not answer within {seconds} s. Try again.",
        "Another program than Lacuna answers on port {stranger}. Run `lacuna setup` in a terminal.",
        "The connection to Lacuna was lost (port {port}). Try again.",
        "Lacuna is not running on this computer. Run `lacuna setup` in a terminal.",
    ),
    "daemon_elsewhere": (
        "Lacuna runs on another computer, which shares {computer} with this one. Run `lacuna stop` "
        "there, then try again.",
        "Lacuna runs in another container or sandbox, which shares {container} with this program. "
        "Run `lacuna stop` there, then try again.",
    ),
    "untrusted_file": (
        "Other users can change {path}, so Lacuna does not trust it. Delete it, then run `lacuna "
        "setup` in a terminal.",
    ),
    "damaged_file": (
        "{path} is damaged. Delete it, then run `lacuna setup` in a terminal.",
    ),
    "no_python": (
        "Python {version} is here ({program}), but not the part of it that makes environments. Run "
        "`{command}` in a terminal, then try again.",
        "The Lacuna engine needs Python 3.11 to 3.14, and this computer has {older}. Install a "
        "newer one ({how}), then try again.",
        "The Lacuna engine needs Python 3.11 to 3.14, and this computer has none. Install one "
        "({how}), then try again.",
    ),
    "install_no_room": (
        "The Lacuna engine needs {needed_bytes} in {folder}, and {free_bytes} are free. Delete "
        "what you no longer need there, then try again.",
        "The disk of {folder} is full: {free_bytes} are free. Delete what you no longer need "
        "there, then try again. Nothing of the engine was left behind.",
    ),
    "install_no_network": (
        "What the Lacuna engine needs could not be downloaded: {tried} does not answer. Connect "
        "this computer to the internet, then try again. Nothing of it was left behind.",
    ),
    "install_failed": (
        "The Lacuna engine could not be installed: {reason}. Nothing of it was left behind.",
    ),
    "install_cancelled": (
        "The installation was cancelled. Nothing of it was left behind.",
    ),
    "install_busy": (
        "The Lacuna engine is being installed or removed just now, by another window or program. "
        "Try again when that is done.",
    ),
    "engine_stays": ("The Lacuna engine could not be removed: {reason}.",),
    "not_your_home": (
        "The home folder {path} belongs to another user. Start this program as the user who "
        "paints.",
    ),
    "not_readable": ("{path} cannot be read ({reason}).",),
    "not_writable": ("{path} cannot be written ({reason}).",),
}  # fmt: skip


def refusal_text(error: LacunaError, translate: Callable[[str], str] = str) -> str:
    """Return what an editor says of an error.

    >>> refusal_text(LacunaError("A job too many.", code="queue_full", values={"jobs": 4}))
    'Lacuna has 4 fills to do and takes no more. Try again when one of them is done.'
    >>> refusal_text(LacunaError("No layer is active."))
    'No layer is active.'
    """
    values = {name: _text_of(name, value, translate) for name, value in error.values.items()}
    for sentence in REFUSALS.get(error.code, ()):
        if names_in(sentence) <= set(values):
            return translate(sentence).format(**values)
    return error.message


def _text_of(name: str, value: Union[int, float, str], translate: Callable[[str], str]) -> str:
    if isinstance(value, str):
        return value
    return size(value) if name.endswith("_bytes") else said(value, translate)


def names_in(sentence: str) -> Set[str]:
    """Return the names of the values that a sentence says.

    >>> sorted(names_in("{side} x {side} px of {folder}"))
    ['folder', 'side']
    """
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}
