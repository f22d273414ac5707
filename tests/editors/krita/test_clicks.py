"""What a click cannot fill is refused with a sentence; a second click is like the first."""

import pytest

SELECTED = (80, 50, 30, 40)


@pytest.fixture
def opened(krita, served, inside, small_photo):
    krita.run("open_photo(path)", path=str(small_photo))
    krita.run("select(*selected)", selected=SELECTED)
    return krita


REFUSALS = {
    "no selection": ("document.setSelection(None)", "Nothing is selected"),
    "outside": ("select(500, 300, 20, 20)", "outside the canvas of 200 x 140 px"),
    "everything": (
        "select(0, 0, 200, 140)",
        "There is nothing around the selection to fill it from: all 28\u202f000 px",
    ),
    "weights": ("pass", "The model “nobody-has-these” is not installed"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_filled_is_refused_with_a_sentence(opened, case):
    krita = opened
    prepare, sentence = REFUSALS[case]
    krita.run(prepare)
    weights = "nobody-has-these" if case == "weights" else ""

    facts = krita.run("fill(weights=weights)", weights=weights)

    assert sentence in facts["text"]
    assert facts["failed"]
    assert krita.run("layers()") == ["Background"]
    assert krita.run("krita.action('edit_undo').text()").strip("& ") == "Undo"


def test_what_the_daemon_refuses_is_said_in_the_users_language(opened):
    facts = opened.run(
        """
        def steps():
            from lacuna_krita import translation
            usual = translation._catalogue
            translation._catalogue = translation.find_catalogue(["de"])
            try:
                select(0, 0, 200, 140)
                return (yield from fill())
            finally:
                translation._catalogue = usual
        steps()
        """
    )

    assert facts["failed"]
    assert "Alle 28\u202f000 px dort sind ausgewählt oder transparent" in facts["text"]


def test_active_mask_of_the_selection_means_the_topmost_picture(opened):
    krita = opened
    krita.run(
        """
        def steps():
            krita.action("show-global-selection-mask").trigger()
            yield 300  # Krita may crash over a mask that is used sooner
            mask = next(n for n in walk(document.rootNode()) if n.type() == "selectionmask")
            yield from activate(mask)
        steps()
        """
    )

    krita.run("click()")

    assert krita.run("ended()").startswith("Done in ")
    assert krita.run("'Inpaint 1' in layers()")
    krita.run('krita.action("show-global-selection-mask").trigger()')


def test_second_click_works_on_the_picture_and_not_on_its_fill(opened):
    krita = opened
    krita.run("fill()")
    krita.run("select(20, 20, 20, 20)")

    facts = krita.run("fill()")

    assert not facts["failed"], facts
    assert len(facts["new"]) == 1
    assert facts["rect"] == [20, 20, 20, 20]
