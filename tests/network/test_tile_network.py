"""A fill has the size of the tile, sees only what it may see, and says when memory is short."""

import cv2
import numpy as np
import pytest
import torch

from lacuna.engine.pixels.colour_correction import RING_PX
from lacuna.network import tile_network
from lacuna.network.catalogue import find_weights
from lacuna.network.checkpoints import import_weights, load_generator
from lacuna.network.device import traits_of
from lacuna.network.tile_network import RIM_PX, TileNetwork, load_network
from lacuna_wire.errors import DeviceLost

FLOAT32_ROUNDING = 1e-6
BFLOAT16_MAX = 2 / 255  # what the design allows a faster number format to change
BFLOAT16_MEAN = 0.25 / 255


@pytest.fixture
def network(make_weights):
    """Weights of random numbers that propose, in float32."""
    return on_cpu(import_weights(make_weights(), "random"))


@pytest.fixture
def corrector(make_weights):
    words = {"input": "guided", "output": "residual"}
    return on_cpu(import_weights(make_weights(metadata=words), "corrector"))


def on_cpu(info, precision=torch.float32):
    return TileNetwork(info, load_generator(info.path), traits_of(torch.device("cpu"), precision))


class Stub(torch.nn.Module):
    """Stands in for the generator; keeps what it was given, answers one number or a function."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.seen = None

    def forward(self, planes, part):
        self.seen = planes.float().clone()
        whole = self.answer(planes) if callable(self.answer) else self.answer * planes[:, :3]
        return whole[..., *part.enlarge(8).slices]


def near_to(mask):
    """Pixels that are missing or known and no further from a missing one than RIM_PX."""
    return cv2.dilate(mask, np.ones((2 * RIM_PX + 1,) * 2, np.uint8)) > 0


def constant(value):
    return lambda planes: torch.full_like(planes[:, :3], value)


def tile(height, width, seed=0):
    image = np.random.default_rng(seed).random((height, width, 3), np.float32)
    mask = np.zeros((height, width, 1), np.float32)
    mask[height // 4 : -(-height // 2), width // 4 : -(-width // 2)] = 1
    return image, mask


def test_every_pixel_of_every_size_is_proposed_in_its_own_place(network):
    network.lanes[0].generator = Stub(lambda planes: 1 - planes[:, :3])
    sizes = [(side, other) for side in range(1, 41) for other in (side, 41 - side)]
    for size in (*sizes, (1, 200), (200, 1), (65, 129)):
        image, mask = tile(*size)

        fill = network.fill(image, mask)

        assert fill.dtype == np.float32
        near = near_to(mask)
        np.testing.assert_array_equal(fill[near], (1 - image * (1 - mask))[near])


@pytest.mark.parametrize("role", ["proposes", "corrects"])
def test_generator_sees_multiples_of_8_of_at_least_32_mirrored_from_the_tile(role, request):
    """With the pixels of the edge as the authors do, or without them as it was measured."""
    network = request.getfixturevalue("network" if role == "proposes" else "corrector")
    mode = "symmetric" if role == "proposes" else "reflect"
    stub = network.lanes[0].generator = Stub(1 if role == "proposes" else constant(0.5))
    for height, width in ((1, 1), (1, 200), (7, 33), (32, 32), (40, 41)):
        image, mask = tile(height, width)
        fill = network.fill(image, mask)
        shown = image * (1 - mask) if role == "proposes" else image

        sides = stub.seen.shape[-2:]
        assert all(side % 8 == 0 and side >= 32 for side in sides)
        near = near_to(mask)
        np.testing.assert_allclose(fill[near], shown[near], rtol=0, atol=FLOAT32_ROUNDING)
        seen = stub.seen[0].permute(1, 2, 0).numpy()
        added = [(0, side - own) for side, own in zip(sides, (height, width), strict=True)]
        known = np.concatenate([shown, mask], axis=2)
        np.testing.assert_array_equal(seen, np.pad(known, (*added, (0, 0)), mode=mode))


def test_a_network_that_proposes_never_sees_what_is_under_the_mask(network):
    stub, own = Stub(1), network.lanes[0].generator
    image, mask = tile(64, 64)
    other = np.where(mask == 1, 1 - image, image)

    np.testing.assert_array_equal(network.fill(image, mask), network.fill(other, mask))
    for size in ((64, 64), (1, 1), (7, 33), (40, 41)):  # mirrored ones too
        network.lanes[0].generator = stub
        for _fill in network.fill_all([tile(*size, seed) for seed in range(3)]):
            pixels, missing = stub.seen[:, :3], stub.seen[:, 3:] > 0
            assert missing.any()
            assert not (pixels * missing).any()
    network.lanes[0].generator = own


def test_a_network_that_proposes_sees_every_known_pixel(network):
    """The mask is 1 where pixels are missing: the other way round, this would be a no-op."""
    image, mask = tile(64, 64)
    other = np.where(mask == 0, 1 - image, image)

    assert np.abs(network.fill(image, mask) - network.fill(other, mask)).max() > 1e-4


def test_a_network_that_corrects_sees_the_completion_under_the_mask(corrector):
    stub = corrector.lanes[0].generator = Stub(constant(0.5))
    image, mask = tile(32, 32)

    corrector.fill(image, mask)

    planes = np.concatenate([image, mask], axis=2)
    np.testing.assert_array_equal(stub.seen[0].permute(1, 2, 0).numpy(), planes)


@pytest.mark.parametrize(
    ("completion", "proposed", "expected"),
    [
        (0.5, 0.5, 0.5),  # one half is no correction
        (0.25, 0.625, 0.5),  # 0.25 + 2 * 0.625 - 1
        (0.75, 0.25, 0.25),
        (0.9, 0.9, 1.0),  # clipped
        (0.2, 0.1, 0.0),
    ],
)
def test_residual_is_added_to_the_completion(completion, proposed, expected, corrector):
    corrector.lanes[0].generator = Stub(constant(proposed))
    image = np.full((32, 32, 3), completion, np.float32)

    fill = corrector.fill(image, np.ones((32, 32, 1), np.float32))

    np.testing.assert_allclose(fill, expected, atol=FLOAT32_ROUNDING)


def test_picture_is_the_fill_itself(network):
    network.lanes[0].generator = Stub(constant(0.25))

    assert (network.fill(*tile(32, 32)) == 0.25).all()


def test_prepared_network_computes_what_the_plain_generator_computes(network):
    """Folded, in channels-last order, through NumPy and back: the same pixels."""
    image, mask = tile(64, 96)
    planes = np.concatenate([image * (1 - mask), mask], axis=2)
    tensor = torch.from_numpy(planes).permute(2, 0, 1)[None]
    with torch.inference_mode():
        plain = load_generator(network.info.path)(tensor)[0].permute(1, 2, 0).numpy()

    near = near_to(mask)
    np.testing.assert_allclose(network.fill(image, mask)[near], plain[near], atol=2e-5)


def test_known_pixels_are_proposed_only_near_missing_ones(network):
    """The way up costs most per weight, and nobody looks at what it would paint elsewhere."""
    image = np.random.default_rng(0).random((200, 160, 3), np.float32)
    mask = np.zeros((200, 160, 1), np.float32)
    mask[60:70, 90:120] = 1

    fill = network.fill(image, mask)

    changed = np.argwhere((fill != image).any(axis=2))
    near = np.argwhere(near_to(mask))
    assert (changed.min(axis=0) <= near.min(axis=0)).all()
    assert (changed.max(axis=0) >= near.max(axis=0)).all()
    assert len(changed) < 4 * len(near)


def test_the_ring_that_colours_are_matched_by_is_proposed():
    assert RING_PX <= RIM_PX


def test_arrays_of_the_caller_are_not_changed(corrector):
    image, mask = tile(33, 47)
    before = image.copy(), mask.copy()

    fill = corrector.fill(image, mask)
    fill += 1

    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(mask, before[1])


def test_views_and_read_only_arrays_are_taken(network):
    """The engine gives windows of larger planes."""
    image, mask = tile(100, 100)
    window = np.s_[10:60, 20:90]
    image.setflags(write=False)
    mask.setflags(write=False)

    fill = network.fill(image[window], mask[window])

    expected = network.fill(image[window].copy(), mask[window].copy())
    np.testing.assert_array_equal(fill, expected)


def test_half_precision_stays_within_two_steps_of_an_8_bit_picture():
    """On the weights that ship, for a smooth picture with a completion in its hole."""
    info = find_weights("lacuna-small")
    rows, columns = np.mgrid[0:96, 0:128].astype(np.float32)
    waves = [0.5 + 0.4 * np.sin(rows / (7 + k)) * np.cos(columns / (11 - k)) for k in range(3)]
    image = np.stack(waves, axis=2).astype(np.float32)
    mask = np.zeros((96, 128, 1), np.float32)
    mask[30:60, 40:80] = 1
    image = np.where(mask == 1, image.mean(axis=(0, 1)), image).astype(np.float32)

    difference = np.abs(
        on_cpu(info).fill(image, mask) - on_cpu(info, torch.bfloat16).fill(image, mask)
    )

    assert difference.max() < BFLOAT16_MAX
    assert difference.mean() < BFLOAT16_MEAN


def test_loaded_network_says_what_the_engine_asks_for():
    info = find_weights("lacuna-small")
    network = load_network(info, "cpu")

    assert network.info == info
    assert (network.role, network.multiple_px) == ("corrects", 8)
    assert network.max_hole_radius_px == info.max_hole_radius_px
    assert network.tile_px <= 4 * info.trained_px
    assert network.overlap_px == network.tile_px // 8
    assert network.device_name.startswith("CPU, ")


def test_cpu_without_memory_raises_memory_error(network):
    """Asked for a petabyte, torch's own allocator says no in its own words."""
    network.lanes[0].generator = Stub(lambda _: torch.empty(2**50, dtype=torch.uint8))

    with pytest.raises(MemoryError):
        network.fill(*tile(32, 32))


