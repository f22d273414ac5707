"""The hole finds its own edge: where something bleeds, as far as it does, and nowhere else."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from benchmarks.edge_cases import KINDS, Setting, halo_energy, paste, punch
from benchmarks.workbench import CompletionAlone
from lacuna.engine.edge import profiles
from lacuna.engine.edge.find import MOST_GROWN_PX, SelectionWithBand, find_edge
from lacuna.engine.pixels.document import Document
from lacuna.samples import DTYPES, FULL_SCALE
from lacuna_wire import Options, PixelLayout, Rect
from lacuna_wire.errors import JobCancelled
from lacuna_wire.options import AUTO_GROW
from tests.drawn import RGB, document_of, fill_whole, noise, rgba

AUTO = Options(grow=AUTO_GROW, result="composite")
PHOTOGRAPHS = ("astronaut", "coffee", "immunohistochemistry", "rocket")
SOFT = [
    Setting(1), Setting(2), Setting(4), Setting(1, 80), Setting(1, 80, -1), Setting(2, 0, -1),
    Setting(2, 0, -2), Setting(2, 0, 2), Setting(4, 0, 2),
]  # fmt: skip


@pytest.fixture(scope="module")
def photographs():
    return {name: getattr(data, name)() for name in PHOTOGRAPHS}


def pasted(photographs, kind, setting):
    for number, name in enumerate(PHOTOGRAPHS):
        other = photographs[PHOTOGRAPHS[number - 1]]
        yield paste(name, photographs[name], other, kind, setting)


def grown(picture, mask, options=AUTO, layout=RGB):
    """The selection as it is grown, and by how much."""
    edge = find_edge(Document(picture, mask, layout), options)
    return np.asarray(edge.document.selection[edge.document.rect.slices]), edge.grown_px


def halo_left(photographs, kind, setting):
    cases = list(pasted(photographs, kind, setting))
    energies = [halo_energy(case, grown(case.picture, case.mask)[0]) for case in cases]
    halo, left = np.sum(energies, axis=0)
    return left / halo


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("setting", SOFT, ids=str)
def test_most_of_a_halo_is_missing(photographs, kind, setting):
    assert halo_left(photographs, kind, setting) <= 0.12


@pytest.mark.parametrize("kind", KINDS)
def test_halo_of_a_single_pixel_is_missing(photographs, kind):
    assert halo_left(photographs, kind, Setting(0.5)) <= 0.25


@pytest.mark.parametrize("shift", [0, 2], ids=["exact", "generous"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_grows_where_the_selection_holds_all_of_the_object(photographs, kind, shift):
    for case in pasted(photographs, kind, Setting(0, 0, shift)):
        assert grown(case.picture, case.mask)[1] == 0


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_nothing_grows_around_a_hole_in_ordinary_content(photographs, name):
    picture = photographs[name]
    for number in range(4):
        for kind in KINDS:
            case = punch(f"{name}{number}", picture, kind)
            assert grown(picture, case.mask)[1] == 0


def words(height, width, scale):
    mask = np.zeros((height, width), np.uint8)
    for row, word in enumerate(("What do you", "mean, gone?")):
        place = (width // 12, height // 3 + int(50 * row * scale))
        cv2.putText(mask, word, place, cv2.FONT_HERSHEY_DUPLEX, scale, 255, 4, cv2.LINE_AA)
    return mask


@pytest.mark.parametrize("margin", [0, 2])
def test_at_most_one_of_32_clean_letterings_grows(photographs, margin):
    rng = np.random.default_rng(8)
    wrong = 0
    for number in range(16):
        name = PHOTOGRAPHS[number % 4]
        picture = photographs[name].copy()
        mask = words(*picture.shape[:2], rng.uniform(0.9, 1.6))
        picture[mask > 0] = rng.integers(0, 256, 3)
        mask = cv2.dilate(mask, np.ones((2 * margin + 1,) * 2, np.uint8))
        wrong += grown(picture, mask)[1] > 0
    assert wrong == 0  # of 16, twice


def scratch():
    picture = cv2.resize(data.astronaut(), (900, 900), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((900, 900), np.uint8)
    cv2.line(mask, (410, 0), (424, 899), 255, 3)
    return picture, mask, 255


def hair():
    picture = cv2.resize(data.astronaut(), (900, 900), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((900, 900), np.uint8)
    along = np.linspace(0, 1, 60)
    points = np.stack([180 + 410 * along, 300 + 180 * np.sin(5 * along)], axis=1)
    cv2.polylines(mask, [points.astype(np.int32)], False, 255, 5)
    return picture, mask, 20


def wire():
    mask = np.zeros((427, 640), np.uint8)
    cv2.line(mask, (0, 150), (639, 230), 255, 6)
    return data.rocket().copy(), mask, 10


def notebook():
    picture = np.full((500, 700, 3), (240, 248, 250), np.uint8)
    picture[20::36] = (200, 150, 120)
    mask = np.zeros((500, 700), np.uint8)
    cv2.ellipse(mask, (330, 250), (160, 90), 20, 0, 360, 255, -1)
    return (
        np.clip(picture + np.random.default_rng(1).normal(0, 2, picture.shape), 0, 255),
        mask,
        120,
    )


def floor():
    squares = np.kron(np.indices((16, 16)).sum(0) % 2, np.ones((40, 40))) * 110 + 90
    corners = np.float32([[0, 0], [640, 0], [640, 640], [0, 640]])
    there = np.float32([[200, 0], [440, 0], [800, 560], [-160, 560]])
    warp = cv2.getPerspectiveTransform(corners, there)
    picture = cv2.warpPerspective(np.dstack([squares] * 3), warp, (640, 560))
    mask = np.zeros((560, 640), np.uint8)
    cv2.ellipse(mask, (310, 300), (45, 110), 0, 0, 360, 255, -1)
    return picture, mask, 40


@pytest.mark.parametrize("draw", [scratch, hair, wire, notebook, floor])
def test_selection_of_a_drawn_case_stays_what_it_is(draw):
    picture, mask, value = draw()
    picture = picture.astype(np.uint8)
    picture[mask > 0] = value
    document = Document(picture, mask, RGB)

    edge = find_edge(document, AUTO)

    # The engine is given the same document and options: every byte of the fill is the same.
    assert edge.document is document
    assert edge.grown_px == 0
    assert edge.options == Options(grow=0, result="composite")


def tight(sigma=2.5):
    """A red disc with a soft edge on gray grass, selected at half its edge; and the grass."""
    grass = np.dstack([data.grass()] * 3)
    alpha = np.zeros(grass.shape[:2], np.float32)
    cv2.circle(alpha, (256, 256), 40, 1, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), sigma)[..., None]
    picture = (grass * (1 - alpha) + np.array([200, 30, 30]) * alpha).astype(np.uint8)
    return picture, ((alpha[..., 0] > 0.5) * 255).astype(np.uint8), grass


def test_tight_selection_leaves_neither_tint_nor_ring():
    picture, mask, grass = tight()
    edge = find_edge(Document(picture, mask, RGB), AUTO)
    all_of_it = np.asarray(edge.document.selection[edge.document.rect.slices])

    filled = fill_whole(edge.document, edge.options, CompletionAlone())
    # What the same hole gets where no red has ever been: grass is not equally bright everywhere.
    clean = fill_whole(Document(grass, all_of_it, RGB), edge.options, CompletionAlone())

    hole = mask > 0
    assert np.abs(filled[hole].mean(axis=0) - clean[hole].mean(axis=0)).max() <= 3
    redness = filled[..., 0].astype(int) - filled[..., 1]
    assert np.abs(redness[hole].mean()) <= 1
    ring = (cv2.dilate(mask, np.ones((31, 31), np.uint8)) > 0) & ~hole
    assert redness[ring].max() <= 12  # 170 before
    np.testing.assert_array_equal(filled[all_of_it == 0], picture[all_of_it == 0])


def test_jpeg_leaves_no_ghost_of_words_on_white():
    picture, mask = np.full((300, 520, 3), 255, np.uint8), words(300, 520, 1.4)
    picture[mask > 80] = 0
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    picture = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    mask = cv2.dilate((mask > 60).astype(np.uint8) * 255, np.ones((5, 5), np.uint8))

    soft, _px = grown(picture, mask)

    kept = (255 - picture.astype(int)).max(axis=2) * (255 - soft) / 255
    assert kept.max() <= 3  # 13 before, of 255


LAYOUTS = [
    PixelLayout("BGRA"), PixelLayout("RGB", "u16"), PixelLayout("RGBA", "f32"),
    PixelLayout("GRAY"), PixelLayout("GRAYA", "u16"),
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(layout[:2]))
def test_every_layout_shows_the_same_edge(layout):
    picture, mask, _grass = tight()
    if layout.channels.startswith("GRAY"):
        picture = np.repeat(picture[..., 1:2], 3, axis=2)
    expected, expected_px = grown(picture, mask)
    shown = picture[..., ::-1] if layout.channels == "BGRA" else picture
    count = 1 if layout.channels.startswith("GRAY") else 3
    full = FULL_SCALE[layout.sample]
    samples = shown[..., :count].astype(np.float64) / 255 * full
    if layout.has_alpha:
        samples = np.concatenate([samples, np.full((*mask.shape, 1), full)], axis=2)
    if DTYPES[layout.sample].kind != "f":
        samples = np.rint(samples)

    found, found_px = grown(samples.astype(DTYPES[layout.sample]), mask, layout=layout)

    assert found_px == expected_px > 0
    assert np.abs(found.astype(int) - expected).max() <= 1  # float rounds its widths elsewhere


def test_alpha_is_a_channel_too():
    """A blurred drop on a layer that is empty around it: only alpha tells how far it goes."""
    alpha = np.zeros((200, 200), np.float32)
    alpha[90:110] = 1  # ink that stays
    drop = np.zeros_like(alpha)
    cv2.circle(drop, (100, 100), 30, 1, -1)
    drop = cv2.GaussianBlur(drop, (0, 0), 2)
    samples, mask = rgba(np.maximum(alpha, drop)), ((drop > 0.5) * 255).astype(np.uint8)
    content = Options(grow=AUTO_GROW, transparency="content")

    soft, _px = grown(samples, mask, content, PixelLayout("RGBA"))

    beside = (drop > 0.02) & (alpha == 0)
    assert (soft[beside] == 255).all()


def test_transparent_corners_do_not_grow():
    """Their anti-aliased rim is no object."""
    coffee = np.dstack([cv2.resize(data.coffee(), (450, 300)), np.full((300, 450), 255, np.uint8)])
    turn = cv2.getRotationMatrix2D((225, 150), 6, 1)
    samples = cv2.warpAffine(coffee, turn, (450, 300))

    assert grown(samples, 255 - samples[..., 3], layout=PixelLayout("RGBA"))[1] == 0


def test_numbers_that_are_none_change_no_edge():
    picture, mask, _grass = tight()
    samples = (picture / 255).astype(np.float32)
    layout = PixelLayout("RGB", "f32")
    expected, _px = grown(samples, mask, layout=layout)
    samples[270:273, 310:313] = np.nan
    samples[200, 200] = np.inf

    assert np.abs(grown(samples, mask, layout=layout)[0].astype(int) - expected).max() <= 40


def test_only_what_bleeds_grows():
    picture, mask, _grass = tight()
    both, masks = np.hstack([picture, picture]), np.hstack([mask, np.zeros_like(mask)])
    cv2.circle(both, (768, 256), 40, (200, 30, 30), -1)  # a hard edge over the soft one,
    cv2.circle(masks, (768, 256), 52, 255, -1)  # selected with all of that

    soft, px = grown(both, masks)

    assert px > 0
    np.testing.assert_array_equal(soft[:, 512:], masks[:, 512:])
    np.testing.assert_array_equal(soft[:, :512], grown(picture, mask)[0])


@pytest.mark.parametrize("sigma", [1, 3])
def test_selection_only_ever_grows_and_never_farther_than_promised(sigma):
    picture, mask, _grass = tight(sigma)
    soft, px = grown(picture, mask)

    away = cv2.distanceTransform((mask == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    assert (soft >= mask).all()
    assert px == int(np.ceil(away[soft > 0].max())) <= MOST_GROWN_PX
    assert (soft[away == 1] == 255).all()


def test_where_a_picture_is_cut_into_tiles_does_not_show(monkeypatch):
    picture, mask, _grass = tight()
    whole = grown(picture, mask)
    monkeypatch.setattr(profiles, "TILE_PX", 32)

    np.testing.assert_array_equal(grown(picture, mask)[0], whole[0])


def test_cells_are_larger_where_there_would_be_too_many():
    checks = (noise(300, 300, 1)[..., 0] > 128).astype(np.uint8)
    assert len(profiles.find_cells(checks).around) <= profiles.MOST_CELLS
    small = profiles.find_cells(checks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "MOST_CELLS", 100)
        assert len(profiles.find_cells(checks).around) <= 100 < len(small.around)


def test_wide_band_is_told_as_no_more_than_documents_say():
    ground = np.full((200, 200, 3), 200, np.uint8)
    disc = cv2.circle(np.zeros((200, 200), np.float32), (100, 100), 40, 1, -1)
    share = cv2.GaussianBlur(disc, (0, 0), 6)[..., None]
    picture = np.rint(ground * (1 - share) + 30 * share).astype(np.uint8)

    soft, px = grown(picture, np.where(share[..., 0] > 0.5, 255, 0).astype(np.uint8))

    rows, columns = np.nonzero(soft)
    inside = np.nonzero(share[..., 0] > 0.5)
    sides = inside[0].min() - rows.min(), inside[1].min() - columns.min()
    assert 8 <= max(sides) <= px <= MOST_GROWN_PX


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 50), st.integers(0, 40), st.integers(1, 40), st.integers(1, 40))
def test_part_of_a_grown_selection_is_a_part_of_the_whole(left, top, width, height):
    rng = np.random.default_rng(2)
    own = rng.integers(0, 256, (70, 80)).astype(np.uint8)
    places = np.array([[5, 5, 30, 25], [20, 10, 70, 60]])
    sizes = [(20, 25), (50, 50)]
    pieces = [rng.integers(0, 256, size).astype(np.uint8) for size in sizes]
    expected = own.copy()
    for (x, y, right, bottom), piece in zip(places, pieces, strict=True):
        expected[y:bottom, x:right] = np.maximum(expected[y:bottom, x:right], piece)
    rect = Rect(left, top, width, height).intersect(Rect(0, 0, 80, 70))

    selection = SelectionWithBand(own, places, pieces)

    np.testing.assert_array_equal(selection[rect.slices], expected[rect.slices])
    assert own.max() <= 255
    assert selection.shape == own.shape


def test_clients_know_how_far_an_edge_is_looked_for():
    assert AUTO.most_grow == MOST_GROWN_PX
    assert (AUTO.least_grow, Options(grow=5).least_grow, Options(grow=5).most_grow) == (0, 5, 5)


def test_number_of_pixels_switches_the_search_off():
    document = document_of(noise(60, 60) / np.float32(255), Rect(20, 20, 10, 10))
    assert find_edge(document, Options(grow=3)) == (document, Options(grow=3), 0)


def test_search_stops_when_it_is_told_to():
    picture, mask, _grass = tight()
    with pytest.raises(JobCancelled):
        find_edge(Document(picture, mask, RGB), AUTO, lambda: True)
