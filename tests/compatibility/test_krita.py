"""Krita's plug-in of 0.1.0 fills through this daemon."""

import numpy as np
import pytest

from lacuna_wire import Rect
from tests.compatibility.programs import check_vendored, install_plugin, introduce
from tests.editors.krita.kritas import Krita
from tests.editors.krita.rooms import MACHINES, PROGRAMS, bare_room, install_driver
from tests.service.conftest import eventually

HERE = [machine for machine in MACHINES if not machine.reason_to_skip(*PROGRAMS)]
pytestmark = [
    pytest.mark.timeout(300),  # a first start of Krita, and kernels to be compiled
    pytest.mark.skipif(not HERE, reason=MACHINES[0].reason_to_skip(*PROGRAMS) or "Krita is here"),
]
SELECTED = Rect(80, 50, 30, 40)
NEW_LAYER = "Background inpainted"
# Names of Krita alone, so that it does not matter how old the plug-in is.
CLICK = """
from krita import Selection
document = krita.activeDocument()
selection = Selection()
selection.select(left, top, width, height, 255)
document.setSelection(selection)
krita.action("lacuna_inpaint_selection").trigger()
"""
NODES = """
nodes = krita.activeDocument().rootNode().childNodes()
layers = [node for node in nodes if node.type() == "paintlayer"]
"""
LAYERS = NODES + "[node.name() for node in layers]"
PIXELS = NODES + "bytes(layers[number].pixelData(left, top, width, height))"


def test_click_puts_a_fill_on_a_new_layer_and_leaves_the_others_alone(programs, states, tmp_path):
    from skimage import data, io

    picture = data.rocket()[150:290, 60:260]
    io.imsave(tmp_path / "photo.png", picture, check_contrast=False)
    room = bare_room(tmp_path, HERE[0], ("lacuna_krita", "lacuna_test_driver"))
    install_plugin(programs["0.1.0"], "krita", "krita_plugin", room.resources)
    check_vendored(programs["0.1.0"], room.resources / "pykrita" / "lacuna_krita")
    install_driver(room)
    introduce(states["present"], room.state)
    krita = Krita(room, tmp_path / "photo.png")

    def pixels(number):
        """Of what was selected: (height, width, 4), blue first."""
        samples = krita.run(PIXELS, number=number, **SELECTED._asdict())
        return np.frombuffer(samples, np.uint8).reshape(SELECTED.height, SELECTED.width, 4)

    try:
        before = pixels(0)
        krita.run(CLICK, **SELECTED._asdict())
        eventually(lambda: len(krita.run(LAYERS)) > 1, 120.0)
        filled, after = pixels(1), pixels(0)
        names = krita.run(LAYERS)
    finally:
        code = krita.close()

    assert names == ["Background", NEW_LAYER]
    np.testing.assert_array_equal(after, before)
    assert (filled[..., 3] == 255).all()
    around = picture[SELECTED.grow(40).slices][..., ::-1].astype(int)
    for channel in range(3):
        seen = filled[..., channel].astype(int)
        assert seen.min() > around[..., channel].min() - 20
        assert seen.max() < around[..., channel].max() + 20
    assert not np.array_equal(filled[..., :3], before[..., :3])
    assert code == 0
