"""Batches and several devices change when tiles are computed, and nothing else."""

import copy

import numpy as np
import pytest
import torch

from lacuna.network.batches import Lane, equal_tiles, fill_in_batches
from lacuna.network.checkpoints import import_weights, load_generator
from lacuna.network.device import traits_of
from lacuna.network.graphs import RecordedGenerator
from lacuna.network.tile_network import TileNetwork, load_network

# Sums of a batch may be taken in another order.
FLOAT32_SUMS = 1e-5
BFLOAT16_MAX = 2 / 255
SIZES = [(64, 64)] * 7 + [(40, 72)] * 2 + [(64, 64)] * 3 + [(33, 41)]

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")


@pytest.fixture(params=["residual", "picture"])
def info(request, make_weights):
    words = {"input": "guided", "output": request.param}
    return import_weights(make_weights(request.param, metadata=words), request.param)


def tiles(sizes=SIZES):
    """Every tile differs, so that none can be taken for another."""
    rng = np.random.default_rng(4)
    return [
        (rng.random((*size, 3), np.float32), (rng.random((*size, 1)) < 0.3).astype(np.float32))
        for size in sizes
    ]


class Clerk:
    """Stands in for a lane and what asks it: writes down what it was shown, and when it waited."""

    def __init__(self, ahead=0, fits=100, log=None):
        self.ahead, self.fits = ahead, fits
        self.log = [] if log is None else log
        self.asked = []

    def begin(self, lane, group):
        assert lane in (self, *getattr(self, "others", ()))
        lane.asked.append(len(group))
        if len(group) > lane.fits:
            raise MemoryError
        self.log.append(("begun", len(group)))

        def finish():
            self.log.append(("fetched", len(group)))
            return [image * 2 for image, _mask in group]

        return finish


def check(fills, shown):
    assert len(fills) == len(shown)
    for fill, (image, _mask) in zip(fills, shown, strict=True):
        np.testing.assert_array_equal(fill, image * 2)


@pytest.mark.parametrize("most", [1, 2, 4, 16])
def test_groups_are_neighbours_of_one_size_in_powers_of_two(most):
    shown = tiles()
    groups = list(equal_tiles(shown, lambda _size: most))

    assert [id(tile) for group in groups for tile in group] == [id(tile) for tile in shown]
    for group in groups:
        assert len(group) in (1, 2, 4, 8, 16)
        assert len(group) <= most
        assert len({tile[1].shape for tile in group}) == 1
    if most == 4:
        assert [len(group) for group in groups] == [4, 2, 1, 2, 2, 1, 1]


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("count", [1, 3])
def test_fills_come_in_the_order_of_the_tiles(most, ahead, count):
    shown, log = tiles(), []
    lanes = [Clerk(ahead, log=log) for _ in range(count)]
    lanes[0].others = lanes

    check(list(fill_in_batches(shown, lanes, lanes[0].begin, lambda _: most)), shown)

    batches = [len(lane.asked) for lane in lanes]
    assert max(batches) - min(batches) <= 1  # dealt out in turn
    under_way = most_under_way = 0
    for what, _ in log:
        under_way += 1 if what == "begun" else -1
        most_under_way = max(most_under_way, under_way)
    assert most_under_way <= 1 + ahead * count


def test_without_batches_a_tile_is_read_when_the_one_before_was_taken():
    """The fill of a CPU is blended, counted and perhaps cancelled before the next is begun."""
    clerk, read = Clerk(), []

    def shown():
        for tile in tiles():
            read.append(tile)
            yield tile

    for number, _fill in enumerate(fill_in_batches(shown(), [clerk], clerk.begin, lambda _: 1), 1):
        assert len(read) == number


def test_cancelled_fill_begins_no_further_batch():
    clerk = Clerk(ahead=2)
    fills = fill_in_batches(tiles([(64, 64)] * 100), [clerk], clerk.begin, lambda _: 4)
    next(fills)
    begun = len(clerk.asked)
    fills.close()

    assert len(clerk.asked) == begun == 3


def test_batch_that_does_not_fit_is_filled_one_by_one_and_so_are_the_others():
    clerk, shown = Clerk(ahead=2, fits=1), tiles([(64, 64)] * 10)

    check(list(fill_in_batches(shown, [clerk], clerk.begin, lambda _: 4)), shown)

    assert clerk.asked == [4] + [1] * 10


def test_finished_batches_are_fetched_before_less_is_tried():
    """They hold memory, and nobody computes them twice."""
    clerk, shown = Clerk(ahead=2, fits=4), tiles([(64, 64)] * 8 + [(80, 80)] * 8)
    most = {(64, 64): 4, (80, 80): 8}

    check(list(fill_in_batches(shown, [clerk], clerk.begin, most.get)), shown)

    assert clerk.asked == [4, 4, 8] + [1] * 8
    assert clerk.log[:4] == [("begun", 4)] * 2 + [("fetched", 4)] * 2


