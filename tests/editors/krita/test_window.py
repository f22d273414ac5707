"""What a painter sees and does in the real window: with a mouse, keys, and a look at the result."""

import numpy as np
import pytest
from skimage import io

from lacuna_wire import PixelLayout
from tests.editors.fills import ROUNDING, engine_fill
from tests.editors.krita.mouse import drag_selection, drag_tool
from tests.service.conftest import eventually

WIDTH, HEIGHT = 1280, 854
# On the screen, relative to the middle of the canvas.
TOWER = (200, -200, 300, 310)
MUCH = (-280, -220, 280, 220)
BGRA = PixelLayout("BGRA", "u8", "srgb")
# Where something of the docker is on the screen: its middle.
PLACE_OF = """
part = getattr(docker, name)
middle = part.mapToGlobal(part.rect().center())
[middle.x(), middle.y()]
"""


@pytest.fixture(scope="session")
def large_photo(house):
    """Large enough to fill the window."""
    from skimage import data, transform

    path = house.room.folder / "rocket.png"
    large = transform.resize(data.rocket(), (HEIGHT, WIDTH), order=3)
    io.imsave(path, (large * 255).clip(0, 255).astype(np.uint8), check_contrast=False)
    return path


@pytest.fixture
def opened(krita, served, inside, large_photo):
    return show_docker(krita, large_photo)


@pytest.fixture
def opened_held(krita, held, large_photo):
    return show_docker(krita, large_photo)


def show_docker(krita, photo):
    krita.run("open_photo(path)", path=str(photo))
    krita.run("docker = next(d for d in krita.dockers() if d.objectName() == 'lacuna_docker')")
    krita.run("docker.show()")
    krita.xdotool("mousemove 800 980")
    return krita


def click_on(krita, name):
    x, y = krita.run(PLACE_OF, name=name)
    krita.xdotool(f"mousemove {x} {y} sleep 0.2 click 1 sleep 0.2 mousemove 800 980")


def bgra(krita, of):
    data = krita.run(f"pixels_of(layer({of!r}))")
    return np.frombuffer(data, np.uint8).reshape(HEIGHT, WIDTH, 4)


def test_docker_is_seen_though_krita_hides_those_of_new_plugins(opened):
    assert opened.run("krita.readSetting('lacuna', 'has_run', '')") == "true"
    x, y = opened.run(PLACE_OF, name="go")
    assert 0 < x < 1600
    assert 0 < y < 1000


def test_mouse_selects_the_shortcut_fills_and_one_undo_takes_it_away(opened):
    krita = opened
    left, top, width, height = drag_selection(krita, *TOWER)
    assert abs(width - (TOWER[2] - TOWER[0])) <= 3, "the canvas is shown 1:1"
    before = bgra(krita, "Background")
    seen_before = io.imread(krita.picture("selected"))

    krita.key("ctrl+alt+p")
    krita.wait_for("'Inpaint 1' in layers()", 60)
    assert krita.run("ended()").startswith("Done in ")
    seen_after = io.imread(krita.picture("filled"))

    selection = np.zeros((HEIGHT, WIDTH), np.uint8)
    selection[top : top + height, left : left + width] = 255
    rect, expected = engine_fill(before, selection, BGRA)
    after = bgra(krita, "Inpaint 1")
    assert np.abs(after[rect.slices].astype(int) - expected).max() <= ROUNDING["u8"]
    assert np.any(seen_before != seen_after), "it is seen on the canvas"

    krita.key("ctrl+z")
    krita.wait_for("layers() == ['Background']")
    assert krita.run("krita.action('edit_undo').text()") == "Undo Select Rectangle"
    krita.key("ctrl+shift+z")
    krita.wait_for("'Inpaint 1' in layers()")
    assert np.array_equal(bgra(krita, "Inpaint 1"), after)
    assert np.array_equal(bgra(krita, "Background"), before)


def test_what_a_tool_keeps_open_is_ended_and_not_waited_for_in_vain(opened_held):
    krita = opened_held
    drag_selection(krita, *TOWER)
    drag_tool(krita, "KisToolTransform", 100, 0, 150, 30)
    assert not krita.run("document.tryBarrierLock()"), "a transformation waits to be applied"

    krita.key("ctrl+alt+p")

    krita.wait_for("'Inpaint 1' in layers()", 60)
    assert krita.run("ended()").startswith("Done in ")


