"""What the engine's own fills look like in a real GIMP, on every kind of layer, and one on another.

What has to be seen is what the daemon answers for the same job, put into the layer by the test.
"""

import random
import uuid
from pathlib import Path

import numpy as np
import pytest

from lacuna_wire import JobRequest, Options, PixelLayout, sentences
from lacuna_wire.client import Client, inpaint
from lacuna_wire.planes import nonzero_bounds
from tests import drawn
from tests.editors.gimp.pictures import HEIGHT, TOWER, WIDTH, save_tower

MAGENTA = (255, 0, 255)
SPOT = (84, 56, 28, 28)  # around a blot on a line
LINE, BLOT = drawn.line(40, 10, 100, 190), drawn.circle(70, 98, 9)
EIGHT_BIT, LINEAR = PixelLayout(), PixelLayout("RGBA", "f32", "linear")
# What is seen differs at most by this much: GIMP mixes in floats and rounds once more.
ROUNDING = {"u8": 1, "f32": 1e-5}
# Kind of the layer, its file, its layout, feather in pixels -> whether the layer stays visible.
KINDS = {
    ("photograph", "tower", EIGHT_BIT, 0): True,
    ("photograph", "tower", EIGHT_BIT, 12): True,
    ("opacity", "tower", EIGHT_BIT, 12): False,
    ("cut-out", "tower", EIGHT_BIT, 0): False,
    ("line art", "inked", EIGHT_BIT, 0): False,
    ("gray", "tower", PixelLayout("GRAYA"), 12): True,
    ("float", "tower", LINEAR, 12): True,
}


@pytest.fixture(scope="module")
def served(console, shared_daemon):
    """The daemon that the plug-in meets."""
    from skimage import io

    save_tower(console.room.folder)
    inked = drawn.rgba(drawn.ink(HEIGHT, WIDTH, LINE, BLOT, thick=4))
    io.imsave(console.room.folder / "inked.png", inked, check_contrast=False)
    io.imsave(console.room.folder / "halves.png", halves(), check_contrast=False)
    io.imsave(console.room.folder / "marked.png", marked(), check_contrast=False)
    client = Client(shared_daemon.introduce(console.room.state))
    console.run(Path(__file__).with_name("kinds.py").read_text("utf-8"))
    return client


def halves():
    """Draw green noise on the left and magenta noise on the right: uint8 (H, W, 3)."""
    noise = 160 + drawn.noise(HEIGHT, WIDTH, 1) % 96
    nothing = np.zeros_like(noise)
    left = np.concatenate([nothing, noise, nothing], axis=2)
    right = np.concatenate([noise, nothing, noise], axis=2)
    return np.concatenate([left[:, :100], right[:, 100:]], axis=1)


def marked():
    """Draw a magenta square on green noise: uint8 (H, W, 3)."""
    picture = halves()
    picture[:, 100:] = picture[:, :100]
    picture[56:84, 70:98] = MAGENTA
    return picture


def look(console, layout=EIGHT_BIT, code="seen()", **values):
    """The picture as it is seen, or other pixels of its size: (H, W, C)."""
    dtype = {"u8": np.uint8, "f32": np.float32}[layout.sample]
    return np.frombuffer(console.run(code, **values), dtype).reshape(HEIGHT, WIDTH, -1)


def answered(client, samples, selection, layout):
    """The layer as the daemon fills it: like `samples`, (H, W, C)."""
    request = JobRequest(
        str(uuid.uuid4()), WIDTH, HEIGHT, nonzero_bounds(selection.tobytes(), WIDTH), layout,
        Options(result="composite"),
    )  # fmt: skip
    answer = inpaint(
        client,
        request,
        lambda window: [samples[window.slices].tobytes(), selection[window.slices].tobytes()],
        lambda _status: None,
        lambda: False,
    )
    filled = samples.copy()
    shape = answer.rect.height, answer.rect.width, -1
    filled[answer.rect.slices] = np.frombuffer(answer.pixels, samples.dtype).reshape(shape)
    return filled


def magenta(picture, rect=(0, 0, WIDTH, HEIGHT)):
    """How many pixels of a part have any of the marker's colour."""
    left, top, width, height = rect
    part = picture[top : top + height, left : left + width].astype(int)
    return int(((part[..., 0] > 60) & (part[..., 2] > 60)).sum())


