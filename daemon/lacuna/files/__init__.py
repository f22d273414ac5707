"""Picture files: a window is read in the picture's own depth, an edited copy is saved.

For the command line `open_picture` and `read_mask` begin what the editors do for their plug-ins,
and `save_picture` ends it.
"""

from .copy_mask import AllowedPixels, check_size, read_allowed
from .formats import SUPPORTED_SUFFIXES
from .mask import read_mask
from .opening import check_alike, open_page, open_picture
from .output import check_output, is_streamed, output_format
from .picture import Edit, Picture, Pixels
from .saving import save_pages, save_picture
from .sparse import SparseMask
from .tiff import TiffPicture, count_pages

__all__ = [
    "SUPPORTED_SUFFIXES",
    "AllowedPixels",
    "Edit",
    "Picture",
    "Pixels",
    "SparseMask",
    "TiffPicture",
    "check_alike",
    "check_output",
    "check_size",
    "count_pages",
    "is_streamed",
    "open_page",
    "open_picture",
    "output_format",
    "read_allowed",
    "read_mask",
    "save_pages",
    "save_picture",
]
