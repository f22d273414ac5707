"""TIFF files for the tests, written and read by tifffile alone."""

import numpy as np
import tifffile


def write(path, pixels, **options):
    """Write (h, w, channels) by tifffile, with straight alpha unless `options` say otherwise."""
    channels = pixels.shape[2]
    if channels in (2, 4):
        options.setdefault("extrasamples", ["unassalpha"])
    options.setdefault("photometric", "rgb" if channels > 2 else "minisblack")
    options.setdefault("planarconfig", "contig")
    if channels == 1:
        pixels = pixels[..., 0]
        del options["planarconfig"]
    elif options["planarconfig"] == "separate":
        pixels = np.moveaxis(pixels, -1, 0)
    tifffile.imwrite(path, pixels, **options)


def read(path):
    """All pixels (h, w, channels) by tifffile, in the layout of `write`."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        pixels = page.asarray()
        if page.samplesperpixel > 1 and page.planarconfig == 2:
            pixels = np.moveaxis(pixels, 0, -1)
        return pixels.reshape(page.imagelength, page.imagewidth, -1)


def raw_segments(path):
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        return [
            data[at : at + count]
            for at, count in zip(page.dataoffsets, page.databytecounts, strict=True)
        ]


def tags(path):
    with tifffile.TiffFile(path) as tiff:
        return {tag.code: (tag.count, tag.value) for tag in tiff.pages.first.tags}
