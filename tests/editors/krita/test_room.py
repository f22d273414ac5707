"""The room itself: a real Krita that is seen, asked, timed, and that notices what goes wrong."""

import numpy as np
import pytest
from skimage import io

import lacuna
from tests.editors.krita.mouse import drag_selection


def test_picture_is_open_in_a_window_that_fills_the_screen(krita, document):
    facts = krita.run(
        """
        rect = krita.activeWindow().qwindow().geometry()
        {
            "file": document.fileName(),
            "size": [document.width(), document.height()],
            "window": [rect.width(), rect.height()],
            "enabled": krita.readSetting("python", "enable_lacuna_krita", ""),
        }
        """
    )

    assert facts["file"] == str(document)
    assert facts["size"] == [640, 427]
    assert facts["window"][0] > 1500
    assert facts["window"][1] > 900
    assert facts["enabled"] == "true"
    seen = io.imread(krita.picture("room"))
    assert seen.shape[:2] == (1000, 1600)
    assert len(np.unique(seen.reshape(-1, seen.shape[2]), axis=0)) > 1000


def test_plugin_is_loaded_and_has_its_action(krita):
    assert krita.run('"lacuna_krita" in __import__("sys").modules')
    assert krita.run('krita.action("lacuna_inpaint_selection") is not None')


def test_pixels_come_back_as_they_are(krita, document):
    photo = io.imread(document)

    data = krita.run("document.activeNode().pixelData(0, 0, document.width(), document.height())")

    bgra = np.frombuffer(data, np.uint8).reshape(427, 640, 4)
    assert np.array_equal(bgra[..., 2::-1], photo)


def test_key_reaches_krita(krita, document):
    assert krita.run("document.selection() is None")

    krita.key("ctrl+a")

    krita.wait_for("document.selection() is not None and document.selection().width() == 640")


def test_drag_selects(krita, document):
    *_corner, width, height = drag_selection(krita, 10, 10, 110, 60)

    assert (width, height) == (100, 50)


def test_daemon_of_the_room_is_within_reach_of_krita(krita, daemon):
    assert daemon.status()["jobs"] == []

    version = krita.run(
        """
        import json, os, urllib.request
        with open(os.environ["LACUNA_STATE_DIR"] + "/endpoint.json", encoding="utf-8") as file:
            port = json.load(file)["port"]
        url = "http://127.0.0.1:{}/v1/hello?nonce={}".format(port, "0" * 32)
        with urllib.request.urlopen(url) as answer:
            version = json.load(answer)["version"]
        version
        """
    )
    assert version == lacuna.__version__


def test_names_stay_from_one_call_to_the_next(krita):
    krita.run("kept = 20")

    assert krita.run("kept + more", more=3) == 23


def test_generator_lets_krita_go_on_and_answers_what_it_returns(krita):
    answer = krita.run(
        """
        def steps():
            heart.reset()
            yield 300
            return heart.longest_ms

        steps()
        """
    )

    assert 0 < answer < 300


def test_heart_notices_when_krita_stands_still(krita):
    krita.run("import time; heart.reset(); time.sleep(0.3)")

    assert krita.wait_for("heart.longest_ms") > 300


def test_exception_of_a_call_is_raised_in_the_test(krita):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        krita.run("1 / 0")


def test_exception_that_nobody_catches_is_noticed(krita):
    krita.run("QtCore.QTimer.singleShot(0, lambda: 1 / 0)")

    (found,) = krita.wait_for("list(uncaught)")
    assert "ZeroDivisionError" in found
    assert krita.uncaught() == [found]


def test_krita_that_died_is_started_again(house):
    first = house.krita()
    first.process.kill()
    first.process.wait()

    with pytest.raises(AssertionError, match="ended with -9"):
        first.run("1")
    second = house.krita()
    assert second.run("len(documents())") == 1
