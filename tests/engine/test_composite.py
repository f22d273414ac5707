"""What is not selected comes back bit for bit; what is selected fades as the selection does."""

import numpy as np
import pytest

from lacuna.engine.pixels.colour_correction import correct_colours
from lacuna.engine.pixels.composite import composite
from lacuna.engine.pixels.hole import soften
from lacuna.samples import DTYPES, FULL_SCALE
from lacuna_wire import Options, PixelLayout
from lacuna_wire.layout import CHANNELS, SAMPLE_BYTES

ONE_U8_STEP = 1 / 255


def disc(size=80, radius=25, value=255):
    y, x = np.ogrid[:size, :size]
    return (((y - size / 2) ** 2 + (x - size / 2) ** 2 < radius**2) * value).astype(np.uint8)


def random_samples(layout, shape=(80, 80)):
    """Every bit pattern of the type, NaN and infinity included."""
    rng = np.random.default_rng(7)
    count = shape[0] * shape[1] * layout.pixel_bytes
    data = rng.integers(0, 256, count, np.uint8).tobytes()
    return np.frombuffer(data, DTYPES[layout.sample]).reshape(*shape, layout.channel_count)


@pytest.mark.parametrize("transfer", ["srgb", "linear"])
@pytest.mark.parametrize("sample", SAMPLE_BYTES)
@pytest.mark.parametrize("channels", CHANNELS)
def test_pixels_outside_the_mask_are_the_same_bits(channels, sample, transfer):
    layout = PixelLayout(channels, sample, transfer)
    samples, soft = random_samples(layout), disc()
    fill = np.full((80, 80, 3), 0.5, np.float32)

    result = composite(samples, fill, soft, layout, Options(result="composite"))

    outside = soft == 0
    assert result[outside].tobytes() == samples[outside].tobytes()
    assert result[~outside].tobytes() != samples[~outside].tobytes()
    assert np.isfinite(result[~outside][..., :1].astype(np.float64)).all()
    if layout.has_alpha:  # the fill is opaque
        assert (result[~outside][..., -1] == FULL_SCALE[sample]).all()


@pytest.mark.parametrize("sample", SAMPLE_BYTES)
def test_layer_is_the_fill_with_the_soft_mask_as_alpha_and_zeros_elsewhere(sample):
    layout = PixelLayout("BGRA", sample)
    soft = disc(value=102)  # 0.4
    fill = np.empty((80, 80, 3), np.float32)
    fill[:] = (0.2, 0.4, 0.6)

    layer = composite(random_samples(layout), fill, soft, layout, Options(result="layer"))

    one = 255 if sample == "u8" else 65535 if sample == "u16" else 1
    inside = layer[soft > 0].astype(np.float64) / one
    np.testing.assert_allclose(inside, [[0.6, 0.4, 0.2, 0.4]] * len(inside), atol=ONE_U8_STEP / 2)
    assert not layer[soft == 0].any()


def test_half_selected_pixel_is_half_fill_and_half_picture():
    layout = PixelLayout("RGB", "u16")
    samples = np.full((1, 1, 3), 10_000, np.uint16)
    fill = np.full((1, 1, 3), 50_000 / 65535, np.float32)
    soft = np.array([[51]], np.uint8)  # 0.2

    result = composite(samples, fill, soft, layout, Options(result="composite"))

    assert result.ravel().tolist() == [18_000] * 3


def test_feather_changes_nothing_outside_and_fades_inwards():
    selection = disc()

    soft = soften(selection, grow=0, feather=10)

    assert (soft[selection == 0] == 0).all()
    assert (soft[selection > 0] > 0).all()
    row = soft[40, 15:41].astype(int)
    assert (np.diff(row) >= 0).all()
    assert row[1] < 128 < row[-1] == 255


def test_feather_does_not_fade_at_the_picture_border():
    soft = soften(np.full((20, 20), 255, np.uint8), grow=0, feather=8)

    assert (soft == 255).all()


@pytest.mark.parametrize("grow", [1, 4, 9])
def test_grow_enlarges_by_that_many_pixels(grow):
    selection = np.zeros((60, 60), np.uint8)
    selection[30, 30] = 200

    soft = soften(selection, grow, feather=0)

    assert np.flatnonzero(soft[30]).tolist() == list(range(30 - grow, 30 + grow + 1))
    assert set(np.unique(soft)) == {0, 200}


def test_colour_cast_of_the_fill_is_taken_out():
    rng = np.random.default_rng(4)
    image = np.clip(rng.normal(0.5, 0.05, (120, 120, 3)), 0, 1).astype(np.float32)
    mask = (disc(120, 30) > 0)[..., None].astype(np.float32)
    cast = np.float32([0.05, -0.03, 0.02])

    corrected = correct_colours(image + cast, image, mask)

    np.testing.assert_allclose(corrected, image, atol=0.2 * ONE_U8_STEP)


def test_cast_that_changes_along_the_hole_is_followed():
    image = np.full((64, 256, 3), 0.5, np.float32)
    mask = np.zeros((64, 256, 1), np.float32)
    mask[24:40, 20:236] = 1
    cast = np.linspace(-0.1, 0.1, 256, dtype=np.float32)[None, :, None]

    corrected = correct_colours(image + cast, image, mask)

    assert np.abs(corrected - image)[24:40, 20:236].max() < 0.015


def test_line_that_the_network_has_left_out_casts_no_tint():
    image = np.full((96, 96, 3), 0.5, np.float32)
    mask = np.zeros((96, 96, 1), np.float32)
    mask[32:64, 32:64] = 1
    fill = image + np.float32(0.05)
    image[:, 26:29] = 0  # beside the hole

    corrected = correct_colours(fill, image, mask)

    np.testing.assert_allclose(corrected[32:64, 32:64], 0.5, atol=ONE_U8_STEP)


def test_tile_without_known_pixels_is_left_alone():
    fill = np.full((16, 16, 3), 0.3, np.float32)

    corrected = correct_colours(fill, np.zeros_like(fill), np.ones((16, 16, 1), np.float32))

    np.testing.assert_array_equal(corrected, fill)
