"""What is chosen in the docker is used, kept, and read again whatever version has kept it."""

import numpy as np
import pytest

from lacuna.engine.pixels.hole import soften
from lacuna_wire.numbers import whole
from lacuna_wire.sentences import NOTHING_SELECTED
from tests.editors.daemons import client_of

KEPT = "from lacuna_wire.choices import settings_to_keep; settings_to_keep(settings.load())"


# All of a selection, with soft values: 255 in the middle, less towards its edge.
SOFT = """
from krita import Selection
soft = Selection()
soft.setPixelData(QtCore.QByteArray(bytes.fromhex(rows)), 60, 40, 50, 30)
document.setSelection(soft)
"""


@pytest.fixture
def opened(krita, served, inside, small_photo):
    """A photograph is open; inside Krita the docker is `docker`."""
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run("docker = next(d for d in krita.dockers() if d.objectName() == 'lacuna_docker')")
    krita.run("docker.show()")
    return krita


def test_choices_of_the_docker_are_kept_and_used(opened):
    krita = opened
    krita.run(
        """
        docker.rows["grow"].widget.setValue(7)
        docker.form.source.setCurrentIndex(1); docker.form.source.activated.emit(1)
        docker.form.destination.setCurrentIndex(2); docker.form.destination.activated.emit(2)
        docker.form.copy_from.setCurrentIndex(1); docker.form.copy_from.activated.emit(1)
        docker.rows["colour_correction"].widget.click()
        """
    )

    assert krita.run(KEPT) == {
        "visible": True, "destination": "into", "copy_from": "sides", "weights": "", "grow": 7,
        "feather": 0, "colour_correction": False, "transparency": "auto", "format": 2,
    }  # fmt: skip
    krita.run("settings.save(EditorSettings()); docker._show_document()")
    assert krita.run("docker.form.settings() == EditorSettings()")


def test_option_that_gets_a_label_is_in_the_docker_and_kept(opened):
    shown = opened.run(
        """
        from lacuna_wire.options import OPTIONS
        from lacuna_krita.panel import LacunaDocker
        usual = dict(OPTIONS)
        for name in ("strategy", "tile"):
            OPTIONS[name] = OPTIONS[name]._replace(label="The " + name)
        try:
            new = LacunaDocker()
            new.rows["strategy"].show("tiles"); new.rows["tile"].show(256)
            settings.save(new.form.settings())
            loaded = settings.load().options
            settings.save(EditorSettings())
            new._show_document()
            shown = {
                "labels": [new.rows[name].label for name in ("strategy", "tile")],
                "tip": new.rows["tile"].widget.toolTip() == OPTIONS["tile"].tip,
                "loaded": [loaded.strategy, loaded.tile],
                "default": [new.rows["strategy"].value(), new.rows["tile"].value()],
                "automatic": new.rows["tile"].widget.text(),
            }
        finally:
            OPTIONS.update(usual)
        shown
        """
    )

    assert shown == {
        "labels": ["The strategy", "The tile"],
        "tip": True,
        "loaded": ["tiles", 256],
        "default": ["auto", 0],
        "automatic": "Automatic",
    }


@pytest.mark.parametrize("name", ["colour_correction", "match_colours"])
def test_choice_that_an_older_version_kept_is_still_chosen(opened, name):
    opened.run("Krita.instance().writeSetting('lacuna', 'colour_correction', '')")
    opened.run("Krita.instance().writeSetting('lacuna', name, 'false')", name=name)

    assert not opened.run("settings.load().options.colour_correction")


def test_impossible_choice_counts_as_not_chosen_and_spoils_no_other(opened):
    opened.run("settings.save(EditorSettings(True, Options(grow=7, feather=3)))")
    opened.run("Krita.instance().writeSetting('lacuna', 'grow', '10000')")

    found = opened.run(KEPT)

    assert (found["grow"], found["feather"], found["visible"]) == (-1, 3, True)


def test_docker_offers_the_weights_that_the_daemon_has(opened):
    krita = opened
    krita.run("docker.hide(); docker.show()")

    krita.wait_for("docker.rows['weights'].widget.findData('lacuna-small') > 0")
    assert krita.run("docker.rows['weights'].value()") == "", "the best are still the default"


def test_inpaint_can_be_clicked_as_soon_as_something_is_selected_and_else_says_why(opened):
    krita = opened
    krita.run("document.setSelection(None)")
    krita.wait_for("not docker.go.isEnabled()")
    assert krita.run("docker.go.toolTip()").startswith("Select what you want to remove.")

    krita.run("select(80, 50, 20, 20)")

    krita.wait_for("docker.go.isEnabled()")
    krita.run("document.setSelection(None)")
    krita.wait_for("not docker.go.isEnabled() and not docker.preview.text.text()")


def test_docker_says_how_much_will_be_filled_and_shows_it_as_the_engine_will_grow_it(opened):
    krita = opened
    mask = np.zeros((30, 50), np.uint8)
    mask[5:-5, 5:-5] = np.arange(1, 41, dtype=np.uint8) * 6
    krita.run(SOFT, rows=mask.tobytes().hex())
    krita.run("docker.rows['feather'].widget.setValue(0); docker.rows['grow'].widget.setValue(9)")
    grown = soften(np.pad(mask, 9), 9, 0)

    count = f"{whole(np.count_nonzero(grown))} px"
    krita.wait_for("docker.preview.text.text().startswith(count)", 20, count=count)
    krita.run("docker.preview.show_grown.click()")

    krita.wait_for("docker.rows['grow'].widget.value() == 0")
    seen = krita.run("document.selection().pixelData(51, 31, 68, 48)")
    assert np.array_equal(np.frombuffer(seen, np.uint8).reshape(48, 68), grown)
    assert not krita.run("docker.preview.show_grown.isEnabled()")