def test_tile_that_does_not_fit_alone_is_an_error_after_those_before_it():
    class Filling(Clerk):
        def begin(self, lane, group):
            self.fits = 0 if len(self.asked) >= 3 else 100
            return super().begin(lane, group)

    clerk, shown, fills = Filling(ahead=2), tiles([(64, 64)] * 20), []
    with pytest.raises(MemoryError):
        fills.extend(fill_in_batches(shown, [clerk], clerk.begin, lambda _: 4))

    check(fills, shown[:12])


@pytest.mark.parametrize("most", [2, 8])
@pytest.mark.parametrize("count", [1, 2])
def test_batch_gives_the_same_as_one_by_one(info, most, count, monkeypatch):
    cpu = traits_of(torch.device("cpu"), torch.float32)
    plain = TileNetwork(info, load_generator(info.path), cpu)
    network = TileNetwork(info, load_generator(info.path), *[cpu] * count)
    monkeypatch.setattr(network, "_most_tiles", lambda _size: most)
    shown, seen = tiles(), []
    for lane in network.lanes:
        own = lane.generator
        lane.generator = lambda *asked, own=own: seen.append(len(asked[0])) or own(*asked)

    fills = list(network.fill_all(shown))

    assert max(seen) == min(most, 4)  # of seven equal ones
    for fill, tile in zip(fills, shown, strict=True):
        assert fill.shape == tile[0].shape
        assert fill.flags.c_contiguous
        np.testing.assert_allclose(fill, plain.fill(*tile), rtol=0, atol=FLOAT32_SUMS)


@pytest.mark.gpu
@needs_gpu
def test_gpu_fills_batches_like_the_cpu(info):
    shown = tiles([(128, 128)] * 40 + [(120, 200)] * 9)
    on_gpu, on_cpu = load_network(info, "cuda"), load_network(info, "cpu")

    for fill, tile in zip(on_gpu.fill_all(shown), shown, strict=True):
        assert np.abs(fill - on_cpu.fill(*tile)).max() < BFLOAT16_MAX
    assert on_gpu.busy_seconds() > 0


@pytest.mark.gpu
@needs_gpu
def test_recorded_generator_answers_like_the_plain_one_for_every_shape_and_time(info):
    device = torch.device("cuda", 0)
    network = TileNetwork(info, load_generator(info.path), traits_of(device, torch.float32))
    recorded = network.lanes[0].generator
    assert isinstance(recorded, RecordedGenerator)
    plain = copy.deepcopy(recorded._generator)

    for _ in range(4):
        for shape in ((1, 4, 64, 64), (4, 4, 64, 64), (2, 4, 40, 72)):
            planes = torch.rand(shape, device=device).contiguous(memory_format=torch.channels_last)
            with torch.inference_mode():
                first, second = recorded(planes), recorded(planes.flip(-1))
                assert torch.allclose(first, plain(planes), atol=1e-4)
                assert torch.allclose(second, plain(planes.flip(-1)), atol=1e-4)
    assert len(recorded._recordings) == 3
    recorded.forget()
    assert not recorded._recordings


@pytest.mark.gpu
@needs_gpu
def test_gpu_fetches_batches_by_itself_and_is_not_waited_for():
    """Memory that is not pinned would make every copy wait for all kernels before it."""
    device = torch.device("cuda", 0)

    class Slow(torch.nn.Module):
        def forward(self, planes, part=None):
            torch.cuda._sleep(2_000_000_000)  # about a second
            return planes[:, :3].float()

    lane = Lane(Slow(), traits_of(device, torch.float32))
    planes = lane.new_batch(2, 64, 64)
    planes.uniform_()
    assert planes.is_pinned()
    finish = lane.begin(planes)

    assert not torch.cuda.current_stream(device).query()  # it still computes
    np.testing.assert_array_equal(finish(), planes[..., :3].numpy())
    assert lane.busy_s > 0.1


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="fewer than two NVIDIA GPUs")
def test_all_gpus_take_tiles_side_by_side(info):
    network, on_cpu = load_network(info, "cuda:all"), load_network(info, "cpu")
    shown = tiles([(128, 128)] * 100)

    for fill, tile in zip(network.fill_all(shown), shown, strict=True):
        assert np.abs(fill - on_cpu.fill(*tile)).max() < BFLOAT16_MAX
    assert len(network.lanes) == torch.cuda.device_count()
    assert all(lane.busy_s > 0 for lane in network.lanes)
