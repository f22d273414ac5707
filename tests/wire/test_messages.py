"""Messages are parsed strictly: what is not in the protocol is refused, with its name."""

import contextlib
import json
import uuid
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacuna_wire import JobRequest, JobStatus, LacunaError, Options, PixelLayout, Rect
from lacuna_wire.errors import BadRequest, TooLarge, UnsupportedMedia
from lacuna_wire.layout import CHANNELS, SAMPLE_BYTES, TRANSFERS
from lacuna_wire.messages import PLANES, REQUIRED_PLANES, STATES
from lacuna_wire.options import RESULTS, STRATEGIES
from lacuna_wire.parsing import MAX_SIDE

layouts = st.builds(
    PixelLayout,
    st.sampled_from(sorted(CHANNELS)),
    st.sampled_from(sorted(SAMPLE_BYTES)),
    st.sampled_from(TRANSFERS),
)
options = st.builds(
    Options,
    weights=st.sampled_from(["", "lacuna-small", "big-lama", "my.own_2"]),
    device=st.sampled_from(["auto", "cpu", "cuda", "cuda:12", "cuda:all", "xpu:1", "mps"]),
    tile=st.sampled_from([0, 512, 8192]),
    overlap=st.integers(-1, 511),
    grow=st.integers(0, 512),
    feather=st.integers(0, 512),
    result=st.sampled_from(RESULTS),
    colour_correction=st.booleans(),
    strategy=st.sampled_from(STRATEGIES),
    memory_limit=st.sampled_from([0, 256, 5120]),
)


@st.composite
def requests(draw):
    width, height = draw(st.integers(1, MAX_SIDE)), draw(st.integers(1, MAX_SIDE))
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    selection = Rect(
        left, top, draw(st.integers(1, width - left)), draw(st.integers(1, height - top))
    )
    layout, chosen = draw(layouts), draw(options)
    if not layout.has_alpha:
        chosen = replace(chosen, result="composite")
    return JobRequest(str(draw(st.uuids())), width, height, selection, layout, chosen)


def valid() -> dict:
    """A request as it is sent, for a test to spoil."""
    request = JobRequest(str(uuid.UUID(int=7)), 200, 100, Rect(40, 30, 20, 10))
    return json.loads(json.dumps(request.as_dict()))


@given(requests())
def test_request_survives_the_wire(request):
    assert JobRequest.from_dict(json.loads(json.dumps(request.as_dict()))) == request


@given(
    st.builds(
        JobStatus,
        id=st.uuids().map(str),
        state=st.sampled_from(STATES),
        revision=st.integers(0, 10**6),
        percent=st.floats(0, 100),
        eta_s=st.none() | st.floats(0, 1e6),
        rect=st.none() | st.just(Rect(1, 2, 3, 4)),
        error=st.none(),
    )
)
def test_status_survives_the_wire(status):
    assert JobStatus.from_dict(json.loads(json.dumps(status.as_dict()))) == status


def test_error_in_a_status_comes_back_as_its_class():
    status = JobStatus("x", "failed", error=TooLarge("12 bytes are too many"))

    error = JobStatus.from_dict(json.loads(json.dumps(status.as_dict()))).error

    assert isinstance(error, TooLarge)
    assert str(error) == "12 bytes are too many"


@pytest.mark.parametrize(
    "path", ["id", "image", "selection", "layout", "image.width", "layout.sample"]
)
def test_missing_key_is_named(path):
    data = valid()
    *parents, key = path.split(".")
    holder = data[parents[0]] if parents else data
    del holder[key]

    with pytest.raises(BadRequest, match=f"{path.replace('.', '[.]')} is missing"):
        JobRequest.from_dict(data)


@pytest.mark.parametrize("holder", [None, "image", "selection", "layout", "options"])
def test_unknown_key_is_refused_everywhere(holder):
    data = valid()
    (data if holder is None else data[holder])["path"] = "/etc/passwd"

    with pytest.raises(BadRequest, match="unknown key 'path'"):
        JobRequest.from_dict(data)


NO_NUMBERS = [True, False, None, "5", 1.0, 1e400, float("nan"), [], {}]


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0, -1, -(2**63)], ids=repr)
@pytest.mark.parametrize("side", ["width", "height"])
def test_side_that_is_no_positive_whole_number_is_refused(side, value):
    data = valid()
    data["image"][side] = value

    with pytest.raises(BadRequest, match=f"image.{side}"):
        JobRequest.from_dict(data)


@pytest.mark.parametrize(
    "value",
    [MAX_SIDE + 1, 2**31, 2**63, 10**4000],
    ids=lambda value: f"{value:.0e}" if value < 1e300 else "4000 digits",
)
def test_side_beyond_the_protocol_is_too_large_and_the_sentence_stays_short(value):
    data = valid()
    data["image"]["width"] = value

    with pytest.raises(TooLarge, match="65,535") as caught:
        JobRequest.from_dict(data)

    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [*NO_NUMBERS, -1, 2**63], ids=repr)
@pytest.mark.parametrize("key", Rect._fields)
def test_selection_is_made_of_whole_numbers(key, value):
    data = valid()
    data["selection"][key] = value

    with pytest.raises(BadRequest):
        JobRequest.from_dict(data)


@pytest.mark.parametrize(
    "selection",
    [
        Rect(190, 30, 11, 10),
        Rect(40, 95, 20, 6),
        Rect(200, 0, 1, 1),
        Rect(65535, 65535, 65535, 65535),
    ],
)
def test_selection_outside_the_image_is_refused(selection):
    data = valid()
    data["selection"] = selection._asdict()

    with pytest.raises(BadRequest, match="not inside the image"):
        JobRequest.from_dict(data)


