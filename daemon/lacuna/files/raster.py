"""PNG, JPEG and WebP pictures: decoded as a whole, once, in their own depth.

Their compression runs through the whole file, so there is no reading of a window alone.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lacuna_wire.messages import PixelLayout
from lacuna_wire.rect import Rect

from . import exif, jpeg, png, webp
from .convert import save_converted
from .formats import JPEG, PNG, WEBP, Format, format_of_name
from .metadata import Metadata
from .orientation import Turn, displayed, stored, stored_rect, turn_of
from .output import replacing, write_pieces
from .picture import Decoded, Patch, Pixels, check_patches, check_rect, layout_of
from .refusals import reading

_DECODERS: dict[str, Callable[[bytes, Path, bool], Decoded]] = {
    PNG.name: png.decode,
    JPEG.name: jpeg.decode,
    WEBP.name: webp.decode,
}


@dataclass(frozen=True)
class RasterPicture:
    """A `Picture` whose pixels are in memory, once.

    Not for several threads: while it is saved, the patches stand in its pixels.
    """

    path: Path
    format: str
    decoded: Decoded

    @property
    def turn(self) -> Turn:
        return turn_of(exif.orientation(self.metadata.exif))

    @property
    def width(self) -> int:
        return int(displayed(self.decoded.pixels, self.turn).shape[1])

    @property
    def height(self) -> int:
        return int(displayed(self.decoded.pixels, self.turn).shape[0])

    @property
    def layout(self) -> PixelLayout:
        return layout_of(self.decoded.pixels.shape[2], self.decoded.pixels.dtype)

    @property
    def lossy(self) -> bool:
        return self.decoded.lossy

    @property
    def metadata(self) -> Metadata:
        return self.decoded.metadata

    def read(self, rect: Rect) -> Pixels:
        check_rect(self, rect)
        return displayed(self.decoded.pixels, self.turn)[rect.slices].copy(order="C")

    def save(self, out: Path, patches: Sequence[Patch]) -> None:
        check_patches(self, patches)
        target = format_of_name(out)
        with self._patched(patches) as pixels:
            if target is not None and target.name == self.format:
                with replacing(out) as part:
                    write_pieces(part, self.decoded.encode(pixels))
            else:
                save_converted(out, self, displayed(pixels, self.turn))

    @contextmanager
    def _patched(self, patches: Sequence[Patch]) -> Iterator[Pixels]:
        """Lend the stored pixels with the patches in them: a second copy could be gigabytes."""
        pixels = self.decoded.pixels
        places = [
            stored_rect(rect, self.width, self.height, self.turn).slices for rect, _ in patches
        ]
        before = [pixels[place].copy() for place in places]
        try:
            for place, (_, patch) in zip(places, patches, strict=True):
                pixels[place] = stored(patch, self.turn)
            yield pixels
        finally:
            for place, original in zip(places, before, strict=True):
                pixels[place] = original


def open_raster(path: Path, kind: Format, as_mask: bool = False) -> RasterPicture:
    """Read and decode a whole PNG, JPEG or WebP file.

    Raises:
        LacunaError: If it is damaged, too large, or of a layout that cannot be edited.
    """
    with reading(path):
        decoded = _DECODERS[kind.name](path.read_bytes(), path, as_mask)
        # Libraries may hand out memory that is theirs; the patches are written into it later.
        pixels = np.require(decoded.pixels, requirements=["C", "W"])
    return RasterPicture(path, kind.name, decoded._replace(pixels=pixels))
