"""The small JSON messages of protocol version 1, parsed strictly on both sides.

An unknown key, a missing key, a wrong type or a number out of range is an error that names the key:
nothing is guessed. Pixels never travel in here; `docs/protocol.md` describes the whole exchange.
"""

import uuid
from typing import Any, Callable, Dict, NamedTuple, Optional

from .errors import BadRequest, LacunaError, TooLarge, UnsupportedMedia, error_from_dict
from .options import Options
from .rect import Rect

PROTOCOL = 1
MAX_SIDE = 65_535  # pixels; the widest picture that a Rect of this protocol describes

CHANNELS = {"RGBA": 4, "BGRA": 4, "RGB": 3, "GRAY": 1, "GRAYA": 2}
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
TRANSFERS = ("srgb", "linear")
ENDED = ("done", "failed", "cancelled", "expired")
STATES = ("created", "queued", "running", *ENDED)


class PixelLayout(NamedTuple):
    """How one pixel lies in memory: interleaved, little endian, straight alpha, no row padding.

    Attributes:
        channels: Order of the samples, a key of `CHANNELS`.
        sample: Type of one sample, a key of `SAMPLE_BYTES`. Integers use their whole range for
            [0, 1]; floats are taken as they are.
        transfer: `srgb` if the samples are perceptual (any such curve), `linear` if they are
            proportional to light.
    """

    channels: str = "RGBA"
    sample: str = "u8"
    transfer: str = "srgb"

    @property
    def channel_count(self) -> int:
        return CHANNELS[self.channels]

    @property
    def has_alpha(self) -> bool:
        return self.channels.endswith("A")

    @property
    def pixel_bytes(self) -> int:
        return self.channel_count * SAMPLE_BYTES[self.sample]

    def as_dict(self) -> Dict[str, Any]:
        return dict(self._asdict())

    @classmethod
    def from_dict(cls, data: Any) -> "PixelLayout":
        """Parse; raises `UnsupportedMedia` for a layout that the protocol does not have."""
        fields = _fields(data, "layout", required=cls._fields)
        for key, allowed in (
            ("channels", tuple(CHANNELS)),
            ("sample", tuple(SAMPLE_BYTES)),
            ("transfer", TRANSFERS),
        ):
            if fields[key] not in allowed:
                raise UnsupportedMedia(
                    f"layout.{key} is {_short(fields[key])}, supported are {', '.join(allowed)}"
                )
        return cls(**fields)


class JobRequest(NamedTuple):
    """One fill that a client asks for, before any pixel is sent.

    Attributes:
        id: A UUID that the client makes. Sending the same request twice gives the same job.
        width: Columns of the whole image.
        height: Rows of the whole image.
        selection: Bounds of the selection, inside the image and not empty.
        layout: How the pixels of the upload and of the result lie in memory.
        options: What the user chose.
    """

    id: str
    width: int
    height: int
    selection: Rect
    layout: PixelLayout = PixelLayout()
    options: Options = Options()

    @property
    def image(self) -> Rect:
        return Rect(0, 0, self.width, self.height)

    def input_bytes(self, window: Rect) -> int:
        """Length of the upload for `window`: its pixels, then one byte of mask per pixel."""
        return window.area * (self.layout.pixel_bytes + 1)

    def as_dict(self) -> Dict[str, Any]:
        return {
            "id": self.id,
            "image": {"width": self.width, "height": self.height},
            "selection": dict(self.selection._asdict()),
            "layout": self.layout.as_dict(),
            "options": self.options.as_dict(),
        }

    @classmethod
    def from_dict(cls, data: Any) -> "JobRequest":
        """Parse and check.

        Raises:
            BadRequest: If a key is missing, unknown, of the wrong type or out of range.
            TooLarge: If a side of the image is longer than `MAX_SIDE`.
            UnsupportedMedia: If the pixel layout is not in the protocol.
        """
        fields = _fields(
            data, "job", required=("id", "image", "selection", "layout"), optional=("options",)
        )
        image = _fields(fields["image"], "image", required=("width", "height"))
        for side in ("width", "height"):
            _number(image[side], f"image.{side}", 1, None)
            if image[side] > MAX_SIDE:
                raise TooLarge(
                    f"image.{side} is {_short(image[side])} px, "
                    f"this protocol allows {MAX_SIDE:,} px"
                )
        request = cls(
            id=_uuid(fields["id"]),
            width=image["width"],
            height=image["height"],
            selection=rect_from_dict(fields["selection"], "selection"),
            layout=PixelLayout.from_dict(fields["layout"]),
            options=Options.from_dict(fields.get("options", {})),
        )
        if not request.selection.area:
            raise BadRequest("the selection is empty", code="empty_selection")
        if not request.image.contains(request.selection):
            raise BadRequest(
                f"the selection {tuple(request.selection)} is not inside the image of "
                f"{request.width} x {request.height} px"
            )
        if request.options.result == "layer" and not request.layout.has_alpha:
            raise BadRequest(
                f"a layer needs an alpha channel, which {request.layout.channels} does not have"
            )
        return request


class Progress(NamedTuple):
    """How far a fill is, as the engine reports it.

    Attributes:
        phase: What is done just now: `loading`, `guiding`, `filling`.
        tiles_done: Tiles that are finished.
        tiles_total: Tiles in all; 0 as long as it is not known.
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
        tiles_total: Tiles in all; 0 as long as it is not known.
        percent: 0 to 100.
        eta_s: Seconds left, if they can be estimated.
        queue_position: Jobs that run before this one.
        rect: Pixels of the image that the result covers, once it is there.
        error: Why the job failed or was cancelled.
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
        """Parse the daemon's answer; raises `BadRequest` if it is none."""
        fields = _fields(data, "status", required=("id", "state"), optional=cls._fields)
        if fields.get("rect") is not None:
            fields["rect"] = rect_from_dict(fields["rect"], "rect")
        if fields.get("error") is not None:
            fields["error"] = error_from_dict({"error": fields["error"]})
        return cls(**fields)


def rect_from_dict(data: Any, name: str) -> Rect:
    """Parse `{"left", "top", "width", "height"}` of whole numbers, none of them negative."""
    fields = _fields(data, name, required=Rect._fields)
    for key in Rect._fields:
        _number(fields[key], f"{name}.{key}", 0, MAX_SIDE)
    return Rect(**fields)


def _fields(data: Any, name: str, required: Any = (), optional: Any = ()) -> Dict[str, Any]:
    if not isinstance(data, dict):
        raise BadRequest(f"{name} must be a JSON object")
    for key in required:
        if key not in data:
            raise BadRequest(f"{name}.{key} is missing")
    for key in data:
        if key not in required and key not in optional:
            raise BadRequest(f"{name} has an unknown key {_short(key)}")
    return dict(data)


def _number(value: Any, name: str, low: int, high: Optional[int]) -> None:
    # bool is an int in Python, but `true` is no number of pixels.
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} must be a whole number, not {_short(value)}")
    if value < low or (high is not None and value > high):
        limits = f"{low:,} or more" if high is None else f"{low:,} to {high:,}"
        raise BadRequest(f"{name} must be {limits}, not {_short(value)}")


def _uuid(value: Any) -> str:
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise BadRequest(f"id must be a UUID, not {_short(value)}") from None


def _short(value: Any) -> str:
    """Show a value in a sentence; hostile ones are cut and made printable."""
    text = ascii(value) if not isinstance(value, int) or abs(value) < 10**18 else "a huge number"
    return text if len(text) <= 40 else text[:37] + "..."