@pytest.mark.parametrize("selection", [Rect(40, 30, 0, 10), Rect(40, 30, 20, 0)])
def test_empty_selection_has_its_own_code(selection):
    data = valid()
    data["selection"] = selection._asdict()

    with pytest.raises(BadRequest) as caught:
        JobRequest.from_dict(data)

    assert caught.value.code == "empty_selection"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("channels", "rgba"),
        ("channels", "CMYK"),
        ("channels", ["RGBA"]),
        ("sample", "u8 "),
        ("sample", "f64"),
        ("sample", None),
        ("transfer", "sRGB"),
        ("transfer", 0),
    ],
)
def test_layout_that_is_not_in_the_protocol_is_unsupported(key, value):
    data = valid()
    data["layout"][key] = value

    with pytest.raises(UnsupportedMedia, match=f"layout.{key}"):
        JobRequest.from_dict(data)


HOSTILE = [
    "../../etc/passwd", "/etc/passwd", "CON", "a\0b", "big lama", "Ω", "\ud800", "a" * 65,
    "http://evil.example/w", "a\nb", "-a", ".a", 5, None, ["big-lama"],
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
@pytest.mark.parametrize("key", ["weights", "device", "strategy"])
def test_names_cannot_carry_paths_or_control_characters(key, value):
    data = valid()
    data["options"][key] = value

    with pytest.raises(BadRequest) as caught:
        JobRequest.from_dict(data)

    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()


@pytest.mark.parametrize("value", [*HOSTILE, "", "1234", "0" * 33, 2**200], ids=ascii)
def test_id_is_a_uuid(value):
    data = valid()
    data["id"] = value

    with pytest.raises(BadRequest, match="UUID"):
        JobRequest.from_dict(data)


def test_id_has_one_spelling():
    """Or the same job would have two names, and two files."""
    data = valid()
    plain = data["id"]
    for spelling in (plain.upper(), "{" + plain + "}", plain.replace("-", ""), "urn:uuid:" + plain):
        data["id"] = spelling
        assert JobRequest.from_dict(data).id == plain


def test_layer_needs_an_alpha_channel():
    data = valid()
    data["layout"]["channels"] = "RGB"

    with pytest.raises(BadRequest, match="RGB does not have"):
        JobRequest.from_dict(data)


@pytest.mark.parametrize("limit", [255, -1, "5G", (1 << 24) + 1, True, None])
def test_limit_of_memory_is_a_number_that_means_something(limit):
    data = valid()
    data["options"] |= {"memory_limit": limit}
    with pytest.raises(BadRequest, match=r"options\.memory_limit is .* 256 to 16,777,216 MiB"):
        JobRequest.from_dict(data)


def test_overlap_leaves_the_tile_room():
    data = valid()
    data["options"] |= {"tile": 64, "overlap": 64}

    with pytest.raises(BadRequest, match="no room"):
        JobRequest.from_dict(data)


PARTS = ["id", "image", "selection", "layout", "options", "planes"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(PARTS), json_values))
def test_anything_else_is_a_lacuna_error(data):
    """Whatever JSON comes, no other exception leaves the parser."""
    with contextlib.suppress(LacunaError):
        JobRequest.from_dict(data)


@given(json_values, st.sampled_from(PARTS))
def test_any_value_in_the_place_of_a_part_is_a_lacuna_error(value, key):
    with contextlib.suppress(LacunaError):
        JobRequest.from_dict({**valid(), key: value})


def test_input_is_the_pixels_of_the_window_and_a_byte_of_selection_each():
    request = JobRequest("x", 9, 9, Rect(0, 0, 1, 1), PixelLayout("BGRA", "u16"))

    assert request.input_bytes(Rect(0, 0, 5, 3)) == 15 * 8 + 15


@given(requests(), st.permutations(REQUIRED_PLANES), st.integers(1, 50), st.integers(1, 50))
def test_planes_follow_each_other_without_a_gap_in_the_declared_order(asked, names, wide, high):
    request, window = asked._replace(planes=tuple(names)), Rect(0, 0, wide, high)
    starts = request.plane_starts(window)
    ends = [*starts.values(), request.input_bytes(window)][1:]

    assert list(starts) == names
    assert next(iter(starts.values())) == 0
    for name, end in zip(names, ends, strict=True):
        assert end - starts[name] == window.area * PLANES[name](request.layout)


def test_planes_are_sent_only_if_they_are_not_what_an_older_daemon_assumes():
    request = JobRequest.from_dict(valid())
    turned = request._replace(planes=REQUIRED_PLANES[::-1])

    assert "planes" not in request.as_dict()
    assert turned.as_dict()["planes"] == ["selection", "pixels"]
    assert JobRequest.from_dict(json.loads(json.dumps(turned.as_dict()))) == turned


def test_plane_of_a_newer_client_is_refused_by_name_with_those_that_are_known():
    planes = ["pixels", "selection", "underlay"]
    with pytest.raises(BadRequest, match=r"'underlay'.*pixels, selection.*update the daemon"):
        JobRequest.from_dict({**valid(), "planes": planes})


@pytest.mark.parametrize(
    "planes",
    [
        None, "pixels", {}, [], ["pixels"], ["selection"], ["pixels", "pixels"], [["pixels"]],
        ["pixels", "selection", "pixels"], [None, "selection"],
    ],
    ids=repr,
)  # fmt: skip
def test_planes_are_a_list_that_has_each_needed_one_once(planes):
    with pytest.raises(BadRequest, match=r"^job\.planes "):
        JobRequest.from_dict({**valid(), "planes": planes})
