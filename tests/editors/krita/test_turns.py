"""Clicks in one document take turns, and another try takes the place of the last fill.

The daemon inverts what is selected; its jobs are held while clicks wait.
"""

import re

import pytest

from tests.service.conftest import eventually

# What floats on the canvas is remembered from now on.
WATCH_FLOATING = """
from lacuna_krita import extension
floated = []
float_ = globals().get("float_", extension._float)
extension._float = lambda text, duration_ms: (floated.append(text), float_(text, duration_ms))
"""
SHOWN = """
at = FILLS.try_at(document)
at and list(at)
"""


@pytest.fixture
def opened(krita, held, small_photo):
    """A photograph is open; inside Krita the docker is `docker`."""
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run("docker = next(d for d in krita.dockers() if d.objectName() == 'lacuna_docker')")
    krita.run("docker.show()")
    yield krita
    krita.run("docker.show()")


def click_three_times(krita, held):
    """The first fill is held; the others wait. Where each was clicked."""
    places = [[20, 20, 30, 20], [60, 20, 30, 20], [100, 20, 30, 20]]
    held.hold()
    for place in places:
        krita.run("select(*place)", place=place)
        krita.run("click()")
    held.held_job()
    krita.run("document.setSelection(None)")
    return places


def jobs_of(held):
    return set(re.findall(r"job ([0-9a-f-]{36})", held.log))


def where_fills_lie(krita):
    return krita.run(
        "sorted(n.bounds().getRect() for n in walk(document.rootNode()) "
        "if n.name().startswith('Inpaint'))"
    )


def test_each_click_fills_what_was_selected_then_when_the_one_before_has_ended(opened, held):
    places = click_three_times(opened, held)
    assert len(held.jobs) == 1
    assert "2 more fills wait" in opened.run("docker.message.text()")

    held.release()

    assert opened.run("ended()").startswith("Done in ")
    assert where_fills_lie(opened) == places
    assert [failed for _sentence, failed in opened.run("sentences")] == [False] * 3


def test_cancel_ends_the_running_fill_and_once_more_the_next_one(opened, held):
    places = click_three_times(opened, held)

    job = held.held_job()

    opened.run("docker.stop.click()")
    assert opened.run("docker.message.text()").startswith("Cancelling")
    opened.run("docker.stop.click()")
    assert held.how_it_ended(job) == "cancelled"  # else it may end before that is heard
    held.release()

    assert opened.run("ended()").startswith("Done in ")
    assert where_fills_lie(opened) == places[2:]


def test_cancel_is_heard_at_once_and_says_so(opened, held):
    opened.run("select(20, 20, 30, 20)")
    held.hold()
    opened.run("click()")
    held.held_job()

    shown = opened.run(
        """
        docker.stop.click()
        [docker.stop.text(), docker.stop.isEnabled(), docker.message.text()]
        """
    )

    assert shown == ["Cancelling", False, "Cancelling"]
    assert opened.run("ended()") == "The fill was cancelled."
    assert opened.run("[docker.stop.text(), docker.message.failed]") == ["Cancel", False]


def test_document_that_is_closed_takes_its_queue_along(opened, held):
    click_three_times(opened, held)

    opened.run("close_all()")
    held.release()

    eventually(lambda: not held.jobs)
    opened.wait_for("not FILLS._desks or not FILLS._desks[0].turns")
    assert opened.run("len(sentences)") == 1
    assert opened.run("FILLS.forget_closed(); len(FILLS._desks)") == 0


def test_without_the_docker_actions_fill_cancel_and_tell_once(opened, held):
    krita = opened
    krita.run("docker.hide(); select(20, 20, 30, 20)")
    krita.run(WATCH_FLOATING)
    held.hold()
    krita.run("click()")
    held.held_job()
    krita.wait_for("floated")

    krita.run("krita.action('lacuna_cancel').trigger()")

    assert krita.run("ended()") == "The fill was cancelled."
    assert krita.run("sentences") == [["The fill was cancelled.", False]]
    assert krita.run("floated").count("The fill was cancelled.") == 1


def test_docker_that_is_seen_tells_alone(opened):
    krita = opened
    krita.run("docker.raise_(); document.setSelection(None)")
    krita.wait_for("not docker.visibleRegion().isEmpty()")
    krita.run(WATCH_FLOATING)

    krita.run("click()")
    krita.run("ended()")

    assert krita.run("docker.message.failed")
    assert krita.run("floated") == []


