"""The small JSON messages of the protocol.

Strict on requests: an unknown key, a wrong type or a number out of range is an error that names the
key. Tolerant of replies: a plug-in may be older than the daemon, so keys that it does not know are
left alone. Pixels do not travel in these messages; `docs/protocol.md` describes the whole exchange.
"""

from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from .errors import BadRequest, LacunaError, TooLarge
from .layout import PixelLayout
from .options import Options
from .parsing import MAX_SHOWN, MAX_SIDE, check_number, fields_of, rect_from_dict, short, uuid_from
from .rect import Rect
from .replies import read_reply

PROTOCOL = 2
# In protocol 1 a client says so if it leaves unknown keys of replies alone; 0.1.0 does not.
UNKNOWN_KEYS = ("Lacuna-Unknown-Keys", "ignored")

ENDED = ("done", "failed", "cancelled", "expired")
STATES = ("created", "queued", "running", *ENDED)

# What one pixel takes in each plane that an upload may have.
PLANES: Dict[str, Callable[[PixelLayout], int]] = {
    "pixels": lambda layout: layout.pixel_bytes,
    "selection": lambda _layout: 1,
    "sources": lambda _layout: 1,
}
REQUIRED_PLANES = ("pixels", "selection")  # and in this order, if a request says nothing else


class JobRequest(NamedTuple):
    """One fill that a client asks for, before any pixel is sent.

    Attributes:
        id: A UUID that the client makes. Sending the same request twice gives the same job.
        width: Columns of the whole image.
        height: Rows of the whole image.
        selection: Bounds of the selection, inside the image and not empty.
        layout: How the pixels of the upload and of the result lie in memory.
        options: What the user chose.
        planes: What the upload consists of, in its order: keys of `PLANES`, each once. In `sources`
            255 says that a pixel may be copied, and anything less that it may not.
        sources: Bounds of what may be copied, inside the image, all of which the window has to
            hold; None if it need not grow for them.
    """

    id: str
    width: int
    height: int
    selection: Rect
    layout: PixelLayout = PixelLayout()
    options: Options = Options()
    planes: Tuple[str, ...] = REQUIRED_PLANES
    sources: Optional[Rect] = None

    @property
    def image(self) -> Rect:
        return Rect(0, 0, self.width, self.height)

    def input_bytes(self, window: Rect) -> int:
        """Length of the upload for `window`: all planes, one after the other."""
        return window.area * sum(PLANES[name](self.layout) for name in self.planes)

    def plane_starts(self, window: Rect) -> Dict[str, int]:
        """Byte of the upload for `window` at which each plane begins, in the order of the upload.

        >>> JobRequest("", 9, 9, Rect(0, 0, 1, 1)).plane_starts(Rect(0, 0, 5, 3))
        {'pixels': 0, 'selection': 60}
        """
        starts, end = {}, 0
        for name in self.planes:
            starts[name] = end
            end += window.area * PLANES[name](self.layout)
        return starts

    def as_dict(self) -> Dict[str, Any]:
        """Return the message; what an older daemon assumes anyway is left out."""
        message: Dict[str, Any] = {
            "id": self.id,
            "image": {"width": self.width, "height": self.height},
            "selection": dict(self.selection._asdict()),
            "layout": self.layout.as_dict(),
            "options": self.options.as_dict(),
        }
        if self.planes != REQUIRED_PLANES:
            message["planes"] = list(self.planes)
        if self.sources is not None:
            message["sources"] = dict(self.sources._asdict())
        return message

    @classmethod
    def from_dict(cls, data: Any) -> "JobRequest":
        """Parse and check.

        Raises:
            BadRequest: If a key is missing, unknown, of the wrong type or out of range.
            TooLarge: If a side of the image is longer than `MAX_SIDE`.
            UnsupportedMedia: If the pixel layout is not in the protocol.
        """
        fields = fields_of(
            data,
            "job",
            required=("id", "image", "selection", "layout"),
            optional=("options", "planes", "sources"),
        )
        image = fields_of(fields["image"], "image", required=("width", "height"))
        for side in ("width", "height"):
            check_number(image[side], f"image.{side}", 1, None)
            if image[side] > MAX_SIDE:
                raise TooLarge(
                    f"image.{side} is {short(image[side])} px; the protocol allows "
                    f"{MAX_SIDE:,} px.",
                    values={"side": min(image[side], 10**18), "most": MAX_SIDE},
                )
        request = cls(
            id=uuid_from(fields["id"]),
            width=image["width"],
            height=image["height"],
            selection=rect_from_dict(fields["selection"], "selection"),
            layout=PixelLayout.from_dict(fields["layout"]),
            options=Options.from_dict(fields.get("options", {})),
            planes=_planes_from(fields.get("planes", list(REQUIRED_PLANES))),
            sources=_sources_from(fields.get("sources")),
        )
        if not request.selection.area:
            raise BadRequest("The selection is empty.", code="empty_selection")
        if not request.image.contains(request.selection):
            raise BadRequest(
                f"The selection {tuple(request.selection)} is not inside the image of "
                f"{request.width:,} x {request.height:,} px."
            )
        if request.sources is not None:
            if "sources" not in request.planes:
                raise BadRequest("job.sources needs the plane sources, which job.planes lacks.")
            if not request.image.contains(request.sources):
                raise BadRequest(
                    f"job.sources {tuple(request.sources)} is not inside the image of "
                    f"{request.width:,} x {request.height:,} px."
                )
        if request.options.result == "layer" and not request.layout.has_alpha:
            raise BadRequest(
                f"A layer needs an alpha channel, which {request.layout.channels} does not have."
            )
        return request


