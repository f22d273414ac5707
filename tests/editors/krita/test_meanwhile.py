"""What the user does while a fill is going on, in every real Krita; its job is held meanwhile."""

import time

import pytest

from tests.service.conftest import eventually

SELECTED = [180, 100, 280, 220]  # the only thing that is filled in these tests


@pytest.fixture
def opened(krita, held):
    """A photograph is open, and a part of it is selected."""
    krita.run("open_photo(path)", path=str(krita.room.folder / "photo.png"))
    krita.run("select(*selected)", selected=SELECTED)
    return krita


@pytest.fixture
def begun(opened, held):
    """The daemon works on the fill, until it is released."""
    begin(opened, held)
    return opened


def begin(krita, held):
    """Click, and wait until the job is held; return its id."""
    held.hold()
    krita.run("click()")
    return held.held_job()


def filled_at(krita, held):
    """Let the fill go on, and tell where it lies; nothing was said but that it is done."""
    held.release()
    text = krita.run("ended()")
    assert text.startswith("Done in "), text
    names = krita.run("layers()")
    assert names.count("Inpaint 1") == 1, names
    return krita.run("layer('Inpaint 1').bounds().getRect()")


def test_click_right_after_selecting_fills_all_that_will_be_selected(opened):
    opened.run(
        """
        def steps():
            document.setSelection(None)
            yield from add(document.createNode("thing", "paintlayer"))
            left, top, width, height = selected
            layer("thing").setPixelData(bytes([9, 8, 7, 255]) * width * height, *selected)
            document.waitForDone()
        steps()
        """,
        selected=SELECTED,
    )
    opened.run("settings.save(EditorSettings(visible=True))")

    opened.run("krita.action('selectopaque').trigger(); click()")

    assert opened.run("ended()").startswith("Done in ")
    assert opened.run("layer('Inpaint 1').bounds().getRect()") == SELECTED


def test_cancel_is_heard_while_krita_is_waited_for(opened):
    shown = opened.run(
        """
        shown = []
        def meanwhile():
            shown.append(FILLS.state(document).text)
            FILLS.cancel(document)
        for _ in range(40):
            krita.action("invert_selection").trigger()
        QtCore.QTimer.singleShot(0, meanwhile)
        click()
        shown
        """
    )

    assert shown == ["Waiting for Krita"]
    assert opened.run("ended()") == "The fill was cancelled."
    assert opened.run("sentences") == [["The fill was cancelled.", False]]
    assert opened.run("layers()") == ["Background"]


def test_painting_goes_on(begun, held):
    begun.run(
        "layer('Background').setPixelData(bytes([1, 2, 3, 255]) * 100, 10, 10, 10, 10); "
        "document.refreshProjection()"
    )

    assert filled_at(begun, held) == SELECTED
    assert begun.run("bytes(layer('Background').pixelData(15, 15, 1, 1))") == bytes([1, 2, 3, 255])


def test_undo_takes_back_what_was_done_before_and_the_fill_comes(opened, held):
    opened.run("add(document.createNode('before', 'paintlayer'))")
    opened.run("activate(layer('Background'))")
    begin(opened, held)
    opened.key("ctrl+z")
    opened.wait_for("'before' not in layers()")

    assert filled_at(opened, held) == SELECTED
    assert opened.run("layers()") == ["Background", "Inpaint 1"]


def test_selection_that_changes_is_not_the_one_that_is_filled(begun, held):
    begun.run("select(5, 5, 10, 10)")

    assert filled_at(begun, held) == SELECTED


def test_layer_that_is_moved_takes_its_fill_along(begun, held):
    begun.run("layer('Background').move(30, -20); document.refreshProjection()")

    assert filled_at(begun, held) == [SELECTED[0] + 30, SELECTED[1] - 20, *SELECTED[2:]]


def test_canvas_that_is_cropped_takes_the_fill_along(begun, held):
    begun.run("document.crop(50, 40, 500, 360); document.waitForDone()")

    assert filled_at(begun, held) == [SELECTED[0] - 50, SELECTED[1] - 40, *SELECTED[2:]]


def test_canvas_that_grows_takes_the_fill_along(begun, held):
    begun.run("document.resizeImage(-70, -60, 800, 600); document.waitForDone()")

    assert filled_at(begun, held) == [SELECTED[0] + 70, SELECTED[1] + 60, *SELECTED[2:]]