@pytest.mark.parametrize("case", KINDS, ids=lambda case: f"{case[0]}, {case[3]} px")
def test_filled_layer_looks_like_the_layer_with_the_engines_pixels(console, served, case):
    kind, name, layout, feather = case
    rect = SPOT if kind == "line art" else TOWER
    console.run(
        "prepare(kind, name, rect, feather)", kind=kind, name=f"{name}.png", rect=rect,
        feather=feather,
    )  # fmt: skip
    before = look(console, layout).astype(float)
    samples = look(console, layout, "bytes(pixels(it, encoding))")
    selection = look(console, code='bytes(pixels(image.get_selection(), "Y u8"))')[..., 0]
    filled = answered(served, samples, selection, layout)
    wanted = look(console, layout, "replaced(data)", data=filled.tobytes()).astype(float)
    assert (np.abs(wanted - before) > 8 * ROUNDING[layout.sample]).sum() > 100

    assert console.run("fill()") is None

    after = look(console, layout).astype(float)
    assert np.abs(after - wanted).max() <= ROUNDING[layout.sample]
    outside = np.abs(after - before)[selection == 0].max()
    assert outside <= (0 if layout.sample != "f32" else ROUNDING["f32"])
    assert console.run("it.get_visible()") == KINDS[case]


def test_ink_is_gone_nothing_opaque_appears_and_the_line_goes_on(console, served):
    console.run("prepare('line art', 'inked.png', rect)", rect=SPOT)

    assert console.run("fill()") is None

    alpha = look(console, code="bytes(pixels(layer('Inpaint 1'), encoding))")[..., 3] / 255
    line = drawn.ink(HEIGHT, WIDTH, LINE, thick=4)
    left, top, width, height = SPOT
    spot = np.s_[top : top + height, left : left + width]
    assert drawn.ink(HEIGHT, WIDTH, BLOT, thick=4)[spot].sum() > 100
    assert alpha[spot][line[spot] == 0].max() < 0.1
    assert alpha[spot][line[spot] == 1].min() > 0.8


def test_touched_up_fill_never_brings_back_what_was_removed(console, served):
    chance = random.Random(7)
    console.run("prepare('photograph', 'marked.png', (66, 52, 36, 36))")
    assert magenta(look(console)) == 28 * 28
    for number in range(4):
        assert console.run("fill()") is None
        assert magenta(look(console)) == 0, number
        if number == 2:
            console.run("image = saved_and_loaded()")
        rect = (chance.randrange(50, 85), chance.randrange(40, 70), 24, 24)
        console.run("select(*rect)", rect=rect)


def test_same_number_is_the_same_fill_and_another_number_another(console, served):
    console.run("prepare('photograph')")
    assert console.run("fill()") is None
    first = look(console)
    tries = []
    for number in (-1, 0, 1):
        assert console.run("fill('try-another', variation=number)", number=number) is None
        tries.append(look(console))

    assert console.run("made()") == [["Inpaint 1", 1, 1]]
    assert np.array_equal(tries[1], first)
    assert np.array_equal(tries[2], tries[0])
    assert np.abs(tries[0].astype(int) - first).max() > 8


@pytest.mark.parametrize(
    ("copy_from", "channel"), [("only", (0, 0, 80, HEIGHT)), ("never", (100, 0, 100, HEIGHT))]
)
def test_nothing_is_copied_from_outside_the_channel(console, served, copy_from, channel):
    across = (85, 50, 30, 40)
    console.run("prepare('photograph', 'halves.png', rect)", rect=across)
    console.run("add_channel('may', *channel)", channel=channel)

    assert console.run("fill()") is None
    assert magenta(look(console), across) > 300
    console.run("image.remove_layer(layer('Inpaint 1'))")
    asked = {"copy_from": copy_from, "copy_mask": "may"}
    assert console.run("fill(**asked)", asked=asked) is None
    assert magenta(look(console), across) == 0


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("empty", sentences.COPY_MASK_EMPTY.format("empty")),
        ("deleted", "There is no channel “deleted” in this image."),
        ("of another image", "There is no channel “of another image” in this image."),
        ("", sentences.NO_COPY_MASK),
        ("small", "Too little may be copied: "),
    ],
)
def test_channel_that_gives_nothing_is_refused_with_a_sentence(console, served, key, sentence):
    console.run(
        """
        prepare('photograph')
        add_channel('empty')
        add_channel('small', 0, 0, 3, 3)
        add_channel('deleted', 0, 0, 90, 90)
        image.remove_channel(image.get_channels()[0])
        other = load('tower.png')
        add_channel('of another image', 0, 0, 90, 90, of=other)
        """
    )
    before = look(console)

    said = console.run("fill(copy_from='only', copy_mask=key)", key=key)

    assert said.startswith(sentence)
    assert said.endswith(".")
    assert np.array_equal(look(console), before)
