"""Tiles cover what they should, are equal, and stay inside the plane: for every small size."""

import itertools

import pytest

from lacuna.engine.geometry.tiles import plan_tiles, tile_starts
from lacuna_wire import Rect


@pytest.mark.parametrize("length", range(1, 260))
@pytest.mark.parametrize(("tile", "overlap"), [(48, 12), (48, 0), (48, 47), (64, 16)])
def test_tiles_on_an_axis_cover_it_and_overlap_at_least_as_asked(length, tile, overlap):
    starts = tile_starts(length, tile, overlap)

    assert starts[0] == 0
    assert starts[-1] + tile >= length
    assert starts[-1] + tile == length or starts == [0]
    assert all(0 < b - a <= tile - overlap for a, b in itertools.pairwise(starts))


@pytest.mark.parametrize("overlap", [-1, 64, 65])
def test_overlap_that_leaves_no_room_is_an_error(overlap):
    with pytest.raises(ValueError, match="does not fit"):
        tile_starts(100, 64, overlap)


@pytest.mark.parametrize("width", [1, 7, 8, 9, 63, 64, 65, 100, 200])
@pytest.mark.parametrize("height", [1, 5, 64, 70, 150])
def test_tiles_of_an_area_cover_it_stay_inside_and_are_equal(width, height):
    plane = Rect(0, 0, 211, 173)
    for left, top in ((0, 0), (plane.width - width, plane.height - height), (3, 11)):
        area = Rect(left, top, width, height)
        tiles = plan_tiles(area, plane, tile=64, overlap=16, multiple=8)

        covered = {(x, y) for t in tiles for x in range(t.left, t.right) for y in (t.top, t.bottom)}
        assert all(plane.contains(tile) for tile in tiles)
        assert len({(tile.width, tile.height) for tile in tiles}) == 1
        assert {x for x, _y in covered} >= set(range(area.left, area.right))
        assert min(t.top for t in tiles) <= area.top
        assert max(t.bottom for t in tiles) >= area.bottom
        assert [tile.top for tile in tiles] == sorted(tile.top for tile in tiles)


def test_small_area_gets_one_tile_rounded_up_with_real_pixels():
    (tile,) = plan_tiles(Rect(50, 60, 13, 9), Rect(0, 0, 200, 200), tile=64, overlap=16, multiple=8)

    assert (tile.width, tile.height) == (16, 16)
    assert tile.width % 8 == 0
    assert tile.contains(Rect(50, 60, 13, 9))


def test_plane_smaller_than_the_multiple_gives_its_own_size():
    (tile,) = plan_tiles(Rect(0, 0, 3, 1), Rect(0, 0, 3, 1), tile=64, overlap=16, multiple=8)

    assert tile == Rect(0, 0, 3, 1)
