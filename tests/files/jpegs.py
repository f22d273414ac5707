"""JPEG files as other programs write them, and how their decoders show them."""

import imagecodecs
import numpy as np
from PIL import Image

from tests.files.pictures import pillow

import cv2  # isort: skip

SAMPLINGS = {
    "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    "420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    "440": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
    "411": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411,
}
# Pixels across and down that are coded together.
MCUS = {"444": (8, 8), "422": (16, 8), "420": (16, 16), "440": (8, 16), "411": (32, 8),
        "gray": (8, 8), "rgb": (8, 8)}  # fmt: skip


def grainy(height, width, channels=3, seed=3):
    """Something like a photograph: soft shapes, and grain that no table rounds away."""
    random = np.random.default_rng(seed)
    coarse = random.integers(20, 236, (max(2, height // 24), max(2, width // 24), channels))
    soft = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    grain = random.normal(0, 9, (height, width, channels))
    pixels = soft.reshape(height, width, channels) + grain
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def jpeg_of(pixels, sampling="420", quality=88, progressive=False, restart=0, optimize=False):
    """Write by OpenCV (libjpeg-turbo), or samples of RGB by Pillow."""
    if sampling == "rgb":
        return _by_pillow(pixels, quality=quality, keep_rgb=True, progressive=progressive)
    order = pixels[..., 0] if pixels.shape[2] == 1 else pixels[..., ::-1]
    parameters = [
        cv2.IMWRITE_JPEG_QUALITY, quality,
        cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive),
        cv2.IMWRITE_JPEG_RST_INTERVAL, restart,
        cv2.IMWRITE_JPEG_OPTIMIZE, int(optimize),
    ]  # fmt: skip
    if pixels.shape[2] == 3:
        parameters += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling]]
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(order), parameters)
    assert done
    return data.tobytes()


def _by_pillow(pixels, **options):
    from io import BytesIO

    file = BytesIO()
    pillow(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def by_turbo(data):
    """Decode by libjpeg-turbo as imagecodecs builds it: (h, w, channels)."""
    pixels = imagecodecs.jpeg8_decode(data)
    return pixels.reshape(*pixels.shape[:2], -1)


def by_opencv(data):
    """Decode by OpenCV: (h, w, channels)."""
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    return pixels.reshape(*pixels.shape[:2], -1)[..., ::-1]


def by_pillow(data):
    """Decode by Pillow: (h, w, channels)."""
    from io import BytesIO

    pixels = np.array(Image.open(BytesIO(data)))
    return pixels.reshape(*pixels.shape[:2], -1)


def blocks_under(changed, mcu):
    """Grow (h, w) bool to whole groups of blocks."""
    height, width = changed.shape
    wide, tall = mcu
    grown = np.pad(changed, ((0, -height % tall), (0, -width % wide)))
    cells = grown.reshape(grown.shape[0] // tall, tall, grown.shape[1] // wide, wide).any((1, 3))
    return cells.repeat(tall, 0).repeat(wide, 1)[:height, :width]
