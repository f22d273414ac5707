"""What the daemon, the command line and the editor plug-ins share: the wire.

Standard library only, Python 3.8 syntax: this package also runs inside Krita and GIMP.
"""

from .errors import LacunaError
from .layout import PixelLayout
from .messages import PROTOCOL, JobRequest, JobStatus
from .options import Options
from .rect import Rect

__all__ = ["PROTOCOL", "JobRequest", "JobStatus", "LacunaError", "Options", "PixelLayout", "Rect"]