class Progress(NamedTuple):
    """How far a fill is, as the engine reports it.

    Attributes:
        phase: What is being done: `loading`, `guiding`, `filling`.
        tiles_done: Tiles that are finished.
        tiles_total: Tiles in all; 0 if that is not known yet.
        percent: Of the whole work, 0 to 100.
    """

    phase: str = ""
    tiles_done: int = 0
    tiles_total: int = 0
    percent: float = 0.0


Report = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


class JobStatus(NamedTuple):
    """What the daemon says of a job.

    Attributes:
        id: The client's UUID.
        state: One of `STATES`.
        revision: Grows by one with every change; a long poll names the last one it saw.
        phase: What the worker does, for people: `waiting`, `loading`, `filling`, ...
        tiles_done: Tiles that are finished.
        tiles_total: Tiles in all; 0 if that is not known yet.
        percent: 0 to 100.
        eta_s: Seconds left, if they can be estimated.
        queue_position: Jobs that run before this one.
        rect: Pixels of the image that the result covers, once it is there.
        result: What they are, once they are there: `layer` or `composite`, as in `Options.result`.
        error: Why the job failed or was cancelled.
        grown_px: Pixels that a `grow` of AUTO_GROW added to the selection at most.
        weights: Name of those that a job which is done was filled with; empty if patches alone were
            enough.
    """

    id: str
    state: str
    revision: int = 0
    phase: str = ""
    tiles_done: int = 0
    tiles_total: int = 0
    percent: float = 0.0
    eta_s: Optional[float] = None
    queue_position: int = 0
    rect: Optional[Rect] = None
    error: Optional[LacunaError] = None
    result: str = ""
    grown_px: int = 0
    weights: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def as_dict(self) -> Dict[str, Any]:
        answer = dict(self._asdict())
        answer["rect"] = None if self.rect is None else dict(self.rect._asdict())
        answer["error"] = None if self.error is None else self.error.as_dict()["error"]
        return answer

    @classmethod
    def from_dict(cls, data: Any) -> "JobStatus":
        """Parse a daemon's answer, whatever its version; raises `BadReply` if it is none."""
        return read_reply(cls, data, "status of a job")


class Ticket(NamedTuple):
    """The daemon's answer to a job that it accepts.

    Attributes:
        id: The job, as it is named in every later call.
        window: Pixels of the image to upload.
        input_bytes: Length of the upload.
        tiles: How many tiles the fill will take, about.
        estimate_s: As `JobEstimate.seconds`.
    """

    id: str
    window: Rect
    input_bytes: int
    tiles: int = 0
    estimate_s: Optional[float] = None

    @classmethod
    def from_dict(cls, data: Any) -> "Ticket":
        """Parse a daemon's answer, whatever its version; raises `BadReply` if it is none."""
        return read_reply(cls, data, "answer to a job")


class JobEstimate(NamedTuple):
    """What a fill would need and take, if it were asked for.

    Attributes:
        window: Pixels of the image that would be uploaded.
        input_bytes: Length of the upload.
        tiles: How many tiles the fill would take, about.
        seconds: How long it would run, without waiting for other fills; None if nobody knows yet.
    """

    window: Rect
    input_bytes: int
    tiles: int = 0
    seconds: Optional[float] = None

    def as_dict(self) -> Dict[str, Any]:
        return {**self._asdict(), "window": dict(self.window._asdict())}

    @classmethod
    def from_dict(cls, data: Any) -> "JobEstimate":
        """Parse a daemon's answer, whatever its version; raises `BadReply` if it is none."""
        return read_reply(cls, data, "estimate of a job")


def _sources_from(data: Any) -> Optional[Rect]:
    return None if data is None else rect_from_dict(data, "sources")


def _planes_from(names: Any) -> Tuple[str, ...]:
    if not isinstance(names, list):
        raise BadRequest(f"job.planes must be a list of names, not {short(names)}.")
    for name in names:
        if not isinstance(name, str) or name not in PLANES:
            raise BadRequest(
                f"job.planes has the unknown plane {short(name)}; known are {', '.join(PLANES)}. "
                "If the client is newer than the daemon, update the daemon.",
                values={"unknown": str(name)[:MAX_SHOWN]},
            )
    if len(set(names)) < len(names) or not set(REQUIRED_PLANES) <= set(names):
        raise BadRequest(
            f"job.planes must have {' and '.join(REQUIRED_PLANES)}, and no plane twice; "
            f"it is {short(names)}."
        )
    return tuple(names)
