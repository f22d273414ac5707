"""Tiles suit the memory that is free and the pictures that the weights were trained on."""

import pytest
import torch

from lacuna.network.catalogue import find_weights
from lacuna.network.tile_size import (
    MOST_BATCH_BYTES,
    SHARE_OF_BATCH,
    TILES,
    default_batch,
    default_piece,
    default_tile,
    tile_bytes,
)
from lacuna.network_facts import USUAL_PIECE_PX, usual_overlap

GB = 10**9
GIB = 2**30


@pytest.fixture
def big_lama():
    info = find_weights("lacuna-small")
    return info._replace(name="big-lama", dimensions={"width": 64, "blocks": 18}, usable_px=1024)


@pytest.mark.parametrize("unit", [GB, GIB])
@pytest.mark.parametrize(
    ("free", "tile", "overlap"),
    [(80, 1024, 128), (18, 1024, 128), (12, 768, 96), (8, 512, 64), (4, 512, 64), (1, 512, 64)],
)
def test_big_lama_in_float32_follows_the_table_of_free_memory(unit, free, tile, overlap, big_lama):
    assert default_tile(big_lama, free * unit, torch.float32) == tile
    assert usual_overlap(tile) == overlap


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_tile_grows_with_memory_and_never_exceeds_what_fits(precision, big_lama):
    free_bytes = [2**power for power in range(20, 40)]
    tiles = [default_tile(big_lama, free, precision) for free in free_bytes]

    assert tiles == sorted(tiles)
    assert set(tiles) <= set(TILES)
    for free, tile in zip(free_bytes, tiles, strict=True):
        assert tile == TILES[0] or tile_bytes(big_lama, tile**2, precision) <= free / 2


def test_half_precision_never_makes_tiles_smaller(big_lama):
    for power in range(20, 40):
        half = default_tile(big_lama, 2**power, torch.bfloat16)
        assert half >= default_tile(big_lama, 2**power, torch.float32)


def test_big_lama_is_shown_two_megapixels_in_one_piece_where_there_is_memory(big_lama):
    assert default_piece(big_lama, 8 * GIB) == USUAL_PIECE_PX == 2 * 1024**2


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_piece_grows_with_memory_fits_and_is_no_smaller_than_a_tile(precision, big_lama):
    free_bytes = [2**power for power in range(20, 40)]
    pieces = [default_piece(big_lama, free, precision) for free in free_bytes]

    assert pieces == sorted(pieces)
    for free, piece in zip(free_bytes, pieces, strict=True):
        tile = default_tile(big_lama, free, precision)
        assert piece >= tile**2
        assert piece == tile**2 or tile_bytes(big_lama, piece, precision) <= free / 2


@pytest.mark.parametrize("usable_px", [128, 256, 512, 1024, 2048])
def test_tile_is_never_larger_than_what_the_weights_can_be_shown(usable_px, big_lama):
    tile = default_tile(big_lama._replace(usable_px=usable_px), 100 * GIB, torch.float32)

    assert tile == usable_px


def test_all_tiles_are_multiples_of_64():
    assert all(tile % 64 == 0 and usual_overlap(tile) % 8 == 0 for tile in TILES)


@pytest.mark.parametrize("side", [64, 256, 512, 1024, 2048])
def test_batch_is_the_largest_power_of_two_that_fits_beside_what_else_is_in_memory(side, big_lama):
    each = tile_bytes(big_lama, side**2, torch.bfloat16)
    for power in range(20, 40):
        room = min(SHARE_OF_BATCH * 2**power, MOST_BATCH_BYTES)
        batch = default_batch(big_lama, side**2, 2**power, torch.bfloat16)

        assert batch.bit_count() == 1
        assert batch == 1 or batch * each <= room
        assert 2 * batch * each > room


def test_wider_weights_and_longer_numbers_take_more_memory(big_lama):
    small = find_weights("lacuna-small")
    for precision in (torch.float32, torch.bfloat16):
        assert tile_bytes(small, 512**2, precision) < tile_bytes(big_lama, 512**2, precision)
    half, full = (tile_bytes(small, 512**2, one) for one in (torch.bfloat16, torch.float32))
    assert half < full