def test_docker_says_how_long_a_fill_takes_and_asking_makes_no_job(opened, shared_daemon):
    krita, client = opened, client_of(shared_daemon.state)
    last = client.status()["errors"]
    krita.run("select(80, 50, 20, 20)")

    krita.wait_for("docker.preview.text.text().endswith(' s')", 20)
    status = client.status()
    assert (status["jobs"], status["spool_bytes"], status["errors"]) == ([], 0, last)


def test_selection_at_the_corner_grows_no_further_than_the_canvas(opened):
    krita = opened
    krita.run("select(0, 0, 10, 10); docker.rows['grow'].widget.setValue(5)")

    corner = np.zeros((20, 20), np.uint8)
    corner[:10, :10] = 255
    expected = np.count_nonzero(soften(corner, 5, 0))

    krita.wait_for(
        "docker.preview.text.text().startswith(count)", 20, count=f"{whole(expected)} px"
    )


def test_failure_stands_out_until_the_next_click(opened):
    krita = opened
    krita.run("document.setSelection(None); click()")
    krita.run("ended()")

    assert krita.run("[docker.message.text(), docker.message.failed]") == [NOTHING_SELECTED, True]
    assert "border-left" in krita.run("docker.message.styleSheet()")
    krita.run("select(80, 50, 20, 20)")
    krita.run("fill()")
    assert not krita.run("docker.message.failed or docker.message.styleSheet()")


def test_rare_options_fold_away_and_docker_remembers_that(opened):
    krita = opened
    krita.run("docker.fold.title.isChecked() and docker.fold.title.click()")
    assert krita.run("docker.rows['grow'].widget.isVisible()")
    assert not krita.run("docker.fold.content.isVisible()")

    krita.run("docker.fold.title.click()")

    assert krita.run(
        "docker.fold.content.isVisible() and docker.rows['weights'].widget.isVisible()"
    )
    unfolded = """
    from lacuna_krita.panel import LacunaDocker
    LacunaDocker().fold.title.isChecked()
    """
    assert krita.run(unfolded)
    krita.run("docker.fold.title.click()")
    assert not krita.run(unfolded)


def test_mask_is_chosen_among_those_of_the_picture_and_not_kept_for_the_next_one(opened):
    krita = opened
    krita.run("select(80, 50, 20, 20)")
    assert not krita.run("docker.form.mask.isVisible()")

    krita.run("docker.form.copy_from.setCurrentIndex(3); docker.form.copy_from.activated.emit(3)")

    krita.wait_for("docker.form.mask.isVisible() and docker.form.mask.currentData()")
    chosen = krita.run("c = FILLS.chosen(document); [c.copy_from, bool(c.copy_mask)]")
    assert chosen == ["only", True]
    krita.run(
        """
        def steps():
            yield from show(krita.createDocument(50, 50, "other", "RGBA", "U8", "", 72))
        steps()
        """
    )
    krita.wait_for("docker.form.settings().copy_from == 'everywhere'")


def test_help_opens_the_installed_page(opened):
    opened.run(
        """
        class Browser(QtCore.QObject):
            pages = []
            @QtCore.pyqtSlot(QtCore.QUrl)
            def show(self, page):
                self.pages.append(page.toLocalFile())
        browser = Browser()
        QtGui.QDesktopServices.setUrlHandler("file", browser, "show")
        try:
            docker.help.click()
            krita.action("lacuna_help").trigger()
        finally:
            QtGui.QDesktopServices.unsetUrlHandler("file")
        """
    )

    first, second = opened.run("Browser.pages")

    assert first == second
    assert first.endswith("lacuna_wire/help/en/index.html")
    assert opened.run("import os; os.path.getsize(page)", page=first) > 1000


@pytest.mark.parametrize("language", ["en", "de", "zh_CN"])
def test_docker_fits_its_usual_width_in_every_language(opened, language):
    krita = opened
    krita.run("select(80, 50, 20, 20)")
    facts = krita.run(
        """
        from lacuna_krita import translation
        from lacuna_krita.panel import LacunaDocker
        from lacuna_krita.tries import TryAt
        usual = translation._catalogue
        translation._catalogue = translation.find_catalogue([language])
        def steps():
            global new
            new = LacunaDocker()
            new.fold.title.setChecked(True)
            new.tries.steps.setVisible(True)
            new.setFloating(True)
            new.move(600, 200)
            new.resize(264, 560)
            new.show()
            new.raise_()
            yield from until(new.preview.text.text, "numbers")
            new._timer.stop()
            new.tries.show_at(TryAt(1, 3))
            yield 50
            return [new.widget().minimumSizeHint().width(), new.windowTitle()]
        steps()
        """,
        language=language,
    )
    try:
        krita.picture(f"docker-{language}")  # to be looked at
    finally:
        krita.run("new.close(); new.deleteLater(); translation._catalogue = usual; None")

    assert facts[0] <= 300
    assert (facts[1] == "Inpaint Selection") == (language == "en")