def test_strokes_are_filled_and_taken_away_by_their_action(opened):
    krita = opened
    krita.run(
        """
        def steps():
            yield from add(document.createNode("strokes", "paintlayer"))
            layer("strokes").setPixelData(bytes([9, 8, 7, 255]) * 600, 40, 30, 30, 20)
            document.refreshProjection()
            document.waitForDone()
        steps()
        """
    )

    krita.run("krita.action('lacuna_inpaint_strokes').trigger()")

    assert krita.run("ended()").startswith("Done in ")
    assert krita.run("layers()") == ["Background", "Inpaint 1"]
    assert krita.run("layer('Inpaint 1').bounds().getRect()") == [40, 30, 30, 20]
    krita.key("ctrl+z")
    krita.wait_for("layers() == ['Background', 'strokes']")


def test_tries_take_the_place_of_the_last_fill_each_in_one_step(opened):
    krita = opened
    krita.run("select(40, 30, 30, 20)")
    krita.run("click()")
    krita.run("ended()")
    assert krita.run(SHOWN) == [0, 1]

    for index in (1, 2):
        krita.run("krita.action('lacuna_try_another').trigger()")
        krita.run("ended()")
        assert krita.run(SHOWN) == [index, index + 1]
        assert krita.run("layers()") == ["Background", "Inpaint 1"]
    krita.wait_for("docker.tries.text.text() == 'Variation 3 of 3'")
    assert krita.run("[docker.tries.back.isEnabled(), docker.tries.forth.isEnabled()]") == [
        True, False,
    ]  # fmt: skip

    for index in (1, 0):
        krita.key("ctrl+z")
        krita.wait_for(f"list(FILLS.try_at(document)) == [{index}, 3]")
    krita.key("ctrl+z")
    krita.wait_for("layers() == ['Background'] and not docker.tries.another.isEnabled()")
    krita.key("ctrl+shift+z")
    krita.wait_for("layers() == ['Background', 'Inpaint 1'] and docker.tries.another.isEnabled()")


def test_variations_stay_in_sight_while_another_is_made(opened, held):
    krita = opened
    krita.run("select(40, 30, 30, 20); click()")
    krita.run("ended()")
    krita.run("krita.action('lacuna_try_another').trigger()")
    krita.run("ended()")
    held.hold()

    krita.run("krita.action('lacuna_try_another').trigger()")
    held.held_job()

    shown = krita.run("[docker.tries.text.text(), docker.tries.another.isEnabled()]")
    assert shown == ["Variation 2 of 2", False]
    assert krita.run("docker.tries.steps.isVisible()"), "or what is below would jump"
    held.release()
    krita.run("ended()")
    assert krita.run("docker.tries.another.isEnabled()")


def test_stepping_back_asks_no_daemon_unless_too_much_was_kept(opened, held):
    krita = opened
    krita.run("select(40, 30, 30, 20); click()")
    krita.run("ended()")
    first = krita.run("bytes(layer('Inpaint 1').pixelData(40, 30, 30, 20))")
    krita.run("docker.rows['grow'].widget.setValue(6)")
    krita.run("krita.action('lacuna_fill_again').trigger()")
    krita.run("ended()")
    assert krita.run(SHOWN) == [1, 2]
    asked = jobs_of(held)

    krita.run("docker.tries.back.click()")
    krita.run("ended()")

    assert krita.run("bytes(layer('Inpaint 1').pixelData(40, 30, 30, 20))") == first
    assert krita.run(SHOWN) == [0, 2]
    assert jobs_of(held) == asked
    krita.run(
        """
        tries = FILLS._desk(document).tries._fills[-1]
        tries[1].made = tries[1].made._replace(placed=None)
        docker.tries.forth.click()
        """
    )
    krita.run("ended()")
    assert krita.run(SHOWN) == [1, 2]
    assert len(jobs_of(held)) == len(asked) + 1


def test_last_fill_that_is_gone_is_missed_with_one_sentence(opened):
    krita = opened
    krita.run("select(40, 30, 30, 20); click()")
    krita.run("ended()")
    krita.run("layer('Inpaint 1').remove(); document.waitForDone(); sentences.clear()")
    krita.wait_for("not docker.tries.another.isEnabled() and not docker.tries.again.isEnabled()")

    krita.run("krita.action('lacuna_try_another').trigger()")

    text = krita.run("ended()")
    assert text.startswith("The last fill is no longer in the image")
    assert krita.run("sentences") == [[text, True]]
    assert krita.run("layers()") == ["Background"]


def test_tries_belong_to_their_document(opened, small_photo):
    krita = opened
    krita.run("select(40, 30, 30, 20); click()")
    krita.run("ended()")
    krita.run(
        """
        first = document
        def steps():
            global document
            document = yield from show(krita.openDocument(path))
        steps()
        """,
        path=str(small_photo),
    )

    krita.wait_for("not docker.tries.another.isEnabled()")
    assert krita.run("FILLS.try_at(first) is not None")