def test_group_in_a_canvas_that_is_cropped_is_found_again(opened, held):
    opened.run(
        """
        def steps():
            yield from add(document.createGroupLayer("group"))
            yield from add(layer("Background").duplicate(), None, layer("group"))
            yield from activate(layer("group"))
        steps()
        """
    )
    begin(opened, held)
    opened.run("document.crop(50, 40, 500, 360); document.waitForDone()")
    held.release()

    assert opened.run("ended()").startswith("Done in ")
    place = opened.run("layer('Inpaint 1').bounds().getRect()")
    assert place == [SELECTED[0] - 50, SELECTED[1] - 40, *SELECTED[2:]]


def test_image_that_is_scaled_is_told_and_not_spoilt(begun, held):
    begun.run("document.scaleImage(320, 214, 72, 72, 'Bicubic'); document.waitForDone()")
    held.release()

    text = begun.run("ended()")
    assert "changed from 640 x 427 to 320 x 214 px" in text
    assert begun.run("layers()") == ["Background"]


def test_image_that_gets_more_depth_gets_its_fill_in_it(begun, held):
    begun.run("document.setColorSpace('RGBA', 'U16', document.colorProfile())")
    begun.run("document.waitForDone()")

    assert filled_at(begun, held) == SELECTED
    assert begun.run("layer('Inpaint 1').colorDepth()") == "U16"


def test_document_that_is_closed_cancels_its_job(begun, held):
    job = held.held_job()
    # Krita 5.1 crashes when a document is closed in the very second in which something was
    # selected in it, also without any plug-in.
    time.sleep(1)
    begun.run('document.setModified(False); document = None; krita.action("file_close").trigger()')
    eventually(lambda: not held.jobs)

    assert held.how_it_ended(job) == "cancelled"
    sentence, failed = begun.wait_for("sentences and sentences[-1]")
    assert sentence == "The image was closed before the fill was ready."
    assert failed
    assert begun.run("len(documents())") == 0
    assert not begun.run("krita.action(ACTION).isEnabled()")


def test_layer_that_is_removed_cancels_its_job(opened, held):
    opened.run("add(document.createNode('other', 'paintlayer'))")
    opened.run("activate(layer('Background'))")
    job = begin(opened, held)
    opened.run("layer('Background').remove(); document.waitForDone()")
    eventually(lambda: not held.jobs)

    assert held.how_it_ended(job) == "cancelled"
    text = opened.run("ended()")
    assert text == "The layer was removed before the fill was ready."
    assert opened.run("layers()") == ["other"]


def test_second_click_in_one_document_waits_for_its_turn(begun, held):
    begun.run("select(20, 20, 30, 30); click()")
    held.release()

    assert begun.run("ended()").startswith("Done in ")
    assert begun.run("layers()") == ["Background", "Inpaint 1", "Inpaint 2"]
    assert begun.run("layer('Inpaint 1').bounds().getRect()") == SELECTED
    assert begun.run("layer('Inpaint 2').bounds().getRect()") == [20, 20, 30, 30]


def test_two_documents_are_filled_at_once_and_each_gets_its_own(begun, held, small_photo):
    begun.run(
        """
        def steps():
            global second
            second = krita.openDocument(path)
            yield from show(second)
            s = Selection(); s.select(80, 50, 30, 40, 255); second.setSelection(s)
            click()
        steps()
        """,
        path=str(small_photo),
    )
    assert len(begun.wait_for("[d.width() for d in documents() if FILLS.state(d).running]")) == 2
    assert begun.run("krita.activeDocument() == second")
    held.release()

    assert begun.run("ended(second)").startswith("Done in ")
    assert filled_at(begun, held) == SELECTED
    assert begun.run("krita.activeDocument() == second"), "nobody was taken to another document"
    assert begun.run("layers(second)") == ["Background", "Inpaint 1"]
    place = begun.run("layer('Inpaint 1', second).bounds().getRect()")
    assert place == [80, 50, 30, 40]
    # Back in the first one, its picture becomes the active layer again.
    begun.run(
        """
        for view in krita.activeWindow().views():
            if view.document() == document:
                view.setVisible()
        """
    )
    begun.wait_for(
        "krita.activeDocument() == document and document.activeNode().name() == 'Background'"
    )
    begun.run("second.setModified(False); second.close(); second = None")


def test_cancel_leaves_the_document_as_it_was(begun, held):
    job = held.held_job()
    asked = time.monotonic()
    begun.run("FILLS.cancel(document)")
    eventually(lambda: not held.jobs)

    print(f"cancelled after {time.monotonic() - asked:.2f} s")
    assert held.how_it_ended(job) == "cancelled"
    assert begun.run("ended()") == "The fill was cancelled."
    assert begun.run("sentences[-1][1]") is False, "what one asked for is no failure"
    assert begun.run("layers()") == ["Background"]
