"""How one pixel lies in memory."""

from typing import Any, Dict, NamedTuple

from .errors import UnsupportedMedia
from .parsing import fields_of, short

CHANNELS = {"RGBA": 4, "BGRA": 4, "RGB": 3, "GRAY": 1, "GRAYA": 2}
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f16": 2, "f32": 4}
TRANSFERS = ("srgb", "linear")


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
        fields = fields_of(data, "layout", required=cls._fields)
        for key, allowed in (
            ("channels", tuple(CHANNELS)),
            ("sample", tuple(SAMPLE_BYTES)),
            ("transfer", TRANSFERS),
        ):
            if fields[key] not in allowed:
                raise UnsupportedMedia(
                    f"layout.{key} is {short(fields[key])}, but must be one of "
                    f"{', '.join(allowed)}."
                )
        return cls(**fields)
