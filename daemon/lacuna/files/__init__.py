"""Picture files: a window is read in the picture's own depth, a patched copy is saved.

`open_picture` and `read_mask` begin the line for the command line, as the editors do for the
plug-ins; `Picture.save` ends it.
"""

from .formats import SUPPORTED_SUFFIXES
from .mask import read_mask
from .opening import open_picture
from .output import check_output, is_streamed
from .picture import Patch, Picture, Pixels
from .sparse import SparseMask

__all__ = [
    "SUPPORTED_SUFFIXES",
    "Patch",
    "Picture",
    "Pixels",
    "SparseMask",
    "check_output",
    "is_streamed",
    "open_picture",
    "read_mask",
]