def test_gpu_without_memory_raises_memory_error(network):
    def full(_planes):
        raise torch.OutOfMemoryError("CUDA out of memory")

    network.lanes[0].generator = Stub(full)

    with pytest.raises(MemoryError, match="CUDA out of memory"):
        network.fill(*tile(32, 32))


def test_other_errors_of_torch_stay_what_they_are(network):
    network.lanes[0].generator = Stub(lambda planes: planes @ torch.ones(3, 3))

    with pytest.raises(RuntimeError, match=r"mat1|size|shape"):
        network.fill(*tile(32, 64))


def test_failed_gpu_is_named_as_such(network):
    def broken(_planes):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was met\nTry again")

    network.lanes[0].generator = Stub(broken)

    with pytest.raises(DeviceLost, match=r"illegal memory access was met\)"):
        network.fill(*tile(32, 32))


def test_cpu_is_its_own_last_resort(network):
    assert network.on_cpu() is None


def test_other_device_has_the_same_weights_on_the_cpu_loaded_once(monkeypatch):
    network = load_network(find_weights("lacuna-small"), "cpu")
    monkeypatch.setattr(network, "traits", network.traits._replace(leavable=True))
    cpu = network.on_cpu()

    assert cpu.device.type == "cpu"
    assert cpu.info == network.info
    assert network.on_cpu() is cpu
    np.testing.assert_array_equal(cpu.fill(*tile(64, 64)), network_fill(tile(64, 64)))


