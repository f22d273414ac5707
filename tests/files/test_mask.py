"""Any picture of what is missing becomes one plane: 255 = missing, 0 = known."""

import struct

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from lacuna.files import MaskMeaning
from lacuna_wire.errors import LacunaError
from tests.files.pictures import noise_of, whole_mask, write_png

SOFT = np.zeros((40, 60), np.uint8)
SOFT[10:30, 20:50] = 255
SOFT[10:30, 18:20] = 90


def test_soft_grey_is_read_as_it_is(tmp_path):
    Image.fromarray(SOFT).save(tmp_path / "mask.png")

    mask = whole_mask(tmp_path / "mask.png")

    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, SOFT)


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("mask.png", SOFT.astype(np.uint16) * 257),
        ("mask.tif", SOFT.astype(np.uint16) * 257),
        ("mask.tif", SOFT),
        ("mask.tif", SOFT.astype(np.float32) / 255),
        ("mask.tif", np.stack([SOFT, SOFT // 2, SOFT // 3], axis=2)),
    ],
    ids=["png u16", "tif u16", "tif u8", "tif f32", "tif rgb"],
)
def test_every_depth_means_the_same(tmp_path, name, samples):
    if name.endswith("png"):
        assert cv2.imwrite(str(tmp_path / name), samples)
    else:
        photometric = "rgb" if samples.ndim == 3 else "minisblack"
        tifffile.imwrite(tmp_path / name, samples, photometric=photometric)

    np.testing.assert_array_equal(whole_mask(tmp_path / name), SOFT)


def test_half_floats_are_within_half_a_step(tmp_path):
    """Half floats have 11 bits, an 8-bit step is never lost."""
    tifffile.imwrite(tmp_path / "mask.tif", (SOFT / 255).astype(np.float16))

    np.testing.assert_array_equal(whole_mask(tmp_path / "mask.tif"), SOFT)


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
def test_any_pure_colour_is_missing_as_a_whole(tmp_path, colour):
    """By brightness a red mask would be a third of a mask."""
    painted = np.zeros((8, 8, 3), np.uint8)
    painted[2:5, 2:5] = colour
    write_png(tmp_path / "mask.png", painted)

    mask = whole_mask(tmp_path / "mask.png")

    assert (mask[2:5, 2:5] == 255).all()
    assert np.count_nonzero(mask) == 9


@pytest.mark.parametrize("channels", ["GRAYA", "RGBA"])
def test_alpha_is_the_mask_unless_it_is_opaque(tmp_path, channels):
    """A black stroke on a transparent layer is missing; an opaque layer shows the mask itself."""
    layer = np.zeros((40, 60, 2 if channels == "GRAYA" else 4), np.uint8)
    layer[..., -1] = SOFT
    write_png(tmp_path / "stroke.png", layer)
    layer[..., :-1] = SOFT[..., None]
    layer[..., -1] = 255
    write_png(tmp_path / "opaque.png", layer)

    np.testing.assert_array_equal(whole_mask(tmp_path / "stroke.png"), SOFT)
    np.testing.assert_array_equal(whole_mask(tmp_path / "opaque.png"), SOFT)


def test_palette_and_single_bit_are_allowed_for_masks(tmp_path):
    hard = (SOFT > 100).astype(np.uint8) * 255
    grey = Image.fromarray(hard)
    grey.convert("1").save(tmp_path / "bit.png")
    grey.convert("RGB").quantize(2).save(tmp_path / "palette.png")
    grey.convert("1").save(tmp_path / "bit.tif")
    grey.convert("1").save(tmp_path / "fax.tif", compression="group4")
    grey.convert("P").save(tmp_path / "palette.tif")

    for name in ("bit.png", "palette.png", "bit.tif", "fax.tif", "palette.tif"):
        np.testing.assert_array_equal(whole_mask(tmp_path / name), hard, err_msg=name)


@pytest.mark.parametrize("bits", [1, 8])
def test_white_is_missing_also_where_zero_means_white(tmp_path, bits):
    stored = np.where(SOFT > 100, 0, 2**bits - 1).astype(bool if bits == 1 else np.uint8)
    tifffile.imwrite(tmp_path / "mask.tif", stored, photometric="miniswhite")

    np.testing.assert_array_equal(whole_mask(tmp_path / "mask.tif") > 0, SOFT > 100)


def test_planes_and_alpha_of_a_tiff_mask(tmp_path):
    """Separate planes, and an alpha channel that is not opaque."""
    layer = np.zeros((4, 40, 60), np.uint8)
    layer[3] = SOFT
    tifffile.imwrite(
        tmp_path / "mask.tif", layer, photometric="rgb", planarconfig="separate",
        extrasamples=["unassalpha"], tile=(16, 16),
    )  # fmt: skip

    np.testing.assert_array_equal(whole_mask(tmp_path / "mask.tif"), SOFT)


@pytest.mark.parametrize("quality", [20, 50, 80, 95])
@pytest.mark.parametrize("name", ["mask.jpg", "mask.webp"])
def test_lossy_mask_is_cut_at_half_so_that_its_ringing_selects_nothing(tmp_path, name, quality):
    """A disc and a line: what rings in their blocks, far away from both, is no speck of its own."""
    drawn = np.zeros((96, 128), np.uint8)
    cv2.circle(drawn, (40, 48), 21, 255, -1)
    cv2.line(drawn, (90, 5), (120, 90), 255, 5)
    options = {"subsampling": 2} if name.endswith("jpg") else {}
    Image.fromarray(drawn).convert("RGB").save(tmp_path / name, quality=quality, **options)
    rings = np.array(Image.open(tmp_path / name).convert("RGB")).max(axis=2)
    away = cv2.distanceTransform(255 - drawn, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    if name.endswith("jpg") and quality < 90:
        assert rings[away > 3].max() > 16, "nothing rings here"

    mask = whole_mask(tmp_path / name)

    assert set(np.unique(mask)) == {0, 255}
    assert not mask[away > 3].any()
    inside = cv2.distanceTransform(drawn, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert (mask[inside > 3] == 255).all()


@pytest.mark.parametrize(
    ("samples", "name", "words"),
    [
        (np.eye(8, dtype=np.uint8), "mask.png", "highest value is 1 of 255.*zeros and ones"),
        (np.eye(8, dtype=np.uint16), "mask.png", "highest value is 1 of 65,535.*zeros and ones"),
        (np.eye(8, dtype=np.uint8) * 3, "mask.png", "highest value is 3 of 255.*from 0 to 3"),
        (np.eye(8, dtype=np.uint8) * 20, "mask.tif", "labels that count from 0 to 20"),
        (np.eye(8, dtype=np.uint16) * 255, "mask.png", "8 bit in a file of 16"),
        (np.eye(8, dtype=np.float32) / 400, "mask.tif", "0.0025 of 1"),
    ],
    ids=["0 and 1", "0 and 1 of 16 bit", "labels", "more labels", "8 bit in 16", "faint floats"],
)
def test_mask_that_would_change_next_to_nothing_is_refused_with_its_likely_cause(
    tmp_path, samples, name, words
):
    if name.endswith("png"):
        assert cv2.imwrite(str(tmp_path / name), samples)
    else:
        tifffile.imwrite(tmp_path / name, samples)

    with pytest.raises(LacunaError, match=words) as refusal:
        whole_mask(tmp_path / name)
    assert refusal.value.code == "faint_mask"
    assert "--mask-threshold 0" in str(refusal.value)
    mask = whole_mask(tmp_path / name, MaskMeaning(threshold=0))
    np.testing.assert_array_equal(mask, (samples > 0) * 255)


def test_gray_of_a_tenth_is_a_mask(tmp_path):
    Image.fromarray(np.eye(8, dtype=np.uint8) * 26).save(tmp_path / "mask.png")

    assert whole_mask(tmp_path / "mask.png").max() == 26


@pytest.mark.parametrize("threshold", [0, 89, 90, 254])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_threshold_cuts_between_brighter_and_not(tmp_path, threshold, dtype):
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    tifffile.imwrite(tmp_path / "mask.tif", (SOFT * (top / 255)).astype(dtype))

    mask = whole_mask(tmp_path / "mask.tif", MaskMeaning(threshold=threshold))

    np.testing.assert_array_equal(mask, (threshold < SOFT) * 255)


@pytest.mark.parametrize("threshold", [None, 100])
def test_inverted_mask_is_the_mask_of_all_else(tmp_path, threshold):
    Image.fromarray(SOFT).save(tmp_path / "mask.png")
    Image.fromarray(255 - SOFT).save(tmp_path / "negative.png")
    layer = np.zeros((*SOFT.shape, 4), np.uint8)
    layer[..., 3] = SOFT
    write_png(tmp_path / "layer.png", layer)

    expected = 255 - whole_mask(tmp_path / "mask.png", MaskMeaning(False, threshold))

    for name in ("mask.png", "layer.png"):
        inverted = whole_mask(tmp_path / name, MaskMeaning(True, threshold))
        np.testing.assert_array_equal(inverted, expected, err_msg=name)
    if threshold is None:
        np.testing.assert_array_equal(whole_mask(tmp_path / "negative.png"), expected)


@pytest.mark.parametrize(
    ("name", "meaning", "words"),
    [
        ("mask.jpg", MaskMeaning(), "JPEG or lossy WebP is cut at 127 of 255"),
        ("mask.png", MaskMeaning(threshold=200), "the cut is at 200 of 255"),
    ],
)
def test_mask_that_is_darker_than_its_cut_is_refused_with_one_that_it_passes(
    tmp_path, name, meaning, words
):
    Image.fromarray(SOFT // 3).save(tmp_path / name)

    with pytest.raises(LacunaError, match=words) as refusal:
        whole_mask(tmp_path / name, meaning)

    assert refusal.value.code == "faint_mask"
    threshold = int(str(refusal.value).split("--mask-threshold ")[1].split(",")[0])
    mask = whole_mask(tmp_path / name, MaskMeaning(threshold=threshold))
    assert (mask[14:26, 24:46] == 255).all()


def test_empty_mask_is_no_error_here(tmp_path):
    Image.fromarray(SOFT * 0).save(tmp_path / "mask.png")

    assert not whole_mask(tmp_path / "mask.png").any()


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.full((8, 8), np.nan, np.float32), "NaN"),
        (np.full((8, 8), -1, np.float32), "negative"),
        (np.full((8, 8), 255, np.float32), "up to 255"),
        (np.ones((8, 8), np.complex64), "complex64"),
        (np.ones((3, 8, 8), np.uint8), "3 pages"),
        (np.ones((8, 8), np.int16), "int16"),
    ],
)
def test_numbers_that_are_no_mask_are_named(tmp_path, samples, words):
    tifffile.imwrite(tmp_path / "mask.tif", samples, photometric="minisblack")

    with pytest.raises(LacunaError, match=words) as refusal:
        whole_mask(tmp_path / "mask.tif")
    assert refusal.value.code == "unsupported_layout"


def test_inks_are_no_mask(tmp_path):
    Image.new("CMYK", (8, 8)).save(tmp_path / "mask.jpg")
    Image.new("CMYK", (8, 8)).save(tmp_path / "mask.tif")

    for name in ("mask.jpg", "mask.tif"):
        with pytest.raises(LacunaError) as refusal:
            whole_mask(tmp_path / name)
        assert refusal.value.code == "unsupported_layout"


def test_mask_that_declares_too_many_pixels_is_refused_unread(tmp_path):
    """Both would need more memory than there is; neither may be tried."""
    tifffile.imwrite(tmp_path / "mask.tif", np.ones((8, 8), np.uint8))
    data = bytearray((tmp_path / "mask.tif").read_bytes())
    for tag in (256, 257):
        at = data.index(struct.pack("<HHI", tag, 4, 1))
        struct.pack_into("<I", data, at + 8, 100_000)
    (tmp_path / "mask.tif").write_bytes(data)

    with pytest.raises(LacunaError, match=r"100,000 x 100,000 px") as refusal:
        whole_mask(tmp_path / "mask.tif")
    assert refusal.value.code == "too_large"


def test_large_values_round_to_the_nearest_step(tmp_path):
    samples = noise_of("GRAY", "u16", 300, 7)
    write_png(tmp_path / "mask.png", samples)

    expected = np.rint(samples[..., 0] / 257)
    np.testing.assert_array_equal(whole_mask(tmp_path / "mask.png"), expected)
