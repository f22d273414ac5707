"""Picture files: a window is read in the picture's own depth, an edited copy is saved.

For the command line `open_picture` and `read_mask` begin what the editors do for their plug-ins,
and `save_picture` ends it.
"""

from .copy_mask import AllowedPixels, check_size, read_allowed
from .formats import READABLE_SUFFIXES, SUPPORTED_SUFFIXES
from .mask import WHITE_IS_MISSING, MaskMeaning, read_mask
from .opening import check_alike, open_page, open_picture, page_count
from .output import check_holds_pages, check_output, is_streamed, output_format
from .picture import Edit, Picture, Pixels
from .saving import save_pages, save_picture
from .sparse import SparseMask

__all__ = [
    "READABLE_SUFFIXES",
    "SUPPORTED_SUFFIXES",
    "WHITE_IS_MISSING",
    "AllowedPixels",
    "Edit",
    "MaskMeaning",
    "Picture",
    "Pixels",
    "SparseMask",
    "check_alike",
    "check_holds_pages",
    "check_output",
    "check_size",
    "is_streamed",
    "open_page",
    "open_picture",
    "output_format",
    "page_count",
    "read_allowed",
    "read_mask",
    "save_pages",
    "save_picture",
]