def network_fill(planes):
    return load_network(find_weights("lacuna-small"), "cpu").fill(*planes)


def test_network_without_memory_for_weights_raises_memory_error(monkeypatch):
    def full(_path):
        torch.empty(2**50, dtype=torch.uint8)

    monkeypatch.setattr(tile_network, "load_generator", full)

    with pytest.raises(MemoryError):
        load_network(find_weights("lacuna-small"), "cpu")


@pytest.mark.gpu
def test_gpu_fills_like_the_cpu(network):
    if not torch.cuda.is_available():
        pytest.skip("no NVIDIA GPU")
    on_gpu = load_network(network.info, "cuda")
    image, mask = tile(120, 200)

    difference = np.abs(on_gpu.fill(image, mask) - network.fill(image, mask))

    assert difference.max() < BFLOAT16_MAX


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
        "cuFFT error: CUFFT_EXEC_FAILED",
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
    ],
)
def test_libraries_of_a_gpu_that_fail_are_a_lost_device(words, network):
    def fail(_planes, _part):
        raise RuntimeError(words)

    network.lanes[0].generator = fail

    with pytest.raises(DeviceLost, match="The GPU failed") as caught:
        network.fill(*tile(32, 32))
    assert words.partition("\n")[0] in caught.value.message
    assert "kernel errors" not in caught.value.message


@pytest.mark.parametrize(
    "words", ["cuFFT error: CUFFT_ALLOC_FAILED", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when"]
)
def test_libraries_of_a_gpu_without_memory_are_out_of_memory(words, network):
    def fail(_planes, _part):
        raise RuntimeError(words)

    network.lanes[0].generator = fail

    with pytest.raises(MemoryError):
        network.fill(*tile(32, 32))