def test_docker_says_what_is_going_on_and_its_cancel_ends_the_job(opened_held, held):
    krita = opened_held
    drag_selection(krita, *MUCH)
    held.hold()

    krita.wait_for("docker.go.isEnabled()")  # it looks twice a second whether anything is selected
    click_on(krita, "go")
    job = held.held_job()
    shown = krita.wait_for(
        """
        docker.message.text().startswith("Filling") and {
            "go": docker.go.isEnabled(), "stop": docker.stop.isEnabled(),
        }
        """
    )
    click_on(krita, "stop")
    eventually(lambda: not held.jobs)

    assert shown == {"go": True, "stop": True}, "another click would wait for its turn"
    assert held.how_it_ended(job) == "cancelled"
    krita.wait_for("docker.go.isEnabled() and not docker.stop.isEnabled()")
    assert krita.run("docker.message.text()") == "The fill was cancelled."
    assert krita.run("layers()") == ["Background"]


def test_window_goes_on_and_shows_progress_while_a_fill_is_computed(opened_held, held):
    krita = opened_held
    drag_selection(krita, *MUCH)
    held.hold()
    krita.run("heart.reset(); click()")
    held.held_job()

    percent = krita.wait_for("docker.bar.value()")
    longest_ms = krita.run("heart.longest_ms")
    krita.picture("progress")
    assert krita.run("running()")
    held.release()

    assert 0 < percent < 100
    assert krita.run("ended()").startswith("Done in ")
    # An idle machine has 40 to 120 ms; this one may be busy.
    assert longest_ms < 1000


def test_action_stands_in_the_tools_menu_and_needs_an_image(opened):
    krita = opened
    entries = krita.run(
        """
        bar = krita.activeWindow().qwindow().menuBar()
        tools = next(a for a in bar.actions() if a.text().replace("&", "") == "Tools")
        (head,) = [each for each in tools.menu().actions() if each.objectName() == "lacuna_menu"]
        [head.text(), head.icon().isNull(),
         [[each.text(), each.objectName(), each.isEnabled()] for each in head.menu().actions()]]
        """
    )
    assert entries[:2] == ["Inpaint", False]
    assert [text for text, _name, _is_enabled in entries[2]] == [
        "Inpaint Selection", "Inpaint Painted Strokes", "Try Another", "Fill Again",
        "Cancel Inpainting", "Help on Inpainting",
    ]  # fmt: skip
    assert all(is_enabled for _text, _name, is_enabled in entries[2])
    assert krita.run("krita.action(ACTION).shortcut().toString()") == "Ctrl+Alt+P"
    strokes = krita.run("krita.action('lacuna_inpaint_strokes').shortcut().toString()")
    assert strokes == "Ctrl+Alt+Shift+P"

    krita.run("close_all()")

    assert not krita.run("krita.action(ACTION).isEnabled()")
    krita.wait_for("not docker.go.isEnabled()")


def test_failure_is_said_on_the_canvas_even_without_the_docker(opened):
    krita = opened
    krita.run("docker.hide()")

    krita.key("ctrl+alt+p")

    krita.wait_for("sentences and sentences[-1]")
    krita.wait_for(
        """
        any(w.metaObject().className() == "KisFloatingMessage" and w.isVisible()
            for w in QtWidgets.QApplication.allWidgets())
        """
    )
    krita.picture("refused")
    assert krita.run("sentences[-1][0]").startswith("Nothing is selected")


def test_texts_are_in_the_users_language_where_there_is_a_translation(opened):
    texts = opened.run(
        """
        from lacuna_krita import translation
        german = translation.find_catalogue(["de-CH", "de"])
        none = translation.find_catalogue(["fr"])
        [german.gettext("Inpaint"), german.gettext("Cancel"), none.gettext("Inpaint")]
        """
    )

    assert texts == ["Ausbessern", "Abbrechen", "Inpaint"]


def test_krita_that_quits_cancels_the_job_without_a_question(opened_held, held):
    """The last test of this folder, because Krita takes seconds to start again."""
    krita = opened_held
    krita.run("select(300, 200, 20, 20)")
    held.hold()
    krita.run("click()")
    job = held.held_job()
    krita.run("for each in documents(): each.setModified(True)")

    assert krita.close() == 0

    eventually(lambda: not held.jobs)
    assert held.how_it_ended(job) == "cancelled"
