"""What is chosen in the docker is used, kept, and read again whatever version has kept it."""

import pytest

KEPT = "from lacuna_wire.choices import settings_to_keep; settings_to_keep(settings.load())"


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
        docker.rows["colour_correction"].widget.click()
        """
    )

    assert krita.run(KEPT) == {
        "visible": True, "destination": "auto", "copy_from": "everywhere", "weights": "",
        "grow": 7, "feather": 0, "colour_correction": False, "transparency": "auto",
    }  # fmt: skip
    krita.run("settings.save(EditorSettings()); docker.form.show(settings.load())")
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
            new.form.show(settings.load())
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

    assert (found["grow"], found["feather"], found["visible"]) == (0, 3, True)


def test_docker_offers_the_weights_that_the_daemon_has(opened):
    krita = opened
    krita.run("select(80, 50, 20, 20)")
    krita.run("fill()")  # a daemon knows them as soon as it has a worker
    krita.run(
        """
        docker.hide(); docker.show()
        """
    )

    krita.wait_for("docker.rows['weights'].widget.findData('lacuna-small') > 0")
    assert krita.run("docker.rows['weights'].value()") == "", "the best are still the default"
